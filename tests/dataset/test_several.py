"""A dataset of several files."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.config import load_config
from evalkit.dataset import load_dataset
from evalkit.errors import ConfigError, DatasetError


def test_the_cases_of_several_files_follow_one_another_whatever_their_formats(write: Any) -> None:
    a = write("a.jsonl", json.dumps({"id": "1", "input": "x"}))
    b = write("b.csv", "case_id,question,topic\n2,y,t\n")

    dataset = load_dataset([a, b])

    assert [(case.id, case.input, dict(case.metadata)) for case in dataset] == [
        ("1", "x", {}),
        ("2", "y", {"topic": "t"}),
    ]
    assert dataset.files == (a, b)
    assert "b.csv: input is read from 'question'" in dataset.notes


def test_the_digest_is_that_of_the_same_cases_in_one_file(write: Any) -> None:
    rows = [json.dumps({"id": str(n), "input": f"q{n}"}) + "\n" for n in range(4)]
    whole = write("whole.jsonl", "".join(rows))
    parts = [write("a.jsonl", "".join(rows[:1])), write("b.jsonl", "".join(rows[1:]))]

    assert load_dataset(parts).digest == load_dataset(whole).digest


def test_an_id_in_two_files_is_refused_with_both_files_and_lines(write: Any) -> None:
    a = write("a.jsonl", '{"id": "1", "input": "x"}\n{"id": "2", "input": "x"}\n')
    b = write("b.csv", "id,input\n3,y\n2,y\n")

    with pytest.raises(DatasetError) as caught:
        load_dataset([a, b])

    assert str(caught.value) == "b.csv:3: id: '2' is already the id of a.jsonl:2; give every row an id of its own"


def test_the_problems_of_every_file_are_told_at_once(write: Any) -> None:
    a = write("a.jsonl", '{"id": "1"}\n')
    b = write("b.csv", "id,input\n,y\n")

    with pytest.raises(DatasetError) as caught:
        load_dataset([a, b, Path("gone.jsonl")])

    assert [problem.where for problem in caught.value.problems] == ["a.jsonl", "b.csv:2", "gone.jsonl"]


def test_a_mapped_column_may_be_in_one_file_only_unless_every_case_needs_it(write: Any) -> None:
    a = write("a.csv", "id,input,ref\n1,x,e\n")
    b = write("b.csv", "id,input\n2,y\n")

    assert [case.expected for case in load_dataset([a, b], fields={"expected": "ref"})] == ["e", None]
    with pytest.raises(DatasetError, match=r"none of the 2 files has a column 'rf'; did you mean 'ref'"):
        load_dataset([a, b], fields={"expected": "rf"})
    with pytest.raises(DatasetError, match=r"b.csv: input: there is no column 'ref'"):
        load_dataset([a, b], fields={"input": "ref"})


CONFIG = """\
name = "s"
[dataset]
path = {path}
[[graders]]
name = "short"
check = "length"
max = 5
[[candidates]]
name = "c"
outputs = "output"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    def made(path: str) -> Any:
        (tmp_path / "more").mkdir(exist_ok=True)
        for name in ("a.jsonl", "more/b.csv", "more/a.csv", "more/notes.txt"):
            (tmp_path / name).write_text("", encoding="utf-8")
        (tmp_path / "evalkit.toml").write_text(CONFIG.format(path=path), encoding="utf-8")
        return load_config(tmp_path).dataset

    return made


@pytest.mark.parametrize(
    ("path", "files", "name"),
    [
        ('"a.jsonl"', ["a.jsonl"], "a.jsonl"),
        ('["a.jsonl", "more/*.csv"]', ["a.jsonl", "a.csv", "b.csv"], "a.jsonl, more/*.csv"),
        ('"more/*"', ["a.csv", "b.csv"], "more/*"),
        ('["more/b.csv", "a.jsonl"]', ["b.csv", "a.jsonl"], "b.csv, a.jsonl"),
    ],
)
def test_a_config_names_one_file_a_list_or_a_pattern(folder: Any, path: str, files: list[str], name: str) -> None:
    dataset = folder(path)

    assert [file.name for file in dataset.files] == files
    assert dataset.name == name


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ('["a.jsonl", "*.jsonl"]', 'names a.jsonl by "a.jsonl" and by "*.jsonl"; name every file once'),
        ('"none/*.csv"', 'no data file matches "none/*.csv"'),
        ('"more/*.txt"', 'no data file matches "more/*.txt"; 1 files of other kinds do'),
        ("[]", "is not a list of paths"),
        ('["a.jsonl", "b.jsonl"]', 'there is no file "b.jsonl"; did you mean "a.jsonl"?'),
    ],
)
def test_files_that_cannot_be_meant_are_refused(folder: Any, path: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        folder(path)

    assert message in str(caught.value)
