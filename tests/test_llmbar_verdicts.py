"""Recorded verdicts of judges on LLMBar, replayed in both orders through the whole of evalkit, against people.

A run is one order of presentation. The paper's accuracy is the mean over both orders, its agreement that between them;
a verdict that could not be read is unscored here and no number anywhere.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import evalkit
from evalkit import api
from evalkit.sandbox import Sandbox

VERDICTS = Path(__file__).parents[1].parent / "shared" / "data" / "llmbar_verdicts.csv.gz"
pytestmark = pytest.mark.skipif(not VERDICTS.is_file(), reason="the LLMBar verdicts are not beside the project")

CONFIG = """
name = "llmbar"
dataset = { path = "cases.jsonl" }
judge = { model = "claude-haiku-5-5" }
[[candidates]]
name = "pair"
outputs = "outputs.jsonl"
[[graders]]
name = "better"
rubric = "Which output follows the instruction better?"
reply = "text"
labels = { 1 = 0, 2 = 1 }
verdict_pattern = '''^winner: (.+)$'''
"""
ORDERS = ("ab", "ba")


class Replayed(NamedTuple):
    """The runs of both orders, with the rows that they were made of, by case id."""

    rows: Mapping[str, dict[str, str]]
    runs: Mapping[str, str]
    store: str
    labels: Path


def recorded(*, subset: str | None = None, evaluator: str | None = None) -> dict[str, dict[str, str]]:
    with gzip.open(VERDICTS, "rt", encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if subset in (None, row["subset"]) and evaluator in (None, row["evaluator"])
        ]
    return {f"item-{n:05}": row for n, row in enumerate(rows)}


def readable(row: Mapping[str, str], order: str) -> bool:
    return row[f"{order}_winner"] in ("1", "2")


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def replay(root: Path, rows: Mapping[str, dict[str, str]]) -> Replayed:
    """Two runs of the same items, one per order, each answered by what the judge said in it."""
    write_lines(root / "cases.jsonl", ({"id": case, "input": f"the instruction of {case}"} for case in rows))
    write_lines(root / "outputs.jsonl", ({"id": case, "output": "two outputs"} for case in rows))
    write_lines(root / "labels.jsonl", ({"id": case, "label": row["label"]} for case, row in rows.items()))
    (root / "evalkit.toml").write_text(CONFIG, encoding="utf-8")
    store = f"sqlite:///{root / 'evalkit.db'}"
    runs: dict[str, str] = {}
    for order in ORDERS:
        texts = ({"case": case, "text": f"winner: {row[f'{order}_winner']}"} for case, row in rows.items())
        write_lines(root / f"{order}.jsonl", texts)
        with Sandbox(replay=root / f"{order}.jsonl") as sandbox, pytest.MonkeyPatch.context() as patch:
            patch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
            patch.setenv("ANTHROPIC_API_KEY", "key")
            (run,) = api.submit(root, store=store, label=order).runs
            api.collect(root, store=store, wait=True, poll=0.1)
        runs[order] = run
    return Replayed(rows, runs, store, root / "labels.jsonl")


@pytest.fixture(scope="module")
def natural(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    rows = recorded(subset="LLMBar/Natural", evaluator="GPT-4/Vanilla_NoRules")
    return replay(tmp_path_factory.mktemp("natural"), rows)


def test_the_mean_accuracy_over_both_orders_is_the_published_one(natural: Replayed) -> None:
    found = [evalkit.agree(run, natural.labels, store=natural.store)[0] for run in natural.runs.values()]
    shares = [row.agreement.agreement.value for row in found]

    assert [row.agreement.scored for row in found] == [100, 100]
    assert None not in shares
    assert sum(share or 0.0 for share in shares) / 2 == pytest.approx(0.935)
    for row in found:
        assert len(row.agreement.disagreements) == round(100 * (1 - (row.agreement.agreement.value or 0.0)))


def test_the_agreement_between_the_orders_is_the_published_one(natural: Replayed) -> None:
    (found,) = evalkit.agree_between(list(natural.runs.values()), store=natural.store)
    (pair,) = found.pairs

    assert pair.agreement.value == pytest.approx(0.970)
    assert pair.n == pair.scored == 100
    assert pair.reference == natural.runs["ab"]


def test_labels_of_every_case_leave_nothing_to_estimate(natural: Replayed) -> None:
    (found,) = evalkit.agree(natural.runs["ab"], natural.labels, store=natural.store)

    assert found.calibration.sampled
    assert found.corrected.method == "labels"
    assert found.corrected.value == pytest.approx(sum(row["label"] == "2" for row in natural.rows.values()) / 100)


def check_unread(replayed: Replayed) -> None:
    """Every verdict that cannot be read is unscored, and every measure is over the others alone."""
    for order, run in replayed.runs.items():
        read = {case for case, row in replayed.rows.items() if readable(row, order)}
        right = sum(replayed.rows[case][f"{order}_winner"] == replayed.rows[case]["label"] for case in read)
        (view,) = api.show(run, store=replayed.store)
        (found,) = evalkit.agree(run, replayed.labels, store=replayed.store)

        assert view.unscored == {"unparsable": 174}
        assert found.agreement.unscored == 174
        assert found.agreement.scored == len(read)
        assert found.agreement.agreement.value == pytest.approx(right / len(read), abs=1e-12)
    (between,) = evalkit.agree_between(list(replayed.runs.values()), store=replayed.store)
    assert between.unscored == (174, 174)
    assert between.raters.cases == between.pairs[0].scored == len(replayed.rows) - 227


def test_the_227_items_with_a_verdict_that_cannot_be_read_are_no_number(tmp_path: Path) -> None:
    rows = {case: row for case, row in recorded().items() if not all(readable(row, order) for order in ORDERS)}

    natural = recorded(subset="LLMBar/Natural", evaluator="GPT-4/Vanilla_NoRules")
    whole = {f"natural-{case}": row for case, row in natural.items()}

    assert len(rows) == 227
    # With a hundred that can be read, so that the two orders have something to agree on.
    check_unread(replay(tmp_path, {**rows, **whole}))


@pytest.mark.sweep
def test_so_it_is_over_a_third_of_the_whole_file(tmp_path: Path) -> None:
    whole, rng = recorded(), random.Random(0)
    rows = {
        case: row
        for case, row in whole.items()
        if rng.random() < 1 / 3 or not all(readable(row, order) for order in ORDERS)
    }

    assert len(whole) == 40_413
    assert len(rows) > 13_000
    check_unread(replay(tmp_path, rows))
