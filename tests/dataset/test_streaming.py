from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.dataset import Dataset, load_dataset
from evalkit.errors import DatasetError

Write = Callable[[str, "bytes | str"], Path]


def lines(n: int) -> str:
    return "".join(f'{{"id": "c{number}", "input": "x{number}"}}\n' for number in range(n))


@pytest.fixture
def dataset(write: Write) -> Dataset:
    return load_dataset(write("cases.jsonl", lines(3)))


def test_a_dataset_walks_its_file_in_order_as_often_as_asked(dataset: Dataset) -> None:
    first, second = iter(dataset), iter(dataset)

    assert next(first).id == "c0"
    assert [case.id for case in second] == ["c0", "c1", "c2"]
    assert [case.id for case in first] == ["c1", "c2"]
    assert len(dataset) == dataset.n == 3


def test_a_dataset_counts_references_and_recorded_outputs(write: Write) -> None:
    dataset = load_dataset(write("cases.csv", "id,input,expected,output\n1,x,e,o\n2,x,e,\n3,x,,\n"))

    assert (dataset.n, dataset.n_expected, dataset.n_outputs) == (3, 2, 1)


@pytest.mark.parametrize("content", [lines(2), lines(4), lines(3).replace("x1", "y1"), "broken"])
def test_a_file_that_changed_since_it_was_loaded_is_refused(dataset: Dataset, content: str) -> None:
    dataset.path.write_text(content)
    os.utime(dataset.path, ns=(1, 1))

    with pytest.raises(DatasetError, match=r"cases.jsonl: the file changed since it was loaded; load it again"):
        next(iter(dataset))


def test_a_file_that_changes_under_the_walk_is_refused_before_the_walk_ends(dataset: Dataset) -> None:
    walk = iter(dataset)
    next(walk)
    with dataset.path.open("a") as file:
        file.write(lines(5).splitlines()[4])

    with pytest.raises(DatasetError, match="changed since it was loaded"):
        list(walk)


def test_a_file_that_is_gone_is_refused(dataset: Dataset) -> None:
    dataset.path.unlink()

    with pytest.raises(DatasetError, match=r"cases.jsonl: cannot be read: No such file"):
        next(iter(dataset))


def test_every_problem_is_counted_and_the_first_thousand_are_kept(write: Write) -> None:
    with pytest.raises(DatasetError) as caught:
        load_dataset(write("cases.jsonl", "{\n" * 2_500))

    first, *kept = caught.value.problems
    assert str(first) == "cases.jsonl: 2,500 problems, of which the first 1,000 are kept"
    assert [problem.where for problem in kept] == [f"cases.jsonl:{number}" for number in range(1, 1_001)]


def test_pyarrow_is_only_imported_for_parquet() -> None:
    code = "import sys, evalkit.dataset; sys.exit('pyarrow' in sys.modules or 'pandas' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_parquet_without_pyarrow_names_the_extra(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(DatasetError) as caught:
        load_dataset(write("cases.parquet", b"PAR1"))

    message = "cases.parquet: Parquet needs pyarrow, which is not installed; install the extra evalkit-batch[parquet]"
    assert str(caught.value) == message
