"""What each case of a run cost: all of its requests, those that were sent again and those of its samples too."""

from __future__ import annotations

import math

import sqlalchemy as sa

from evalkit.store.engine import Database
from evalkit.store.schema import requests, results, reused


class CaseCosts:
    """The money of a store, by case."""

    def __init__(self, database: Database) -> None:
        """Costs of a database."""
        self._database = database

    def of(self, run: str) -> dict[str, float | None]:
        """By case id, in USD: what its judgement cost, in an earlier run where that paid for it.

        None where a reply has no known price; a case that nobody was asked about is not there.
        """
        r, c, t = requests.c, results.c, reused.c
        unknown = (sa.func.count() - sa.func.count(c.cost_usd)).label("unknown")
        own = (
            sa.select(r.case_id, unknown, sa.func.sum(c.cost_usd).label("usd"))
            .join(results, sa.and_(c.run == r.run, c.custom_id == r.custom_id))
            .where(r.run == run)
            .group_by(r.case_id)
        )
        taken = sa.select(t.case_id, t.cost_usd).where(t.run == run)
        with self._database.reading() as connection:
            found: dict[str, float | None] = {row.case_id: row.cost_usd for row in connection.execute(taken)}
            for row in connection.execute(own):
                costs = [None if row.unknown else row.usd or 0.0, found.get(row.case_id, 0.0)]
                known = [cost for cost in costs if cost is not None]
                found[row.case_id] = math.fsum(known) if len(known) == len(costs) else None
        return found
