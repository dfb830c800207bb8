from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.dataset import load_outputs
from evalkit.errors import DatasetError

Write = Callable[[str, "bytes | str"], Path]


def test_outputs_are_read_by_id_whatever_the_format_and_order(write: Write) -> None:
    lines = load_outputs(write("a.jsonl", '{"id": 1, "output": "x"}\n{"id": "2", "output": "a\\nb"}\n'))
    table = load_outputs(write("a.csv", 'id,output\n2,"a\nb"\n1,x\n'))
    packed = load_outputs(
        write("a.json.gz", gzip.compress(b'[{"response": "x", "case_id": "1"}, {"response": "a\\nb", "case_id": 2}]'))
    )

    assert lines.texts == table.texts == packed.texts == {"1": "x", "2": "a\nb"}
    assert lines.digest == table.digest == packed.digest
    assert lines.n == 2
    assert packed.notes == ("id is read from 'case_id'", "output is read from 'response'")


@pytest.mark.parametrize("other", ['{"id": "1", "output": "y"}', '{"id": "2", "output": "x"}'])
def test_the_digest_changes_with_an_id_and_with_a_text(write: Write, other: str) -> None:
    assert (
        load_outputs(write("a.jsonl", '{"id": "1", "output": "x"}')).digest
        != load_outputs(write("b.jsonl", other)).digest
    )


def test_a_row_without_output_is_noted_and_an_empty_output_is_kept(write: Write) -> None:
    outputs = load_outputs(write("a.jsonl", '{"id": "1", "output": ""}\n{"id": "2", "output": null}\n{"id": "3"}\n'))

    assert outputs.texts == {"1": ""}
    assert outputs.notes == ("2 of 3 rows have no output; their cases are unscored: missing",)


def test_columns_of_the_dataset_beside_the_output_are_left_out(write: Write) -> None:
    outputs = load_outputs(write("a.csv", "id,output,question,prompt\n1,x,q,p\n"))

    assert outputs.texts == {"1": "x"}
    assert outputs.notes == ("columns left out: 'question', 'prompt'",)


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        (
            '{"id": "1", "output": "x"}\n{"id": 1, "output": null}\n{"output": {"a": 1}}\n',
            [
                "a.jsonl:2: id: '1' is already the id of a.jsonl:1; give every row an id of its own",
                "a.jsonl:3: id: is missing or empty; give every row an id of its own",
                "a.jsonl:3: output: is an object, not a text; write the text that the candidate answered",
            ],
        ),
        ('{"id": "1", "output": null}\n', ["a.jsonl: output: no row has an output; record at least one"]),
        (
            '{"id": "1", "answer": "x"}\n',
            [
                "a.jsonl: output: no column is the output; the columns are 'answer', 'id'; "
                'add one, or name yours in the candidate\'s fields: output = "my_column"'
            ],
        ),
        (
            '{"id": "1", "outputs": "x"}\n',
            [
                "a.jsonl:1: column 'outputs' may hold references or recorded outputs; "
                'say which in the candidate\'s fields: output = "outputs"'
            ],
        ),
        (
            '{"id": "1", "output": "x", "response": "y"}\n',
            [
                "a.jsonl:1: output: columns 'output' and 'response' both claim it; "
                'say which in the candidate\'s fields: output = "output"'
            ],
        ),
    ],
)
def test_bad_outputs_are_refused_with_every_problem(write: Write, content: str, messages: list[str]) -> None:
    with pytest.raises(DatasetError) as caught:
        load_outputs(write("a.jsonl", content))

    assert str(caught.value).splitlines() == messages


def test_a_mapped_column_is_the_output(write: Write) -> None:
    path = write("a.jsonl", '{"id": "1", "outputs": "x", "response": "y"}\n')

    assert load_outputs(path, fields={"output": "outputs"}).texts == {"1": "x"}


def test_a_row_before_the_first_output_may_lack_one(write: Write) -> None:
    outputs = load_outputs(write("o.jsonl", '{"id": "a"}\n{"id": "b", "output": "x"}\n'))

    assert outputs.texts == {"b": "x"}
