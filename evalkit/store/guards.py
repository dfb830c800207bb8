"""Guards: the cases of runs that a check kept from the judge, and how many were sent."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from evalkit import ids
from evalkit.graders import NOT_SENT
from evalkit.store.engine import Database
from evalkit.store.rows import from_json
from evalkit.store.schema import graders, requests, reused, runs, scores


class Guards:
    """What guards decided in a store."""

    def __init__(self, database: Database) -> None:
        """Guards of a database."""
        self._database = database

    def counts(self, run_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
        """How many cases were kept from the judge and how many were sent, by run; only of runs with a guard."""
        r = requests.c
        with self._database.reading() as connection:
            made = sa.select(runs.c.run, graders.c.parts).join(graders, graders.c.digest == runs.c.grader_digest)
            # The text is only a sieve: what it lets through is read.
            likely = made.where(runs.c.run.in_(run_ids), graders.c.parts.like('%"guard"%'))
            found = [row.run for row in connection.execute(likely) if "guard" in from_json(row.parts)]
            if not found:
                return {}
            held = sa.select(scores.c.run, sa.func.count(scores.c.case_id.distinct())).where(_held(found))
            sent = sa.select(r.run, sa.func.count(r.case_id.distinct())).where(
                r.run.in_(found), r.suffix != ids.SENTINEL
            )
            kept = {row[0]: row[1] for row in connection.execute(held.group_by(scores.c.run))}
            asked = {row[0]: row[1] for row in connection.execute(sent.group_by(r.run))}
        return {run: (kept.get(run, 0), asked.get(run, 0)) for run in found}

    def held(self, run: str) -> frozenset[str]:
        """The cases of a run that were kept from the judge."""
        query = sa.select(scores.c.case_id).where(_held([run])).distinct()
        with self._database.reading() as connection:
            return frozenset(connection.execute(query).scalars())


def _held(run_ids: Sequence[str]) -> sa.ColumnElement[bool]:
    """Whether a score was decided by a guard: no judge has any part in it, so none could have written its reason."""
    c, r, u = scores.c, requests.c, reused.c
    asked = sa.exists().where(r.run == c.run, r.case_id == c.case_id, r.suffix != ids.SENTINEL)
    taken_over = sa.exists().where(u.run == c.run, u.case_id == c.case_id)
    said = c.reason.startswith(NOT_SENT, autoescape=True)
    return sa.and_(c.run.in_(run_ids), c.suffix == "", c.custom_id.is_(None), said, ~asked, ~taken_over)
