"""The walk over real files, where they are present beside the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.dataset import load_dataset, load_outputs
from evalkit.errors import DatasetError

DATA = Path(__file__).parents[2].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real data sets are not beside the project")


def test_a_table_of_questions_is_read_with_a_mapping() -> None:
    dataset = load_dataset(DATA / "routellm_gsm8k_correct.csv", fields={"id": "row", "input": "prompt_sha"})

    assert dataset.n == 1_307
    assert dataset.extra == ("mixtral", "gpt4")
    assert sum(case.metadata["gpt4"] == "1" for case in dataset) / dataset.n == pytest.approx(0.8576893649578919)


def test_items_that_repeat_per_judge_are_refused() -> None:
    path = DATA / "llmbar_texts_5_evaluators.jsonl.gz"

    with pytest.raises(DatasetError, match="is already the id of"):
        load_outputs(path, fields={"id": "i", "output": "ab_text"})


def test_every_id_that_repeats_per_model_is_told() -> None:
    with pytest.raises(DatasetError) as caught:
        load_dataset(DATA / "routerarena_sub10.csv.gz", fields={"input": "metric"})

    assert len(caught.value.problems) == 809
    assert str(caught.value.problems[0]).startswith(f"{DATA}/routerarena_sub10.csv.gz:")
