"""Some of the cases: by what they say of themselves, a sample of them, and the first."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.dataset import Dataset, load_dataset
from evalkit.dataset.filter import Filter, sample, shares
from evalkit.errors import DatasetError


def rows(n: int) -> list[dict[str, Any]]:
    tags = {0: ["billing"], 1: ["billing", "urgent"], 2: ["account"]}
    return [
        {
            "id": f"c{place}",
            "input": f"question {place}",
            "tags": tags[place % 3],
            "language": "de" if place % 2 else "en",
            "split": "test" if place % 5 == 0 else "train",
        }
        for place in range(n)
    ]


@pytest.fixture
def narrow(tmp_path: Path) -> Any:
    def made(n: int = 30, **wanted: Any) -> Dataset:
        path = tmp_path / "cases.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows(n)), encoding="utf-8")
        return load_dataset(path, filter=Filter(**wanted, spec=wanted))

    return made


def ids(dataset: Dataset) -> list[str]:
    return [case.id for case in dataset]


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ({"tags": ["urgent", "account"]}, lambda p: p % 3 in (1, 2)),
        ({"all_tags": ["urgent", "billing"]}, lambda p: p % 3 == 1),
        ({"not_tags": ["billing"]}, lambda p: p % 3 == 2),
        ({"metadata": {"language": ["de"]}}, lambda p: p % 2 == 1),
        ({"metadata": {"language": ["de", "en"]}}, lambda p: p >= 0),
        ({"split": "test"}, lambda p: p % 5 == 0),
        ({"split": "test", "tags": ["account"]}, lambda p: p % 5 == 0 and p % 3 == 2),
        ({"ids": frozenset({"c3", "c7"})}, lambda p: p in (3, 7)),
        ({"first": 4}, lambda p: p < 4),
        ({"not_tags": ["urgent"], "first": 2}, lambda p: p in (0, 2)),
    ],
)
def test_a_filter_leaves_the_cases_that_meet_every_condition_in_the_order_of_the_file(
    narrow: Any, wanted: dict[str, Any], places: Any
) -> None:
    dataset = narrow(**wanted)

    assert ids(dataset) == [f"c{place}" for place in range(30) if places(place)]
    assert len(dataset) == len(ids(dataset))


def test_what_is_left_has_the_digest_of_a_file_of_just_these_cases(narrow: Any, tmp_path: Path) -> None:
    narrowed = narrow(tags=["account"])
    only = tmp_path / "only.jsonl"
    only.write_text("".join(json.dumps(row) + "\n" for row in rows(30) if row["tags"] == ["account"]), encoding="utf-8")

    assert narrowed.digest == load_dataset(only).digest
    assert narrowed.digest != narrow().digest
    assert (narrowed.n, narrowed.n_before) == (10, 30)


def test_a_case_that_is_added_changes_one_case_of_a_sample_at_most(narrow: Any) -> None:
    for n in range(40, 80):
        before, after = (set(ids(narrow(n=size, sample=20, seed=7))) for size in (n, n + 1))
        assert len(before & after) >= 19


def test_a_larger_sample_holds_the_smaller_and_another_seed_draws_another(narrow: Any) -> None:
    small, large = (set(ids(narrow(sample=n, seed=7))) for n in (5, 15))

    assert small < large
    assert small != set(ids(narrow(sample=5, seed=8)))


def test_a_stratified_sample_keeps_the_shares_and_leaves_no_stratum_out(narrow: Any) -> None:
    dataset = narrow(n=30, sample=7, stratify="split")

    assert Counter(case.split for case in dataset) == {"train": 6, "test": 1}


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 50), min_size=1, max_size=8), st.data())
def test_shares_add_up_and_none_is_empty_or_more_than_its_stratum(sizes: dict[str, int], data: Any) -> None:
    n = data.draw(st.integers(len(sizes), sum(sizes.values())))

    given_ = shares(sizes, n)

    assert sum(given_.values()) == n
    assert all(1 <= given_[name] <= sizes[name] for name in sizes)


def test_a_sample_of_fewer_cases_than_strata_is_refused() -> None:
    with pytest.raises(ValueError, match="2 cases cannot have one of each of 3 strata"):
        sample({"a": "x", "b": "y", "c": "z"}, 2, seed=0)


def test_a_filter_that_leaves_nothing_says_which_condition_removed_how_many(narrow: Any) -> None:
    with pytest.raises(DatasetError) as caught:
        narrow(split="test", tags=["biling"])

    said = str(caught.value)
    assert 'none of the 30 cases is left: split = "test" removes 24, tags = ["biling"] removes 6' in said
    assert "did you mean 'billing'?" in said


def test_an_id_that_is_no_case_is_refused(narrow: Any) -> None:
    with pytest.raises(DatasetError, match="no case has the id 'zz'"):
        narrow(ids=frozenset({"c1", "zz"}))


def test_a_filter_hides_no_problem_of_the_cases_it_leaves_out(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text('{"id": "a", "input": "x"}\n{"id": "b", "input": ""}\n', encoding="utf-8")

    with pytest.raises(DatasetError, match=r"cases.jsonl:2: input: is missing or empty"):
        load_dataset(path, filter=Filter(first=1))


def test_a_filter_is_said_with_what_it_took_away(narrow: Any) -> None:
    assert narrow(first=4).narrowing == ("4 of 30 cases: first = 4 removes 26; what is left is a dataset of its own",)


def test_the_split_of_a_case_is_a_tag_and_no_part_of_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text('{"id": "a", "input": "x"}\n', encoding="utf-8")
    (plain,) = load_dataset(path)
    path.write_text('{"id": "a", "input": "x", "split": "dev", "tags": ["t"]}\n', encoding="utf-8")
    (case,) = load_dataset(path)

    assert (case.split, case.tags) == ("dev", ("t", "split:dev"))
    assert case.digest == plain.digest
