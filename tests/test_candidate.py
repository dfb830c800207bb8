"""A candidate is its name and its outputs, wherever these are recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from evalkit.candidate import Candidate, load_candidates
from evalkit.config import load_config
from evalkit.dataset import load_dataset
from evalkit.errors import ConfigError, DatasetError

Rows = list[dict[str, str | None]]
CASES: Rows = [
    {"id": "a", "input": "A?", "answer": "yes", "other": "no"},
    {"id": "b", "input": "B?", "answer": None, "other": "no"},
]


def write(path: Path, rows: Rows) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def candidates(folder: Path, tables: str, files: Mapping[str, Rows]) -> tuple[Candidate, ...]:
    """The candidates of a config over two cases."""
    write(folder / "cases.jsonl", CASES)
    for name, rows in files.items():
        write(folder / name, rows)
    head = 'name = "s"\ndataset = { path = "cases.jsonl" }\n[[graders]]\nname = "g"\ncheck = "exact"\n'
    (folder / "evalkit.toml").write_text(head + tables, encoding="utf-8")
    config = load_config(folder)
    fields = tuple(candidate.outputs_field for candidate in config.candidates if candidate.outputs_field)
    return load_candidates(config, load_dataset(config.dataset.path, outputs=fields))


def recorded(folder: Path, rows: Rows, *, name: str = "recorded", file: str = "outputs.jsonl") -> Candidate:
    table = f'[[candidates]]\nname = "{name}"\noutputs = "{file}"\n'
    (found,) = candidates(folder, table, {file: rows})
    return found


BOTH: Rows = [{"id": "a", "output": "yes"}, {"id": "b", "output": "no"}]


def test_outputs_are_found_by_case_id_and_not_by_position(tmp_path: Path) -> None:
    found = recorded(tmp_path, BOTH[::-1])
    cases = {case.id: case for case in load_dataset(tmp_path / "cases.jsonl")}

    assert {case_id: found.output(case) for case_id, case in cases.items()} == {"a": "yes", "b": "no"}
    assert (found.kind, found.notes) == ("recorded", ())


def test_neither_the_file_nor_the_order_of_rows_is_part_of_a_candidate(tmp_path: Path) -> None:
    assert recorded(tmp_path, BOTH).digest == recorded(tmp_path, BOTH[::-1], file="moved.jsonl").digest


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("renamed", BOTH),
        ("recorded", BOTH[:1]),
        ("recorded", [BOTH[0], {"id": "b", "output": "no "}]),
        ("recorded", [{"id": "a", "output": "no"}, {"id": "b", "output": "yes"}]),
    ],
)
def test_another_name_or_another_output_is_another_candidate(tmp_path: Path, name: str, rows: Rows) -> None:
    assert recorded(tmp_path, rows, name=name).digest != recorded(tmp_path, BOTH).digest


def test_a_case_without_an_output_is_noted_and_an_empty_output_is_one(tmp_path: Path) -> None:
    found = recorded(tmp_path, [{"id": "a", "output": ""}])
    a, b = load_dataset(tmp_path / "cases.jsonl")

    assert (found.output(a), found.output(b)) == ("", None)
    assert found.notes == ("recorded: no output for 1 of 2 cases; they count as missing",)


def test_outputs_of_no_case_are_noted(tmp_path: Path) -> None:
    found = recorded(tmp_path, [*BOTH, {"id": "stranger", "output": "?"}])

    assert found.notes == ("recorded: 1 outputs belong to no case of the dataset and are left out",)


def test_a_file_that_fits_no_case_is_refused_with_both_names(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"outputs\.jsonl: id: no output belongs .* its ids must be those of cases"):
        recorded(tmp_path, [{"id": "1", "output": "yes"}])


def test_outputs_may_stand_in_a_field_of_the_dataset(tmp_path: Path) -> None:
    (found,) = candidates(tmp_path, '[[candidates]]\nname = "inline"\noutputs = "answer"\n', {})

    assert found.texts == {"a": "yes"}
    assert found.source.endswith("cases.jsonl, field answer")


def test_two_fields_are_two_candidates(tmp_path: Path) -> None:
    tables = "".join(f'[[candidates]]\nname = "{name}"\noutputs = "{name}"\n' for name in ("answer", "other"))
    answer, other = candidates(tmp_path, tables, {})

    assert answer.content != other.content
    assert other.texts == {"a": "no", "b": "no"}


def test_a_field_that_the_dataset_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises((ConfigError, DatasetError), match="nowhere"):
        candidates(tmp_path, '[[candidates]]\nname = "inline"\noutputs = "nowhere"\n', {})


def test_a_candidate_that_is_generated_is_known_before_its_outputs_are(tmp_path: Path) -> None:
    (tmp_path / "answer.md.j2").write_text("{{ input }}", encoding="utf-8")
    table = '[[candidates]]\nname = "made"\nmodel = "claude-haiku-5-5"\nprompt = "answer.md.j2"\n'
    (made,) = candidates(tmp_path, table, {})

    assert (made.kind, dict(made.texts)) == ("generated", {})
    assert made.generator is not None
    assert made.digest != made.fresh("d" * 64, "again").digest
