"""Scores for other programs: the fixed keys, harmless in a spreadsheet, whole or not there."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

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


def test_parquet_holds_the_same_with_its_types(call: Any, scored: Any, tmp_path: Path) -> None:
    from pyarrow import parquet

    path = tmp_path / "scores.parquet"
    lines = call("export", *scored.runs, "--store", scored.store)
    ended = call("export", *scored.runs, "--store", scored.store, "--format", "parquet", "--out", path, "--json")

    rows = [json.loads(line) for line in lines.out.splitlines()]
    table = parquet.read_table(path)
    assert ended.json["scores"] == len(rows) == 12 * len(scored.runs)
    assert table.to_pylist() == rows
    types = dict(zip(table.column_names, map(str, table.schema.types), strict=True))
    assert (types["value"], types["simulated"], types["cost_usd"]) == ("double", "bool", "double")
    assert "struct<input_tokens: int64" in types["usage"]


def test_parquet_to_the_terminal_is_refused(call: Any, scored: Any) -> None:
    ended = call("export", scored.runs[0], "--store", scored.store, "--format", "parquet")

    assert (ended.code, ended.out) == (2, "")
    assert "--out" in ended.err


def test_parquet_without_pyarrow_names_the_extra_and_leaves_nothing(
    call: Any, scored: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)  # as where it is not installed

    ended = call("export", scored.runs[0], "--store", scored.store, "-f", "parquet", "-o", tmp_path / "scores.parquet")

    assert ended.code == 2
    assert "evalkit-batch[parquet]" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_several_runs_or_a_label_go_into_one_file(call: Any, scored: Any) -> None:
    several = call("export", *scored.runs[:2], "--store", scored.store)
    label = call("export", "--label", "nightly", "--store", scored.store, "--format", "csv")

    assert [json.loads(line)["run"] for line in several.out.splitlines()[::12]] == list(scored.runs[:2])
    rows = list(csv.DictReader(io.StringIO(label.out)))
    assert {row["run"] for row in rows} == set(scored.runs)
    assert len(rows) == 12 * len(scored.runs)


def test_a_run_and_a_label_or_neither_are_refused(call: Any, scored: Any) -> None:
    for words in ((), (scored.runs[0], "--label", "nightly")):
        ended = call("export", *words, "--store", scored.store)
        assert ended.code == 2
        assert "--label" in ended.err


def test_a_bundle_is_written_and_taken_in_by_the_command_line(call: Any, scored: Any, tmp_path: Path) -> None:
    bundle, other = tmp_path / "runs.evalkit", f"sqlite:///{tmp_path / 'other.db'}"
    written = call("export", *scored.runs, "--bundle", bundle, "--store", scored.store, "--json")
    taken = call("import", bundle, "--store", other, "--json")

    assert written.json == {
        "bundle": str(bundle),
        "runs": sorted(scored.runs),
        "handed_over": [],
        "bytes": bundle.stat().st_size,
    }
    assert {row["run"] for row in taken.json["runs"]} == set(scored.runs)
    here, there = (call("export", *scored.runs, "--store", url).out for url in (scored.store, other))
    assert here == there
    said = call("export", scored.runs[0], "--bundle", bundle, "--store", scored.store)
    assert said.out.startswith("wrote 1 run to")


def test_a_bundle_has_no_format_and_no_other_place(call: Any, scored: Any, tmp_path: Path) -> None:
    for words in (("--out", tmp_path / "x"), ("--format", "csv")):
        ended = call("export", scored.runs[0], "--bundle", tmp_path / "b", *words, "--store", scored.store)
        assert ended.code == 2
        assert not (tmp_path / "b").exists()


def test_scores_are_a_table_for_notebooks(scored: Any) -> None:
    import evalkit

    table = evalkit.scores(scored.runs[:2], store=scored.store)
    frame = table.to_frame()

    assert list(frame.columns)[: len(KEYS)] == KEYS
    assert len(frame) == len(table) == 24
    assert set(frame["run"]) == set(scored.runs[:2])
    shown = table._repr_html_()
    assert shown.count("<tr>") == 25
    many = evalkit.scores(scored.runs, store=scored.store)
    hidden = f"{len(many) - 50:,} more rows"
    assert (hidden in many._repr_html_()) == (len(many) > 50)
    assert evalkit.scores(scored.runs[0], store=scored.store)[0]["run"] == scored.runs[0]


def test_a_score_reduced_from_simulated_judgements_is_simulated_and_judgements_are_left_out_unless_wanted(
    suite_folder: Any, tmp_path: Path
) -> None:
    import evalkit

    folder, store = suite_folder(6, grader="samples = 3"), f"sqlite:///{tmp_path / 'store.db'}"
    runs, _ = evalkit.run(folder, store=store, sandbox=True)
    own = evalkit.scores(runs.runs, store=store)
    every = evalkit.scores(runs.runs, judgements=True, store=store)

    assert (len(own), len(every)) == (6, 24)
    assert {row["suffix"] for row in own} == {""}
    assert {row["simulated"] for row in every} == {True}
