"""Retry: what got no score is sent again, by itself up to a bound, and on request."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalkit import api
from evalkit.errors import ProviderError, UsageError
from evalkit.score import Status

CASE = "case-0001"
ENDS = {
    "api_error": "errored",
    "expired": "expired",
    "truncated": "truncated",
    "refusal": "refused",
    "prose": "unparsable",
}


@pytest.mark.parametrize(("outcome", "status"), ENDS.items())
def test_each_status_is_sent_again_on_request_and_what_is_scored_is_not(desk: Any, outcome: str, status: str) -> None:
    desk.edit("retries = 0")
    desk.behave(outcomes={CASE: outcome})
    run = desk.submit()
    desk.collect()
    assert desk.rows(run)[CASE]["status"] == status

    desk.behave()
    desk.retry(run, Status(status))
    desk.collect()

    assert [len(rows) for rows in desk.bodies()] == [6, 1]
    assert desk.bodies()[1][0]["custom_id"] == desk.rows(run)[CASE]["custom_id"]
    assert desk.statuses(run) == ["scored"] * 6


def test_a_retry_of_one_status_leaves_the_others_alone(desk: Any) -> None:
    desk.edit("retries = 0")
    desk.behave(outcomes={CASE: "api_error", "case-0002": "truncated", "case-0003": "refusal"})
    run = desk.submit()
    desk.collect()
    desk.behave()

    ended = desk.command("retry", run[:6], "--status", "truncated", "--json")
    desk.collect()

    assert ended.code == 0
    assert ended.json["runs"][0]["run"] == run
    assert desk.statuses(run) == ["scored", "errored", "scored", "refused", "scored", "scored"]


def test_a_refusal_is_not_sent_again_unless_it_is_asked_for(desk: Any) -> None:
    desk.behave(outcomes={CASE: "refusal"})
    run = desk.submit()
    desk.collect()

    with pytest.raises(UsageError, match="no request to send again"):
        desk.retry(run)
    assert len(desk.batches()) == 1


def test_what_was_cut_is_sent_again_with_more_tokens_each_round_and_the_rounds_end(desk: Any) -> None:
    desk.behave(outcomes={CASE: "truncated"})
    run = desk.submit()
    desk.collect()

    assert desk.max_tokens() == [{1024}, {4096}, {16384}]
    assert desk.rows(run)[CASE]["status"] == "truncated"
    desk.retry(run)
    desk.collect()
    assert desk.max_tokens()[3:] == [{32000}]
    with pytest.raises(UsageError, match="no request to send again"):
        desk.retry(run)


def test_what_failed_and_what_was_cut_go_into_batches_of_their_own(desk: Any) -> None:
    desk.behave(shares={"api_error": 0.5, "truncated": 0.5})
    run = desk.submit()
    desk.collect()

    first, *later = desk.max_tokens()
    assert first == {1024}
    assert sorted(min(tokens) for tokens in later) == [1024, 4096]
    assert desk.statuses(run) == ["scored"] * 6


def test_the_rounds_are_bounded_by_the_config(desk: Any) -> None:
    desk.edit("retries = 1")
    desk.behave(outcomes={CASE: "api_error"})
    run = desk.submit()
    desk.collect()

    assert len(desk.batches()) == 2
    assert desk.rows(run)[CASE]["status"] == "errored"


def test_every_attempt_counts_in_money_and_the_last_in_score(desk: Any) -> None:
    desk.edit("retries = 0")
    desk.behave(outcomes={CASE: "truncated"})
    run = desk.submit()
    desk.collect()
    before = desk.view(run).spending
    desk.behave()
    desk.retry(run)
    desk.collect()

    after = desk.view(run).spending
    assert after.results == before.results + 1 == 7
    assert after.cost_usd > before.cost_usd
    assert desk.rows(run)[CASE]["batch"] == desk.batches()[1]


def test_nothing_to_send_again_is_said(desk: Any) -> None:
    run = desk.submit()
    desk.collect()

    ended = desk.command("retry", run)

    assert ended.code == 2
    assert "has no request to send again" in ended.err


def test_a_run_that_is_under_way_is_not_sent_again(desk: Any) -> None:
    desk.behave(seconds=60)
    run = desk.submit()
    with pytest.raises(UsageError, match="still under way"):
        desk.retry(run)


def test_a_word_that_is_no_status_is_refused_with_those_that_are(desk: Any) -> None:
    ended = desk.command("retry", "abc", "--status", "scored")
    assert ended.code == 2
    assert "truncated" in ended.err


def test_a_run_of_invalid_requests_stops_with_the_message_once(desk: Any) -> None:
    desk.behave(shares={"invalid_request_error": 1.0})
    run = desk.submit()

    with pytest.raises(ProviderError, match="refused every request") as caught:
        desk.collect()

    assert str(caught.value).count("invalid_request_error") == 1
    assert desk.statuses(run) == ["errored"] * 6
    assert len(desk.batches()) == 1
    desk.collect()  # and no pass stumbles over it again


def test_a_single_invalid_request_does_not_stop_a_run_and_is_not_sent_again(desk: Any) -> None:
    desk.behave(outcomes={CASE: "invalid_request_error"})
    run = desk.submit()
    desk.collect()
    assert desk.statuses(run).count("errored") == 1
    assert len(desk.batches()) == 1


def test_a_run_that_stops_keeps_no_other_from_being_collected(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(outputs={name: {f"case-{n:04}": name for n in range(6)} for name in ("first", "second")})
    desk.submit()
    runs = [view.run for view in desk.store_views()]
    desk.behave(outcomes={f"{runs[0]}-case-{n:04}": "invalid_request_error" for n in range(6)})

    with pytest.raises(ProviderError, match="invalid"):
        desk.collect(wait=False)

    assert sorted(view.scored for view in desk.store_views()) == [0, 6]


def test_a_judge_that_the_api_does_not_know_stops_the_run_in_its_words(suite_folder: Any, tmp_path: Path) -> None:
    folder, store = suite_folder(6), f"sqlite:///{tmp_path / 'store.db'}"

    with pytest.raises(ProviderError, match=r"refused every request .*not_found_error.*nothing is billed"):
        api.run(folder, store=store, judge="gpt-4o", sandbox=True)
