"""Hand-overs: a run with open batches that went into a bundle belongs to the store that the bundle goes to.

Two stores that both collect a run would both send its follow-ups. So a run has one store at a time: the one it was
handed over from neither collects it nor sends anything of it, until a newer bundle brings it back or a person says
that no other store has it. Every hand-over counts up a number that travels with the run, so that the bundle a store
made itself is never taken for one that comes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evalkit.errors import StaleTransitionError
from evalkit.store.engine import Database
from evalkit.store.rows import stamp, unstamp_or_none
from evalkit.store.schema import batches, hand_overs, intents, runs


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """What a store knows of the ways of a run from store to store."""

    run: str
    number: int
    """How often it has been handed over, over all stores."""
    at: datetime | None = None
    """When this store gave it away; None while this store has it."""
    to: str | None = None
    """The bundle."""


class HandOvers:
    """The hand-overs of a store."""

    def __init__(self, database: Database) -> None:
        """Hand-overs of a database."""
        self._database = database

    def of(self, run_ids: Sequence[str]) -> dict[str, HandOver]:
        """What is known of some runs, by run; those that were never handed over are not in it."""
        with self._database.reading() as connection:
            return {one.run: one for one in _select(connection, hand_overs.c.run.in_(run_ids))}

    def away(self) -> dict[str, HandOver]:
        """The runs that this store gave away and has not got back."""
        with self._database.reading() as connection:
            return {one.run: one for one in _select(connection, hand_overs.c.at.is_not(None))}

    def give(self, numbers: Mapping[str, int], standing: Mapping[str, object], *, to: str, now: datetime) -> bool:
        """Give runs away, each with the number of its hand-over.

        Args:
            numbers: run -> number.
            standing: how each run stood when the bundle was written, as `standing_of` says it.
            to: the bundle.
            now: the time.

        Returns:
            False where one of the runs has moved on since, or was given away: nothing is changed.
        """
        with self._database.writing() as connection:
            lock_runs(connection, numbers)
            if standing_of(connection, sorted(numbers)) != standing:
                return False
            if any(one.at for one in _select(connection, hand_overs.c.run.in_(list(numbers)))):
                return False
            rows = [{"run": run, "number": n, "at": stamp(now), "to": to} for run, n in numbers.items()]
            if rows:
                self._database.upsert(connection, hand_overs, rows)
        return True

    def take_back(self, run_ids: Iterable[str]) -> int:
        """Runs that were given away are this store's again; returns how many were."""
        away = sa.and_(hand_overs.c.run.in_(list(run_ids)), hand_overs.c.at.is_not(None))
        with self._database.writing() as connection:
            return connection.execute(sa.update(hand_overs).where(away).values(at=None, to=None)).rowcount

    def note_with(self, connection: Connection, run: str, number: int) -> None:
        """Note, within a transaction of the caller's, that this store has a run that was handed over so often."""
        self._database.upsert(connection, hand_overs, [{"run": run, "number": number, "at": None, "to": None}])


def must_be_here(connection: Connection, run: str) -> None:
    """Hold a run in this store until the transaction ends.

    Raises:
        StaleTransitionError: it has been handed over.
    """
    connection.execute(sa.select(runs.c.run).where(runs.c.run == run).with_for_update(read=True))
    if found := list(_select(connection, sa.and_(hand_overs.c.run == run, hand_overs.c.at.is_not(None)))):
        raise StaleTransitionError(f"run {run} was handed over to {found[0].to}: this store sends nothing more of it")


def lock_runs(connection: Connection, run_ids: Iterable[str]) -> None:
    """Keep everybody else from moving runs on until the transaction ends."""
    ordered = sa.select(runs.c.run).where(runs.c.run.in_(sorted(run_ids))).order_by(runs.c.run)
    connection.execute(ordered.with_for_update()).all()


def here(run: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """The condition that a column names a run which this store has."""
    return run.not_in(sa.select(hand_overs.c.run).where(hand_overs.c.at.is_not(None)))


def standing_of(connection: Connection, run_ids: Sequence[str]) -> dict[str, object]:
    """How the parts and batches of runs stand, in a form to compare."""
    i, b = intents.c, batches.c
    found: dict[str, list[tuple[object, ...]]] = {run: [] for run in run_ids}
    asked = sa.select(i.run, i.part, i.attempt, i.state, i.batch).where(i.run.in_(run_ids))
    for run, *rest in connection.execute(asked.order_by(i.run, i.part, i.attempt)):
        found[run].append(tuple(rest))
    made = sa.select(b.run, b.batch, b.state, b.cancel_wanted).where(b.run.in_(run_ids))
    for run, *rest in connection.execute(made.order_by(b.run, b.part, b.attempt)):
        found[run].append(tuple(rest))
    return dict(found)


def _select(connection: Connection, wanted: sa.ColumnElement[bool]) -> list[HandOver]:
    return [
        HandOver(run=row.run, number=row.number, at=unstamp_or_none(row.at), to=row.to)
        for row in connection.execute(sa.select(hand_overs).where(wanted))
    ]
