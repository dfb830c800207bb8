"""Splits, samples, differences and numbers of datasets, by the functions that a notebook calls."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evalkit import curation
from evalkit.errors import UsageError


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def written(name: str, every: list[dict[str, Any]]) -> Path:
        path = tmp_path / name
        if path.suffix == ".csv":
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, every[0])
                writer.writeheader()
                writer.writerows(every)
        else:
            path.write_text("".join(json.dumps(row) + "\n" for row in every), encoding="utf-8")
        return path

    return written


def cases(n: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"c{place}",
            "question": f"q{place}",
            "odd": {"x": [place]},
            "cluster": f"k{place // 3}",
            "tags": ["ab"[place % 2]],
        }
        for place in range(n)
    ]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_split_deals_every_row_once_and_unchanged(rows: Any, tmp_path: Path) -> None:
    path = rows("cases.jsonl", cases(50))

    written = curation.split(path, {"train": 0.8, "test": 0.2}, stratify="tag")

    train, test = (read(tmp_path / f"cases-{part}.jsonl") for part in ("train", "test"))
    assert sorted(train + test, key=lambda row: int(row["id"][1:])) == cases(50)
    assert list(written.files.values()) == [len(train), len(test)] == [40, 10]
    assert Counter(row["tags"][0] for row in test) == {"a": 5, "b": 5}


def test_strata_of_one_case_do_not_all_go_to_the_largest_part(rows: Any) -> None:
    path = rows("cases.jsonl", [{**row, "own": row["id"]} for row in cases(50)])

    assert list(curation.split(path, {"train": 0.8, "test": 0.2}, stratify="own").files.values()) == [40, 10]


def test_a_cluster_never_straddles_and_stays_where_it_is_when_cases_are_added(rows: Any, tmp_path: Path) -> None:
    def of(n: int) -> dict[str, str]:
        path = rows("cases.jsonl", cases(n))
        curation.split(path, {"train": 0.7, "test": 0.3}, by_cluster=True, force=True)
        return {
            row["id"]: (part, row["cluster"])
            for part in ("train", "test")
            for row in read(tmp_path / f"cases-{part}.jsonl")
        }

    before, after = of(90), of(120)
    assert len({(cluster, part) for part, cluster in after.values()}) == 40
    assert before == {case_id: after[case_id] for case_id in before}


def test_rows_of_a_table_stay_rows_of_a_table(rows: Any, tmp_path: Path) -> None:
    path = rows("cases.csv", [{"id": "1", "input": 'a, "b"\nc', "note": "=1"}, {"id": "2", "input": "x", "note": ""}])

    curation.split(path, {"a": 0.5, "b": 0.5})

    both = [row for part in "ab" for row in table(tmp_path / f"cases-{part}.csv")]
    assert sorted(both, key=lambda row: row["id"]) == table(path)


def test_nothing_is_overwritten_and_nothing_is_left_half_done(rows: Any, tmp_path: Path) -> None:
    path = rows("cases.jsonl", cases(10))
    (tmp_path / "cases-test.jsonl").write_text("mine")

    with pytest.raises(UsageError, match="is there already"):
        curation.split(path, {"train": 0.5, "test": 0.5})
    with pytest.raises(UsageError, match="is the dataset itself"):
        curation.sample(path, 3, path, force=True)

    assert sorted(one.name for one in tmp_path.iterdir()) == ["cases-test.jsonl", "cases.jsonl"]


@pytest.mark.parametrize("into", [{"a": 0.5}, {"a": 1.5, "b": -0.5}, {}])
def test_shares_that_do_not_add_up_are_refused(rows: Any, into: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="add up to 1"):
        curation.split(rows("cases.jsonl", cases(3)), into)


def test_a_sample_is_the_one_that_a_filter_draws(rows: Any, tmp_path: Path) -> None:
    from evalkit.dataset import load_dataset
    from evalkit.dataset.filter import Filter

    path = rows("cases.jsonl", cases(30))

    written = curation.sample(path, 7, tmp_path / "some.jsonl", seed=3)

    drawn = [case.id for case in load_dataset(path, filter=Filter(sample=7, seed=3))]
    assert [row["id"] for row in read(tmp_path / "some.jsonl")] == drawn
    assert (written.of, list(written.files.values())) == (30, [7])


def test_a_difference_names_what_was_added_removed_renamed_and_changed(rows: Any) -> None:
    before = rows(
        "a.jsonl", [{"id": x, "input": x, "k": 1} for x in "abcd"] + [{"id": "e", "input": "e", "tags": ["t"]}]
    )
    after = rows(
        "b.jsonl",
        [
            {"id": "a", "input": "a", "k": 1},
            {"id": "b", "input": "B", "k": 2},
            {"id": "c2", "input": "c", "k": 1},
            {"id": "e", "input": "e", "tags": ["u"]},
            {"id": "new", "input": "n"},
        ],
    )

    found = curation.diff(before, after)

    assert (found.added, found.removed, found.renamed) == (("new",), ("d",), (("c", "c2"),))
    assert found.changed == {"b": ("input", "metadata.k"), "e": ("tags",)}
    assert (found.unchanged, found.same) == (1, False)
    assert curation.diff(before, before).same


def test_the_numbers_of_a_dataset(rows: Any) -> None:
    path = rows(
        "cases.jsonl",
        [
            {"id": "1", "input": "Hello there", "lang": "de", "cluster": "k", "split": "test"},
            {"id": "2", "input": "hello, THERE!", "lang": "de", "cluster": "k"},
            {"id": "3", "input": "Hello there", "lang": "de", "tags": ["t"]},
            {"id": "4", "input": "x" * 100, "expected": "y"},
        ],
    )

    found = curation.stats([path])

    assert found.duplicates == (("1", "3"),)
    assert found.near_duplicates == (("1", "2", "3"),)
    assert found.lengths["input"] == {"min": 11, "p50": 11, "p90": 100, "p99": 100, "max": 100}
    assert (found.filled["expected"], found.splits, found.metadata) == (1, {"test": 1}, {"lang": {"de": 3}})
    assert (found.clusters, found.effective) == (3, 16 / 6)
