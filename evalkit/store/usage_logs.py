"""Usage logs: what every request used, line by line, and which batches still have to be written to which file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evalkit.store.engine import Database
from evalkit.store.rows import stamp, unstamp
from evalkit.store.schema import batches, requests, results, runs, usage_logs


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """What one request used; nothing of what it said."""

    batch: str
    custom_id: str
    run: str
    suite: str
    grader: str
    candidate: str
    label: str
    case_id: str | None
    """None for a result that belongs to no request of its run."""
    created_at: datetime
    """Of its batch."""
    received_at: datetime
    realtime: bool
    simulated: bool
    type: str
    served_model: str | None
    stop_reason: str | None
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    cost_usd: float | None


_COLUMNS: Final[tuple[sa.ColumnElement[Any], ...]] = (
    results.c.batch,
    results.c.custom_id,
    results.c.run,
    runs.c.suite,
    runs.c.grader,
    runs.c.candidate,
    runs.c.label,
    requests.c.case_id,
    batches.c.created_at,
    results.c.received_at,
    batches.c.realtime,
    batches.c.simulated,
    results.c.type,
    results.c.served_model,
    results.c.stop_reason,
    results.c.input_tokens,
    results.c.output_tokens,
    results.c.cache_read_tokens,
    results.c.cache_write_5m_tokens,
    results.c.cache_write_1h_tokens,
    results.c.cost_usd,
)
_OF: Final = sa.and_(requests.c.run == results.c.run, requests.c.custom_id == results.c.custom_id)


class UsageLogs:
    """The usage of a store's requests, and the files it goes to."""

    def __init__(self, database: Database) -> None:
        """The usage logs of a database."""
        self._database = database

    def rows(self, batch_ids: Sequence[str]) -> Iterator[UsageRow]:
        """What the requests of batches used, batch by batch."""
        told = (
            sa.select(*_COLUMNS)
            .join(batches, batches.c.batch == results.c.batch)
            .join(runs, runs.c.run == results.c.run)
            .outerjoin(requests, _OF)
            .order_by(results.c.custom_id)
        )
        with self._database.snapshot() as connection:
            for batch in batch_ids:
                query = told.where(results.c.batch == batch)
                for row in connection.execute(query).mappings():
                    yield _row(row)

    def intend_with(self, connection: Connection, batch: str, file: str) -> None:
        """Keep that the usage of a batch is to be written to a file."""
        row = {"batch": batch, "file": file, "begins_at": None, "written_at": None}
        self._database.insert_new(connection, usage_logs, [row])

    def unwritten(self, file: str) -> dict[str, int | None]:
        """The batches that are to be written to a file, and where the lines of each begin if somebody has begun."""
        u = usage_logs.c
        query = sa.select(u.batch, u.begins_at).where(u.file == file, u.written_at.is_(None)).order_by(u.batch)
        with self._database.reading() as connection:
            return {row.batch: row.begins_at for row in connection.execute(query)}

    def begin(self, batch: str, place: int) -> None:
        """Keep where in its file the lines of a batch begin, before any is written."""
        self._set(batch, {"begins_at": place})

    def written(self, batch: str, *, now: datetime) -> None:
        """Keep that all lines of a batch are in its file."""
        self._set(batch, {"written_at": stamp(now)})

    def _set(self, batch: str, values: dict[str, Any]) -> None:
        with self._database.writing() as connection:
            connection.execute(sa.update(usage_logs).where(usage_logs.c.batch == batch).values(values))


def _row(row: Mapping[Any, Any]) -> UsageRow:
    found: dict[str, Any] = {**row}
    for name in ("created_at", "received_at"):
        found[name] = unstamp(found[name])
    return UsageRow(**found)
