"""`evalkit route`: which model for which kind of task, from the runs that are there."""

from __future__ import annotations

import csv
import json
import random
import re
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

CASES: Any = [{"id": f"c{at}", "input": "yes or no?", "expected": "yes", "tags": ["any"]} for at in range(4)]
ANSWERED = [{"id": case["id"], "output": "yes"} for case in CASES]
COSTS = {"cheap": 0.001, "dear": 0.01}


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
    assert (policy["version"], policy["by"], policy["default"]) == (1, "tag", {"candidate": "large"})
    assert {kind: who["candidate"] for kind, who in policy["kinds"].items()} == {"billing": "small"}
    assert policy["kinds"]["billing"]["at_least"] > -0.1
    assert policy["evidence"]["prices"]["from_the_list"] == []


def test_the_reader_that_the_page_shows_chooses_as_evalkit_does(routes: Path, tmp_path: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "routing.md").read_text(encoding="utf-8")
    (reader,) = [block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "def choose" in block]
    cases = [{"input": "x" * length, "tags": tags, "metadata": {"lang": "de"}} for length in (1, 90, 150, 300, 999)
             for tags in ([], ["billing"], ["legal", "billing"], ["new"])]  # fmt: skip

    for by in ("tag", "length", "lang"):
        found = evalkit.route(by=by, margin=0.1, config=routes, store=store_of(routes))
        out = tmp_path / f"{by}.toml"
        evalkit.routing.write_policy(out, found.policy())
        names: dict[str, Any] = {"PATH": out}
        exec(reader.replace('"policy.toml"', "PATH"), names)
        for case in cases:
            assert names["choose"](case)["candidate"] == found.choose(case).candidate


def test_the_first_tag_of_a_head_is_the_kind_and_others_are_counted(tmp_path: Path) -> None:
    tags = [["style:terse", "topic:law", "topic:tax"], ["topic:tax"], ["style:long"]] * 40
    cases = [{"id": f"c{at}", "input": "x", "expected": "yes", "tags": own} for at, own in enumerate(tags)]
    rows = {name: [{"id": case["id"], "output": "yes", "cost_usd": cost} for case in cases]
            for name, cost in (("small", 0.1), ("large", 1.0))}  # fmt: skip
    folder = project(tmp_path, cases, rows)

    (row,) = evalkit.route(by="tag:topic", margin=0.2, strong="large", config=folder, store=store_of(folder))

    assert {one.kind for one in row.found.routing.policy.evidence} == {"topic:law", "topic:tax", "untagged"}
    assert row.found.several_tags == 40
    assert row.choose({"tags": ["style:x", "topic:law"]}).candidate == "small"
    assert row.choose({"tags": ["topic:new"]}).candidate == "large"
    with pytest.raises(UsageError, match="there are tag:style, tag:topic"):
        evalkit.route(by="tag:theme", config=folder, store=store_of(folder))


def test_costs_that_are_unknown_leave_cases_and_candidates_out_and_are_said(tmp_path: Path) -> None:
    cases = [{"id": f"c{at}", "input": "x", "expected": "yes"} for at in range(30)]
    bare = [{"id": case["id"], "output": "yes"} for case in cases]
    priced = [{**row, "cost_usd": 1.0} for row in bare]
    folder = project(tmp_path, cases, {"a": priced, "b": [*priced[:20], *bare[20:]], "c": bare})

    (row,) = evalkit.route(config=folder, store=store_of(folder))

    assert (row.found.n, row.found.left_out, row.found.unpriced) == (20, 10, ("c",))
    assert set(row.found.candidates) == {"a", "b"}


def test_a_policy_from_scores_that_were_taken_over_from_a_rehearsal_says_that_they_are_simulated(
    tmp_path: Path,
) -> None:
    project(tmp_path, CASES, {name: [{**one, "cost_usd": cost} for one in ANSWERED] for name, cost in COSTS.items()})
    with (tmp_path / "evalkit.toml").open("a", encoding="utf-8") as config:
        config.write('[judge]\nmodel = "claude-haiku-5-5"\n[[graders]]\nname = "judged"\nrubric = "Is it right?"\n')
    for label in ("rehearsal", "taken-over"):
        evalkit.run(tmp_path, store=store_of(tmp_path), label=label, sandbox=True, out=tmp_path / "page.html")

    found = evalkit.route(grader="judged", label="taken-over", config=tmp_path, store=store_of(tmp_path))

    assert found.policy()["evidence"]["simulated"] is True


def test_by_length_a_router_is_given_limits_that_it_can_count(routes: Path) -> None:
    (row,) = evalkit.route(by="length", margin=0.1, config=routes, store=store_of(routes))

    kinds = list(row.policy()["kinds"].values())
    limits = [kind.get("at_most") for kind in kinds]
    assert limits == [*sorted(limit for limit in limits if limit is not None), None]
    assert {kind["candidate"] for kind in kinds} <= {"small", "large"}


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
