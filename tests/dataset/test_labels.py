"""Files of human labels: read in any form, told in full what is wrong with them, and never more than they say."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from evalkit.dataset.labels import Labels, label_text, load_labels
from evalkit.dataset.problems import Refused
from evalkit.errors import DatasetError

CASES = frozenset({"a", "b", "c", "=1+1", "7"})
VALUES = {"bad": 0.0, "good": 1.0}


def value(label: Any) -> float:
    text = label_text(label)
    if text not in VALUES:
        raise Refused(f"{text!r} is no label of the criterion", "write bad or good")
    return VALUES[text]


Read = Callable[..., Labels]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def reading(
        text: str | bytes,
        *,
        name: str = "labels.jsonl",
        criteria: tuple[str, ...] = ("right",),
        fields: Mapping[str, str] | None = None,
    ) -> Labels:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_labels(path, candidate="mine", criteria=dict.fromkeys(criteria, value), cases=CASES, fields=fields)

    return reading


def lines(*rows: Mapping[str, Any]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def said(labels: Labels, criterion: str = "right") -> list[tuple[str, float]]:
    return [(one.case_id, one.value) for one in labels.by_criterion[criterion]]


def problems(error: pytest.ExceptionInfo[DatasetError]) -> list[str]:
    return [str(one).partition("labels")[2] for one in error.value.problems]


def test_rows_of_id_and_label_are_read_from_every_form(read: Read, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"id": "a", "label": "good"}, {"id": "7", "label": "bad"}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "made.parquet")
    forms = {
        "labels.jsonl": lines(*rows),
        "labels.json": json.dumps(rows),
        "labels.csv": "id,label\na,good\n7,bad\n",
        "labels.tsv": "id\tlabel\na\tgood\n7\tbad\n",
        "labels.parquet": (tmp_path / "made.parquet").read_bytes(),
    }

    for name, text in forms.items():
        assert said(read(text, name=name)) == [("a", 1.0), ("7", 0.0)]


def test_other_names_of_the_columns_are_recognised_and_told(read: Read) -> None:
    found = read(lines({"case": "a", "human_label": "good", "annotator": "ann"}))

    assert found.by_criterion["right"][0].rater == "ann"
    assert found.notes == (
        "id is read from 'case'",
        "label is read from 'human_label'",
        "rater is read from 'annotator'",
    )


def test_a_column_of_any_name_is_mapped_by_hand(read: Read) -> None:
    assert said(read(lines({"id": "a", "verdict": "good"}), fields={"label": "verdict"})) == [("a", 1.0)]


def test_rows_of_others_are_left_out_and_counted(read: Read) -> None:
    found = read(
        lines(
            {"id": "a", "label": "good", "candidate": "mine", "criterion": "right"},
            {"id": "b", "label": "good", "candidate": "other", "criterion": "right"},
            {"id": "c", "label": "warm", "candidate": "mine", "criterion": "tone"},
            {"id": "zzz", "label": "good"},
            {"id": "b", "label": "", "candidate": None},
            {"id": "c"},
        )
    )

    assert said(found) == [("a", 1.0)]
    assert (found.other_candidates, found.other_criteria, found.unlabelled) == (1, 1, 2)
    assert found.unknown == ("zzz",)


def test_a_column_of_the_criterions_name_holds_its_labels(read: Read) -> None:
    text = lines({"id": "a", "right": "good", "kind": "bad"}, {"id": "b", "right": None, "kind": "bad"})
    found = read(text, criteria=("right", "kind"))

    assert said(found) == [("a", 1.0)]
    assert said(found, "kind") == [("a", 0.0), ("b", 0.0)]
    assert found.unlabelled == 1


def test_raters_may_label_one_case_each_and_none_of_them_twice(read: Read) -> None:
    both = [{"id": "a", "label": "good", "rater": "x"}, {"id": "a", "label": "bad", "rater": "y"}]
    assert said(read(lines(*both))) == [("a", 1.0), ("a", 0.0)]

    with pytest.raises(DatasetError) as error:
        read(lines(*both, {"id": "a", "label": "bad", "rater": "y"}))
    assert "'a' is labelled by 'y' in " in str(error.value)
    assert str(error.value).startswith(str(error.value.problems[0].where))
    assert ".jsonl:3: id: " in str(error.value)


def test_every_problem_of_a_file_is_told_with_its_row_and_its_mend(read: Read) -> None:
    with pytest.raises(DatasetError) as error:
        read(
            lines(
                {"id": "a", "label": "excellent"},
                {"id": ["b"], "label": "good"},
                {"id": "", "label": "good"},
                {"id": "b", "label": {"x": 1}},
                {"id": "c", "label": "good"},
                {"id": "c", "label": "bad"},
            )
            + "not json\n"
        )

    told = problems(error)
    assert [text.partition(": ")[0] for text in told] == [f".jsonl:{n}" for n in (1, 2, 3, 4, 6, 7)]
    assert told[0] == ".jsonl:1: label: 'excellent' is no label of the criterion; write bad or good"
    assert "is a list" in told[1]
    assert "is missing or empty" in told[2]
    assert "is not a text or a number" in told[3]
    assert "say who labelled in a column `rater`" in told[4]


def test_a_label_without_its_criterion_is_refused_where_there_are_several(read: Read) -> None:
    with pytest.raises(DatasetError, match="says not which criterion the label is of; they are 'right', 'tone'"):
        read(lines({"id": "a", "label": "good"}), criteria=("right", "tone"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (lines({"id": "a", "verdict": "good"}), "no column is the label; the columns are 'id', 'verdict'"),
        (lines({"name": "a", "label": "good"}), "no column is the id; the columns are 'label', 'name'"),
        (lines({"id": "zzz", "label": "good"}), "no id is a case of the run; the file has 'zzz'"),
        (lines({"id": "a", "label": "  "}), "no row has a label; write a label into at least one row"),
        (
            lines({"id": "a", "label": "good", "candidate": "yours"}),
            "no row is of the candidate 'mine'; the file has 'yours'",
        ),
        (lines({"id": "a", "label": "good", "criterion": "tone"}), "no row is of 'right'; the file has 'tone'"),
        ("", "the file is empty"),
        ("\ufeff" + lines({"id": "a", "label": "x"}), "'x' is no label"),
        (lines({"id": "a", "case": "b", "label": "good"}), "columns 'id' and 'case' both claim it"),
    ],
)
def test_a_file_without_a_label_of_the_run_says_why(read: Read, text: str, told: str) -> None:
    with pytest.raises(DatasetError) as error:
        read(text)
    assert told in str(error.value)


def test_a_quote_that_keeps_a_spreadsheet_from_a_formula_is_not_part_of_an_id(read: Read) -> None:
    found = read("id,label\n'=1+1,good\n'a,good\n", name="labels.csv")

    assert said(found) == [("=1+1", 1.0)]
    assert found.unknown == ("'a",)


def test_the_columns_of_a_drawn_file_do_not_get_into_the_way(read: Read, tmp_path: Path) -> None:
    path = tmp_path / "drawn.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "input", "expected", "output", "outputs", "criterion", "choices", "label"])
        writer.writerow(["a", "in", "", "out", "x", "right", "bad, good", "good"])
        writer.writerow(["b", "in", "", "out\nmore", "x", "right", "bad, good", ""])

    found = read(path.read_text(encoding="utf-8"), name="labels.csv")

    assert said(found) == [("a", 1.0)]
    assert found.unlabelled == 1
    assert found.notes == ()
