"""Noise runs: the same outputs judged again, bound to the run that they were taken from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from evalkit.store.engine import Database
from evalkit.store.rows import stamp, unstamp
from evalkit.store.schema import noise_runs, runs


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseRun:
    """A run that measures the noise of a judge."""

    run: str
    of_run: str
    """The run whose outputs it judges again."""
    grader_digest: str
    """Of the grader whose noise it measures, not of its own, which takes samples."""
    judge_digest: str
    created_at: datetime


class Noise:
    """The noise runs of a store."""

    def __init__(self, database: Database) -> None:
        """Noise runs of a database."""
        self._database = database

    def add(
        self, *, run: str, of_run: str, grader_digest: str, judge_digest: str, created_at: datetime | None = None
    ) -> bool:
        """Note that a run measures noise; False where that is noted already.

        It may be noted before the run is added, so that no noise run is ever taken for an ordinary one.
        """
        row = {
            "run": run,
            "of_run": of_run,
            "grader_digest": grader_digest,
            "judge_digest": judge_digest,
            "created_at": stamp(created_at or datetime.now(UTC)),
        }
        with self._database.writing() as connection:
            return bool(self._database.insert_new(connection, noise_runs, [row]))

    def newest(self, grader_digest: str, judge_digest: str) -> str | None:
        """The newest run that measures the noise of a grader under a judge."""
        c = noise_runs.c
        query = (
            sa.select(c.run)
            .join(runs, runs.c.run == c.run)
            .where(c.grader_digest == grader_digest, c.judge_digest == judge_digest)
            .order_by(c.created_at.desc(), c.run)
        )
        with self._database.reading() as connection:
            return connection.execute(query.limit(1)).scalar()

    def runs(self) -> frozenset[str]:
        """The ids of all runs that measure noise."""
        with self._database.reading() as connection:
            return frozenset(connection.execute(sa.select(noise_runs.c.run)).scalars())

    def of(self, run: str) -> NoiseRun | None:
        """What a run measures the noise of; None where it measures none."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(noise_runs).where(noise_runs.c.run == run)).one_or_none()
        if row is None:
            return None
        return NoiseRun(
            run=row.run,
            of_run=row.of_run,
            grader_digest=row.grader_digest,
            judge_digest=row.judge_digest,
            created_at=unstamp(row.created_at),
        )
