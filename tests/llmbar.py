"""LLMBar's recorded verdicts on 419 pairs of outputs, and an evaluation that replays them as pairs in both orders."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pytest

_VERDICTS: Final = Path(__file__).parents[1].parent / "shared" / "data" / "llmbar_verdicts.csv.gz"
WHERE_THEY_ARE: Final = pytest.mark.skipif(
    not _VERDICTS.is_file(), reason="the LLMBar verdicts are not beside the project"
)
CONFIG: Final = """
name = "llmbar"
dataset = { path = "cases.jsonl" }
judge = { model = "claude-haiku-5-5" }
[[candidates]]
name = "output 1"
outputs = "one.jsonl"
[[candidates]]
name = "output 2"
outputs = "two.jsonl"
[[graders]]
name = "better"
rubric = "Which output follows the instruction better?"
against = "output 2"
ties = false
"""


def rows_of(judge: str) -> list[dict[str, str]]:
    """A judge's verdicts, a row for each pair, in the order of the file."""
    with gzip.open(_VERDICTS, "rt", encoding="utf-8", newline="") as file:
        return [
            row for row in csv.DictReader(file) if row["evaluator"] == judge and row["subset"].startswith("LLMBar/")
        ]


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
