"""Two models' answers to 1,307 questions, judged in two replayed batches through the whole of evalkit.

RouteLLM recorded for each GSM8K question whether Mixtral and GPT-4 answer it rightly. Here each answer is a recorded
output, and the judge's reply says what RouteLLM recorded; every number that is known of the table must come out again.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from evalkit import api, decisions
from evalkit.errors import ExitCode
from evalkit.sandbox import Sandbox
from evalkit.stats import (
    average_gap_recovered,
    bonett_price,
    call_share_for,
    diff_wald,
    mcnemar_exact,
    mcnemar_midp,
    newcombe,
    oracle,
    tango,
    wilson,
)

ANSWERS = Path(__file__).parents[1].parent / "shared" / "data" / "routellm_gsm8k_correct.csv"
pytestmark = pytest.mark.skipif(not ANSWERS.is_file(), reason="RouteLLM's answers to GSM8K are not beside the project")

N = 1307
MIXTRAL, GPT4 = 63.733741392501905, 85.76893649579189
"""Percent right, as RouteLLM prints them."""
BOTH, WON, LOST, NEITHER = 739, 382, 94, 92
"""Questions that both answer rightly, GPT-4 alone, Mixtral alone, and neither."""
CONFIG = """
name = "gsm8k"
dataset = { path = "cases.jsonl" }
judge = { model = "claude-haiku-5-5" }
[[graders]]
name = "right"
rubric = "Is the answer right?"
labels = { wrong = 0, right = 1 }
[[candidates]]
name = "mixtral"
outputs = "mixtral.jsonl"
[[candidates]]
name = "gpt4"
outputs = "gpt4.jsonl"
[gate]
baseline = "gpt4"
margin = 0.05
"""

Answers = dict[str, dict[str, str]]
Said = Callable[[str, str, dict[str, str]], str]
"""The judge's reply to one model's answer: from the model, the case id and the case's recorded row."""


class Judged(NamedTuple):
    """A suite whose runs are collected, with the run of each model."""

    folder: Path
    store: str
    runs: Mapping[str, str]
    rows: Answers

    def exported(self, model: str) -> list[dict[str, Any]]:
        out = self.folder / f"{model}-scores.jsonl"
        assert api.export(self.runs[model], out, store=self.store) == len(self.rows)
        return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def verdict(model: str, case: str, row: dict[str, str]) -> str:
    """A reply that follows the grader's schema and says what was recorded."""
    said = "right" if row[model] == "1" else "wrong"
    return json.dumps({"reasoning": f"The answer of {model} to {case} is {said}.", "verdict": said})


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def recorded() -> Answers:
    with ANSWERS.open(encoding="utf-8", newline="") as file:
        return {f"question-{int(row['row']):04}": row for row in csv.DictReader(file)}


def judged(root: Path, rows: Answers, said: Said = verdict) -> Judged:
    """Submit and collect both models' answers; the sandbox gives back one reply for each request."""
    half = len(rows) // 2
    write_lines(
        root / "cases.jsonl",
        (
            {"id": case, "input": f"the question {row['prompt_sha']}", "tags": ["first" if at < half else "second"]}
            for at, (case, row) in enumerate(rows.items())
        ),
    )
    for model in ("mixtral", "gpt4"):
        answers = ({"id": case, "output": f"what {model} answers to {case}"} for case in rows)
        write_lines(root / f"{model}.jsonl", answers)
    (root / "evalkit.toml").write_text(CONFIG, encoding="utf-8")
    store = f"sqlite:///{root / 'evalkit.db'}"
    # A run's id follows from what it is of, so that it is known before there is a run.
    runs = {run.candidate: run.run for run in api.plan(root, store=store).runs}
    replies = (
        {"custom_id": f"{run}-{case}", "text": said(model, case, row)}
        for model, run in runs.items()
        for case, row in rows.items()
    )
    write_lines(root / "replay.jsonl", replies)
    with Sandbox(replay=root / "replay.jsonl") as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
        patch.setenv("ANTHROPIC_API_KEY", "key")
        submitted = api.submit(root, store=store)
        assert {row.candidate: row.run for row in submitted} == runs
        api.collect(root, store=store, wait=True, poll=0.1)
    return Judged(root, store, runs, rows)


@pytest.fixture(scope="module")
def gsm8k(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    return judged(tmp_path_factory.mktemp("gsm8k"), recorded())


def test_each_models_share_of_right_answers_is_the_published_one(gsm8k: Judged) -> None:
    found = {row.candidate: row for row in api.runs(gsm8k.folder, store=gsm8k.store)}

    assert found.keys() == {"mixtral", "gpt4"}
    for model, percent in (("mixtral", MIXTRAL), ("gpt4", GPT4)):
        row = found[model]
        expected = wilson(round(percent * N / 100), N)
        assert (row.cases, row.scored, row.pending, dict(row.unscored), row.coverage) == (N, N, 0, {}, 1.0)
        assert 100 * (row.estimate.mean or 0) == pytest.approx(percent, abs=1e-12)
        assert expected is not None
        assert (row.estimate.method, row.estimate.n) == ("wilson", N)
        assert (row.estimate.low, row.estimate.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_the_comparison_has_the_known_difference_and_intervals(gsm8k: Judged) -> None:
    """statistics of RouteLLM GSM8K, [[739, 382], [94, 92]]: d .2203520, Tango (.189862, .250841)."""
    (row,) = decisions.compare("gpt4", baseline="mixtral", config=gsm8k.folder, store=gsm8k.store)
    made = row.comparison
    wins, losses, n = made.wins or 0, made.losses or 0, made.n_paired

    assert (made.comparable, made.reasons, made.n_unpaired) == (True, (), 0)
    assert (wins, losses, made.ties, n) == (WON, LOST, BOTH + NEITHER, N)
    assert (made.method, made.p_method) == ("tango", "mcnemar-midp")
    assert made.delta == pytest.approx(0.2203520, abs=5e-8)
    assert (made.low, made.high) == pytest.approx((0.189862, 0.250841), abs=5e-7)
    assert made.p_value == mcnemar_midp(wins, losses)
    # The other methods, on the comparison's own counts.
    assert mcnemar_exact(wins, losses) == pytest.approx(3.2573e-42, rel=2e-5)
    plain, adjusted, score = diff_wald(wins, losses, n), bonett_price(wins, losses, n), tango(wins, losses, n)
    squared = newcombe(both=BOTH, wins=wins, losses=losses, neither=NEITHER)
    assert None not in (plain, adjusted, score, squared)
    # The printed upper end is one off in its last digit: the formula gives .2508102.
    assert (plain.low, plain.high) == pytest.approx((0.189894, 0.250811), abs=1e-6)
    assert (adjusted.low, adjusted.high) == pytest.approx((0.189526, 0.250504), abs=5e-7)
    assert (score.low, score.high) == (made.low, made.high)
    assert (squared.low, squared.high) == pytest.approx((0.1896, 0.2506), abs=5e-5)


def test_turned_round_the_comparison_is_its_own_mirror_image(gsm8k: Judged) -> None:
    (there,) = decisions.compare("gpt4", baseline="mixtral", config=gsm8k.folder, store=gsm8k.store)
    (back,) = decisions.compare("mixtral", baseline="gpt4", config=gsm8k.folder, store=gsm8k.store)
    one, other = there.comparison, back.comparison

    assert (other.wins, other.losses, other.p_value) == (one.losses, one.wins, one.p_value)
    assert (other.delta, other.low, other.high) == pytest.approx((-one.delta, -one.high, -one.low), abs=1e-12)


def test_two_halves_add_up_to_the_whole(gsm8k: Judged) -> None:
    (row,) = decisions.compare("gpt4", baseline="mixtral", slices=True, config=gsm8k.folder, store=gsm8k.store)
    first, second = row.slices

    assert (first.name, second.name) == ("first", "second")
    assert (first.wins + second.wins, first.losses + second.losses) == (WON, LOST)
    assert first.n + second.n == N
    for at, half in ((slice(N // 2), first), (slice(N // 2, N), second)):
        rows = list(gsm8k.rows.values())[at]
        wins = sum((one["gpt4"], one["mixtral"]) == ("1", "0") for one in rows)
        assert (half.n, half.wins) == (len(rows), wins)
        expected = tango(half.wins, half.losses, half.n)
        assert expected is not None
        assert (half.low, half.high) == (expected.low, expected.high)


def test_the_weak_model_does_not_take_the_strong_ones_place(gsm8k: Judged) -> None:
    (gate,) = table = decisions.gate(config=gsm8k.folder, store=gsm8k.store)
    (check,) = gate.checks

    assert (gate.candidate, gate.verdict, table.exit_code) == ("mixtral", "FAIL", ExitCode.GATE_FAIL)
    assert (check.cause, check.n, check.wins, check.losses) == ("worse", N, LOST, WON)
    assert (check.delta, check.low, check.high) == pytest.approx((-0.2203520, -0.250841, -0.189862), abs=5e-7)
    assert check.p_value == pytest.approx(mcnemar_midp(WON, LOST) / 2, rel=1e-9)
    assert (100 * (check.candidate or 0), 100 * (check.baseline or 0)) == pytest.approx((MIXTRAL, GPT4), abs=1e-12)


def test_the_strong_model_takes_the_weak_ones_place(gsm8k: Judged) -> None:
    (gate,) = table = decisions.gate("gpt4", baseline="mixtral", config=gsm8k.folder, store=gsm8k.store)
    (check,) = gate.checks

    assert (gate.verdict, table.exit_code, check.cause) == ("PASS", ExitCode.DONE, "passed")
    assert (check.wins, check.losses, check.coverage, check.baseline_coverage) == (WON, LOST, 1.0, 1.0)
    assert (check.low, check.high) == pytest.approx((0.189862, 0.250841), abs=5e-7)


@pytest.mark.parametrize("half", [slice(N // 2), slice(N // 2, N)], ids=["first", "second"])
def test_each_half_alone_comes_to_the_verdicts_of_the_whole(half: slice, tmp_path: Path) -> None:
    alone = judged(tmp_path, dict(list(recorded().items())[half]))
    won = sum((row["mixtral"], row["gpt4"]) == ("0", "1") for row in alone.rows.values())
    lost = sum((row["mixtral"], row["gpt4"]) == ("1", "0") for row in alone.rows.values())
    (weak,) = decisions.gate(config=alone.folder, store=alone.store)
    (strong,) = decisions.gate("gpt4", baseline="mixtral", config=alone.folder, store=alone.store)

    assert (weak.candidate, weak.verdict, strong.verdict) == ("mixtral", "FAIL", "PASS")
    assert (strong.checks[0].wins, strong.checks[0].losses) == (won, lost)
    assert (weak.checks[0].wins, weak.checks[0].losses) == (lost, won)


def test_the_power_of_these_cases_follows_from_their_discordance(gsm8k: Judged) -> None:
    """Miller's n = (1.959964 + 0.841621)^2 * variance / delta^2, of the differences' own variance."""
    (row,) = decisions.power("gpt4", baseline="mixtral", deltas=(0.02, 0.05), config=gsm8k.folder, store=gsm8k.store)
    made = row.power
    delta = (WON - LOST) / N
    variance = (WON + LOST) / N - delta**2
    reach = (1.959964 + 0.841621) ** 2 * variance

    assert (made.n, made.moved) == (N, (WON + LOST) / N)
    assert made.variance == pytest.approx(variance, rel=1e-9)
    assert made.mde == pytest.approx((reach / N) ** 0.5, rel=1e-6)
    for asked in (0.02, 0.05):
        need = made.need(asked)
        assert need is not None
        assert need.to_see == pytest.approx(reach / asked**2, abs=1.01)


def test_every_exported_score_is_what_was_recorded(gsm8k: Judged) -> None:
    for model, run in gsm8k.runs.items():
        scores = gsm8k.exported(model)

        assert [score["case"] for score in scores] == list(gsm8k.rows)
        for score in scores:
            expected = float(gsm8k.rows[score["case"]][model])
            assert (score["status"], score["value"]) == ("scored", expected)
            assert score["label"] == ("right" if expected else "wrong")
            assert score["reason"] == f"The answer of {model} to {score['case']} is {score['label']}."
            assert score["custom_id"] == f"{run}-{score['case']}"


def test_the_exported_scores_give_routellms_routing_digits(gsm8k: Judged) -> None:
    """lm-sys/RouteLLM: random.seed(0), one uniform number per question, thresholds at the edges of ten quantiles."""
    values = {model: {score["case"]: score["value"] for score in gsm8k.exported(model)} for model in gsm8k.runs}
    table = np.array([(values["mixtral"][case], values["gpt4"][case]) for case in gsm8k.rows])
    weak, strong = table.mean(axis=0).tolist()
    source = random.Random(0)
    numbers = np.array([source.uniform(0, 1) for _ in table])
    edges = pd.qcut(pd.Series(numbers), 10, retbins=True)[1]
    calls = [numbers > edge if edge == edges[-1] else numbers >= edge for edge in edges]
    shares = [float(call.mean()) for call in calls]
    qualities = [float(np.where(call, table[:, 1], table[:, 0]).mean()) for call in calls]
    gap = average_gap_recovered(shares, qualities, weak=weak, strong=strong)
    best = oracle(np.tile([0.0, 1.0], (len(table), 1)).tolist(), table.tolist())

    assert (100 * weak, 100 * strong) == pytest.approx((MIXTRAL, GPT4), abs=1e-12)
    assert gap == pytest.approx(0.485725, abs=5e-7)
    assert 100 * (weak + (strong - weak) * (gap or 0)) == pytest.approx(74.436777, abs=5e-7)
    found = [call_share_for(target, shares, qualities, weak=weak, strong=strong) for target in (0.2, 0.5, 0.8)]
    assert [round(100 * (share or 0), 2) for share in found] == [19.69, 53.05, 83.02]
    assert best is not None
    assert (100 * best.point.quality, 100 * best.point.cost) == pytest.approx((92.961, 29.2272), abs=5e-4)


def test_a_handful_of_questions_decides_nothing_and_says_how_many_it_lacks(tmp_path: Path) -> None:
    rows = dict(list(recorded().items())[::50])
    small = judged(tmp_path, rows)
    (gate,) = table = decisions.gate(config=small.folder, store=small.store)
    (check,) = gate.checks

    assert (gate.verdict, check.cause, table.exit_code) == (
        "INCONCLUSIVE",
        "not-enough-evidence",
        ExitCode.INCONCLUSIVE,
    )
    assert (check.n, check.wins, check.losses) == (27, 4, 8)
    assert (check.lacks or 0) > 0
    assert f"about {check.lacks:,} more cases like these would decide" in gate.rule


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """A judge that comes to no verdict on three of a hundred answers, other questions for each model."""

    def said(model: str, case: str, row: dict[str, str]) -> str:
        if case in without_verdict(model):
            return f"I cannot tell whether {row[model]} is right; a score of 1 would be as good as one of 0."
        return verdict(model, case, row)

    return judged(tmp_path_factory.mktemp("broken"), recorded(), said)


def without_verdict(model: str) -> set[str]:
    first = {"mixtral": 0, "gpt4": 17}[model]
    return {f"question-{number:04}" for number in range(first, N, 33)}


def test_a_reply_without_a_verdict_is_unscored_and_never_a_number(broken: Judged) -> None:
    for model, run in broken.runs.items():
        lacking = without_verdict(model)
        scores = {score["case"]: score for score in broken.exported(model)}
        unscored = {case for case, score in scores.items() if score["value"] is None}
        (view,) = api.show(run, store=broken.store)
        right = sum(row[model] == "1" for case, row in broken.rows.items() if case not in lacking)

        assert len(lacking) == pytest.approx(0.03 * N, rel=0.03)
        assert unscored == lacking
        assert {(scores[case]["status"], scores[case]["label"]) for case in lacking} == {("unparsable", None)}
        assert (dict(view.unscored), view.scored) == ({"unparsable": len(lacking)}, N - len(lacking))
        assert view.coverage == pytest.approx(1 - len(lacking) / N)
        assert view.estimate.n == N - len(lacking)
        assert view.estimate.mean == pytest.approx(right / (N - len(lacking)), abs=1e-12)


def test_cases_without_a_verdict_form_no_pair(broken: Judged) -> None:
    (row,) = decisions.compare("gpt4", baseline="mixtral", config=broken.folder, store=broken.store)
    lacking = without_verdict("mixtral") | without_verdict("gpt4")
    kept = [one for case, one in broken.rows.items() if case not in lacking]
    won = sum((one["mixtral"], one["gpt4"]) == ("0", "1") for one in kept)
    lost = sum((one["mixtral"], one["gpt4"]) == ("1", "0") for one in kept)

    assert set(row.comparison.unscored) == lacking
    assert (row.comparison.n_paired, row.comparison.n_unpaired) == (N - len(lacking), len(lacking))
    assert (row.comparison.wins, row.comparison.losses) == (won, lost)


@pytest.mark.parametrize(("candidate", "baseline"), [("gpt4", "mixtral"), ("mixtral", "gpt4")])
def test_the_gate_neither_passes_nor_fails_what_a_broken_judge_scored(
    broken: Judged, candidate: str, baseline: str
) -> None:
    (gate,) = table = decisions.gate(candidate, baseline=baseline, config=broken.folder, store=broken.store)
    (check,) = gate.checks
    lacking = len(without_verdict(candidate))

    assert (gate.verdict, table.exit_code) == ("INCONCLUSIVE", ExitCode.INCONCLUSIVE)
    assert (check.cause, dict(check.unscored)) == ("coverage", {"unparsable": lacking})
    assert check.coverage == pytest.approx(1 - lacking / N)
    assert (check.delta, check.low, check.p_value) == (None, None, None)
    assert f"98 % must ({lacking} unparsable); evalkit retry {broken.runs[candidate]}" in gate.rule
