"""Every error ends a command with its documented code, and tells what is wrong, where, and how to mend it."""

from __future__ import annotations

import re

import pytest

from evalkit import errors
from evalkit.errors import ConfigError, DatasetError, EvalkitError, ExitCode, Problem

DRAWN = {name: int(code) for name, code in re.findall(r"(\w+Error) +(\d)  ", errors.__doc__ or "")}


def descendants(kind: type[EvalkitError]) -> set[type[EvalkitError]]:
    children = set(kind.__subclasses__())
    return {kind} | children.union(*(descendants(child) for child in children)) if children else {kind}


def test_the_tree_in_the_docstring_is_the_tree_of_classes() -> None:
    classes = {
        kind.__name__: int(kind.exit_code) for kind in descendants(EvalkitError) if kind.__module__ == errors.__name__
    }
    classes.pop("InputError")  # the common parent of two, which nobody meets

    assert classes == DRAWN


def test_the_exit_codes_are_the_documented_ones() -> None:
    assert [(int(code), code.name) for code in ExitCode] == [
        (0, "DONE"),
        (1, "INTERNAL"),
        (2, "USAGE"),
        (3, "GATE_FAIL"),
        (4, "INCONCLUSIVE"),
        (5, "PENDING"),
        (6, "PROVIDER"),
        (7, "UNKNOWN_CREATE"),
    ]


@pytest.mark.parametrize(
    ("field", "mend", "text"),
    [
        ("id", "give it one", "cases.jsonl:7: id: is missing; give it one"),
        (None, "give it one", "cases.jsonl:7: is missing; give it one"),
        ("id", "", "cases.jsonl:7: id: is missing"),
    ],
)
def test_a_problem_says_where_what_and_how_to_mend_it(field: str | None, mend: str, text: str) -> None:
    assert str(Problem("cases.jsonl:7", field, "is missing", mend)) == text


def test_an_input_error_carries_all_problems_and_shows_the_first_twenty() -> None:
    problems = [Problem(f"cases.jsonl:{line}", "id", "is missing", "give it one") for line in range(1, 24)]
    error = DatasetError(problems)

    assert error.problems == problems
    assert len(str(error).splitlines()) == 21
    assert str(error).endswith("cases.jsonl:20: id: is missing; give it one\n... and 3 more of the same file")
    assert "more" not in str(DatasetError(problems[:20]))


def test_an_input_error_may_be_one_sentence() -> None:
    error = ConfigError("there is no evalkit.toml")

    assert (str(error), error.problems) == ("there is no evalkit.toml", [])
