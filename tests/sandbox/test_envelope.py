"""A create is refused at once for its envelope, and only for its envelope."""

# ruff: noqa: E501 - a table reads best with one case a line

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.sandbox import envelope
from evalkit.sandbox.envelope import read_envelope

ROW = {"custom_id": "r-1", "params": {}}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"requests": [ROW, {"custom_id": "x" * 65, "params": {}}]}, "requests.1.custom_id: String should have at most 64 characters"),
        ({"requests": [{"custom_id": "", "params": {}}]}, "requests.0.custom_id: String should have at least 1 character"),
        ({"requests": [{"custom_id": "a b", "params": {}}]}, "requests.0.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"),
        ({"requests": [{"custom_id": "a\n", "params": {}}]}, "requests.0.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"),
        ({"requests": [{"custom_id": "é", "params": {}}]}, "requests.0.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"),
        ({"requests": [{"custom_id": 7, "params": {}}]}, "requests.0.custom_id: Input should be a valid string"),
        ({"requests": [{"params": {}}]}, "requests.0.custom_id: Field required"),
        ({"requests": [{"custom_id": "a"}]}, "requests.0.params: Field required"),
        ({"requests": [{"custom_id": "a", "params": []}]}, "requests.0.params: Input should be a valid dictionary"),
        ({"requests": [{**ROW, "label": 1}]}, "requests.0.label: Extra inputs are not permitted"),
        ({"requests": ["row"]}, "requests.0: Input should be a valid dictionary or object to extract fields from"),
        ({"requests": []}, "requests: List should have at least 1 item after validation, not 0"),
        ({"requests": {}}, "requests: Input should be a valid list"),
        ({}, "requests: Field required"),
        ({"requests": [ROW], "name": "x"}, "name: Extra inputs are not permitted"),
        ([], "Input should be a valid dictionary or object to extract fields from"),
    ],
)  # fmt: skip
def test_a_bad_envelope_is_refused_with_its_path(bench: Any, body: Any, message: Any) -> None:
    assert bench.refusal(body) == message
    assert bench.client().messages.batches.list().data == []


@pytest.mark.parametrize("body", [b"", b"{", b"requests", b'{"requests": [{"custom_id": "a", "params": {}}'])
def test_a_body_that_is_no_json_is_refused(bench: Any, body: Any) -> None:
    assert bench.refusal(body) == "The request body is not valid JSON"


def test_a_duplicate_custom_id_is_refused_and_named(bench: Any) -> None:
    assert "requests.1.custom_id" in bench.refusal({"requests": [ROW, ROW]})


def test_more_requests_than_allowed_are_refused_with_both_numbers(open_bench: Any) -> None:
    rows = [{"custom_id": f"r-{number}", "params": {}} for number in range(4)]
    message = open_bench(max_requests=3).refusal({"requests": rows})
    assert message == "requests: List should have at most 3 items after validation, not 4"


def test_what_is_inside_params_is_not_judged_at_create(bench: Any) -> None:
    assert bench.posted({"requests": [{"custom_id": "a", "params": {"nonsense": True}}]})[0] == 200


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("last_text", ["plain", 'a "quoted}},{" boundary', "\u2028 }]},{ \\"])
def test_rows_are_found_across_windows_with_their_exact_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, indent: Any, last_text: Any
) -> None:
    monkeypatch.setattr(envelope, "WINDOW", 700)
    rows = [
        {"custom_id": f"r-{number}", "params": {"messages": [{"a": [{}, {}]}, {"t": last_text * (number % 5)}], "n": number}}
        for number in range(60)
    ] + [{"params": {"long": "x" * 5000}, "custom_id": "long"}]  # fmt: skip
    path = tmp_path / "body.json"
    path.write_text(json.dumps({"requests": rows}, ensure_ascii=False, indent=indent), encoding="utf-8")

    found, custom_ids = read_envelope(path, limit=1000)

    assert custom_ids == [row["custom_id"] for row in rows]
    with found.reader() as reader:
        assert [json.loads(bytes(reader[index].params)) for index in range(len(found))] == [
            row["params"] for row in rows
        ]
