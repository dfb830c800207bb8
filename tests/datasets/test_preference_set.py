"""The set that tries a judge of pairs: every verdict of people is there, and every pair renders in its fences."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import evalkit
from evalkit import trust

FOLDER = Path(__file__).parents[2] / "datasets" / "rubrics" / "preference"


def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / "cases.jsonl").read_text(encoding="utf-8").splitlines()]


def test_every_verdict_occurs_and_no_output_has_a_column_that_the_judge_sees() -> None:
    assert 8 <= len(rows()) <= 12
    assert set(Counter(row["label"] for row in rows())) == {"win", "tie", "loss"}
    (one,) = evalkit.validate(FOLDER).planned("")
    for case in one.dataset:
        for _, messages in one.grader.messages(case, one.candidate.output(case)):
            assert "label" not in messages[0]["content"]


def test_it_is_scored_and_held_against_its_own_labels(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'store.db'}"
    found, _ = evalkit.run(FOLDER, store=store, out=tmp_path / "page.html", sandbox=True)
    (run,) = found.runs
    (agreed,) = trust.agree(run, FOLDER / "cases.jsonl", config=FOLDER, store=store).json()["agreement"]

    assert agreed["n"] == len(rows())
