"""Recorded verdicts of two judges and of people on LLMBar's 419 pairs, with numbers worked out here by plain counting.

What the judges said in either order is public. A case's score is the mean of both orders, from the first output's side.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from llmbar import CONFIG, WHERE_THEY_ARE, rows_of, write_lines

import evalkit
from evalkit import api
from evalkit.sandbox import Sandbox

pytestmark = WHERE_THEY_ARE

MODELS = {"claude-haiku-5-5": "GPT-4/Vanilla_NoRules", "claude-opus-5-5": "GPT-4/Metrics_Reference"}
CHATGPT = {"claude-haiku-5-5": "ChatGPT/Vanilla_NoRules", "claude-opus-5-5": "GPT-4/Vanilla_NoRules"}


class Judged(NamedTuple):
    """Scores by judge in the order of the cases, what people say, and what evalkit finds."""

    cheap: list[float]
    strong: list[float]
    people: list[float]
    costs: dict[str, float]
    found: Any
    wide: Any
    """The same with a margin of 0.13."""


def judged(root: Path, models: dict[str, str]) -> Judged:
    rows = {model: rows_of(judge) for model, judge in models.items()}
    names = [f"item-{n:03}" for n in range(419)]
    write_lines(root / "cases.jsonl", ({"id": case, "input": f"the instruction of {case}"} for case in names))
    for name in ("one", "two"):
        write_lines(root / f"{name}.jsonl", ({"id": case, "output": f"output {name}"} for case in names))
    first, second = rows.values()
    people = [float(row["label"] == "1") for row in first]
    write_lines(
        root / "labels.jsonl", ({"id": case, "label": label} for case, label in zip(names, people, strict=True))
    )
    write_lines(
        root / "replies.jsonl",
        (
            {"case": f"{case}-{order}", "model": model, "text": json.dumps({"reasoning": "", "verdict": place})}
            for model, own in rows.items()
            for case, row in zip(names, own, strict=True)
            for order in ("ab", "ba")
            for place in ["first" if (row[f"{order}_winner"] == "1") == (order == "ab") else "second"]
        ),
    )
    (root / "evalkit.toml").write_text(CONFIG, encoding="utf-8")
    store, runs = f"sqlite:///{root / 'evalkit.db'}", {}
    with Sandbox(replay=root / "replies.jsonl") as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
        patch.setenv("ANTHROPIC_API_KEY", "key")
        for model in models:
            (runs[model],) = api.submit(root, store=store, judge=model).runs
            api.collect(root, store=store, wait=True, poll=0.05)
    evalkit.agree(next(iter(runs.values())), root / "labels.jsonl", store=store)
    costs = {row.judge: row.spending.cost_usd for row in api.runs(store=store)}
    (found,) = evalkit.judges(config=root, store=store)
    (wide,) = evalkit.judges(config=root, store=store, margin=0.13)

    def score(row: dict[str, str]) -> float:
        return ((row["ab_winner"] == "1") + (row["ba_winner"] == "1")) / 2

    return Judged([*map(score, first)], [*map(score, second)], people, costs, found.standings[0], wide.standings[0])


@pytest.fixture(scope="module")
def gpt4(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """The same model with a plain and with an elaborate prompt."""
    return judged(tmp_path_factory.mktemp("gpt4"), MODELS)


def test_agreement_bias_and_distance_are_those_that_plain_counting_gives(gpt4: Judged) -> None:
    cheap, strong, _, costs, found, _ = gpt4
    pairs = list(zip(cheap, strong, strict=True))
    same = sum(one == other for one, other in pairs) / 419
    own, others = Counter(cheap), Counter(strong)
    by_chance = sum(own[label] * others[label] for label in (0, 0.5, 1)) / 419**2
    shares = [(own[label] + others[label]) / 838 for label in (0, 0.5, 1)]
    gwet = sum(share * (1 - share) for share in shares) / 2

    assert found.n == found.agreement.scored == 419
    assert found.agreement.agreement.value == pytest.approx(same)
    assert found.agreement.kappa == pytest.approx((same - by_chance) / (1 - by_chance))
    assert found.ac1.value == pytest.approx((same - gwet) / (1 - gwet))
    assert found.agreement.bias.value == pytest.approx(sum(one - other for one, other in pairs) / 419)
    assert found.distance.value == pytest.approx(sum(abs(one - other) for one, other in pairs) / 419)
    assert found.saving == pytest.approx(1 - costs["claude-haiku-5-5"] / costs["claude-opus-5-5"])


def test_accuracy_against_people_is_the_published_one_and_the_difference_is_paired(gpt4: Judged) -> None:
    cheap, strong, people, _, found, _ = gpt4
    right = [1 - abs(one - label) for one, label in zip(cheap, people, strict=True)]
    best = [1 - abs(one - label) for one, label in zip(strong, people, strict=True)]
    differences = [one - other for one, other in zip(right, best, strict=True)]
    mean = sum(differences) / 419
    error = math.sqrt(sum((one - mean) ** 2 for one in differences) / 418 / 419)

    assert found.people.accuracy == pytest.approx(sum(right) / 419)
    assert found.people.accuracy == pytest.approx(0.7649, abs=5e-5)  # over all five subsets, as published
    assert found.people.strong_accuracy == pytest.approx(sum(best) / 419)
    assert found.people.difference.value == pytest.approx(mean)
    # The default interval is not mean +- 1.96 SE, but of 419 pairs it is not far from it.
    assert found.people.difference.low == pytest.approx(mean - 1.96 * error, abs=0.004)
    assert found.people.difference.high == pytest.approx(mean + 1.96 * error, abs=0.004)
    assert found.answer == "no"


def test_where_both_orders_differ_the_strong_judge_is_worth_asking(gpt4: Judged) -> None:
    cheap, strong, _, costs, found, wide = gpt4
    pairs = list(zip(cheap, strong, strict=True))
    escalated = [one == 0.5 for one in cheap]
    (point,) = [one for one in found.cascade.points if one.signal == "disagreement"]
    kept = sum(abs(one - other) for one, other in pairs if one != 0.5) / 419
    drawn = (1 - sum(escalated) / 419) * sum(abs(one - other) for one, other in pairs) / 419

    assert point.escalated == pytest.approx(sum(escalated) / 419)
    assert point.distance == pytest.approx(kept)
    assert point.random_distance == pytest.approx(drawn)
    assert point.gain.value == pytest.approx(drawn - kept)
    assert not point.worthless
    # Every reply of a judge costs nearly the same here: the recorded ones are short.
    whole = costs["claude-haiku-5-5"] + costs["claude-opus-5-5"] * point.escalated
    assert point.saving == pytest.approx(1 - whole / costs["claude-opus-5-5"], abs=0.002)
    assert wide.cascade.recommended.signal == "disagreement"
    assert found.cascade.recommended.signal == "always strong"


@pytest.mark.sweep
def test_a_judge_that_prefers_a_place_doubts_where_it_contradicts_itself_and_that_is_worth_nothing(
    tmp_path: Path,
) -> None:
    found = judged(tmp_path, CHATGPT).found
    (point,) = [one for one in found.cascade.points if one.signal == "disagreement"]

    assert point.escalated == pytest.approx(163 / 419)  # 256 hold in both orders
    assert found.people.accuracy == pytest.approx(0.3998, abs=5e-5)
    assert point.worthless
