"""Candidates by pattern: one for each file that is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.config import Config, load_config
from evalkit.errors import ConfigError


def config(folder: Path, *candidates: str) -> Config:
    (folder / "cases.jsonl").write_text('{"id": "a", "input": "Hi", "expected": "Ho"}\n')
    head = 'name = "x"\n[dataset]\npath = "cases.jsonl"\n[[graders]]\nname = "same"\ncheck = "exact"\n'
    (folder / "evalkit.toml").write_text(head + "".join(f"[[candidates]]\n{table}\n" for table in candidates))
    return load_config(folder)


def outputs(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text('{"id": "a", "output": "Ho"}\n')


def test_a_pattern_of_folders_is_one_candidate_for_each_named_by_its_folder(tmp_path: Path) -> None:
    outputs(tmp_path, "runs/v2/outputs.jsonl", "runs/v1/outputs.jsonl", "runs/v1/notes.txt")
    found = config(tmp_path, 'name = "*"\noutputs = "runs/*/outputs.jsonl"')

    named = {one.name: one.outputs_path for one in found.candidates}
    assert named == {name: tmp_path / f"runs/{name}/outputs.jsonl" for name in ("v1", "v2")}


def test_a_pattern_of_files_is_named_by_the_files_with_what_the_name_adds(tmp_path: Path) -> None:
    outputs(tmp_path, "night-1.jsonl", "night-2.jsonl", "other.jsonl")
    found = config(tmp_path, 'name = "by *"\noutputs = "night-*.jsonl"', 'name = "other"\noutputs = "other.jsonl"')

    assert [one.name for one in found.candidates] == ["by night-1", "other", "by night-2"]


def test_a_file_whose_name_is_written_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    outputs(tmp_path, "a[1].jsonl", "a1.jsonl")
    (only,) = config(tmp_path, 'name = "one"\noutputs = "a[1].jsonl"').candidates

    assert only.outputs_path == tmp_path / "a[1].jsonl"


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ('name = "*"\noutputs = "runs/*.jsonl"', r"evalkit\.toml:\d+: .*no data file is found by"),
        ('name = "runs"\noutputs = "*.jsonl"', r'name = "runs \*"'),
    ],
)
def test_a_pattern_that_stands_for_nothing_is_told_with_its_place(tmp_path: Path, table: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        config(tmp_path, table)


def test_two_files_of_one_name_are_told(tmp_path: Path) -> None:
    outputs(tmp_path, "a.jsonl", "a.csv")
    with pytest.raises(ConfigError, match="is the name of"):
        config(tmp_path, 'name = "*"\noutputs = "a.*"')
