"""Intents: the durable word before every create, and its arrows.

    planned ──claim──> intended ──created──> created
                          │ ├──not_created──> not_created   (and a new attempt, planned)
                          │ └──unknown──────> unknown
                          └── a dead holder leaves it here, which means: unknown

    planned ──begun──> created           a part that goes in realtime: its calls begin when its batch is there

Each arrow is one guarded update: it names the state it comes from, and fails where the row has moved on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evalkit.errors import StaleTransitionError
from evalkit.ids import digest
from evalkit.run import BatchState, Intent, IntentState
from evalkit.store.budgets import NOT_YET, is_limited
from evalkit.store.counted import month_of
from evalkit.store.engine import Database
from evalkit.store.hand_overs import must_be_here
from evalkit.store.rows import from_json, stamp, stamp_or_none, to_json, unstamp_or_none
from evalkit.store.schema import batches, intents

REALTIME_PREFIX: Final = "realtime-"
"""How the ids of batches begin that the API knows nothing of."""


_LET_GO: Final = intents.c.over_limit.is_(None)
"""The condition that no limit holds a part back."""


class Intents:
    """The intents of a store."""

    def __init__(self, database: Database) -> None:
        """Intents of a database."""
        self._database = database

    def of(self, run: str) -> list[Intent]:
        """A run's intents, by part and attempt."""
        return self._select(intents.c.run == run)

    def in_state(
        self, *states: IntentState, runs: Sequence[str] | None = None, account: str | None = None
    ) -> list[Intent]:
        """Every intent in one of these states; of the runs named, or of all; of one account, or of all."""
        wanted = intents.c.state.in_([state.value for state in states])
        if runs is not None:
            wanted = sa.and_(wanted, intents.c.run.in_(runs))
        if account is not None:
            wanted = sa.and_(wanted, sa.or_(intents.c.account == account, intents.c.account.is_(None)))
        return self._select(wanted)

    def _select(self, wanted: sa.ColumnElement[bool]) -> list[Intent]:
        query = sa.select(intents).where(wanted).order_by(intents.c.run, intents.c.part, intents.c.attempt)
        with self._database.reading() as connection:
            return [read_intent(row) for row in connection.execute(query)]

    def claim(
        self,
        intent: Intent,
        *,
        body_digest: str,
        account: str,
        base_url: str,
        holder: str,
        now: datetime,
        is_there: bool = False,
    ) -> Intent:
        """planned -> intended: committed before the create, with the digest of exactly the bytes to be sent.

        Where its batch `is_there` already, no limit is asked whether there is room for it.

        Raises:
            StaleTransitionError: another process has claimed it, the run was handed over, or a limit holds it back.
        """
        values: dict[str, Any] = {
            "body_digest": body_digest,
            "account": account,
            "base_url": base_url,
            "holder": holder,
            "intended_at": stamp(now),
        }
        with self._database.writing() as connection:
            must_be_here(connection, intent.run)
            free = sa.true() if is_there else _LET_GO
            values |= {"over_limit": None} if is_there else {}
            _move(connection, intent, IntentState.PLANNED, IntentState.INTENDED, values, where=free)
            row = connection.execute(sa.select(intents).where(_key(intent))).one()
        return read_intent(row)

    def created(
        self,
        intent: Intent,
        *,
        batch: str,
        simulated: bool,
        created_at: datetime,
        expires_at: datetime | None,
        now: datetime,
    ) -> None:
        """intended | unknown -> created: the batch exists and is kept with the intent, in one transaction.

        Raises:
            StaleTransitionError: the intent has moved on.
        """
        row = {
            "batch": batch,
            "run": intent.run,
            "part": intent.part,
            "attempt": intent.attempt,
            "state": BatchState.IN_PROGRESS.value,
            "requests": intent.requests,
            "account": intent.account,
            "base_url": intent.base_url,
            "simulated": simulated,
            "created_at": stamp(created_at),
            "expires_at": stamp_or_none(expires_at),
            "cancel_wanted": False,
            "realtime": False,
        }
        with self._database.writing() as connection:
            values = {"batch": batch, "settled_at": stamp(now)}
            _move(connection, intent, _sent(intent), IntentState.CREATED, values)
            connection.execute(sa.insert(batches), [row])

    def begun(self, intent: Intent, *, account: str, base_url: str, holder: str, simulated: bool, now: datetime) -> str:
        """planned -> created, of a part that goes in realtime: its batch is made here, and nothing is sent yet.

        Returns:
            The id of the batch; it holds the time, so that two stores never call two conversations the same.

        Raises:
            StaleTransitionError: another process has begun it, the run was handed over, or a limit holds it back.
        """
        made = digest({"account": account, "holder": holder, "at": stamp(now)})[:6]
        batch = f"{REALTIME_PREFIX}{intent.run}-{intent.part}-{intent.attempt}-{made}"
        sender = {"account": account, "base_url": base_url}
        row = {
            "batch": batch,
            "run": intent.run,
            "part": intent.part,
            "attempt": intent.attempt,
            "state": BatchState.IN_PROGRESS.value,
            "requests": intent.requests,
            "simulated": simulated,
            "created_at": stamp(now),
            "cancel_wanted": False,
            "realtime": True,
            **sender,
        }
        values = {"batch": batch, "holder": holder, "intended_at": stamp(now), "settled_at": stamp(now), **sender}
        with self._database.writing() as connection:
            must_be_here(connection, intent.run)
            _move(connection, intent, IntentState.PLANNED, IntentState.CREATED, values, where=_LET_GO)
            connection.execute(sa.insert(batches), [row])
        return batch

    def let_go(self, run: str, *, reason: str) -> int:
        """planned -> planned: let go what of a run is held back for one reason, and nothing that another holds.

        Returns:
            How many parts that are.
        """
        c = intents.c
        due = sa.and_(c.run == run, c.state == IntentState.PLANNED.value, c.reason == reason)
        with self._database.writing() as connection:
            return connection.execute(sa.update(intents).where(due).values(reason=None)).rowcount

    def in_realtime(self, run: str) -> int:
        """planned -> planned: what of a run is still to be sent goes in realtime; returns how many parts that are."""
        c = intents.c
        due = sa.and_(c.run == run, c.state == IntentState.PLANNED.value, c.realtime.is_(False))
        values: dict[str, Any] = {"realtime": True, "reason": None, "at_most_usd": None}  # at another price
        with self._database.writing() as connection:
            values["over_limit"] = NOT_YET if is_limited(connection, run) else None
            return connection.execute(sa.update(intents).where(due).values(values)).rowcount

    def not_created(self, intent: Intent, *, reason: str, now: datetime) -> Intent:
        """intended | unknown -> not_created, and the part planned again: the new attempt is returned.

        Raises:
            StaleTransitionError: the intent has moved on.
        """
        again: dict[str, Any] = {
            "run": intent.run,
            "part": intent.part,
            "attempt": intent.attempt + 1,
            "state": IntentState.PLANNED.value,
            "round": intent.round,
            "max_tokens": intent.max_tokens,
            "requests": intent.requests,
            "account": intent.account,
            "base_url": intent.base_url,
            "size": intent.size,
            "at_most_usd": intent.at_most_usd,
            # What was let go in an earlier month is not within the budget of this one.
            "over_limit": NOT_YET if intent.intended_at and intent.intended_at < month_of(now) else None,
        }
        with self._database.writing() as connection:
            values = {"reason": reason, "settled_at": stamp(now)}
            _move(connection, intent, _sent(intent), IntentState.NOT_CREATED, values)
            connection.execute(sa.insert(intents), [again])
        return Intent(
            run=intent.run,
            part=intent.part,
            attempt=intent.attempt + 1,
            state=IntentState.PLANNED,
            requests=intent.requests,
            round=intent.round,
            max_tokens=intent.max_tokens,
            account=intent.account,
            base_url=intent.base_url,
            size=intent.size,
            at_most_usd=intent.at_most_usd,
            over_limit=again["over_limit"],
        )

    def give_up(self, connection: Connection, intent: Intent, *, now: datetime) -> None:
        """planned -> not_created, for good: a person does not want it sent.

        Raises:
            StaleTransitionError: the intent has moved on.
        """
        values = {"reason": "given up by a person", "intended_at": stamp(now), "settled_at": stamp(now)}
        _move(connection, intent, IntentState.PLANNED, IntentState.NOT_CREATED, values)

    def unknown(self, intent: Intent, *, reason: str) -> None:
        """intended -> unknown: the batch may exist.

        Raises:
            StaleTransitionError: the intent has moved on.
        """
        with self._database.writing() as connection:
            _move(connection, intent, IntentState.INTENDED, IntentState.UNKNOWN, {"reason": reason})

    def note(self, intent: Intent, *, suspect: str | None, cleared: Sequence[str], clear_at: datetime | None) -> None:
        """unknown -> unknown: what a look at the list of batches has shown so far.

        Raises:
            StaleTransitionError: the intent has moved on.
        """
        values = {"suspect": suspect, "cleared": to_json(list(cleared)), "clear_at": stamp_or_none(clear_at)}
        with self._database.writing() as connection:
            _move(connection, intent, IntentState.UNKNOWN, IntentState.UNKNOWN, values)


def _sent(intent: Intent) -> IntentState:
    """The state to settle an intent from: as its holder knows it, if that is one whose create may have been sent."""
    if intent.state in (IntentState.INTENDED, IntentState.UNKNOWN):
        return intent.state
    raise StaleTransitionError(
        f"part {intent.part} of run {intent.run} is {intent.state.value}: no create of it is to be settled"
    )


def _move(
    connection: Connection,
    intent: Intent,
    source: IntentState,
    target: IntentState,
    values: dict[str, Any],
    *,
    where: sa.ColumnElement[bool] | None = None,
) -> None:
    also = sa.true() if where is None else where
    update = sa.update(intents).where(_key(intent), intents.c.state == source.value, also)
    if connection.execute(update.values(state=target.value, **values)).rowcount != 1:
        raise StaleTransitionError(
            f"part {intent.part} of run {intent.run} is no longer {source.value}: another process moved it on"
        )


def _key(intent: Intent) -> sa.ColumnElement[bool]:
    return sa.and_(intents.c.run == intent.run, intents.c.part == intent.part, intents.c.attempt == intent.attempt)


def read_intent(row: sa.Row[Any]) -> Intent:
    """The intent of a row of `intents`."""
    return Intent(
        run=row.run,
        part=row.part,
        attempt=row.attempt,
        state=IntentState(row.state),
        requests=row.requests,
        round=row.round,
        max_tokens=row.max_tokens,
        body_digest=row.body_digest,
        account=row.account,
        base_url=row.base_url,
        holder=row.holder,
        intended_at=unstamp_or_none(row.intended_at),
        clear_at=unstamp_or_none(row.clear_at),
        suspect=row.suspect,
        cleared=tuple(from_json(row.cleared)),
        batch=row.batch,
        reason=row.reason,
        realtime=row.realtime,
        size=row.size,
        at_most_usd=row.at_most_usd,
        over_limit=row.over_limit,
    )
