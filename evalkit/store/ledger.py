"""The ledger: what the results of every batch come to, added up once for good when it is collected.

Money is in `results`, once per (batch, custom_id), and stays there. What a collected batch comes to is written down
with its end, in one transaction, so that whoever asks for a year adds up some thousand rows and not some million. A
result that comes in later, of a collector that was slower, takes that back: its batch is added up anew when asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evalkit.run import OPEN_BATCH, RunKind
from evalkit.store.engine import Database
from evalkit.store.rows import chunks, stamp, unstamp, unstamp_or_none
from evalkit.store.schema import batches, ledger, noise_runs, results, reused, runs, scores

_R: Final = results.c
_CACHED: Final = _R.cache_read_tokens + _R.cache_write_5m_tokens + _R.cache_write_1h_tokens
_UNCACHED: Final = sa.func.coalesce(_R.uncached_usd, sa.case((_CACHED == 0, _R.cost_usd)))
# Written out, because SQLite uses a partial index only for what it can see to be within it.
_OWN: Final = sa.text("scores.suffix = '' and scores.status = 'scored'")
_MODEL: Final = sa.func.coalesce(_R.served_model, "")
_SUMS: Final = (
    sa.func.count().label("results"),
    sa.func.sum(sa.case((_R.type == "succeeded", 0), else_=1)).label("unbilled"),
    sa.func.count(_R.cost_usd).label("priced"),
    sa.func.coalesce(sa.func.sum(_R.cost_usd), 0.0).label("cost_usd"),
    sa.func.count(_UNCACHED).label("compared"),
    sa.func.coalesce(sa.func.sum(_UNCACHED), 0.0).label("uncached_usd"),
    sa.func.sum(_R.input_tokens).label("input_tokens"),
    sa.func.sum(_R.output_tokens).label("output_tokens"),
    sa.func.sum(_R.cache_read_tokens).label("cache_read_tokens"),
    sa.func.sum(_R.cache_write_5m_tokens).label("cache_write_5m_tokens"),
    sa.func.sum(_R.cache_write_1h_tokens).label("cache_write_1h_tokens"),
)
_COLUMNS: Final = (
    "batch", "served_model", "results", "unbilled", "priced", "cost_usd", "compared", "uncached_usd", "input_tokens",
    "output_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """What the results of one batch come to that one model served."""

    batch: str
    run: str
    suite: str
    kind: RunKind
    noise: bool
    """Whether its run measures a judge's noise."""
    candidate: str
    grader: str
    grader_digest: str
    judge: str | None
    label: str
    created_at: datetime
    """When the batch was created, in UTC: the day that its money counts on."""
    collected_at: datetime | None
    realtime: bool
    simulated: bool
    price_date: str | None
    served_model: str
    """Empty for results that no model answered."""
    results: int
    unbilled: int
    """Canceled, expired, errored: nothing was billed."""
    priced: int
    """Results whose cost is known, at nothing where nothing was billed."""
    cost_usd: float
    """Of those."""
    compared: int
    uncached_usd: float
    """What the results that are `compared` had cost without any caching."""
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int

    @property
    def unpriced(self) -> int:
        """Results whose cost is not known."""
        return self.results - self.priced


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """What is sent and not collected, so that its money is not in the ledger, or not all of it."""

    batches: int = 0
    requests: int = 0


class Ledger:
    """What the batches of a store come to."""

    def __init__(self, database: Database) -> None:
        """The ledger of a database."""
        self._database = database

    def entries(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        suite: str | None = None,
        label: str | None = None,
        simulated: bool = False,
    ) -> list[LedgerEntry]:
        """What batches come to, by the time they were created.

        Args:
            since: only of batches created then or later.
            until: only of batches created before.
            suite: only of runs of this suite.
            label: only of runs under this label.
            simulated: those that the sandbox answered, in place of those that were paid.
        """
        return self._entries([batches.c.simulated.is_(simulated), *_narrowed(since, until, suite, label)])

    def entries_of(self, run_ids: Sequence[str]) -> list[LedgerEntry]:
        """What all batches of runs come to."""
        return self._entries([batches.c.run.in_(run_ids)])

    def _entries(self, wanted: Sequence[sa.ColumnElement[bool]]) -> list[LedgerEntry]:
        b = batches.c
        sums = [ledger.c[name] for name in _COLUMNS[1:]]
        told = _PLACED.join(ledger, ledger.c.batch == b.batch)
        written = sa.select(*_HEAD, *sums).select_from(told).where(*wanted)
        left = sa.select(b.batch).select_from(batches.join(runs, runs.c.run == b.run))
        left = left.where(*wanted, ~sa.exists().where(ledger.c.batch == b.batch))
        # What is collected in part, and what was collected by a process that knew of no ledger.
        live = sa.select(_R.batch, _MODEL.label("served_model"), *_SUMS).where(_R.batch.in_(left))
        added = live.group_by(_R.batch, _MODEL).subquery()
        sums = [added.c[name] for name in _COLUMNS[1:]]
        unwritten = sa.select(*_HEAD, *sums).select_from(_PLACED.join(added, added.c.batch == b.batch))
        with self._database.reading() as connection:
            rows = [row for query in (written, unwritten) for row in connection.execute(query).mappings()]
        return sorted(map(_entry, rows), key=lambda one: (one.created_at, one.batch, one.served_model))

    def under_way(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        suite: str | None = None,
        label: str | None = None,
        simulated: bool = False,
    ) -> UnderWay:
        """What is sent of them and not collected."""
        b, states = batches.c, [state.value for state in OPEN_BATCH]
        query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(b.requests), 0)).join(runs, runs.c.run == b.run)
        narrowed = _narrowed(since, until, suite, label)
        with self._database.reading() as connection:
            row = connection.execute(query.where(b.state.in_(states), b.simulated.is_(simulated), *narrowed)).one()
        return UnderWay(batches=row[0], requests=int(row[1]))

    def scored(self, run_ids: Sequence[str]) -> dict[str, int]:
        """How many cases of each run have a score of its own that was paid for: of each criterion, the most."""
        s, r = scores.c, reused.c
        taken = sa.exists().where(r.run == s.run, r.case_id == s.case_id)
        found: dict[str, int] = {}
        with self._database.reading() as connection:
            for some in chunks(run_ids, 500):
                has_some = set(connection.execute(sa.select(r.run).where(r.run.in_(some)).distinct()).scalars())
                own = sa.select(s.run, s.criterion, sa.func.count()).where(s.run.in_(some), _OWN)
                query = own.group_by(s.run, s.criterion)
                for row in connection.execute(query):
                    found[row[0]] = max(found.get(row[0], 0), row[2])
                if has_some:
                    again = query.where(s.run.in_(has_some), ~taken)
                    found |= dict.fromkeys(has_some, 0)
                    for row in connection.execute(again):
                        found[row[0]] = max(found[row[0]], row[2])
        return found


def close_with(connection: Connection, batch: str, *, price_date: str | None, price_source: str | None) -> None:
    """A batch has been collected: keep what it comes to, and the price list that told it."""
    told = {"price_date": price_date, "price_source": price_source}
    connection.execute(sa.update(batches).where(batches.c.batch == batch).values(told))
    add_up(connection, [batch])


def reopen_with(connection: Connection, batch: str) -> None:
    """A result of a batch has come: what it came to holds no longer, should that have been written down."""
    # Held until the transaction ends: whoever collects the batch adds it up with this result, or before it and in vain.
    connection.execute(sa.select(batches.c.batch).where(batches.c.batch == batch).with_for_update(read=True))
    connection.execute(sa.delete(ledger).where(ledger.c.batch == batch))


def add_up(connection: Connection, batch_ids: Sequence[str]) -> None:
    """Keep what batches come to, in place of what was kept before."""
    for some in chunks(batch_ids, 500):
        connection.execute(sa.delete(ledger).where(ledger.c.batch.in_(some)))
        told = sa.select(_R.batch, _MODEL, *_SUMS).where(_R.batch.in_(some)).group_by(_R.batch, _MODEL)
        connection.execute(sa.insert(ledger).from_select(list(_COLUMNS), told))


_HEAD: Final = (
    batches.c.batch,
    batches.c.created_at,
    batches.c.collected_at,
    batches.c.realtime,
    batches.c.simulated,
    batches.c.price_date,
    runs.c.run,
    runs.c.suite,
    runs.c.kind,
    runs.c.candidate,
    runs.c.grader,
    runs.c.grader_digest,
    runs.c.judge,
    runs.c.label,
    noise_runs.c.run.is_not(None).label("noise"),
)
_PLACED: Final = batches.join(runs, runs.c.run == batches.c.run).outerjoin(
    noise_runs, noise_runs.c.run == batches.c.run
)


def _narrowed(
    since: datetime | None, until: datetime | None, suite: str | None, label: str | None
) -> Iterator[sa.ColumnElement[bool]]:
    created = batches.c.created_at
    if since is not None:
        yield created >= stamp(since)
    if until is not None:
        yield created < stamp(until)
    if suite is not None:
        yield runs.c.suite == suite
    if label is not None:
        yield runs.c.label == label


def _entry(row: Mapping[Any, Any]) -> LedgerEntry:
    found: dict[str, Any] = {**row}
    for name in _WHOLE:
        found[name] = int(found[name])  # PostgreSQL adds up whole numbers to decimals
    found["created_at"] = unstamp(found["created_at"])
    found["collected_at"] = unstamp_or_none(found["collected_at"])
    found["kind"], found["noise"] = RunKind(found["kind"]), bool(found["noise"])
    return LedgerEntry(**found)


_WHOLE: Final = tuple(name for name in _COLUMNS[2:] if not name.endswith("_usd"))
