from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.dataset import Case, Json, load_dataset

Write = Callable[[str, "bytes | str"], Path]


@pytest.fixture
def one(write: Write) -> Callable[..., Case]:
    """The case of one JSON row."""

    def _one(**row: Json) -> Case:
        (case,) = load_dataset(write("one.jsonl", json.dumps({"id": "1", "input": "x", **row})))
        return case

    return _one


@pytest.mark.parametrize(("value", "text"), [(3, "3"), (1.5, "1.5"), ("x", "x"), (10**30, "1" + "0" * 30)])
def test_numbers_count_as_their_text(one: Callable[..., Case], value: Json, text: str) -> None:
    case = one(id=value, input=value, expected=value, output=value, cluster=value)

    assert (case.id, case.input, case.expected, case.output, case.cluster) == (text,) * 5


@pytest.mark.parametrize("value", [["a", "b"], {"any": ["a"]}, "", "a"])
def test_a_reference_keeps_lists_objects_and_empty_texts(one: Callable[..., Case], value: Json) -> None:
    assert one(expected=value).expected == value


def test_a_boolean_reference_is_text(one: Callable[..., Case]) -> None:
    assert one(expected=True).expected == "true"


def test_messages_and_objects_are_inputs(one: Callable[..., Case]) -> None:
    messages: Json = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [{"type": "text", "text": "x"}]},
    ]

    assert one(input=messages).input == messages
    assert one(input={"question": "x", "context": [1, 2]}).input == {"question": "x", "context": [1, 2]}


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        (["a", "b", "a"], ("a", "b")),
        ("a; b,c;", ("a", "b", "c")),
        ('["a;b", "c"]', ("a;b", "c")),
        ([1, None, " x "], ("1", "x")),
        ("", ()),
        (None, ()),
    ],
)
def test_tags_come_as_a_list_or_as_text(one: Callable[..., Case], value: Json, tags: tuple[str, ...]) -> None:
    assert one(tags=value).tags == tags


def test_null_members_are_dropped_at_every_depth(one: Callable[..., Case]) -> None:
    case = one(
        input={"a": None, "b": {"c": None, "d": [{"e": None}]}},
        expected={"a": None, "b": "x"},
        metadata={"a": None, "b": {"c": None}},
        topic=None,
    )

    assert case.input == {"b": {"d": [{}]}}
    assert case.expected == {"b": "x"}
    assert dict(case.metadata) == {"b": {}}


def test_an_empty_output_is_an_output_and_null_is_none(one: Callable[..., Case]) -> None:
    assert one(output="").output == ""
    assert one(output=None).output is None


def test_the_digest_is_of_what_the_judge_may_see_and_of_nothing_else(one: Callable[..., Case]) -> None:
    plain = one(expected="e", metadata={"k": "v"})

    assert one(id="2", expected="e", metadata={"k": "v"}, tags="t", cluster="c", output="o").digest == plain.digest
    assert one(expected="e", k="v").digest == plain.digest
    others = [one(input="y", expected="e", metadata={"k": "v"}), one(expected="f", k="v"), one(expected="e", k="w")]
    assert len({case.digest for case in [plain, *others]}) == 4
