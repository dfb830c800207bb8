"""`status --check`: what a monitor is told, and the code that it wakes somebody with."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evalkit.errors import AccountError, UnknownCreateError
from evalkit.pipeline.health import health
from evalkit.sandbox import Fault

METRIC = re.compile(r"evalkit_[a-z_]+ (NaN|-?\d+(\.\d+)?(e[+-]\d+)?)")


def test_a_store_where_nothing_is_open_is_healthy(desk: Any) -> None:
    desk.submit()
    desk.collect()
    assert desk.command("status", "--check").code == 0


def test_open_batches_that_nobody_collects_are_amiss(desk: Any) -> None:
    desk.submit()
    ended = desk.command("status", "--check")
    assert ended.code == 6
    assert "is `evalkit collect` scheduled?" in ended.out + ended.err


def test_open_batches_are_no_trouble_while_somebody_collects(desk: Any) -> None:
    desk.behave(seconds=600)
    desk.submit()
    desk.collect(wait=False)
    assert desk.command("status", "--check").code == 0
    assert desk.command("status", "--check", "--max-age", "0s").code == 6


def test_an_unknown_create_needs_a_person(desk: Any) -> None:
    desk.grace(1000)
    desk.behave(Fault("create", "reset"))
    with pytest.raises(UnknownCreateError):
        desk.submit()
    ended = desk.command("status", "--check", "--json")
    assert ended.code == 7
    assert ended.json["unknown"] == 1


def test_a_pass_that_failed_is_told_with_its_reason(desk: Any) -> None:
    desk.behave(seconds=600)
    desk.submit()
    desk.collect(wait=False)
    desk.behave(Fault("retrieve", "status", status=401, times=9))
    assert desk.command("collect").code == 6
    ended = desk.command("status", "--check", "--json")
    assert ended.code == 6
    assert any("401" in problem for problem in ended.json["problems"])


def test_a_pass_that_was_refused_for_the_account_is_told_too(desk: Any) -> None:
    desk.behave(seconds=600)
    desk.submit()
    desk.collect(wait=False)
    desk.key("another")
    with pytest.raises(AccountError):
        desk.collect(wait=False)
    assert desk.command("status", "--check").code == 6


def test_the_json_counts_what_waits_and_what_is_open(desk: Any) -> None:
    desk.behave(seconds=600)
    desk.submit()
    desk.collect(wait=False)
    found = desk.command("status", "--check", "--json").json
    assert (found["open_batches"], found["open_requests"], found["planned"], found["problems"]) == (1, 6, 0, [])
    assert 23 * 3600 < found["until_expiry"] <= 24 * 3600


def test_prometheus_can_read_every_line(desk: Any) -> None:
    desk.submit()
    ended = desk.command("status", "--check", "--format", "prometheus")
    lines = ended.out.splitlines()
    metrics = [line for line in lines if not line.startswith("#")]

    assert ended.code == 6
    assert all(METRIC.fullmatch(line) for line in metrics)
    assert "evalkit_open_batches 1" in metrics
    assert "evalkit_healthy 0" in metrics
    for line in metrics:
        name = line.partition(" ")[0]
        assert [one.split()[1] for one in lines if one.startswith("#") and one.split()[2] == name] == ["HELP", "TYPE"]


@pytest.mark.parametrize(
    ("days", "says"), [(0.95, "about to be 24 hours old"), (25.0, "are gone in"), (30.0, "may be gone")]
)
def test_the_cliffs_are_told_before_they_are_reached(desk: Any, days: float, says: str) -> None:
    desk.behave(seconds=600)
    desk.submit()
    desk.collect(wait=False)
    with desk.store() as store:
        later = datetime.now(UTC) + timedelta(days=days)
        found = health(store, now=later, max_age=timedelta(days=99))
    assert any(says in problem for problem in found.problems)
