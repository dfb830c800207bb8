"""Noise: the same outputs judged again, several times; what that says of the judge, and that it is no ordinary run."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from math import sqrt
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evalkit
from evalkit import api
from evalkit.errors import ExitCode, UsageError
from evalkit.pipeline.noise import _spread, plan_noise
from evalkit.pipeline.noise_report import noise_of
from evalkit.sandbox import Sandbox
from evalkit.session import Session
from evalkit.stats.distribution import normal_quantile, two_sided_z
from evalkit.stats.repeats import repeats
from evalkit.work import newest_runs

JUDGED = {
    "case-0000": ["correct", "correct", "correct", "correct"],
    "case-0001": ["correct", "correct", "incorrect", "incorrect"],
    "case-0002": ["incorrect", "incorrect", "incorrect", "partial"],
}


@pytest.fixture
def moody(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox whose judge changes its mind from one judgement to the next."""
    path = tmp_path / "replies.jsonl"
    lines = [
        {"case": f"{case}{suffix}", "text": json.dumps({"reasoning": "r", "verdict": label})}
        for case, labels in JUDGED.items()
        for suffix, label in [("", labels[0]), *((f"-s{n}", one) for n, one in enumerate(labels, start=1))]
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with Sandbox(replay=path) as sandbox:
        yield sandbox


@pytest.fixture
def scored(open_bench: Callable[..., Any], store_url: str, moody: Sandbox) -> Any:
    """Three cases, scored once by the moody judge, on each database."""
    bench = open_bench(store_url, 3)
    bench.sandbox = moody
    bench.account()
    bench.submit()
    bench.collect()
    return bench


@pytest.fixture
def plain(small: Any) -> Any:
    """Six cases, scored by a judge that never changes its mind."""
    small.submit()
    small.collect()
    return small


def noise(bench: Any, **options: Any) -> Any:
    run = options.pop("run", None) or ordinary(bench)
    return evalkit.noise(run, config=bench.folder, store=bench.url, **{"wait": True, "poll": 0.02, **options})


def ordinary(bench: Any) -> str:
    with bench.store() as store:
        (run,) = store.runs.select()
    return run.id


def test_the_report_says_what_the_judgements_say(scored: Any) -> None:
    found = noise(scored, samples=4)

    report = found.report
    (one,) = report.criteria
    assert (report.of_run, report.cases, report.samples, report.of_cases) == (ordinary(scored), 3, 4, 3)
    assert (one.cases, one.judgements, dict(one.unscored)) == (3, 12, {})
    # Of the six pairs of each case none, four and three differ.
    assert one.flip_rate.mean == pytest.approx((0 + 4 / 6 + 3 / 6) / 3)
    assert one.unanimous_share.mean == pytest.approx(1 / 3)
    within = (0 + 1 / 3 + 0.0625) / 3
    assert one.within_variance == pytest.approx(within)
    z = two_sided_z(0.95) + normal_quantile(0.8)
    assert one.judge_floor == pytest.approx(z * sqrt(2 * within / 3))
    assert one.judge_floor_sampled == pytest.approx(one.judge_floor / 2)
    assert one.icc is not None
    assert 0 < one.icc < 1
    assert json.loads(json.dumps(found.json()))["noise"]["criteria"][0]["cases"] == 3


def test_a_judge_that_wavers_is_said_with_the_differences_that_may_be_its_own(scored: Any) -> None:
    (one,) = noise(scored, samples=4).report.criteria
    code, out, _ = scored.ended("noise", ordinary(scored), "--samples", "4")
    said = " ".join(out.split())

    assert code == 0
    assert (
        "correctness: two judgements of one output differ in 38.9 % of pairs; over 3 cases a difference below" in said
    )
    assert (
        f"below {one.judge_floor:.3f} may be the judge's noise alone (below {one.judge_floor_sampled:.3f} with" in said
    )


def test_a_noise_run_judges_the_same_outputs_with_the_same_judge_and_rubric(scored: Any) -> None:
    report = noise(scored, samples=4).report

    with scored.store() as store:
        again, of_run = store.runs.get(report.run), store.runs.get(report.of_run)
        assert (again.candidate_digest, again.judge, again.suite, again.label) == (
            of_run.candidate_digest, of_run.judge, "sums", "noise",
        )  # fmt: skip
        parts, before = (store.content.grader(run.grader_digest)[0] for run in (again, of_run))
        assert {name: part for name, part in parts.items() if name != "samples"} == before
        assert store.noise.newest(of_run.grader_digest, of_run.judge.digest) == again.id
    assert [entry.requests for entry in scored.creates()] == [3, 12]


def test_the_same_words_mean_the_same_noise_run_and_pay_once(scored: Any) -> None:
    first = noise(scored, samples=4)
    second = noise(scored, samples=4)

    assert first.report == second.report
    assert len(scored.batches()) == 2


def test_a_noise_run_is_listed_and_is_no_ordinary_run_of_its_suite(plain: Any) -> None:
    run = ordinary(plain)
    report = noise(plain).report

    listed = {row.run: row.label for row in api.runs(plain.folder, store=plain.url)}
    assert listed == {run: "", report.run: "noise"}
    with Session(config=plain.folder, store=plain.url) as session:
        assert [one.id for one in newest_runs(session, None)] == [run]
        assert [one.id for one in session.store.runs.select(suite="sums")] == [run]
    assert api.report(config=plain.folder, store=plain.url).cases == 6
    assert api.show(report.run, store=plain.url)[0].scored == 6


def test_judgements_without_a_score_are_counted_and_not_judged(plain: Any) -> None:
    plain.faults(outcomes={f"case-0000-s{n}": "refusal" for n in range(1, 5)} | {"case-0001-s5": "refusal"})
    (one,) = noise(plain).report.criteria

    assert (one.cases, one.judgements, dict(one.unscored)) == (5, 24, {"refused": 5})
    assert (one.flip_rate.mean, one.within_variance, one.judge_floor) == (0, 0, 0)


def test_a_run_of_several_cases_is_sampled_in_proportion(open_bench: Any, sqlite_url: str) -> None:
    bench = open_bench(sqlite_url, 30)
    bench.submit()
    bench.collect()
    run = ordinary(bench)
    with bench.store() as store:
        of_run = store.runs.get(run)
        plans = {seed: plan_noise(store, of_run, cases=9, seed=seed) for seed in (0, 0, 1)}
        chosen = {seed: {case.id for case in plan.dataset} for seed, plan in plans.items()}
        again = plan_noise(store, of_run, cases=9)
        values = {one.score.case_id: one.score.verdict.value for one in store.scores.of(run)}
    assert again.run.id == plans[0].run.id != plans[1].run.id
    assert (plans[0].run.label, plans[1].run.label) == ("noise", "noise-1")
    assert chosen[0] != chosen[1]
    assert Counter(values[case] for case in chosen[0]) == {1.0: 6, 0.0: 3}


@given(st.integers(1, 40), st.integers(1, 50))
def test_every_case_is_as_likely_as_any_other_to_be_judged_again(total: int, n: int) -> None:
    cases = [str(number) for number in range(total)]
    taken = Counter(case for start in range(total) for case in _spread(cases, n, start=start))

    assert taken == dict.fromkeys(cases, min(n, total))
    assert all(len(set(_spread(cases, n, start=start))) == min(n, total) for start in range(total))


def test_the_flip_rate_is_that_of_all_cases_where_rare_values_are_those_that_waver() -> None:
    """Ten rare values, on which the judge wavers, beside one that nearly all cases have and that is sure."""
    cases = ["sure"] * 310 + [f"value {number} wavers" for number in range(10)]
    estimates = [
        repeats([[0.0, 1.0] if "wavers" in case else [1.0, 1.0] for case in _spread(cases, 50, start=start)])
        for start in range(len(cases))
    ]
    rates = [found.flip_rate.mean for found in estimates if found.flip_rate.mean is not None]

    assert fmean(rates) == pytest.approx(10 / 320)
    assert max(rates) <= 2 / 50


def test_noise_goes_on_in_a_second_call_and_ends_with_5_until_then(plain: Any) -> None:
    plain.faults(seconds=600)
    run = ordinary(plain)
    code, out, _ = plain.ended("noise", run, "--samples", "2", "--json")
    assert code == ExitCode.PENDING
    assert json.loads(out)["noise"] is None

    plain.faults()
    plain.sandbox.advance(timedelta(hours=1))
    code, out, _ = plain.ended("noise", run, "--samples", "2", "--wait")
    assert code == 0
    assert f"the noise of run {run}" in out
    assert "correctness: the judge never contradicted itself in 12 judgements" in " ".join(out.split())
    assert len(plain.batches()) == 2


@pytest.mark.parametrize("step", ["encoded", "kept", "answered", "settled"])
def test_noise_killed_on_the_way_is_gone_on_with_and_never_taken_for_an_ordinary_run(plain: Any, step: str) -> None:
    run = ordinary(plain)
    code, _, err = plain.ended("noise", run, "--wait", "--poll", "0.05", EVALKIT_FAIL_AT=step)
    assert code == -signal.SIGKILL, err
    assert ordinary(plain) == run

    plain.monkeypatch.setenv("EVALKIT_RECONCILE_GRACE", "0")
    report = noise(plain).report
    assert (report.criteria[0].judgements, len(plain.batches())) == (30, 2)


def test_what_has_no_noise_is_refused_with_what_to_do(plain: Any, open_bench: Any) -> None:
    run = ordinary(plain)
    report = noise(plain).report
    for words, options in (
        ("measures noise itself", {"run": report.run}),
        ("take 2 to 50", {"samples": 1}),
        ("take 2 to 50", {"samples": 51}),
        ("take at least 1", {"cases": 0}),
        ("leave --sandbox out", {"sandbox": True}),
        ("there is no run", {"run": "zzzz"}),
    ):
        with pytest.raises(UsageError, match=words):
            noise(plain, **{"run": run, **options})
    with plain.store() as store, pytest.raises(UsageError, match="measures no noise"):
        noise_of(store, store.runs.get(run))
    wide = open_bench(f"{plain.url}2", folder="wide", check=True)
    check = next(row.run for row in wide.submit() if row.grader == "exact")
    with pytest.raises(UsageError, match="is a check"):
        noise(wide, run=check)


def test_a_run_that_is_under_way_or_without_a_score_is_refused(small: Any) -> None:
    small.faults(seconds=600, outcomes={f"case-{n:04}": "refusal" for n in range(6)})
    (run,) = small.submit().runs
    with pytest.raises(UsageError, match="still under way"):
        noise(small, run=run)
    small.faults(outcomes=small.sandbox.behaviour.outcomes)
    small.sandbox.advance(timedelta(hours=1))
    small.collect()
    with pytest.raises(UsageError, match="no scored case"):
        noise(small, run=run)


def test_noise_in_the_sandbox_is_that_of_the_sandbox(small: Any) -> None:
    (run,) = small.submit(sandbox=True).runs
    small.collect(sandbox=True)
    with pytest.raises(UsageError, match="add --sandbox"):
        noise(small, run=run)
    assert noise(small, run=run, sandbox=True).report.simulated
