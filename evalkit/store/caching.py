"""What caching did: tokens read and written by run, and the runs whose requests wait for the same prefix to be warm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

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
    """What the replies of a run read and wrote that one model served in batches of one day."""

    run: str
    served_model: str | None
    day: str | None
    """ISO date of the batch."""
    rows: int
    rows_cached: int
    """Those that read or wrote."""
    rows_with_read: int
    rows_untold: int
    """Those that read or wrote, and of which it is not known what they cost, or had cost without a cache."""
    saved_usd: float
    """What the others cost less than they had without a cache."""
    read_tokens: int
    written_5m_tokens: int
    written_1h_tokens: int

    @property
    def written_tokens(self) -> int:
        """For either time."""
        return self.written_5m_tokens + self.written_1h_tokens


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

    def groups(self, run_ids: Sequence[str]) -> list[CachedGroup]:
        """What the replies of some runs read and wrote, and what that saved as it was billed."""
        day = sa.func.substr(batches.c.created_at, 1, 10)
        saved = _C.uncached_usd - _C.cost_usd
        query = (
            sa.select(
                _C.run,
                _C.served_model,
                day,
                sa.func.count(),
                sa.func.sum(sa.case((_CACHED > 0, 1), else_=0)),
                sa.func.sum(sa.case((_C.cache_read_tokens > 0, 1), else_=0)),
                sa.func.sum(sa.case((sa.and_(_CACHED > 0, saved.is_(None)), 1), else_=0)),
                sa.func.sum(saved),
                _READ,
                _WRITTEN_5M,
                _WRITTEN_1H,
            )
            .outerjoin(batches, batches.c.batch == _C.batch)
            .where(_C.run.in_(run_ids))
            .group_by(_C.run, _C.served_model, day)
            .order_by(_C.run)
        )
        with self._database.reading() as connection:
            return [_group(tuple(row)) for row in connection.execute(query)]

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
    run, model, day, rows, cached, with_read, untold, saved, read, written_5m, written_1h = row
    return CachedGroup(
        run=run,
        served_model=model,
        day=day,
        rows=int(rows),
        rows_cached=int(cached),
        rows_with_read=int(with_read),
        rows_untold=int(untold),
        saved_usd=float(saved or 0.0),
        read_tokens=int(read),
        written_5m_tokens=int(written_5m),
        written_1h_tokens=int(written_1h),
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
