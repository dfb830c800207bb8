"""Outgoing: everything that a store knows of some runs, table by table, as it was at one moment."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evalkit.run import OPEN_BATCH, IntentState
from evalkit.store.engine import Database
from evalkit.store.hand_overs import standing_of
from evalkit.store.schema import (
    batches,
    calibrations,
    candidates,
    cases,
    dataset_cases,
    datasets,
    estimates,
    graders,
    hand_overs,
    intents,
    metadata,
    noise_runs,
    outputs,
    policies,
    requests,
    results,
    reused,
    runs,
    scores,
    sentinels,
)
from evalkit.store.text import Text

CARRIED: Final = tuple(
    table.name
    for table in (
        runs, intents, batches, datasets, cases, dataset_cases, candidates, outputs, graders, requests, results, reused,
        scores, policies, noise_runs, calibrations, sentinels, estimates,
    )
)  # fmt: skip
"""What goes from store to store, in the order in which it is read."""
LEFT: Final = {"batches": ("lease_holder", "lease_until")}
"""Columns that mean nothing to another store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """Some runs at one moment."""

    connection: Connection
    runs: Sequence[str]
    standing: Mapping[str, object]
    """How each run stands, to be held against the store when the bundle is written."""
    numbers: Mapping[str, int]
    """How often each run was handed over before."""
    away: Mapping[str, str]
    """Runs that are not this store's to give, with the bundle they went into."""
    unsettled: Mapping[str, IntentState]
    """Runs with a part whose sending is not over."""
    open: frozenset[str]
    """Runs with a batch that is not collected."""
    conversing: frozenset[str]
    """Those of them that are being asked in realtime."""

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """The rows of a table that belong to the runs, by primary key."""
        found = metadata.tables[table]
        query = sa.select(found).where(_belongs(found, self.runs)).order_by(*self._order(found))
        nothing = dict.fromkeys(LEFT.get(table, ()))
        for row in self.connection.execute(query).mappings():
            yield {**row, **nothing}

    def _order(self, table: sa.Table) -> list[sa.ColumnElement[Any]]:
        """By bytes, whatever the database thinks of its language."""
        exact = self.connection.dialect.name == "postgresql"
        return [
            sa.collate(column, "C") if exact and isinstance(column.type, sa.String | Text) else column
            for column in table.primary_key
        ]


@contextmanager
def outgoing(database: Database, run_ids: Sequence[str]) -> Generator[Outgoing]:
    """Some runs at this moment.

    Raises:
        StoreError: the store cannot be read.
    """
    with database.snapshot() as connection:
        h, i, b = hand_overs.c, intents.c, batches.c
        known = connection.execute(sa.select(h.run, h.number, h.at, h.to).where(h.run.in_(run_ids))).all()
        alive = [state.value for state in (IntentState.PLANNED, IntentState.INTENDED, IntentState.UNKNOWN)]
        unsettled = sa.select(i.run, i.state).where(i.run.in_(run_ids), i.state.in_(alive))
        unread = sa.select(b.run, b.realtime).where(
            b.run.in_(run_ids), b.state.in_([state.value for state in OPEN_BATCH])
        )
        found = connection.execute(unread).all()
        yield Outgoing(
            connection=connection,
            runs=run_ids,
            standing=standing_of(connection, sorted(run_ids)),
            numbers={row.run: row.number for row in known},
            away={row.run: row.to for row in known if row.at is not None},
            unsettled={row.run: IntentState(row.state) for row in connection.execute(unsettled)},
            open=frozenset(row.run for row in found),
            conversing=frozenset(row.run for row in found if row.realtime),
        )


def _belongs(table: sa.Table, run_ids: Sequence[str]) -> sa.ColumnElement[bool]:
    """Whether a row of a table is of some runs, or is content that they are made of."""
    if "run" in table.c:
        return table.c.run.in_(run_ids)
    r, d = runs.c, dataset_cases.c

    def made_of(column: sa.ColumnElement[Any]) -> sa.Select[Any]:
        return sa.select(column).where(r.run.in_(run_ids))

    candidate = made_of(r.candidate_digest).union(made_of(r.baseline_digest))
    placed = d.dataset.in_(made_of(r.dataset))
    conditions = {
        "datasets": datasets.c.digest.in_(made_of(r.dataset)),
        "dataset_cases": placed,
        "cases": cases.c.digest.in_(sa.select(d.case_digest).where(placed)),
        "candidates": candidates.c.digest.in_(candidate),
        "outputs": sa.and_(
            outputs.c.candidate.in_(candidate), outputs.c.case_id.in_(sa.select(d.case_id).where(placed))
        ),
        "graders": graders.c.digest.in_(made_of(r.grader_digest)),
    }
    return conditions[table.name]
