"""Estimates: what runs were to cost, as it was said before they were sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evalkit.store.engine import Database
from evalkit.store.rows import from_json, stamp, to_json, unstamp
from evalkit.store.schema import estimates


class Weight(TypedDict):
    """What one part of a run weighs."""

    size: int | None
    """Bytes of its body."""
    at_most_usd: float | None
    """None where a price is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a run may cost, in USD; None where a price is not known."""

    run: str
    made_at: datetime
    requests: int
    low_usd: float | None
    high_usd: float | None
    at_most_usd: float | None
    price_date: str
    """Of the price list."""
    price_source: str
    basis: Mapping[str, Any]
    """What it was told from."""


class Estimates:
    """The estimates of a store."""

    def __init__(self, database: Database) -> None:
        """Estimates of a database."""
        self._database = database

    def add(self, connection: Connection, one: Estimate) -> None:
        """Keep a run's estimate, within the transaction that keeps what it is of; the first one stays."""
        self._database.insert_new(connection, estimates, [_row(one)])

    def of(self, run_ids: Sequence[str]) -> dict[str, Estimate]:
        """The estimates of runs, by run; runs without one are left out."""
        query = sa.select(estimates).where(estimates.c.run.in_(run_ids))
        with self._database.reading() as connection:
            return {row.run: _estimate(row) for row in connection.execute(query)}


def _row(one: Estimate) -> dict[str, object]:
    return {
        "run": one.run,
        "made_at": stamp(one.made_at),
        "requests": one.requests,
        "low_usd": one.low_usd,
        "high_usd": one.high_usd,
        "at_most_usd": one.at_most_usd,
        "price_date": one.price_date,
        "price_source": one.price_source,
        "basis": to_json(one.basis),
    }


def _estimate(row: sa.Row[Any]) -> Estimate:
    return Estimate(
        run=row.run,
        made_at=unstamp(row.made_at),
        requests=row.requests,
        low_usd=row.low_usd,
        high_usd=row.high_usd,
        at_most_usd=row.at_most_usd,
        price_date=row.price_date,
        price_source=row.price_source,
        basis=from_json(row.basis),
    )
