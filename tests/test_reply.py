"""A line of a results file is read by its `type` strings, and whatever it says it becomes a reply or an error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evalkit.reply import Reply, error_text, read_reply


def reply(result: Any, **extra: Any) -> Reply:
    return read_reply(json.dumps({"custom_id": "run-1", "result": result, **extra}).encode())


def succeeded(*content: Any, **extra: Any) -> Reply:
    return reply({"type": "succeeded", "message": {"content": list(content), **extra}})


TEXT = {"type": "text", "text": "verdict"}
NOT_TEXT = [
    {"type": "thinking", "thinking": "I would say wrong", "signature": "c2ln"},
    {"type": "redacted_thinking", "data": "wrong"},
    {"type": "tool_use", "id": "toolu_1", "name": "grade", "input": {"text": "wrong"}},
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
    {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"type": "text", "text": "wrong"}]},
    {"type": "of_tomorrow", "text": "wrong"},
    {"text": "wrong"},
]


@pytest.mark.parametrize("block", NOT_TEXT, ids=lambda block: block.get("type", "no type"))
def test_only_text_blocks_count_wherever_they_stand(block: dict[str, Any]) -> None:
    assert succeeded(block, TEXT).text == "verdict"
    assert succeeded(TEXT, block).text == "verdict"
    assert succeeded(block).text == ""


def test_text_blocks_are_joined_without_anything_between() -> None:
    assert succeeded(TEXT, NOT_TEXT[0], {"type": "text", "text": " is\n"}, TEXT).text == "verdict is\nverdict"


@pytest.mark.parametrize("message", [{"content": []}, {"content": None}, {}, None, {"content": [{"type": "text"}]}])
def test_a_message_without_text_reads_as_empty(message: Any) -> None:
    assert reply({"type": "succeeded", "message": message}).text == ""


def test_a_reply_keeps_what_scores_and_bills_need() -> None:
    usage = {"input_tokens": 3, "cache_creation": {"ephemeral_1h_input_tokens": 9}, "of_tomorrow": [None]}
    found = succeeded(TEXT, model="claude-haiku-5-5", stop_reason="end_turn", usage=usage)

    assert (found.custom_id, found.model, found.stop_reason, found.usage) == (
        "run-1",
        "claude-haiku-5-5",
        "end_turn",
        usage,
    )


def test_extra_keys_change_nothing() -> None:
    known = succeeded(TEXT, stop_reason="end_turn")
    extra = {"new": {"deep": [1, None]}}
    found = reply(
        {
            "type": "succeeded",
            "message": {"content": [{**TEXT, "citations": None, **extra}], "stop_reason": "end_turn", **extra},
            **extra,
        },
        **extra,
    )

    assert found == known


@pytest.mark.parametrize("kind", ["expired", "canceled", "of_tomorrow"])
def test_a_result_without_a_message_has_no_facts_of_one(kind: str) -> None:
    found = reply({"type": kind})

    assert (found.result.type, found.text, found.model, found.stop_reason, found.usage) == (kind, "", None, None, None)


INNER = {"type": "overloaded_error", "message": "Overloaded"}


@pytest.mark.parametrize(
    ("error", "said", "kind"),
    [
        ({"type": "error", "error": INNER, "request_id": "req_1"}, "overloaded_error: Overloaded", "overloaded_error"),
        (INNER, "overloaded_error: Overloaded", "overloaded_error"),
        (
            {"type": "error", "error": {"type": "error", "error": INNER}},
            "overloaded_error: Overloaded",
            "overloaded_error",
        ),
        ({"type": "error", "error": None}, "error: no message", "error"),
        ({"type": "error", "error": {"type": "api_error", "message": None}}, "api_error: no message", "api_error"),
        ({"type": None, "message": "only this"}, "unknown error: only this", "unknown error"),
        ({}, "unknown error: no message", "unknown error"),
        (None, "unknown error: the API gave no detail", "unknown error"),
        ("overloaded", "unknown error: the API gave no detail", "unknown error"),
        ([INNER], "unknown error: the API gave no detail", "unknown error"),
    ],
)
def test_the_innermost_error_speaks_whatever_its_shape(error: Any, said: str, kind: str) -> None:
    found = reply({"type": "errored", "error": error})

    assert (found.error, found.error_type) == (said, kind)
    assert error_text(error) == said


def test_an_errored_result_without_an_error_still_says_so() -> None:
    assert reply({"type": "errored"}).error == "unknown error: the API gave no detail"


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c"])
def test_what_unicode_calls_a_line_end_stays_inside_the_text(separator: str) -> None:
    message = {"content": [{"type": "text", "text": f"one{separator}two"}]}
    line = {"custom_id": "run-1", "result": {"type": "succeeded", "message": message}}

    assert read_reply(json.dumps(line, ensure_ascii=False).encode()).text == f"one{separator}two"
    assert read_reply(json.dumps(line).encode()).text == f"one{separator}two"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b'"run-1"',
        b"{}",
        b'{"custom_id": "run-1"}',
        b'{"custom_id": "run-1", "result": null}',
        b'{"result": {"type": "expired"}}',
        b'{"custom_id": null, "result": {"type": "expired"}}',
        b'{"custom_id": 7, "result": {"type": "expired"}}',
        b'{"custom_id": "run-1", "result": {"type": "expir',
        b'{"custom_id": "run-1", "result": {"type": "expired"}} {"custom_id": "run-2"}',
        b'{"custom_id": "run-1", "result": {"type": "succeeded", "message": {"content": "text"}}}',
        b'{"custom_id": "\xff", "result": {"type": "expired"}}',
        b"\xff\xfe\x00",
    ],
)
def test_a_line_that_is_no_result_is_refused_and_never_half_read(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_reply(line)
