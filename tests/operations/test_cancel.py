"""Cancel: what was done by then is collected, and nothing is sent again against the wish."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from evalkit.errors import AccountError, ProviderError
from evalkit.sandbox import Fault
from evalkit.score import Status

LATER = timedelta(hours=1)


def test_what_was_done_is_collected_and_the_rest_is_canceled(desk: Any) -> None:
    desk.behave(seconds=600, cancel_finishes=2)
    run = desk.submit()
    (batch,) = desk.batches()

    assert desk.cancel(run) == (batch,)
    assert desk.view(run).batches[0].state == "canceling"
    desk.sandbox.advance(LATER)
    desk.collect()

    assert sorted(desk.statuses(run)) == ["canceled"] * 4 + ["scored"] * 2
    assert desk.view(run).pending == 0


def test_what_was_canceled_is_not_sent_again_by_itself_but_on_request(desk: Any) -> None:
    desk.behave(seconds=600)
    run = desk.submit()
    desk.cancel(run)
    desk.sandbox.advance(LATER)
    desk.collect()
    desk.submit()
    desk.collect()
    assert len(desk.batches()) == 1

    desk.behave()
    desk.retry(run, Status.CANCELED)
    desk.collect()

    assert [len(rows) for rows in desk.bodies()] == [6, 5]
    assert desk.statuses(run) == ["scored"] * 6


def test_a_batch_that_has_ended_is_not_canceled_and_loses_nothing(desk: Any) -> None:
    run = desk.submit()
    ended = desk.command("cancel", run)
    desk.collect()
    assert ended.code == 0
    assert "no batch of this run is in progress" in ended.out
    assert desk.statuses(run) == ["scored"] * 6


def test_a_cancel_whose_answer_was_lost_is_still_a_wish(desk: Any) -> None:
    desk.behave(Fault("cancel", "500", committed=True, times=5), seconds=600)
    run = desk.submit()
    try:
        desk.cancel(run)
    except ProviderError:
        desk.behave(seconds=600)
    desk.sandbox.advance(LATER)
    desk.collect()
    assert "canceled" in desk.statuses(run)
    assert len(desk.batches()) == 1


def test_the_command_says_what_is_canceling(desk: Any) -> None:
    desk.behave(seconds=600)
    run = desk.submit()
    assert desk.command("cancel", run, "--json").json == {"canceled": desk.batches()}


def test_another_account_cancels_nothing(desk: Any) -> None:
    desk.behave(seconds=600)
    run = desk.submit()
    desk.key("another")
    before = len(desk.calls())
    with pytest.raises(AccountError, match="another key"):
        desk.cancel(run)
    assert len(desk.calls()) == before


def test_parts_that_wait_are_not_sent_after_a_cancel(open_desk: Any) -> None:
    desk = open_desk(outputs={name: {f"case-{n:04}": name for n in range(6)} for name in ("first", "second")})
    desk.edit("max_in_flight = 6")
    desk.behave(seconds=600)
    desk.submit()
    waiting = next(view.run for view in desk.store_views() if view.status == "planned")

    desk.cancel(waiting)
    desk.sandbox.advance(LATER)
    for _ in range(2):
        desk.collect(wait=False)

    assert len(desk.batches()) == 1
