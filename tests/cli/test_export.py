"""Scores for other programs: the fixed keys, harmless in a spreadsheet, whole or not there."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

KEYS = [
    "run", "case", "criterion", "candidate", "grader", "judge", "served_model", "status", "value", "label", "reason",
    "custom_id", "batch", "stop_reason", "usage", "cost_usd",
]  # fmt: skip


def test_json_lines_have_the_fixed_keys_and_a_line_for_every_case(call: Any, scored: Any) -> None:
    ended = call("export", scored.runs[0], "--store", scored.store)

    rows = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.err == ""
    assert all(list(row)[: len(KEYS)] == KEYS for row in rows)
    assert [row["case"] for row in rows] == [f"case-{n:03}" if n != 3 else "=1+1" for n in range(12)]
    assert [row["status"] for row in rows] == ["scored"] * 11 + ["missing"]
    assert all((row["value"] is None) == (row["status"] != "scored") for row in rows)
    assert rows[0]["usage"]["output_tokens"] > 0


def test_csv_holds_the_same_and_no_formula(call: Any, scored: Any) -> None:
    lines = call("export", scored.runs[0], "--store", scored.store)
    table = call("export", scored.runs[0], "--store", scored.store, "--format", "csv")

    rows = list(csv.DictReader(io.StringIO(table.out)))
    assert list(rows[0])[: len(KEYS)] == KEYS
    assert [row["status"] for row in rows] == [json.loads(line)["status"] for line in lines.out.splitlines()]
    assert rows[3]["case"] == "'=1+1"
    assert not any(cell.startswith(("=", "+", "@", "\t", "\r")) for row in rows for cell in row.values())


def test_a_file_is_written_whole_and_its_size_is_said(call: Any, scored: Any, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "scores.jsonl"

    ended = call("export", scored.runs[0], "--store", scored.store, "--out", path, "--json")

    assert ended.json == {"path": str(path), "scores": 12}
    assert len(path.read_text().splitlines()) == 12
    assert [entry.name for entry in path.parent.iterdir()] == ["scores.jsonl"]


def test_a_file_that_cannot_be_written_leaves_nothing_behind(call: Any, scored: Any, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "x").touch()

    ended = call("export", scored.runs[0], "--store", scored.store, "--out", tmp_path / "taken")

    assert ended.code == 2
    assert "cannot be written" in ended.err
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken"]


def test_json_without_a_file_is_refused(call: Any, scored: Any) -> None:
    ended = call("export", scored.runs[0], "--store", scored.store, "--json")

    assert ended.code == 2
    assert "--json needs --out" in ended.err
