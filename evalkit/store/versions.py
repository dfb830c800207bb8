"""Versions of datasets: where each was read from when it was first used, and by how many runs it was."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evalkit.dataset import AnyDataset
from evalkit.store.rows import from_json, to_json, unstamp
from evalkit.store.schema import datasets, runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a dataset in a store."""

    digest: str
    name: str
    cases: int
    first_used: datetime
    runs: int
    suites: tuple[str, ...]
    spec: dict[str, Any] | None
    """The files and the filter; None where they are not known."""


def keep_spec(connection: Connection, dataset: AnyDataset) -> None:
    """Keep where a dataset is from, unless that is known: a version is what it was when it was first used."""
    lacking = sa.and_(datasets.c.digest == dataset.digest, datasets.c.spec.is_(None))
    if connection.execute(sa.select(datasets.c.digest).where(lacking)).first() is None:
        return
    found = dataset.spec
    if found is not None:
        connection.execute(sa.update(datasets).where(lacking).values(spec=to_json(found)))


def specs(connection: Connection, digests: Collection[str]) -> dict[str, dict[str, Any]]:
    """The files and the filter that datasets were first read with, by digest, where that is known."""
    d = datasets.c
    query = sa.select(d.digest, d.spec).where(d.digest.in_(digests), d.spec.is_not(None))
    return {row.digest: from_json(row.spec) for row in connection.execute(query)}


def versions(connection: Connection) -> list[Version]:
    """Every version of every dataset, oldest first."""
    used: dict[str, list[str]] = {}
    for row in connection.execute(sa.select(runs.c.dataset, runs.c.suite)):
        used.setdefault(row.dataset, []).append(row.suite)
    query = sa.select(datasets).order_by(datasets.c.created_at, datasets.c.digest)
    return [
        Version(
            digest=row.digest,
            name=row.name,
            cases=row.cases,
            first_used=unstamp(row.created_at),
            runs=len(used.get(row.digest, ())),
            suites=tuple(sorted(set(used.get(row.digest, ())))),
            spec=None if row.spec is None else from_json(row.spec),
        )
        for row in connection.execute(query)
    ]
