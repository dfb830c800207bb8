"""Sentinels: the known outputs that ride in a run, and what its judge said of them.

Their scores stand among those of the cases, under a suffix that no case has, and are read here alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evalkit import ids
from evalkit.dataset import Case
from evalkit.graders import Purpose, Sentinel
from evalkit.score import Status
from evalkit.store.engine import Database
from evalkit.store.rows import from_json, to_json
from evalkit.store.schema import requests, scores, sentinels


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a judge said of a sentinel on one criterion."""

    status: Status
    label: str | None
    reason: str | None


class Sentinels:
    """The sentinels of a store."""

    def __init__(self, database: Database) -> None:
        """Sentinels of a database."""
        self._database = database

    def add(self, connection: Connection, run: str, riding: Sequence[Sentinel]) -> None:
        """Keep the sentinels of a run, within the transaction that keeps the run."""
        if riding:
            connection.execute(sa.insert(sentinels), [_row(run, one) for one in riding])

    def of(self, run: str) -> list[Sentinel]:
        """The sentinels that ride in a run."""
        return self.of_runs([run]).get(run, [])

    def riding(self, run_ids: Sequence[str]) -> dict[str, list[Sentinel]]:
        """Those of them that are sent, by run: a run of which nothing is sent takes none along."""
        r, c = requests.c, sentinels.c
        return self._read(run_ids, sa.exists().where(r.run == c.run, r.case_id == c.sentinel, r.suffix == ids.SENTINEL))

    def of_runs(self, run_ids: Sequence[str]) -> dict[str, list[Sentinel]]:
        """The sentinels of runs, by run; runs without any are left out."""
        return self._read(run_ids, sa.true())

    def _read(self, run_ids: Sequence[str], wanted: sa.ColumnElement[bool]) -> dict[str, list[Sentinel]]:
        c = sentinels.c
        query = sa.select(sentinels).where(c.run.in_(run_ids), wanted).order_by(c.run, c.sentinel)
        found: dict[str, list[Sentinel]] = defaultdict(list)
        with self._database.reading() as connection:
            for row in connection.execute(query):
                found[row.run].append(_read(row))
        return dict(found)

    def said(self, run_ids: Sequence[str]) -> dict[tuple[str, str, str], Said]:
        """What judges said, by run, sentinel and criterion; nothing of those that wait for a reply."""
        c = scores.c
        query = sa.select(c.run, c.case_id, c.criterion, c.status, c.label, c.reason)
        query = query.where(c.run.in_(run_ids), c.suffix == ids.SENTINEL)
        with self._database.reading() as connection:
            return {
                (row.run, row.case_id, row.criterion): Said(
                    status=Status(row.status), label=row.label, reason=row.reason
                )
                for row in connection.execute(query)
            }


def _row(run: str, one: Sentinel) -> dict[str, object]:
    case = {"input": one.case.input, "expected": one.case.expected, "metadata": dict(one.case.metadata)}
    return {
        "run": run,
        "sentinel": one.id,
        "case": to_json(case),
        "output": one.output,
        "expected": to_json({criterion: list(labels) for criterion, labels in one.expected.items()}),
        "purpose": one.purpose,
    }


def _read(row: sa.Row[Any]) -> Sentinel:
    case: Mapping[str, Any] = from_json(row.case)
    expected: Mapping[str, list[str]] = from_json(row.expected)
    return Sentinel(
        id=row.sentinel,
        case=Case(id=row.sentinel, input=case["input"], expected=case["expected"], metadata=case["metadata"]),
        output=row.output,
        purpose=cast("Purpose", row.purpose),
        expected={criterion: tuple(labels) for criterion, labels in expected.items()},
    )
