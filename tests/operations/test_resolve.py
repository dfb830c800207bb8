"""Resolve: a person's word on a create of unknown outcome, held against what the provider knows."""

from __future__ import annotations

import socket
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest

from evalkit.errors import ProviderError, UnknownCreateError, UsageError
from evalkit.provider import Provider
from evalkit.sandbox import Fault

LATER = timedelta(minutes=10)


@pytest.fixture
def lost(desk: Any) -> Any:
    """A desk whose create landed, and whose answer was lost; the batch is not listed for a long time."""
    desk.grace(1000)
    desk.behave(Fault("create", "commit-then-500"), Fault("list", "list-lag", seconds=10_000), seconds=60)
    with pytest.raises(UnknownCreateError):
        desk.submit()
    return desk


def run_of(desk: Any) -> str:
    return desk.store_views()[0].run


def test_the_right_batch_is_adopted_and_collected_without_another_create(lost: Any) -> None:
    run, (batch,) = run_of(lost), lost.batches()
    lost.resolve(run, adopt=batch)
    lost.sandbox.advance(LATER)
    lost.collect()
    assert lost.statuses(run) == ["scored"] * 6
    assert lost.batches() == [batch]


def test_a_batch_of_another_size_is_refused(lost: Any) -> None:
    other = create(lost, {"other": 2})
    with pytest.raises(UsageError, match="holds 2 requests"):
        lost.resolve(run_of(lost), adopt=other)


def test_an_ended_batch_of_another_run_is_refused(lost: Any) -> None:
    other = create(lost, {"other": 6})
    lost.sandbox.advance(LATER)
    with pytest.raises(UsageError, match="other requests"):
        lost.resolve(run_of(lost), adopt=other)
    assert lost.view(run_of(lost)).status == "unknown"


def test_a_batch_that_nobody_knows_is_refused(lost: Any) -> None:
    with pytest.raises(ProviderError, match="404"):
        lost.resolve(run_of(lost), adopt="msgbatch_nobody")


def test_a_batch_that_the_store_holds_already_is_refused(lost: Any) -> None:
    run, (batch,) = run_of(lost), lost.batches()
    lost.behave(seconds=60)
    second = lost.submit(label="second")
    assert second != run
    with pytest.raises(UsageError, match="belongs to a run"):
        lost.resolve(run, adopt=lost.batches()[1])
    assert batch == lost.batches()[0]


def test_not_created_plans_it_again_and_submit_sends_it_once(desk: Any) -> None:
    desk.grace(1000)
    desk.behave(Fault("create", "reset"))
    with pytest.raises(UnknownCreateError):
        desk.submit()
    run = run_of(desk)

    ended = desk.command("resolve", run, "--not-created", "--json")
    desk.submit()
    desk.submit()
    desk.collect()

    assert ended.code == 0
    assert len(desk.batches()) == 1
    assert desk.statuses(run) == ["scored"] * 6


def test_a_batch_that_nobody_wants_is_adopted_and_canceled(lost: Any) -> None:
    run, (batch,) = run_of(lost), lost.batches()
    lost.resolve(run, cancel_batch=batch)
    assert [entry.batch for entry in lost.calls("cancel")] == [batch]
    lost.sandbox.advance(LATER)
    lost.collect()
    assert set(lost.statuses(run)) <= {"canceled", "scored"}
    assert lost.batches() == [batch]


def test_exactly_one_word_is_wanted(lost: Any) -> None:
    assert lost.command("resolve", run_of(lost)).code == 2
    assert lost.command("resolve", run_of(lost), "--not-created", "--adopt", "x").code == 2


def test_a_run_without_an_unknown_create_has_nothing_to_resolve(desk: Any) -> None:
    run = desk.submit()
    with pytest.raises(UsageError, match="no create of unknown outcome"):
        desk.resolve(run, not_created=True)


def test_what_a_living_process_is_sending_is_not_resolved(lost: Any) -> None:
    run = run_of(lost)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as sender:
        intended(lost, f"{socket.gethostname()}:{sender.pid}")
        with pytest.raises(UsageError, match="is being sent by"):
            lost.resolve(run, not_created=True)
        sender.communicate(b"\n")
    lost.resolve(run, not_created=True)  # now that it is gone


def test_submit_keeps_its_hands_off_what_another_process_is_sending(lost: Any) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as sender:
        intended(lost, f"{socket.gethostname()}:{sender.pid}")
        lost.behave()
        lost.submit()
        assert len(lost.batches()) == 1
        sender.communicate(b"\n")


def intended(desk: Any, holder: str) -> None:
    """The create is still under way, by this holder: the test's own reach into the store."""
    desk.sql("update intents set state = 'intended', holder = ?", holder)


def create(desk: Any, sizes: dict[str, int]) -> str:
    """A batch that another program makes under the same key."""
    ((name, n),) = sizes.items()
    rows = ",".join(
        f'{{"custom_id":"{name}-{i}","params":{{"model":"claude-haiku-5-5","max_tokens":10,'
        f'"messages":[{{"role":"user","content":"hello"}}]}}}}'
        for i in range(n)
    )
    path = desk.folder / "other.json"
    path.write_text(f'{{"requests":[{rows}]}}')
    with Provider() as provider, path.open("rb") as body:
        outcome: Any = provider.create(body)
    return outcome.batch.id
