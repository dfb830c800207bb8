from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.dataset import load_dataset
from evalkit.dataset.columns import ALIASES
from evalkit.errors import DatasetError

Write = Callable[[str, "bytes | str"], Path]


@pytest.mark.parametrize(("field", "alias"), [(field, alias) for field in ALIASES for alias in ALIASES[field]])
def test_every_alias_fills_its_field_and_is_said(write: Write, field: str, alias: str) -> None:
    row = {
        "id": "1",
        "input": "x",
        "expected": "e",
        "output": "o",
        "metadata": {"k": "v"},
        "tags": ["t"],
        "cluster": "c",
        "split": "test",
    }
    renamed = {alias if name == field else name: value for name, value in row.items()}

    plain = load_dataset(write("plain.jsonl", json.dumps(row)))
    foreign = load_dataset(write("foreign.jsonl", json.dumps(renamed)))

    assert list(foreign) == list(plain)
    assert foreign.mapping[field] == alias
    assert foreign.notes == (f"{field} is read from {alias!r}",)
    assert plain.notes == ()


def test_the_users_mapping_wins_over_aliases_and_leaves_them_as_metadata(write: Write) -> None:
    path = write("cases.csv", "id,question,prompt,outputs\n1,q,p,o\n")

    dataset = load_dataset(path, fields={"input": "prompt", "expected": "outputs"})

    (case,) = dataset
    assert (case.input, case.expected, dict(case.metadata)) == ("p", "o", {"question": "q"})
    assert dataset.extra == ("question",)
    assert dataset.notes == (
        "input is read from 'prompt'",
        "expected is read from 'outputs'",
        "columns kept as metadata: 'question'",
    )


def test_a_mapped_column_serves_no_other_field(write: Write) -> None:
    path = write("cases.csv", "id,input,output\n1,q,o\n")

    (case,) = load_dataset(path, fields={"expected": "output"})

    assert (case.expected, case.output) == ("o", None)


def test_columns_that_only_later_rows_have_are_learned(write: Write) -> None:
    path = write("cases.jsonl", '{"id": "1", "input": "x"}\n{"id": "2", "input": "y", "ideal": "z", "topic": "t"}\n')

    dataset = load_dataset(path)

    assert [case.expected for case in dataset] == [None, "z"]
    assert dataset.extra == ("topic",)


def test_prefixed_headers_become_metadata_keys(write: Write) -> None:
    path = write("cases.csv", "id,input,__metadata:topic,metadata.level,region\n1,x,billing,2,eu\n")

    (case,) = load_dataset(path)

    assert dict(case.metadata) == {"topic": "billing", "level": "2", "region": "eu"}


def test_unknown_columns_are_said_once_however_many_rows_have_them(write: Write) -> None:
    rows = "".join(f'{{"id": "{n}", "input": "x", "topic": "t"}}\n' for n in range(50))

    assert load_dataset(write("cases.jsonl", rows)).notes == ("columns kept as metadata: 'topic'",)


def test_the_index_of_a_data_frame_does_not_become_metadata(write: Write) -> None:
    path = write("cases.jsonl", '{"id": "1", "input": "x", "__index_level_0__": 7}\n')

    dataset = load_dataset(path)

    assert [dict(case.metadata) for case in dataset] == [{}]
    assert dataset.notes == ("column '__index_level_0__', the index of a data frame, is left out",)


def test_a_field_without_its_column_is_one_problem_however_many_rows_lack_it(write: Write) -> None:
    path = write("cases.csv", "key,input\n" + "1,x\n" * 5_000)

    with pytest.raises(DatasetError) as caught:
        load_dataset(path)

    assert [problem.field for problem in caught.value.problems] == ["id"]
