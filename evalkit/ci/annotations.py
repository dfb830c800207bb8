"""Workflow commands that mark the first cases that got worse in the file of their dataset, on the page of a change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from evalkit.analysis.gate import Gate, GateVerdict, worst
from evalkit.ci.neutral import command_text, command_value, line
from evalkit.ci.rows import CaseTable, Fate

MOST: Final = 10
"""GitHub shows ten of a kind for each step."""


def workflow_annotations(gates: Sequence[Gate], tables: Sequence[CaseTable], *, most: int = MOST) -> str:
    """One command per line, worst case first: errors where the gate fails, or else warnings."""
    level = "error" if gates and worst(gates).verdict is GateVerdict.FAIL else "warning"
    found = [(table, row) for table in tables if table.file for row in table.rows if row.fate is Fate.WORSE]
    found.sort(key=lambda pair: -pair[0].loss(pair[1]))
    commands: list[str] = []
    for table, row in found[:most]:
        place = f"file={command_value(row.file or table.file or '', 1024)}" + (f",line={row.line}" if row.line else "")
        title = command_value(line(f"{table.name}: case {row.case_id} got worse", 200))
        text = line(f"{row.why} {row.reason}".strip(), 500)
        commands.append(f"::{level} {place},title={title}::{command_text(text)}\n")
    return "".join(commands)
