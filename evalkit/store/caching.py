"""What caching did: tokens read and written by run, and the runs whose requests wait for the same prefix to be warm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from evalkit.pricing import Usage
from evalkit.run import IntentState, Run
from evalkit.store.engine import Database
from evalkit.store.rows import stamp
from evalkit.store.schema import batches, intents, results, runs

_C: Final = results.c
_CACHED: Final = _C.cache_read_tokens + _C.cache_write_5m_tokens + _C.cache_write_1h_tokens
_READ: Final = sa.func.sum(_C.cache_read_tokens)
_WRITTEN_5M: Final = sa.func.sum(_C.cache_write_5m_tokens)
_WRITTEN_1H: Final = sa.func.sum(_C.cache_write_1h_tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedGroup:
    """The replies of a run that are priced alike: one model, one day, one way of sending, one length of prompt."""

    run: str
    served_model: str | None
    day: str | None
    """ISO date of the batch."""
    realtime: bool
    longer: int
    """How many of the lengths that were asked about the prompts are above."""
    rows: int
    rows_cached: int
    """Those that read or wrote."""
    rows_with_read: int
    rows_unpriced: int
    """Those that read or wrote, and have no cost."""
    cost_usd: float
    usage: Usage
    """Sums of tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedRun:
    """What one earlier run read and wrote."""

    run: str
    grader_digest: str
    cache_ttl: str | None
    """As it was asked for; None for the rule of earlier versions, the hour."""
    read: int
    written_5m: int
    written_1h: int
    rows: int
    """Requests that read or wrote."""
    warm: bool
    """One request of it went first."""

    @property
    def prefix_tokens(self) -> int:
        """Of its prefix, about: the same for all its requests."""
        return round((self.read + self.written_5m + self.written_1h) / max(1, self.rows))


class Caching:
    """Caching, as a store shows it."""

    def __init__(self, database: Database) -> None:
        """Caching of a database."""
        self._database = database

    def groups(self, run_ids: Sequence[str], lengths: Sequence[int] = ()) -> list[CachedGroup]:
        """What the replies of some runs read and wrote, by what their prices depend on; `lengths` ascend."""
        prompt = _C.input_tokens + _CACHED
        longer: sa.ColumnElement[Any] = sa.literal(0)
        for length in lengths:
            longer = longer + sa.case((prompt > length, 1), else_=0)
        day = sa.func.substr(batches.c.created_at, 1, 10)
        # PostgreSQL takes the same parameter, told twice, for two: so it groups by what was selected beneath.
        inner = (
            sa.select(
                _C.run,
                _C.served_model,
                day.label("day"),
                batches.c.realtime,
                longer.label("longer"),
                _C.input_tokens,
                _C.output_tokens,
                _C.cache_read_tokens,
                _C.cache_write_5m_tokens,
                _C.cache_write_1h_tokens,
                _C.cost_usd,
                _CACHED.label("cached"),
            )
            .outerjoin(batches, batches.c.batch == _C.batch)
            .where(_C.run.in_(run_ids))
            .subquery()
        )
        c = inner.c
        keys = (c.run, c.served_model, c.day, c.realtime, c.longer)
        query = sa.select(
            *keys,
            sa.func.count(),
            sa.func.sum(sa.case((c.cached > 0, 1), else_=0)),
            sa.func.sum(sa.case((c.cache_read_tokens > 0, 1), else_=0)),
            sa.func.sum(sa.case((sa.and_(c.cached > 0, c.cost_usd.is_(None)), 1), else_=0)),
            sa.func.sum(c.cost_usd),
            sa.func.sum(c.input_tokens),
            sa.func.sum(c.output_tokens),
            sa.func.sum(c.cache_read_tokens),
            sa.func.sum(c.cache_write_5m_tokens),
            sa.func.sum(c.cache_write_1h_tokens),
        ).group_by(*keys)
        with self._database.reading() as connection:
            return [_group(tuple(row)) for row in connection.execute(query.order_by(c.run))]

    def earlier(self, run: Run, *, since: datetime, most: int = 10) -> list[CachedRun]:
        """The newest runs with the judge of a run that read or wrote in batches since a time, newest first."""
        judge = run.judge
        newest = (
            sa.select(batches.c.run, sa.func.max(batches.c.created_at))
            .join(runs, runs.c.run == batches.c.run)
            .where(runs.c.judge == (judge.model if judge else None))
            .where(runs.c.simulated == (judge is not None and judge.simulated))
            .where(sa.or_(runs.c.cache_ttl.is_(None), runs.c.cache_ttl != "off"))
            .where(batches.c.realtime.is_(False), batches.c.created_at >= stamp(since))
            .group_by(batches.c.run)
            .order_by(sa.func.max(batches.c.created_at).desc(), batches.c.run)
            .limit(most)
        )
        with self._database.reading() as connection:
            ids = [row[0] for row in connection.execute(newest)]
            sums = (
                sa.select(
                    _C.run, runs.c.grader_digest, runs.c.cache_ttl, _READ, _WRITTEN_5M, _WRITTEN_1H, sa.func.count()
                )
                .join(runs, runs.c.run == _C.run)
                .where(_C.run.in_(ids), _CACHED > 0)
                .group_by(_C.run, runs.c.grader_digest, runs.c.cache_ttl)
            )
            found = {row[0]: row for row in connection.execute(sums)}
            parts: dict[str, dict[int, int]] = {}
            for row in connection.execute(
                sa.select(batches.c.run, batches.c.part, batches.c.requests).where(batches.c.run.in_(ids))
            ):
                parts.setdefault(row.run, {})[row.part] = row.requests
        return [_earlier(tuple(found[one]), parts[one]) for one in ids if one in found]

    def waiting(self, run: Run, *, account: str, reason: str) -> list[str]:
        """The runs of an account that share the prefix of a run and hold parts back for a reason, itself among them."""
        c = intents.c
        held = sa.and_(c.state == IntentState.PLANNED.value, c.reason == reason, c.account == account)
        query = sa.select(c.run).join(runs, runs.c.run == c.run).where(held, _shares(run)).distinct()
        with self._database.reading() as connection:
            return [row[0] for row in connection.execute(query)]

    def is_warm(self, run: Run, *, account: str, since: datetime) -> bool:
        """Whether a batch with the prefix of a run has ended since a time, under the same account."""
        query = (
            sa.select(batches.c.batch)
            .join(runs, runs.c.run == batches.c.run)
            .where(_shares(run), batches.c.account == account, batches.c.ended_at >= stamp(since))
        )
        with self._database.reading() as connection:
            return connection.execute(query.limit(1)).first() is not None


def _shares(run: Run) -> sa.ColumnElement[bool]:
    """Whether a run has the same bytes before its cases: grader, judge, effort and ttl are the same."""
    judge, c = run.judge, runs.c
    return sa.and_(
        c.grader_digest == run.grader_digest,
        c.judge == (judge.model if judge else None),
        c.effort.is_(None) if judge is None or judge.effort is None else c.effort == judge.effort,
        c.simulated == (judge is not None and judge.simulated),
        c.cache_ttl == run.cache_ttl,
    )


def _group(row: tuple[Any, ...]) -> CachedGroup:
    run, model, day, realtime, longer, rows, cached, with_read, unpriced, cost, *tokens = row
    fresh, output, read, written_5m, written_1h = (int(n or 0) for n in tokens)
    return CachedGroup(
        run=run,
        served_model=model,
        day=day,
        realtime=bool(realtime),
        longer=int(longer),
        rows=int(rows),
        rows_cached=int(cached),
        rows_with_read=int(with_read),
        rows_unpriced=int(unpriced),
        cost_usd=float(cost or 0.0),
        usage=Usage(
            input_tokens=fresh,
            output_tokens=output,
            cache_read_tokens=read,
            cache_write_5m_tokens=written_5m,
            cache_write_1h_tokens=written_1h,
        ),
    )


def _earlier(row: tuple[Any, ...], parts: dict[int, int]) -> CachedRun:
    run, grader_digest, cache_ttl, read, written_5m, written_1h, rows = row
    return CachedRun(
        run=run,
        grader_digest=grader_digest,
        cache_ttl=cache_ttl,
        read=int(read),
        written_5m=int(written_5m),
        written_1h=int(written_1h),
        rows=int(rows),
        warm=len(parts) > 1 and parts[min(parts)] == 1,
    )
