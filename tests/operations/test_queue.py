"""The store is the queue: what waits is sent later, by whoever collects, under the account that planned it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evalkit.errors import AccountError, ProviderError, UnknownCreateError
from evalkit.provider import Provider
from evalkit.sandbox import Fault


@pytest.fixture
def two_runs(open_desk: Callable[..., Any]) -> Any:
    return open_desk(outputs={name: {f"case-{n:04}": name for n in range(6)} for name in ("first", "second")})


def test_what_is_too_much_waits_and_is_sent_by_a_later_collect(two_runs: Any) -> None:
    two_runs.edit("max_in_flight = 6")
    two_runs.submit()
    assert len(two_runs.batches()) == 1
    assert any("wait until less is in flight" in note for note in two_runs.notes.said)

    two_runs.collect(wait=False)
    assert len(two_runs.batches()) == 2
    two_runs.collect()
    assert [view.scored for view in two_runs.store_views()] == [6, 6]


def test_waiting_goes_on_until_what_waited_is_scored_too(two_runs: Any) -> None:
    two_runs.edit("max_in_flight = 6")
    two_runs.submit()
    two_runs.collect()
    assert [view.scored for view in two_runs.store_views()] == [6, 6]


def test_a_run_larger_than_the_limit_is_sent_alone(desk: Any) -> None:
    desk.edit("max_in_flight = 2")
    run = desk.submit()
    desk.collect()
    assert desk.statuses(run) == ["scored"] * 6


@pytest.mark.parametrize("word", ["ask", "resubmit"])
def test_a_create_that_left_no_trace_is_sent_again_once(desk: Any, word: str) -> None:
    desk.edit(f'on_unknown = "{word}"')
    desk.behave(Fault("create", "reset"))
    with pytest.raises(UnknownCreateError):
        desk.submit()
    desk.collect()
    assert [view.scored for view in desk.store_views()] == [6]
    assert len(desk.batches()) == 1


@pytest.mark.parametrize("word", ["ask", "resubmit"])
def test_a_create_is_not_sent_again_before_the_list_has_had_its_time(desk: Any, word: str) -> None:
    desk.edit(f'on_unknown = "{word}"')
    desk.grace(1000)
    desk.behave(Fault("create", "reset"))
    with pytest.raises(UnknownCreateError):
        desk.submit()
    for _ in range(3):
        assert desk.command("collect").code == 7
    assert len(desk.calls("create")) == 1


def test_a_list_that_cannot_be_read_proves_nothing_and_keeps_no_batch_from_being_collected(two_runs: Any) -> None:
    two_runs.behave(Fault("create", "reset", at=2), Fault("list", "status", status=403, times=99))
    with pytest.raises(UnknownCreateError):
        two_runs.submit()

    with pytest.raises(ProviderError, match="403"):
        two_runs.collect(wait=False)

    assert sorted(view.scored for view in two_runs.store_views()) == [0, 6]
    assert len(two_runs.calls("create")) == 2


def test_a_refusal_to_take_more_keeps_no_batch_from_being_collected(two_runs: Any) -> None:
    two_runs.behave(Fault("create", "spend-cap", at=2, times=9))
    with pytest.raises(ProviderError, match="usage limits"):
        two_runs.submit()

    with pytest.raises(ProviderError, match="usage limits"):
        two_runs.collect()

    assert sorted(view.scored for view in two_runs.store_views()) == [0, 6]


def test_another_key_is_refused_before_any_call(desk: Any) -> None:
    desk.behave(seconds=600)
    run = desk.submit()
    before = len(desk.calls())
    desk.key("another")

    for refused in (desk.submit, desk.collect, lambda: desk.resolve(run, not_created=True), lambda: desk.cancel(run)):
        with pytest.raises(AccountError, match="another key"):
            refused()
    assert desk.command("collect").code == 6
    assert len(desk.calls()) == before


def test_another_key_does_not_retry_what_the_first_has_collected(desk: Any) -> None:
    desk.edit("retries = 0")
    desk.behave(outcomes={"case-0001": "api_error"})
    run = desk.submit()
    desk.collect()
    before = len(desk.calls())
    desk.key("another")
    with pytest.raises(AccountError):
        desk.retry(run)
    assert len(desk.calls()) == before


def test_an_account_that_cannot_pay_stops_the_run(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Provider.results
    monkeypatch.setattr(
        Provider,
        "results",
        lambda self, batch: (line.replace(b'"api_error"', b'"billing_error"') for line in lines(self, batch)),
    )
    desk.behave(outcomes={"case-0001": "api_error"})
    desk.submit()
    with pytest.raises(ProviderError, match="cannot pay"):
        desk.collect()
    assert len(desk.batches()) == 1


def test_a_batch_that_is_not_found_for_a_while_is_neither_lost_nor_sent_again(desk: Any) -> None:
    desk.behave(Fault("retrieve", "404", times=3))
    run = desk.submit()
    for _ in range(3):
        assert desk.command("collect").code == 6
    desk.collect()
    assert desk.statuses(run) == ["scored"] * 6
    assert len(desk.batches()) == 1


def test_waiting_outlives_a_batch_that_is_not_found_for_a_while(desk: Any) -> None:
    desk.behave(Fault("retrieve", "404", times=3))
    run = desk.submit()
    desk.collect()
    assert desk.statuses(run) == ["scored"] * 6


def lease(desk: Any, holder: str, until: timedelta) -> None:
    with desk.store() as store:
        now = datetime.now(UTC)
        assert store.batches.lease(desk.batches()[0], holder=holder, now=now, until=now + until)


def test_a_batch_that_a_living_collector_holds_is_passed_over(desk: Any) -> None:
    desk.submit()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        lease(desk, f"{socket.gethostname()}:{other.pid}", timedelta(minutes=10))
        desk.collect(wait=False)
        assert desk.calls("retrieve", "results") == []
        other.communicate(b"\n")
    desk.collect(wait=False)  # now that it is gone
    assert [view.scored for view in desk.store_views()] == [6]


def test_a_lease_of_another_machine_lasts_until_it_runs_out(desk: Any) -> None:
    desk.submit()
    lease(desk, "elsewhere:1", timedelta(minutes=10))
    desk.collect(wait=False)
    assert desk.calls("retrieve", "results") == []
    with desk.store() as store:
        store.batches.release(desk.batches()[0], holder="elsewhere:1")
    lease(desk, "elsewhere:1", -timedelta(seconds=1))
    desk.collect(wait=False)
    assert [view.scored for view in desk.store_views()] == [6]
