"""`evalkit route`: which model for which kind of task, from the runs that are there."""

from __future__ import annotations

import csv
import json
import random
import tomllib
from pathlib import Path
from typing import Any

import pytest

import evalkit
from evalkit.cli import exits
from evalkit.errors import UsageError

ANSWERS = Path(__file__).parents[1].parent / "shared" / "data" / "routellm_gsm8k_correct.csv"
KINDS = {"billing": 0.95, "legal": 0.6}
"""How often the small model is right; the large one is so 95 times in 100."""


def lines(path: Path, rows: Any) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def project(folder: Path, cases: list[dict[str, Any]], outputs: dict[str, list[dict[str, Any]]]) -> Path:
    """A suite whose free check says which outputs are right, submitted."""
    lines(folder / "cases.jsonl", cases)
    config = 'name = "routes"\n[dataset]\npath = "cases.jsonl"\n[[graders]]\nname = "exact"\ncheck = "exact"\n'
    for name, rows in outputs.items():
        lines(folder / f"{name}.jsonl", rows)
        config += f'[[candidates]]\nname = "{name}"\noutputs = "{name}.jsonl"\n'
    (folder / "evalkit.toml").write_text(config, encoding="utf-8")
    evalkit.submit(folder, store=store_of(folder))
    return folder


def store_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'evalkit.db'}"


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = random.Random(3)
    kinds = [list(KINDS)[at % 2] for at in range(600)]
    cases = [
        {"id": f"case-{at}", "input": "x" * made.randint(1, 400), "expected": "yes", "tags": [kind], "lang": "de"}
        for at, kind in enumerate(kinds)
    ]

    def answered(right: Any, cost: float) -> list[dict[str, Any]]:
        return [
            {"id": case["id"], "output": "yes" if made.random() < right(case["tags"][0]) else "no", "cost_usd": cost}
            for case in cases
        ]

    outputs = {"small": answered(KINDS.get, 0.0004), "large": answered(lambda _: 0.95, 0.004)}
    return project(tmp_path_factory.mktemp("routes"), cases, outputs)


def test_the_policy_is_a_file_that_a_router_can_read(routes: Path, tmp_path: Path) -> None:
    out = tmp_path / "policy.toml"
    words = ("route", "--margin", "0.1", "--out", out, "--config", routes, "--store", store_of(routes))
    assert exits.run([str(word) for word in words]) == 0

    policy = tomllib.loads(out.read_text("utf-8"))
    assert (policy["by"], policy["default"], policy["routes"]) == ("tag", "large", {"billing": "small"})


def test_by_length_a_router_is_given_limits_that_it_can_count(routes: Path) -> None:
    (row,) = evalkit.route(by="length", margin=0.1, config=routes, store=store_of(routes))

    buckets = row.policy()["buckets"]
    limits = [bucket.get("at_most") for bucket in buckets]
    assert limits == [*sorted(limit for limit in limits if limit is not None), None]
    assert {bucket["candidate"] for bucket in buckets} <= {"small", "large"}


def test_the_document_tells_quality_and_cost_against_every_alternative(routes: Path) -> None:
    (found,) = evalkit.route(margin=0.1, config=routes, store=store_of(routes)).json()["routings"]  # type: ignore[misc]
    expected = found["expected"]

    assert found["n"] == 600
    assert {one["candidate"] for one in expected["always"]} == {"small", "large"}
    assert expected["oracle_quality"] >= expected["quality"] > expected["random_mix_quality"]
    assert expected["cost_usd"] == pytest.approx(
        expected["shares"]["small"] * 0.0004 + expected["shares"]["large"] * 0.004
    )
    assert [one["holds"] for one in found["evidence"]] == [True, False]
    assert found["evidence"][1]["worse"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"by": "country"}, "--by may be tag, length, lang"),
        ({"strong": "huge"}, "there are small, large"),
        ({"grader": "tone"}, "no runs of grader 'tone'"),
        ({"margin": 0.0}, "above 0"),
    ],
)
def test_what_names_nothing_is_refused_with_what_there_is(routes: Path, options: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        evalkit.route(config=routes, store=store_of(routes), **options)


def test_outputs_without_a_price_are_named(tmp_path: Path) -> None:
    cases = [{"id": "a", "input": "x", "expected": "yes"}]
    answers = [{"id": "a", "output": "yes"}]
    folder = project(tmp_path, cases, {"free": answers, "priced": [{**answers[0], "cost_usd": 0.1}]})

    with pytest.raises(UsageError, match="free lack it: record cost_usd"):
        evalkit.route(config=folder, store=store_of(folder))


@pytest.mark.skipif(not ANSWERS.is_file(), reason="RouteLLM's answers to GSM8K are not beside the project")
def test_routellms_random_router_on_gsm8k_has_the_published_numbers(tmp_path: Path) -> None:
    """APGR 0.485725; 20, 50 and 80 % of the gap at 19.69, 53.05 and 83.02 % of calls; the oracle's 92.961 %."""
    with ANSWERS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    cases = [{"id": row["row"], "input": f"question {row['prompt_sha']}", "expected": "1"} for row in rows]
    outputs = {
        model: [{"id": row["row"], "output": row[model], "cost_usd": cost} for row in rows]
        for model, cost in (("mixtral", 0.0), ("gpt4", 1.0))
    }
    folder = project(tmp_path, cases, outputs)
    made = random.Random(0)  # RouteLLM's seed
    lines(tmp_path / "router.jsonl", ({"id": row["row"], "score": made.uniform(0, 1)} for row in rows))

    (found,) = evalkit.route(by="length", scores=tmp_path / "router.jsonl", config=folder, store=store_of(folder))

    routing = found.found.routing
    assert routing.curve is not None
    assert routing.curve.apgr == pytest.approx(0.485725, abs=5e-7)
    assert routing.curve.call_share_for == pytest.approx({"20%": 0.1969, "50%": 0.5305, "80%": 0.8302}, abs=5e-5)
    assert 100 * routing.expected.oracle_quality == pytest.approx(92.961, abs=5e-4)
    assert 100 * routing.expected.oracle_cost_usd == pytest.approx(29.2272, abs=5e-5)  # strong calls alone cost
