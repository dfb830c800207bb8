"""Result lines as they came, stored before anything is derived from them; and the money they cost, counted once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias, cast

import sqlalchemy as sa

from evalkit.pricing import Usage
from evalkit.run import Batch
from evalkit.store.engine import Database
from evalkit.store.ledger import reopen_with
from evalkit.store.reuse import TakenOver, taken_over
from evalkit.store.rows import chunks, stamp
from evalkit.store.schema import batches, results


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultLine:
    """One line of a results file with what the store looks up in it."""

    custom_id: str
    raw: bytes
    type: str
    served_model: str | None
    stop_reason: str | None
    usage: Usage
    cost_usd: float | None
    """None where nothing is known of the served model's price; 0 where nothing is billed."""
    uncached_usd: float | None = None
    """What it had cost without any caching; None where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What a run has cost so far."""

    cost_usd: float | None
    """None where a reply was served by a model of unknown price."""
    results: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    served_models: tuple[str, ...]
    """Of its own replies, and of those whose scores it took over."""
    realtime_usd: float = 0.0
    """What of the cost, as far as it is known, was paid at full price."""
    taken: TakenOver = field(default_factory=TakenOver)
    """What it took over from earlier runs; nothing of that is in the money and the tokens."""

    @property
    def mixed_by_reuse(self) -> bool:
        """Whether what it took over was served by another model than its own replies."""
        return bool(self.taken.cases and self.results and len(self.served_models) > 1)

    @property
    def cache_read_share(self) -> float | None:
        """Share of cacheable tokens that were read from the cache; None where nothing was cacheable."""
        cached = self.cache_read_tokens + self.cache_write_tokens
        return self.cache_read_tokens / cached if cached else None


LineRow: TypeAlias = tuple[str, bytes, str, str | None, str | None, int, int, int, int, int, float | None]
"""custom_id, raw line (empty where it was pruned), type, served model, stop reason, tokens as in `Usage`, cost."""

_C: Final = results.c
_LINES: Final = sa.select(
    _C.custom_id,
    _C.raw,
    _C.type,
    _C.served_model,
    _C.stop_reason,
    _C.input_tokens,
    _C.output_tokens,
    _C.cache_read_tokens,
    _C.cache_write_5m_tokens,
    _C.cache_write_1h_tokens,
    _C.cost_usd,
).where(_C.batch == sa.bindparam("of_batch"), _C.custom_id.in_(sa.bindparam("custom_ids", expanding=True)))


class Results:
    """The raw results of a store."""

    def __init__(self, database: Database) -> None:
        """Results of a database."""
        self._database = database

    def keep(self, batch: Batch, lines: Sequence[ResultLine], *, now: datetime) -> int:
        """Keep result lines in one transaction; a custom_id that is there already stays as it first came.

        Returns:
            How many were new.
        """
        rows = [_row(batch, line, stamp(now)) for line in lines]
        with self._database.writing() as connection:
            reopen_with(connection, batch.id)
            return self._database.insert_new(connection, results, rows)

    def lines(self, batch: str) -> Iterator[bytes]:
        """The raw lines of a batch, by custom_id."""
        query = sa.select(results.c.raw).where(results.c.batch == batch).order_by(results.c.custom_id)
        with self._database.reading() as connection:
            for row in connection.execute(query):
                yield bytes(row.raw)

    def answered(self, batch: str) -> set[str]:
        """The custom_ids of a batch that have a result."""
        query = sa.select(results.c.custom_id).where(results.c.batch == batch)
        with self._database.reading() as connection:
            return set(connection.execute(query).scalars())

    def line(self, batch: str, custom_id: str) -> bytes | None:
        """One raw line; None where there is none, or it was pruned."""
        query = sa.select(results.c.raw).where(results.c.batch == batch, results.c.custom_id == custom_id)
        with self._database.reading() as connection:
            raw = connection.execute(query).scalar()
        return bytes(raw) if raw else None

    def lines_for(self, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], LineRow]:
        """The result lines of some (batch, custom_id) that are there."""
        wanted: dict[str, list[str]] = defaultdict(list)
        for batch, custom_id in pairs:
            wanted[batch].append(custom_id)
        found: dict[tuple[str, str], LineRow] = {}
        with self._database.reading() as connection:
            # A batch at a time: for pairs in a list SQLite would read the whole table.
            for batch, custom_ids in wanted.items():
                for some in chunks(custom_ids):
                    rows = connection.execute(_LINES, {"of_batch": batch, "custom_ids": some}).all()
                    found.update({(batch, row[0]): row for row in cast("list[LineRow]", rows)})
        return found

    def prune(self, before: datetime) -> int:
        """Drop the raw lines of batches collected before a time; returns how many. Usage and cost stay."""
        old = sa.select(batches.c.batch).where(batches.c.collected_at < stamp(before))
        due = sa.and_(results.c.batch.in_(old), results.c.raw != b"")
        with self._database.writing() as connection:
            return connection.execute(sa.update(results).where(due).values(raw=b"")).rowcount

    def counts(self, batch: str) -> dict[str, int]:
        """How many results of each type a batch has."""
        query = sa.select(results.c.type, sa.func.count()).where(results.c.batch == batch).group_by(results.c.type)
        with self._database.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def spending(self, run_ids: Sequence[str]) -> dict[str, Spending]:
        """What each run has cost, over all its batches."""
        c = results.c
        query = (
            sa.select(
                c.run,
                c.served_model,
                sa.func.count(),
                sa.func.count(c.cost_usd),
                sa.func.sum(c.cost_usd),
                sa.func.sum(c.input_tokens),
                sa.func.sum(c.output_tokens),
                sa.func.sum(c.cache_read_tokens),
                sa.func.sum(c.cache_write_5m_tokens + c.cache_write_1h_tokens),
                sa.func.sum(sa.case((batches.c.realtime, c.cost_usd), else_=0.0)),
            )
            .outerjoin(batches, batches.c.batch == c.batch)
            .where(c.run.in_(run_ids))
            .group_by(c.run, c.served_model)
            .order_by(c.run, c.served_model)
        )
        groups: dict[str, list[tuple[object, ...]]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(query):
                groups.setdefault(row[0], []).append(tuple(row[1:]))
            taken = taken_over(connection, run_ids)
        return {run: _spending(groups.get(run, []), taken.get(run)) for run in groups.keys() | taken.keys()}


def _spending(groups: list[tuple[object, ...]], taken: TakenOver | None) -> Spending:
    nothing = (None, 0, 0, 0.0, 0, 0, 0, 0, 0.0)
    models, counts, priced, costs, *tokens, realtime = zip(*(groups or [nothing]), strict=True)
    served = {str(model) for model in models if model is not None} | set(taken.served_models if taken else ())
    known = sum(int(n) for n in counts) == sum(int(n) for n in priced)
    totals = [sum(int(n or 0) for n in column) for column in tokens]
    return Spending(
        cost_usd=sum(float(cost or 0.0) for cost in costs) if known else None,
        results=sum(int(n) for n in counts),
        input_tokens=totals[0],
        output_tokens=totals[1],
        cache_read_tokens=totals[2],
        cache_write_tokens=totals[3],
        served_models=tuple(sorted(served)),
        realtime_usd=sum(float(cost or 0.0) for cost in realtime),
        taken=taken or TakenOver(),
    )


def _row(batch: Batch, line: ResultLine, received_at: str) -> dict[str, object]:
    return {
        "batch": batch.id,
        "custom_id": line.custom_id,
        "run": batch.run,
        "raw": line.raw,
        "received_at": received_at,
        "type": line.type,
        "served_model": line.served_model,
        "stop_reason": line.stop_reason,
        "input_tokens": line.usage.input_tokens,
        "output_tokens": line.usage.output_tokens,
        "cache_read_tokens": line.usage.cache_read_tokens,
        "cache_write_5m_tokens": line.usage.cache_write_5m_tokens,
        "cache_write_1h_tokens": line.usage.cache_write_1h_tokens,
        "cost_usd": line.cost_usd,
        "uncached_usd": line.uncached_usd,
    }
