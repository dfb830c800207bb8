"""Many real processes at once: together they never cost more than they may, and what is refused is never created."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from evalkit import api, limits
from evalkit.sandbox import Behaviour

N = 8
KILLS = ("encoded:1", "kept:1", "kept:2", "claimed:1", "answered:1", "settled:1", "followed_up:1", "collected:1")


def test_eight_processes_that_submit_at_once_keep_within_one_budget(till: Any, start: Any) -> None:
    desk = till(2)
    most = desk.price()
    desk.budget(3.5 * most)
    crowd = [
        start(
            "-m", "evalkit", "submit", "-c", desk.folder, "--store", desk.url, "-l", label, "--fresh", "-q",
            base_url=desk.sandbox.url,
        )
        for label in range(N)
    ]  # fmt: skip
    said = {label: (*one.communicate(), one.returncode) for label, one in enumerate(crowd)}

    went = {str(label) for label, (_, _, code) in said.items() if code == 0}
    assert [code for *_, code in said.values() if code not in (0, 2)] == [], said
    assert len(went) == 3
    assert all("the budget of 'sums'" in err for _, err, code in said.values() if code == 2)
    assert desk.created() == [2] * 3
    desk.collect()
    assert desk.created() == [2] * 3
    assert {row.label for row in api.runs(store=desk.url)} == went
    assert 0 < desk.bill() <= 3.5 * most


def test_eight_processes_that_submit_the_same_pay_once_within_their_cap(till: Any, start: Any) -> None:
    desk = till(2)
    words = ("submit", "-c", desk.folder, "--store", desk.url, "-q", "--max-cost", desk.price())
    crowd = [start("-m", "evalkit", *words, base_url=desk.sandbox.url) for _ in range(N)]
    ended = [(one.communicate(), one.returncode) for one in crowd]

    assert [code for _, code in ended] == [0] * N, ended
    assert desk.created() == [2]


@pytest.mark.sweep
def test_a_kill_anywhere_leaves_no_reservation_for_ever_and_no_create_without_one(till: Any, start: Any) -> None:
    desk = till(2)
    desk.sandbox.behaviour = Behaviour(shares={"truncated": 0.5})
    most = desk.price()
    desk.budget(30 * most)
    for at in KILLS:
        words = ("-m", "evalkit", "run", "-c", desk.folder, "--store", desk.url, "-l", at, "--fresh", "-q")
        killed = start(*words, "--poll", "0.05", base_url=desk.sandbox.url, EVALKIT_FAIL_AT=at)
        killed.communicate()
        (now,) = limits.budget(store=desk.url)
        with desk.open() as store:
            made = sum(one.at_most_usd or 0.0 for run in store.runs.select() for one in store.intents.of(run.id))
        assert now.counted.total_usd is not None
        assert len(desk.created()) * most / 2 <= 30 * most
        assert now.counted.total_usd <= made + desk.bill() + 1e-9
        again = start(*words, "--poll", "0.05", base_url=desk.sandbox.url, EVALKIT_RECONCILE_GRACE="0.3")
        out, err = again.communicate()
        assert again.returncode in (0, 7) or killed.returncode != -signal.SIGKILL, (at, out, err)
        if again.returncode == 7:
            start(*words, base_url=desk.sandbox.url, EVALKIT_RECONCILE_GRACE="0").communicate()

    (end,) = limits.budget(store=desk.url)
    assert (end.counted.reserved_usd, end.counted.held_requests) == (0, 0)
    assert end.counted.spent_usd == pytest.approx(desk.bill())
    with desk.open() as store:
        assert store.batches.owned() == {one.batch for one in desk.sandbox.witness() if one.accepted_create}
