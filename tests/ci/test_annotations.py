"""Workflow commands: the first cases that got worse, and no text that starts a command of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from evalkit.analysis import RunScores
from evalkit.analysis.gate import Gate
from evalkit.ci import CaseTable, workflow_annotations


def test_the_first_cases_that_got_worse_are_errors_on_their_lines(gate: Gate, table: CaseTable) -> None:
    commands = workflow_annotations([gate], [table]).splitlines()

    assert len(commands) == 10
    assert commands[0] == (
        "::error file=datasets/support/cases.jsonl,line=1,title=correctness%3A case case-0 got worse"
        "::1 -> 0 It misses the point."
    )


def test_they_are_warnings_where_the_gate_does_not_fail(
    a_gate: Callable[..., Gate], before: RunScores, table: CaseTable
) -> None:
    assert workflow_annotations([a_gate(before, before)], [table], most=1).startswith("::warning file=")


def test_cases_of_an_unknown_file_are_left_out(gate: Gate, table: CaseTable) -> None:
    assert workflow_annotations([gate], [replace(table, file=None)]) == ""


def test_hostile_texts_stay_within_their_command(hostile: tuple[Gate, CaseTable]) -> None:
    gate, table = hostile
    text = workflow_annotations([gate], [table], most=1)

    assert text.count("\n") == 1
    assert "\r" not in text
    head, _, message = text.removeprefix("::error ").partition("::")
    assert head.startswith("file=a%3Ab%2Cc%0A.jsonl,line=7,title=")
    assert head.count(",") == 2
    assert "%250A done" in message
