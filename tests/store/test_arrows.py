"""The arrows: every move from every state, the legal ones and all others; and claims by many at once."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa

from evalkit.errors import StaleTransitionError, StoreError
from evalkit.run import Batch, BatchState, Intent, IntentState
from evalkit.store import Store
from evalkit.store.schema import batches

NOW = datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
PLANNED, INTENDED, CREATED, NOT_CREATED, UNKNOWN = IntentState
IN_PROGRESS, CANCELING, ENDED, COLLECTED = BatchState

INTENT_MOVES = {
    "claim": {PLANNED: INTENDED},
    "created": {INTENDED: CREATED, UNKNOWN: CREATED},
    "not_created": {INTENDED: NOT_CREATED, UNKNOWN: NOT_CREATED},
    "unknown": {INTENDED: UNKNOWN},
}
BATCH_MOVES = {
    "canceling": {IN_PROGRESS: CANCELING},
    "ended": {IN_PROGRESS: ENDED, CANCELING: ENDED},
    "finish": {ENDED: COLLECTED},
}


def move_intent(run: Any, move: str, intent: Intent) -> None:
    if move == "claim":
        run.claim(intent, holder="there:2")
    elif move == "created":
        run.created(intent, f"msgbatch_{intent.run}_{intent.part}")
    elif move == "not_created":
        run.store.intents.not_created(intent, reason="refused twice", now=NOW)
    else:
        run.store.intents.unknown(intent, reason="lost twice")


def state_of(run: Any, intent: Intent) -> IntentState:
    tries = {(one.part, one.attempt): one for one in run.store.intents.of(run.run.id)}
    found = tries[intent.part, intent.attempt]
    return found.state


@pytest.mark.parametrize("move", INTENT_MOVES)
def test_an_intent_moves_along_its_arrows_and_along_no_other(plant: Any, move: str) -> None:
    for source in IntentState:
        run = plant((2, 2), label=source.value)
        intent = run.intent_in(source)
        before = run.everything()
        if target := INTENT_MOVES[move].get(source):
            move_intent(run, move, intent)
            assert state_of(run, intent) is target
        else:
            with pytest.raises(StaleTransitionError):
                move_intent(run, move, intent)
            assert run.everything() == before, source


@pytest.mark.parametrize("now", [CREATED, NOT_CREATED, UNKNOWN], ids=str)
def test_whoever_knows_an_older_state_of_an_intent_changes_nothing(plant: Any, now: IntentState) -> None:
    run = plant((2, 2))
    planned = run.intent()
    claimed = run.claim(planned)
    move_intent(run, now.value, claimed)
    before = run.everything()
    for move, known in product(INTENT_MOVES, (planned, claimed)):
        with pytest.raises(StaleTransitionError):
            move_intent(run, move, known)
        assert run.everything() == before, (move, known.state)


def test_an_unknown_create_can_be_settled_either_way(plant: Any) -> None:
    run = plant((2, 2))
    for part, move in ((0, "created"), (1, "not_created")):
        run.store.intents.unknown(run.claim(run.intent(part)), reason="lost")
        move_intent(run, move, run.intent(part))
    assert [(i.part, i.attempt, i.state) for i in run.store.intents.of(run.run.id)] == [
        (0, 1, CREATED),
        (1, 1, NOT_CREATED),
        (1, 2, PLANNED),
    ]


def test_a_created_intent_and_its_batch_appear_together_or_not_at_all(plant: Any) -> None:
    run, other = plant(), plant(label="b")
    run.batch("msgbatch_1")
    claimed = other.claim()
    before = run.everything()
    with pytest.raises(StoreError, match=r"(?i)unique"):
        other.created(claimed, "msgbatch_1")
    assert run.everything() == before


def test_a_claim_holds_what_was_sent_by_whom_and_to_whom(plant: Any) -> None:
    run = plant()
    claimed = run.claim(holder="host:42")
    assert claimed == run.intent()
    assert (claimed.state, claimed.body_digest, claimed.account, claimed.base_url) == (
        INTENDED,
        "b" * 64,
        "a" * 16,
        "http://api",
    )
    assert claimed.intended_at is not None


def batch_in(run: Any, state: BatchState) -> Batch:
    batch = run.batch(f"msgbatch_{state}")
    if state is CANCELING:
        run.store.batches.canceling(batch.id)
    elif state in (ENDED, COLLECTED):
        run.store.batches.ended(batch.id, ended_at=NOW)
    if state is COLLECTED:
        run.store.scores.finish(batch, ["correctness"], now=NOW)
    return batch


def move_batch(run: Any, move: str, batch: Batch) -> None:
    if move == "canceling":
        run.store.batches.canceling(batch.id)
    elif move == "ended":
        run.store.batches.ended(batch.id, ended_at=NOW)
    else:
        run.store.scores.finish(batch, ["correctness"], now=NOW)


@pytest.mark.parametrize("move", BATCH_MOVES)
def test_a_batch_moves_along_its_arrows_and_along_no_other(plant: Any, move: str) -> None:
    for source in BatchState:
        run = plant(label=source.value)
        batch = batch_in(run, source)
        before = run.everything()
        if target := BATCH_MOVES[move].get(source):
            move_batch(run, move, batch)
            state = sa.select(batches.c.state).where(batches.c.batch == batch.id)
            with run.store.database.reading() as connection:
                assert connection.execute(state).scalar() == target.value
        else:
            with pytest.raises(StaleTransitionError):
                move_batch(run, move, batch)
            assert run.everything() == before, source


def test_eight_threads_claim_twenty_parts_and_each_part_is_claimed_once(
    store_url: str, store: Store, plant: Any
) -> None:
    run = plant((1,) * 20)
    start, won, lost, broken = threading.Barrier(8), Counter[int](), Counter[str](), list[BaseException]()

    def claim_all(name: str) -> None:
        try:
            with Store.open(store_url) as own:
                seen = own.intents.of(run.run.id)
                start.wait(timeout=30)
                for intent in seen:
                    try:
                        own.intents.claim(intent, body_digest="d", account="a", base_url="u", holder=name, now=NOW)
                    except StaleTransitionError:
                        lost[name] += 1
                    else:
                        won[intent.part] += 1
        except BaseException as error:  # noqa: BLE001 - a thread's failure is the test's
            broken.append(error)

    threads = [threading.Thread(target=claim_all, args=(f"thread:{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []
    assert won == dict.fromkeys(range(20), 1)
    assert sum(lost.values()) == 7 * 20
    assert {intent.state for intent in store.intents.of(run.run.id)} == {INTENDED}
