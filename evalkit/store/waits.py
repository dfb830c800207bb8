"""Waits: runs that need others, and become whole when these are collected.

A run that waits is in the store without a request and without a score. Whoever finds the runs that it needs collected
gives it both, and takes its row away, in one transaction: of several that do so at once, one does it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evalkit.errors import StaleTransitionError
from evalkit.run import OPEN_BATCH, IntentState, RunKind
from evalkit.score import Status
from evalkit.store.engine import Database
from evalkit.store.hand_overs import here, lock_runs, must_be_here
from evalkit.store.jury import juries_of
from evalkit.store.schema import batches, intents, requests, runs, scores, waits

_ALIVE = (IntentState.PLANNED.value, IntentState.INTENDED.value, IntentState.UNKNOWN.value)


class Waits:
    """What the runs of a store wait for."""

    def __init__(self, database: Database) -> None:
        """Waits of a database."""
        self._database = database

    def add(self, connection: Connection, run: str, needs: Iterable[str], *, fresh: bool = False) -> None:
        """Let a run wait for others, within the transaction that keeps it; a fresh one will take over nothing."""
        self._database.insert_new(connection, waits, [{"run": run, "needs": need, "fresh": fresh} for need in needs])

    def is_fresh(self, run: str) -> bool:
        """Whether a run that waits is to take over nothing."""
        with self._database.reading() as connection:
            query = sa.select(waits.c.run).where(waits.c.run == run, waits.c.fresh).limit(1)
            return connection.execute(query).first() is not None

    def all(self, run_ids: Sequence[str] | None = None) -> dict[str, tuple[str, ...]]:
        """Every run that waits, with what it needs; of the runs named, or of all; none that was handed over."""
        query = sa.select(waits.c.run, waits.c.needs).where(here(waits.c.run)).order_by(waits.c.run, waits.c.needs)
        if run_ids is not None:
            query = query.where(waits.c.run.in_(run_ids))
        found: dict[str, list[str]] = defaultdict(list)
        with self._database.reading() as connection:
            for run, need in connection.execute(query):
                found[run].append(need)
        return {run: tuple(needs) for run, needs in found.items()}

    def ready(self, run_ids: Sequence[str] | None = None) -> dict[str, tuple[str, ...]]:
        """Those of them whose needs are all collected."""
        waiting = self.all(run_ids)
        needed = sorted({need for needs in waiting.values() for need in needs})
        with self._database.reading() as connection:
            unsettled = _unsettled(connection, needed)
        return {run: needs for run, needs in waiting.items() if not unsettled & set(needs)}

    def over(self, connection: Connection, run: str, needs: Sequence[str]) -> None:
        """A run waits no more, within the transaction that makes it whole.

        Raises:
            StaleTransitionError: another process was faster, what it needs is under way again, or it was handed over.
        """
        # For good at once: a lock that is shared first, and then wanted alone by two, holds both for ever.
        lock_runs(connection, [run, *needs])  # nobody plans to send anything of these again until this is over
        must_be_here(connection, run)
        if _unsettled(connection, needs):
            raise StaleTransitionError(f"what run {run} waits for is under way again")
        if connection.execute(sa.delete(waits).where(waits.c.run == run)).rowcount != len(needs):
            raise StaleTransitionError(f"run {run} waits no more: another process has made it whole")

    def give_up(self, connection: Connection, run: str) -> bool:
        """A run waits no more, because nobody wants it: whether it did."""
        needs = connection.execute(sa.select(waits.c.needs).where(waits.c.run == run)).scalars().all()
        if not needs:
            return False
        lock_runs(connection, [run, *needs])
        must_be_here(connection, run)
        return connection.execute(sa.delete(waits).where(waits.c.run == run)).rowcount > 0

    def again(self, connection: Connection, run: str) -> None:
        """Something of a run is to be sent once more: what was made of its outputs waits for that."""
        r = runs.c
        row = connection.execute(sa.select(r.kind, r.candidate_digest, r.dataset).where(r.run == run)).one()
        if row.kind == RunKind.GRADING.value:
            self._juries_again(connection, [run])
        if row.kind != RunKind.GENERATION.value:
            return
        scored = (RunKind.GRADING.value, RunKind.CHECK.value)
        of_it = sa.or_(r.candidate_digest == row.candidate_digest, r.baseline_digest == row.candidate_digest)
        same = sa.and_(of_it, r.dataset == row.dataset, r.kind.in_(scored))
        wanted = sa.select(r.run).where(same, here(r.run), ~_given_up(r.run)).order_by(r.run)
        dependents = connection.execute(wanted).scalars().all()
        for dependent in dependents:
            self.add(connection, dependent, [run])
        self._juries_again(connection, dependents)

    def _juries_again(self, connection: Connection, run_ids: Sequence[str]) -> None:
        """The juries that some runs belong to wait for them, as far as all of their members are in this store."""
        for jury, needed in juries_of(connection, run_ids).items():
            self.add(connection, jury, needed)


def _given_up(run: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether a run was given up while it waited: its cases are canceled that nobody has made a request of."""
    s, q = scores.c, requests.c
    asked = sa.exists().where(q.run == s.run, q.case_id == s.case_id)
    return sa.exists().where(s.run == run, s.status == Status.CANCELED.value, ~asked)


def _unsettled(connection: Connection, run_ids: Sequence[str]) -> set[str]:
    """The runs of which something is to be sent, is under way, or is not collected; or that wait or are not here."""
    i, b = intents.c, batches.c
    open_states = [state.value for state in OPEN_BATCH]
    queries = (
        sa.select(i.run).where(i.run.in_(run_ids), i.state.in_(_ALIVE)),
        sa.select(b.run).where(b.run.in_(run_ids), b.state.in_(open_states)),
        sa.select(waits.c.run).where(waits.c.run.in_(run_ids)),
    )
    known = set(connection.execute(sa.select(runs.c.run).where(runs.c.run.in_(run_ids))).scalars())
    return set(run_ids) - known | {run for query in queries for run in connection.execute(query).scalars()}
