"""Warm-up: one request of a run goes first, as a batch of its own, and the rest when the entry that it writes is there.

It is the way that the API's documentation gives: a batch of one row, with the hour, and the rest as soon as that has
ended. The row is an ordinary one of the run, so its score counts. What is held back is so in the store: any process
that sends lets it go when the warm-up has ended, however it ended, or has taken too long. Runs that share the prefix
wait for the same warm-up.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from evalkit.failpoint import step
from evalkit.run import OPEN_BATCH, Batch, BatchState, Intent, IntentState, Run
from evalkit.store import Store

HELD: Final = "held back until the warm-up of the cache has ended"
"""Why a part waits; what is held back for another reason is not let go with it."""
PATIENCE: Final = timedelta(minutes=30)
"""How long the rest waits for a warm-up: half the life of the entry, which begins when the request does."""
ALIVE: Final = timedelta(minutes=50)
"""How long after a batch has ended its entry is taken to be there; each use gives it another hour."""


class Role(StrEnum):
    """What a run does about the warm-up of its prefix."""

    #: Its first request goes first.
    LEADS = "leads"
    #: It waits for that of another run.
    FOLLOWS = "follows"


def role_of(store: Store, run: Run, *, account: str, now: datetime) -> Role | None:
    """What a run that is to be warmed does; None where the entry is there already."""
    if any(
        _is_under_way(store, other, None, now) for other in store.caching.waiting(run, account=account, reason=HELD)
    ):
        return Role.FOLLOWS
    return None if store.caching.is_warm(run, account=account, since=now - ALIVE) else Role.LEADS


def reasons(n_parts: int, role: Role | None) -> list[str | None]:
    """Why each part of a new run is held back."""
    first = HELD if role is Role.FOLLOWS else None
    return [first, *[HELD if role else None] * (n_parts - 1)][:n_parts]


def is_warm_up(intents: Sequence[Intent], batch: Batch) -> bool:
    """Whether a batch is one request that went before the rest of its run, which may have been let go meanwhile."""
    first = next((one for one in intents if one.batch == batch.id), None)
    later = (one for one in intents if one.part > batch.part and one.round == 0)
    return first is not None and first.round == 0 and first.requests == 1 and any(later)


def let_go(store: Store, run: str, *, now: datetime) -> str | None:
    """Let go what waited for a warm-up that is over; a sentence where it was not waited for to its end."""
    intents, _ = store.progress([run])[run]
    held = [one for one in intents if is_held(one)]
    if not held:
        return None
    found, account = store.runs.get(run), held[0].account or ""
    group = store.caching.waiting(found, account=account, reason=HELD)
    if any(_is_under_way(store, other, run, now) for other in group):
        return None
    late = any(_is_open(store, other) for other in group)
    step("warmed")
    let = store.intents.let_go(run, reason=HELD)
    minutes = PATIENCE.total_seconds() / 60
    waited = f"run {run}: the warm-up of the cache has not ended within {minutes:.0f} minutes; the rest is sent without"
    return waited if let and late else None


def waits_for(store: Store, runs: Sequence[str] | None, account: str) -> set[str]:
    """The runs whose warm-up some runs, or all of them, wait for."""
    planned = store.intents.in_state(IntentState.PLANNED, runs=runs, account=account)
    held = dict.fromkeys(one.run for one in planned if is_held(one))
    groups = (store.caching.waiting(store.runs.get(run), account=account, reason=HELD) for run in held)
    return {other for group in groups for other in group}


def is_held(intent: Intent) -> bool:
    """Whether a part waits for a warm-up."""
    return intent.state is IntentState.PLANNED and intent.reason == HELD


def _first_held(intents: Sequence[Intent]) -> int | None:
    return min((one.part for one in intents if is_held(one)), default=None)


def _warm_up(store: Store, run: str) -> tuple[Intent | None, Batch | None]:
    """The part before those that are held back, as it was tried last; none of a run that follows."""
    intents, batches = store.progress([run])[run]
    held = _first_held(intents)
    tries = [one for one in intents if held is not None and one.part == held - 1]
    if not tries:
        return None, None
    return tries[-1], next((one for one in batches if one.id == tries[-1].batch), None)


def _is_open(store: Store, run: str) -> bool:
    intent, batch = _warm_up(store, run)
    unknown = intent is not None and intent.state in (IntentState.INTENDED, IntentState.UNKNOWN)
    return unknown or (batch is not None and batch.state in OPEN_BATCH and batch.state is not BatchState.ENDED)


def _is_under_way(store: Store, run: str, asking: str | None, now: datetime) -> bool:
    """Whether the warm-up of a run is still to be waited for, by that run or by another that asks."""
    intent, batch = _warm_up(store, run)
    if intent is None or intent.state is IntentState.NOT_CREATED:
        return False
    if intent.state is IntentState.PLANNED:
        # What keeps it from being sent keeps its own run too; others do not wait for that any longer.
        return run == asking or now - store.runs.get(run).as_of < PATIENCE
    if batch is not None and batch.state not in (BatchState.IN_PROGRESS, BatchState.CANCELING):
        return False
    return now - (intent.intended_at or now) < PATIENCE
