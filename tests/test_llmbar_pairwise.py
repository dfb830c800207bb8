"""Recorded verdicts of two judges on LLMBar's 419 pairs, replayed as pairs in both orders through the whole of evalkit.

The candidate is output 1 of each item, the baseline output 2. What the judges said in each order is public; so are the
counts of verdicts that held when the outputs changed places, and of those that named a place.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from llmbar import CONFIG, WHERE_THEY_ARE, rows_of, write_lines

import evalkit
from evalkit import api
from evalkit.sandbox import Sandbox

pytestmark = WHERE_THEY_ARE


class Published(NamedTuple):
    """What is known of a judge: how often it is right, and what its two orders come to."""

    judge: str
    accuracy: float
    consistent: int
    first: int
    second: int
    p_value: float


JUDGES = (
    Published("GPT-4/Vanilla_NoRules", 0.7649, 382, 19, 18, 1.0),
    Published("ChatGPT/Vanilla_NoRules", 0.3998, 256, 159, 4, 4.97e-42),
)


def said(row: dict[str, str], order: str) -> str:
    """The place that the judge named: output 1 stands first in `ab`, second in `ba`."""
    return "first" if (row[f"{order}_winner"] == "1") == (order == "ab") else "second"


@pytest.mark.parametrize("known", JUDGES, ids=lambda known: known.judge)
def test_both_orders_come_to_the_published_numbers(tmp_path: Path, known: Published) -> None:
    rows = {f"item-{n:03}": row for n, row in enumerate(rows_of(known.judge))}
    write_lines(tmp_path / "cases.jsonl", ({"id": case, "input": f"the instruction of {case}"} for case in rows))
    for name in ("one", "two"):
        write_lines(tmp_path / f"{name}.jsonl", ({"id": case, "output": f"output {name}"} for case in rows))
    write_lines(
        tmp_path / "labels.jsonl",
        ({"id": case, "label": "win" if row["label"] == "1" else "loss"} for case, row in rows.items()),
    )
    texts = (
        {"case": f"{case}-{order}", "text": json.dumps({"reasoning": "", "verdict": said(row, order)})}
        for case, row in rows.items()
        for order in ("ab", "ba")
    )
    write_lines(tmp_path / "replies.jsonl", texts)
    (tmp_path / "evalkit.toml").write_text(CONFIG, encoding="utf-8")
    store = f"sqlite:///{tmp_path / 'evalkit.db'}"
    with Sandbox(replay=tmp_path / "replies.jsonl") as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
        patch.setenv("ANTHROPIC_API_KEY", "key")
        (run,) = api.submit(tmp_path, store=store).runs
        api.collect(tmp_path, store=store, wait=True, poll=0.1)
        assert [batch.requests for batch in api.show(run, store=store)[0].batches] == [838]

    (view,) = api.show(run, store=store)
    found = view.preference
    assert found is not None
    orders = found.orders
    assert (orders.n, orders.consistent, orders.first, orders.second) == (419, *known[2:5])
    assert orders.p_value == pytest.approx(known.p_value, rel=0.01)
    assert found.biased is (known.p_value < 0.05)
    assert found.first_rate.mean == pytest.approx(0.5 + (known.first - known.second) / 2 / 419)
    wins = sum((row["ab_winner"] == "1") + (row["ba_winner"] == "1") for row in rows.values())
    assert view.estimate.mean == found.rate.rate.mean == pytest.approx(wins / 838)
    assert (view.scored, found.rate.ties) == (419, known.first + known.second)

    scores = {one.case_id: one.verdict.value or 0.0 for one in own_scores(run, store)}
    right = [scores[case] if row["label"] == "1" else 1 - scores[case] for case, row in rows.items()]
    assert sum(right) / 419 == pytest.approx(known.accuracy, abs=5e-5)
    (agreed,) = evalkit.agree(run, tmp_path / "labels.jsonl", store=store)
    assert agreed.agreement.agreement.value == pytest.approx(right.count(1.0) / 419)


def own_scores(run: str, store: str) -> list[Any]:
    from evalkit.store import Store

    with Store.open(store) as opened:
        return [placed.score for placed in opened.scores.of(run, own=True)]
