"""What can become of a row besides success, by force and by share."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from evalkit.errors import UsageError
from evalkit.sandbox import Behaviour


def forced(open_bench: Any, outcome: Any, **extra: Any) -> Any:
    return open_bench(outcomes={"1": outcome}).row(**extra)


def text_of(result: Any) -> Any:
    return "".join(block["text"] for block in result["message"]["content"] if block["type"] == "text")


def test_an_ordinary_row_is_a_whole_message_at_batch_tier_from_the_model_asked_for(bench: Any) -> None:
    message = bench.row(model="claude-sonnet-5-5")["message"]
    assert (message["type"], message["role"], message["model"]) == ("message", "assistant", "claude-sonnet-5-5")
    assert (message["stop_reason"], message["stop_details"]) == ("end_turn", None)
    assert message["usage"]["service_tier"] == "batch"
    assert list(json.loads(message["content"][0]["text"])) == ["reasoning", "verdict"]


def test_a_refusal_is_a_success_with_no_content_and_its_details(open_bench: Any) -> None:
    message = forced(open_bench, "refusal")["message"]
    assert (message["stop_reason"], message["content"]) == ("refusal", [])
    assert message["stop_details"]["type"] == "refusal"


def test_a_refusal_may_hold_part_of_an_answer(open_bench: Any) -> None:
    result = forced(open_bench, "refusal_partial")
    assert result["message"]["stop_reason"] == "refusal"
    with pytest.raises(ValueError):
        json.loads(text_of(result))


def test_a_truncated_row_holds_half_its_json_and_all_its_tokens(open_bench: Any) -> None:
    result = forced(open_bench, "truncated")
    assert (result["message"]["stop_reason"], result["message"]["usage"]["output_tokens"]) == ("max_tokens", 1024)
    with pytest.raises(ValueError):
        json.loads(text_of(result))


def test_a_small_max_tokens_truncates_without_being_told_to(bench: Any) -> None:
    result = bench.row(max_tokens=5)
    assert (result["message"]["stop_reason"], len(text_of(result))) == ("max_tokens", 20)


def test_thinking_comes_first_with_empty_text(open_bench: Any) -> None:
    message = forced(open_bench, "thinking")["message"]
    assert [block["type"] for block in message["content"]] == ["thinking", "text"]
    assert message["content"][0]["thinking"] == ""
    assert message["usage"]["output_tokens_details"]["thinking_tokens"] > 0


def test_thinking_alone_ends_at_max_tokens(open_bench: Any) -> None:
    message = forced(open_bench, "thinking_only")["message"]
    assert ([block["type"] for block in message["content"]], message["stop_reason"]) == (["thinking"], "max_tokens")


def test_an_enum_value_may_come_in_other_capitals(open_bench: Any) -> None:
    assert json.loads(text_of(forced(open_bench, "capitals")))["verdict"] == "CORRECT"


def test_prose_in_place_of_json_says_what_it_is(open_bench: Any) -> None:
    assert text_of(forced(open_bench, "prose")).startswith("Offline sandbox:")


@pytest.mark.parametrize("outcome", ["api_error", "overloaded_error", "invalid_request_error"])
def test_an_errored_row_names_its_type_inside_a_whole_error(open_bench: Any, outcome: Any) -> None:
    result = forced(open_bench, outcome)
    assert (result["type"], result["error"]["type"], result["error"]["error"]["type"]) == ("errored", "error", outcome)


def test_a_row_may_expire_by_itself(open_bench: Any) -> None:
    assert forced(open_bench, "expired") == {"type": "expired"}


def test_a_full_custom_id_is_forced_before_its_case_part(open_bench: Any) -> None:
    bench = open_bench(outcomes={"c": "refusal", "run-c": "expired"})
    rows = bench.rows(bench.create(bench.request("run-c"), bench.request("other-c")))
    assert rows["run-c"]["type"] == "expired"
    assert rows["other-c"]["message"]["stop_reason"] == "refusal"


def test_shares_are_met_about_as_often_as_they_say_and_the_same_on_every_machine(open_bench: Any) -> None:
    shares = {"refusal": 0.25, "api_error": 0.25}

    def fates(seed: Any) -> Any:
        bench = open_bench(shares=shares, seed=seed)
        rows = bench.rows(bench.create_many(400))
        return {
            name: row["type"] if row["type"] == "errored" else row["message"]["stop_reason"]
            for name, row in rows.items()
        }

    once, again, other = fates(1), fates(1), fates(2)
    counted = Counter(once.values())
    assert once == again != other
    assert all(60 < counted[name] < 140 for name in ("refusal", "errored"))


@pytest.mark.parametrize("outcome", ["api_error", "overloaded_error", "expired"])
def test_trouble_by_share_passes_when_the_row_is_sent_again(open_bench: Any, outcome: Any) -> None:
    bench = open_bench(shares={outcome: 1.0})
    assert [bench.row()["type"] for _ in range(2)] == ["expired" if outcome == "expired" else "errored", "succeeded"]


def test_truncation_by_share_passes_only_under_a_larger_limit(open_bench: Any) -> None:
    bench = open_bench(shares={"truncated": 1.0})
    stops = [bench.row(max_tokens=limit)["message"]["stop_reason"] for limit in (500, 500, 1000)]
    assert stops == ["max_tokens", "max_tokens", "end_turn"]


def test_a_refusal_by_share_stays_a_refusal(open_bench: Any) -> None:
    bench = open_bench(shares={"refusal": 1.0})
    assert [bench.row()["message"]["stop_reason"] for _ in range(2)] == ["refusal", "refusal"]


def test_shares_above_one_are_refused() -> None:
    with pytest.raises(UsageError, match="at most 1"):
        Behaviour(shares={"refusal": 0.7, "prose": 0.7})
