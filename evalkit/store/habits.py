"""What earlier runs took: bytes and tokens, the length of replies, cache reads, and time; later ones are told by it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import sqlalchemy as sa

from evalkit.run import Judge, RunKind
from evalkit.store.engine import Database
from evalkit.store.rows import from_json, unstamp
from evalkit.store.schema import batches, estimates, intents, noise_runs, results, runs

_RUNS: Final = 20
"""The newest runs of a judge that are looked at."""
_REPLIES: Final = 2000
"""Their newest replies."""
_BATCHES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """What one earlier run took."""

    run: str
    judge: str
    effort: str | None
    grader: str
    grader_digest: str
    replies: int
    """That were billed."""
    prompt_tokens: int
    cached_tokens: int
    """Read from the cache or written to it."""
    read_tokens: int
    output_tokens: int
    requests: int
    """Of the bodies whose size is known."""
    size: int
    """Bytes of these bodies."""
    basis: dict[str, Any]
    """What its estimate was made of; empty where it had none."""

    @property
    def read_share(self) -> float | None:
        """Share of cacheable tokens that were read from the cache; None where nothing was cacheable."""
        return self.read_tokens / self.cached_tokens if self.cached_tokens else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasted:
    """How long one earlier batch took."""

    requests: int
    seconds: float


class Habits:
    """What the runs of a store took."""

    def __init__(self, database: Database) -> None:
        """Habits within a database."""
        self._database = database

    def models(self, judge: Judge) -> list[str]:
        """Every model that answered in this store, in earnest or not as the judge does."""
        c = runs.c
        query = sa.select(c.judge).where(c.judge.is_not(None), c.simulated.is_(judge.simulated)).distinct()
        with self._database.reading() as connection:
            return sorted(connection.execute(query).scalars().all())

    def of(self, judge: Judge, models: Sequence[str], *, kind: RunKind, base_url: str) -> list[Habit]:
        """What the newest runs took that were answered by some models, newest first.

        Args:
            judge: whose like is wanted: what a sandbox answered counts for that sandbox alone.
            models: the models; whatever their effort.
            kind: of the runs.
            base_url: where requests go now.
        """
        c = runs.c
        query = (
            sa.select(c.run, c.judge, c.effort, c.grader, c.grader_digest, estimates.c.basis)
            .outerjoin(estimates, estimates.c.run == c.run)
            .where(c.judge.in_(models), c.kind == kind.value, c.simulated.is_(judge.simulated))
            .where(sa.exists().where(results.c.run == c.run), c.run.not_in(sa.select(noise_runs.c.run)))
            .where(c.run.not_in(_unlike(judge, base_url)))
            .order_by(c.created_at.desc(), c.run)
            .limit(_RUNS)
        )
        with self._database.reading() as connection:
            found = connection.execute(query).all()
            ids = [row.run for row in found]
            taken = {row[0]: row[1:] for row in connection.execute(_taken(ids))}
            sizes = {row[0]: row[1:] for row in connection.execute(_sizes(ids))}
        return [_habit(row, taken[row.run], sizes.get(row.run, (0, 0))) for row in found if row.run in taken]

    def output_tokens(self, run_ids: Iterable[str]) -> list[int]:
        """The length of the newest replies of some runs, those that were cut by `max_tokens` among them; in order."""
        r = results.c
        query = (
            sa.select(r.output_tokens)
            .where(r.run.in_(list(run_ids)), r.type == "succeeded", r.output_tokens > 0)
            .order_by(r.received_at.desc(), r.batch, r.custom_id)
            .limit(_REPLIES)
        )
        with self._database.reading() as connection:
            return sorted(connection.execute(query).scalars().all())

    def lasted(self, judge: Judge, *, base_url: str) -> list[Lasted]:
        """How long the newest batches of a judge took, from their creation to their end."""
        b = batches.c
        query = (
            sa.select(b.created_at, b.ended_at, b.requests)
            .join(runs, runs.c.run == b.run)
            .where(b.ended_at.is_not(None), b.realtime.is_(False), runs.c.judge == judge.model)
            .where(runs.c.simulated.is_(judge.simulated), b.run.not_in(_unlike(judge, base_url)))
            .where(b.cancel_wanted.is_(False))
            .order_by(b.created_at.desc(), b.batch)
            .limit(_BATCHES)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [
            Lasted(requests=row.requests, seconds=(unstamp(row.ended_at) - unstamp(row.created_at)).total_seconds())
            for row in rows
        ]


def _unlike(judge: Judge, base_url: str) -> sa.Select[Any]:
    """The runs that something else has answered than what answers now."""
    b = batches.c
    if judge.simulated:
        return sa.select(b.run).where(sa.false())
    return sa.select(b.run).where(b.simulated.is_(True), b.base_url != base_url)


def _taken(ids: Sequence[str]) -> sa.Select[*tuple[Any, ...]]:
    r = results.c
    cached = r.cache_read_tokens + r.cache_write_5m_tokens + r.cache_write_1h_tokens
    return (
        sa.select(
            r.run,
            sa.func.count(),
            sa.func.sum(r.input_tokens + cached),
            sa.func.sum(cached),
            sa.func.sum(r.cache_read_tokens),
            sa.func.sum(r.output_tokens),
        )
        .where(r.run.in_(ids), r.type == "succeeded", r.input_tokens + cached > 0)
        .group_by(r.run)
    )


def _sizes(ids: Sequence[str]) -> sa.Select[*tuple[Any, ...]]:
    i = intents.c
    return (
        sa.select(i.run, sa.func.sum(i.requests), sa.func.sum(i.size))
        .where(i.run.in_(ids), i.state == "created", i.size > 0, i.round == 0)
        .group_by(i.run)
    )


def _habit(row: sa.Row[*tuple[Any, ...]], taken: Sequence[Any], sizes: Sequence[Any]) -> Habit:
    # PostgreSQL sums whole numbers to decimals.
    replies, prompt, cached, read, output = (int(value) for value in taken)
    requests, size = (int(value) for value in sizes)
    return Habit(
        run=row.run,
        judge=row.judge,
        effort=row.effort,
        grader=row.grader,
        grader_digest=row.grader_digest,
        replies=replies,
        prompt_tokens=prompt,
        cached_tokens=cached,
        read_tokens=read,
        output_tokens=output,
        requests=requests,
        size=size,
        basis=cast("dict[str, Any]", from_json(row.basis)) if row.basis else {},
    )
