"""`[budget]`: what the runs of a suite may cost in a month, whoever sends them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evalkit import api, limits
from evalkit.errors import UsageError
from evalkit.pipeline.refusing import LimitError
from evalkit.sandbox import Behaviour


def test_runs_of_one_suite_share_a_budget_and_what_is_reserved_counts(till: Any) -> None:
    desk = till()
    most = desk.price()
    limits.budget("sums", month_usd=0.5 * most, store=desk.url)
    with pytest.raises(LimitError) as too_little:
        desk.submit("monday")
    desk.budget(1.5 * most)
    desk.submit("monday")

    said = r"the budget of 'sums'.* is spent and .* reserved, so that .* is left.*; `evalkit collect` counts what"
    with pytest.raises(LimitError, match=said):
        desk.submit("tuesday")
    assert "evalkit collect" not in str(too_little.value), "where nothing is reserved there is nothing to collect"

    assert desk.created() == [4]
    assert {row.label for row in api.runs(store=desk.url)} == {"monday"}


def test_what_is_collected_counts_as_it_was_billed_so_that_there_is_room_again(till: Any) -> None:
    desk = till()
    desk.budget(1.5 * desk.price())
    desk.submit("monday")
    desk.collect()
    (before,) = limits.budget(store=desk.url)
    assert before.counted.spent_usd == pytest.approx(desk.bill())
    assert before.counted.reserved_usd == 0

    desk.submit("tuesday")
    desk.collect()

    assert desk.created() == [4, 4]
    (after,) = limits.budget(store=desk.url)
    assert after.counted.spent_usd == pytest.approx(desk.bill())


def test_a_collector_without_the_config_keeps_within_it_and_goes_on_when_it_is_raised(till: Any) -> None:
    desk = till()
    desk.sandbox.behaviour = Behaviour(shares={"truncated": 1.0})
    desk.budget(1.1 * desk.price())
    desk.submit()
    (held,) = desk.collect()
    assert desk.created() == [4]
    assert "of the budget of 'sums'" in held.over_limit

    limits.budget("sums", month_usd=20 * desk.price(), store=desk.url)
    desk.collect()
    (done,) = api.runs(store=desk.url)

    assert desk.created() == [4, 4]
    assert (done.status, done.over_limit, done.scored) == ("collected", None, 4)


def test_what_is_held_back_goes_on_in_the_next_month(till: Any) -> None:
    desk = till()
    desk.sandbox.behaviour = Behaviour(shares={"truncated": 1.0})
    desk.budget(5 * desk.price())
    (run,) = desk.submit()
    limits.budget("sums", month_usd=1.1 * desk.price(), store=desk.url)
    desk.collect()
    assert desk.created() == [4]

    later = datetime.now(UTC).replace(day=1) + timedelta(days=32)
    with desk.open() as store:
        assert len(store.budgets.let_go(run.run, now=datetime.now(UTC))) == 1
        limits.budget("sums", month_usd=4.5 * desk.price(), store=desk.url)
        assert store.budgets.let_go(run.run, now=later) == []


def test_the_sandbox_of_ones_own_wish_takes_nothing_from_real_money(till: Any) -> None:
    desk = till()
    desk.budget(1.5 * desk.price())
    desk.submit("real")
    api.submit(desk.folder, store=desk.url, label="rehearsal", sandbox=True)
    with pytest.raises(LimitError):
        api.submit(desk.folder, store=desk.url, label="another", sandbox=True, fresh=True)

    real, rehearsed = limits.budget(store=desk.url)
    assert (real.limit.simulated, rehearsed.limit.simulated) == (False, True)
    assert real.counted.reserved_usd == rehearsed.counted.reserved_usd > 0


def test_a_budget_is_the_store_s_until_it_is_lifted_whatever_another_config_leaves_out(till: Any) -> None:
    desk = till()
    limits.budget("sums", month_usd=0.0001, store=desk.url)
    with pytest.raises(LimitError):
        desk.submit()

    assert list(limits.budget(lift=True, config=desk.folder, store=desk.url)) == []
    desk.submit()

    assert desk.created() == [4]
    with pytest.raises(UsageError, match="has no budget"):
        limits.budget("sums", lift=True, store=desk.url)


def test_what_was_sent_before_there_was_a_budget_counts_too(till: Any) -> None:
    desk = till()
    desk.submit("before")
    desk.budget(1.5 * desk.price())

    with pytest.raises(LimitError):
        desk.submit("after")


def test_what_was_sent_again_before_there_was_a_budget_counts_too_and_keeps_nobody_from_submitting(till: Any) -> None:
    desk = till()
    desk.sandbox.behaviour = Behaviour(shares={"truncated": 1.0})
    desk.submit("before")
    collect_once(desk)
    assert desk.created() == [4, 4], "nobody weighed the second: no limit was in force"

    desk.budget(100 * desk.price())
    desk.submit("after")

    (found,) = limits.budget(store=desk.url)
    assert found.counted.total_usd
    assert found.counted.total_usd > 2 * desk.price()
    assert desk.created() == [4, 4, 4]


def collect_once(desk: Any) -> None:
    """One pass: what is sent again in it stays open."""
    api.collect(store=desk.url, wait=False, progress=desk.notes)


def test_attaching_to_what_is_there_asks_for_no_room(till: Any) -> None:
    desk = till()
    desk.budget(desk.price() * 1.01)
    desk.submit("monday")

    desk.submit("monday")

    assert desk.created() == [4]


def test_a_canceled_part_gives_its_room_back(till: Any) -> None:
    from evalkit import operations

    desk = till()
    desk.sandbox.behaviour = Behaviour(shares={"truncated": 1.0})
    desk.budget(1.1 * desk.price())
    (run,) = desk.submit()
    desk.collect()
    operations.cancel(run.run, store=desk.url)

    (found,) = limits.budget(store=desk.url)
    assert (found.counted.held_requests, found.counted.reserved_usd) == (0, 0)
