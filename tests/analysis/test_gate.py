"""What the gate decides, on which evidence, and the line it gives as its reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.analysis import CaseScore, RunScores
from evalkit.analysis.gate import (
    Gate,
    GateBaseline,
    GateCalibration,
    GateEntry,
    GateNoise,
    GatePolicy,
    GateVerdict,
    judge_gate,
    worst,
)
from evalkit.analysis.gate.verdict import badness
from evalkit.config import GateConfig
from evalkit.errors import ExitCode
from evalkit.score import Status
from evalkit.stats import holm, paired, tango

PASS, FAIL, INCONCLUSIVE, PENDING = GateVerdict.PASS, GateVerdict.FAIL, GateVerdict.INCONCLUSIVE, GateVerdict.PENDING


def a_run(
    run: str, values: Sequence[float | Status], *, pending: Sequence[str] | None = None, **changes: object
) -> RunScores:
    cases = [
        CaseScore(
            case_id=f"c{i}",
            case_digest=f"digest {i}",
            status=value if isinstance(value, Status) else Status.SCORED,
            value=None if isinstance(value, Status) else value,
            position=i,
        )
        for i, value in enumerate(values)
    ]
    scores = RunScores(
        run=run,
        candidate=run,
        grader="correctness",
        criterion="correctness",
        judge="claude-haiku-5-5",
        label="",
        dataset="support",
        grader_parts={"rubric": "a" * 64, "effort": "low"},
        served_models=("claude-haiku-5-5",),
        cases=cases,
        pending=pending,
    )
    return replace(scores, **changes)


def an_entry(baseline: RunScores | None, candidate: RunScores | None, **changes: object) -> GateEntry:
    entry = GateEntry(
        grader="correctness", criterion="correctness", baseline=baseline, candidate=candidate, cost_usd=0.5
    )
    return replace(entry, **changes)


def a_gate(*entries: GateEntry, **config: object) -> Gate:
    measures = [(entry.grader, entry.criterion) for entry in entries] or [("correctness", "correctness")]
    return judge_gate(GatePolicy.of(GateConfig.model_validate({"baseline": "main", **config}), measures), entries)


def table(*, both: int, wins: int, losses: int, neither: int) -> tuple[RunScores, RunScores]:
    """A baseline and a candidate from the four cells of their table."""
    pairs = [(1.0, 1.0)] * both + [(0.0, 1.0)] * wins + [(1.0, 0.0)] * losses + [(0.0, 0.0)] * neither
    return a_run("base", [pair[0] for pair in pairs]), a_run("cand", [pair[1] for pair in pairs])


EQUAL = table(both=560, wins=4, losses=4, neither=72)
WORSE = table(both=480, wins=20, losses=80, neither=60)
FEW = table(both=40, wins=4, losses=4, neither=16)
NONE_SCORED = a_run("cand", [Status.REFUSED] * 3 + [Status.TRUNCATED])
RULE = {"grader": "correctness"}

# What the gate is given, its verdict, the cause, and its line.
ROWS: dict[str, tuple[tuple[RunScores | None, RunScores | None], dict[str, object], dict[str, object], str, str]] = {
    "equal": (EQUAL, {}, {}, "PASS passed",
        "correctness: delta 0 [-0.010, +0.010], margin 0.02, n 640; a difference below 0.012 would not show"),
    "a regression": (WORSE, {}, {}, "FAIL worse",
        "correctness: delta -0.094 [-0.125, -0.065], margin 0.02, n 640; p < 0.0001"),
    "too few": (FEW, {}, {}, "INCONCLUSIVE not-enough-evidence",
        "correctness: delta 0 [-0.099, +0.099], margin 0.02, n 64; neither a pass nor a failure is shown; a difference "
        "below 0.12 would not show; about 2,436 more cases like these would decide (80 % power)"),
    "worse within the margin": (table(both=900, wins=0, losses=12, neither=88), {}, {"margin": 0.03}, "PASS passed",
        "correctness: delta -0.012 [-0.021, -0.007], margin 0.03, n 1,000; worse, but within what is accepted"),
    "one pair that is graded": ((a_run("a", [0.5]), a_run("b", [0.5])), {}, {}, "INCONCLUSIVE too-few",
        "correctness: too few for an interval: n 1; more cases are needed"),
    "no candidate run": ((EQUAL[0], None), {}, {}, "INCONCLUSIVE no-run",
        "correctness: no run of the candidate is scored by correctness"),
    "no candidate run, with its reason": ((EQUAL[0], None), {"no_candidate": "submit it first"}, {},
        "INCONCLUSIVE no-run", "correctness: submit it first"),
    "not sent yet": ((EQUAL[0], None), {"pending": True}, {}, "PENDING pending",
        "correctness: waits for its batch: no case has a result yet; evalkit collect"),
    "open": ((a_run("base", [1, 1, 1]), a_run("cand", [1], pending=["c1", "c2"])), {"pending": True}, {},
        "PENDING pending",
        "correctness: waits for its batch: 1 of 3 cases have a result; evalkit collect cand"),
    "open, cases not listed": ((a_run("base", [1, 1, 1]), a_run("cand", [1])), {"candidate_cases": 3}, {},
        "PENDING pending", "correctness: waits for its batch: 1 of 3 cases have a result; evalkit collect cand"),
    "the baseline is open": ((a_run("base", [1], pending=["c1"]), a_run("cand", [1, 1])), {}, {}, "PENDING pending",
        "correctness: waits for the baseline: evalkit collect base"),
    "no baseline": ((None, EQUAL[1]), {}, {}, "INCONCLUSIVE no-baseline",
        "correctness: there is no run of the baseline to compare with; submit it first"),
    "no baseline, with its reason": ((None, EQUAL[1]), {"no_baseline": "label main has no run of support"}, {},
        "INCONCLUSIVE no-baseline", "correctness: label main has no run of support"),
    "no cases": ((a_run("base", []), a_run("cand", [])), {}, {}, "INCONCLUSIVE no-cases",
        "correctness: the dataset has no cases"),
    "nothing scored": ((a_run("base", [1] * 4), NONE_SCORED), {}, {}, "INCONCLUSIVE no-scores",
        "correctness: no case of 4 has a score (1 truncated, 3 refused); evalkit retry cand"),
    "nothing scored in the baseline": ((replace(NONE_SCORED, run="base"), a_run("cand", [1] * 4)), {}, {},
        "INCONCLUSIVE no-scores",
        "correctness: no case of 4 has a score in the baseline (1 truncated, 3 refused); evalkit retry base"),
    "coverage": ((a_run("base", [1] * 1000), a_run("cand", [1.0] * 979 + [Status.ERRORED] * 21)), {}, {},
        "INCONCLUSIVE coverage",
        "correctness: 97.9 % of 1,000 cases have a score, 98 % must (21 errored); evalkit retry cand"),
    "coverage just short": ((a_run("base", [1] * 9999), a_run("cand", [1.0] * 9799 + [Status.ERRORED] * 200)), {}, {},
        "INCONCLUSIVE coverage",
        "correctness: 97.9 % of 9,999 cases have a score, 98 % must (200 errored); evalkit retry cand"),
    "coverage of the baseline": ((a_run("base", [1.0] * 9 + [Status.EXPIRED]), a_run("cand", [1] * 10)), {}, {},
        "INCONCLUSIVE coverage",
        "correctness: 90 % of the baseline's 10 cases have a score, 98 % must (1 expired); evalkit retry base"),
    "not comparable": ((EQUAL[0], replace(EQUAL[1], grader_parts={"rubric": "b" * 64, "effort": "low"})), {}, {},
        "INCONCLUSIVE not-comparable",
        "correctness: not comparable: rubric differs; evalkit rejudge base scores the baseline's outputs anew"),
    "no pairs": ((a_run("base", [1, 1]), replace(a_run("cand", [1, 1]), cases=[
        CaseScore(case_id="c0", case_digest="other", status=Status.SCORED, value=1.0)])), {}, {},
        "INCONCLUSIVE no-pairs",
        "correctness: no case has a score in both runs (1 case in both, 0 of them unchanged); score the baseline on "
        "this dataset"),
    "fragile": ((a_run("base", [1] * 640), a_run("cand", [1.0] * 630 + [Status.REFUSED] * 10)), {}, {}, "PASS passed",
        "correctness: delta 0 [-0.006, +0.006], margin 0.02, n 630; fragile: would not pass had the 10 cases without a "
        "score gone as badly as possible"),
    "lower is better": (EQUAL[::-1], {}, {"rules": [{**RULE, "direction": "lower"}]}, "PASS passed",
        "correctness: delta 0 [-0.010, +0.010] (lower is better, so the sign is turned), margin 0.02, n 640; a "
        "difference below 0.012 would not show"),
    "it rose, and lower is better": (WORSE[::-1], {}, {"rules": [{**RULE, "direction": "lower"}]}, "FAIL worse",
        "correctness: delta -0.094 [-0.125, -0.065] (lower is better, so the sign is turned), margin 0.02, n 640; "
        "p < 0.0001"),
    "above its floor": (EQUAL, {}, {"rules": [{**RULE, "min": 0.8}]}, "PASS passed",
        "correctness (min): mean 0.881 [0.854, 0.904], at least 0.8 wanted, n 640"),
    "below its floor": (EQUAL, {}, {"rules": [{**RULE, "min": 0.95}]}, "FAIL worse",
        "correctness (min): mean 0.881 [0.854, 0.904], at least 0.95 wanted, n 640; p < 0.0001"),
    "about its floor": (EQUAL, {}, {"rules": [{**RULE, "min": 0.87}]}, "INCONCLUSIVE not-enough-evidence",
        "correctness (min): mean 0.881 [0.854, 0.904], at least 0.87 wanted, n 640; neither a pass nor a failure is "
        "shown; about 5,960 more cases like these would decide (80 % power)"),
    "a floor needs no baseline": ((None, EQUAL[1]), {}, {"rules": [{**RULE, "min": 0.8}]}, "PASS passed",
        "correctness (min): mean 0.881 [0.854, 0.904], at least 0.8 wanted, n 640"),
    "below its ceiling": (EQUAL, {}, {"rules": [{**RULE, "max": 0.95}]}, "PASS passed",
        "correctness (max): mean 0.881 [0.854, 0.904], at most 0.95 wanted, n 640"),
    "above its ceiling": (EQUAL, {}, {"rules": [{**RULE, "max": 0.8}]}, "FAIL worse",
        "correctness (max): mean 0.881 [0.854, 0.904], at most 0.8 wanted, n 640; p < 0.0001"),
    "relative drop": (EQUAL, {}, {"rules": [{**RULE, "max_relative_drop": 0.05}]}, "PASS passed",
        "correctness (max_relative_drop): mean 0.881 after 0.881, against 95 % of the baseline's mean "
        "+0.044 [+0.034, +0.054], n 640"),
    "relative drop too great": (WORSE, {}, {"rules": [{**RULE, "max_relative_drop": 0.05}]}, "FAIL worse",
        "correctness (max_relative_drop): mean 0.781 after 0.875, against 95 % of the baseline's mean "
        "-0.050 [-0.081, -0.021], n 640; p < 0.0001"),
    "never calibrated": (EQUAL, {}, {"require_agreement": 0.7}, "INCONCLUSIVE agreement",
        "correctness: the judge may not gate: its agreement with people was never measured: evalkit agree cand "
        "--labels FILE"),
    "agreement too low": (EQUAL, {"calibration": GateCalibration(low=0.61, n=120, age_days=1)},
        {"require_agreement": 0.7}, "INCONCLUSIVE agreement",
        "correctness: the judge may not gate: its agreement with people (AC1) may be as low as 0.610 by 120 labels, "
        "0.7 is required"),
    "labels too few": (EQUAL, {"calibration": GateCalibration(low=None, n=1, age_days=1)},
        {"require_agreement": 0.7}, "INCONCLUSIVE agreement",
        "correctness: the judge may not gate: 1 labels are too few to tell its agreement with people"),
    "labels too old": (EQUAL, {"calibration": GateCalibration(low=0.9, n=120, age_days=121)},
        {"max_calibration_age_days": 90}, "INCONCLUSIVE agreement",
        "correctness: the judge may not gate: its agreement with people was measured 121 days ago, 90 are allowed: "
        "evalkit agree --labels FILE"),
    "agreement shown": (EQUAL, {"calibration": GateCalibration(low=0.71, n=120, age_days=30)},
        {"require_agreement": 0.7, "max_calibration_age_days": 90}, "PASS passed",
        "correctness: delta 0 [-0.010, +0.010], margin 0.02, n 640; a difference below 0.012 would not show"),
    "a check needs no calibration": (EQUAL, {"judged": False}, {"require_agreement": 0.7}, "PASS passed",
        "correctness: delta 0 [-0.010, +0.010], margin 0.02, n 640; a difference below 0.012 would not show"),
    "only advisory": (WORSE, {}, {"rules": [{**RULE, "tier": "advisory"}]}, "INCONCLUSIVE worse",
        "no check decides: give a grader a rule with tier critical or supporting"),
    "only supporting, and not shown": (FEW, {}, {"rules": [{**RULE, "tier": "supporting"}]},
        "INCONCLUSIVE not-enough-evidence",
        "correctness: delta 0 [-0.099, +0.099], margin 0.02, n 64; neither a pass nor a failure is shown; a difference "
        "below 0.12 would not show; about 2,436 more cases like these would decide (80 % power)"),
    "a supporting regression": (WORSE, {}, {"rules": [{**RULE, "tier": "supporting"}]}, "FAIL worse",
        "correctness: delta -0.094 [-0.125, -0.065], margin 0.02, n 640; p < 0.0001"),
    "too dear": (EQUAL, {}, {"max_cost_usd": 0.4}, "FAIL passed", "cost: $0.50 spent, $0.40 allowed"),
    "cost unknown": (EQUAL, {"cost_usd": None}, {"max_cost_usd": 0.4}, "INCONCLUSIVE passed",
        "cost: $0.00 spent, $0.40 allowed, but the price of 1 of 1 runs is not known"),
    "cheap": (EQUAL, {}, {"max_cost_usd": 0.5}, "PASS passed",
        "2 checks pass; nearest to its limit is correctness: delta 0 [-0.010, +0.010], margin 0.02, n 640; a "
        "difference below 0.012 would not show"),
    "pooled": (EQUAL, {"pooled": 3}, {}, "PASS passed",
        "correctness: delta 0 [-0.010, +0.010], margin 0.02, n 640; a difference below 0.012 would not show; scores "
        "pooled over 3 runs"),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_the_gate_decides_and_says_why_in_one_line(row: str) -> None:
    (baseline, candidate), entry, config, expected, line = ROWS[row]

    gate = a_gate(an_entry(baseline, candidate, **entry), **config)

    assert f"{gate.verdict} {gate.checks[0].cause}" == expected
    assert gate.rule == line
    assert "\n" not in gate.rule


def test_every_verdict_has_its_exit_code() -> None:
    codes = {verdict: verdict.exit_code for verdict in GateVerdict}

    assert codes == {
        PASS: ExitCode.DONE,
        FAIL: ExitCode.GATE_FAIL,
        INCONCLUSIVE: ExitCode.INCONCLUSIVE,
        PENDING: ExitCode.PENDING,
    }
    assert [int(code) for code in codes.values()] == [0, 3, 4, 5]


def test_the_worst_verdict_counts_and_nothing_at_all_is_no_pass() -> None:
    assert sorted([PASS, INCONCLUSIVE, PENDING, FAIL], key=badness) == [FAIL, PENDING, INCONCLUSIVE, PASS]
    gates = [a_gate(an_entry(*EQUAL)), a_gate(an_entry(*WORSE)), a_gate(an_entry(*FEW))]
    assert worst(gates) is gates[1]
    with pytest.raises(ValueError, match=r"min\(\)"):
        worst([])


def test_the_numbers_of_a_check_are_those_of_the_statistics() -> None:
    gate = a_gate(an_entry(*WORSE, noise=GateNoise(flip_rate=0.04, floor=0.011)))
    (check,) = gate.checks
    interval = tango(20, 80, 640)
    numbers = paired([case.value or 0 for case in WORSE[0].cases], [case.value or 0 for case in WORSE[1].cases])

    assert interval is not None
    assert (check.low, check.high, check.p_value) == (interval.low, interval.high, numbers.p_worse)
    assert (check.delta, check.wins, check.losses, check.n) == (-60 / 640, 20, 80, 640)
    assert (check.baseline, check.candidate) == (560 / 640, 500 / 640)
    assert (check.coverage, check.baseline_coverage, check.mde) == (1, 1, numbers.mde)
    assert (check.flip_rate, check.noise_floor) == (0.04, 0.011)


def test_a_judge_too_noisy_for_the_margin_is_said_where_evidence_is_short() -> None:
    (loud,) = a_gate(an_entry(*FEW, noise=GateNoise(flip_rate=0.2, floor=0.15))).checks
    (quiet,) = a_gate(an_entry(*FEW, noise=GateNoise(flip_rate=0.01, floor=0.001))).checks
    (passed,) = a_gate(an_entry(*EQUAL, noise=GateNoise(flip_rate=0.2, floor=0.15))).checks

    assert loud.verdict is INCONCLUSIVE
    assert "the judge's own noise alone hides differences below 0.15" in loud.why
    assert "`samples`" in loud.why
    assert "noise" not in quiet.why
    assert "noise" not in passed.why


def another(name: str, runs: tuple[RunScores, RunScores], **changes: object) -> GateEntry:
    baseline, candidate = (replace(run, grader=name, criterion=name) for run in runs)
    return an_entry(baseline, candidate, grader=name, criterion=name, **changes)


def rules(**tiers: str) -> list[dict[str, str]]:
    return [{"grader": grader, "tier": tier} for grader, tier in tiers.items()]


def test_a_failure_counts_before_what_is_pending_and_that_before_what_is_not_shown() -> None:
    failing, waiting = another("a", WORSE), another("b", (EQUAL[0], EQUAL[1]), pending=True)
    doubtful, passing = another("c", FEW), another("d", EQUAL)

    assert a_gate(passing, doubtful, waiting, failing).verdict is FAIL
    assert a_gate(passing, doubtful, waiting).verdict is PENDING
    assert a_gate(passing, doubtful).verdict is INCONCLUSIVE
    assert a_gate(passing).verdict is PASS


def test_a_supporting_check_that_is_not_shown_is_said_and_does_not_hold_the_gate() -> None:
    gate = a_gate(another("a", EQUAL), another("b", FEW), rules=rules(a="critical", b="supporting"))

    assert gate.verdict is PASS
    assert gate.rule.endswith("; not shown, but only supporting: b")
    assert a_gate(another("a", EQUAL), another("b", WORSE), rules=rules(a="critical", b="supporting")).verdict is FAIL


def test_an_advisory_check_is_shown_and_decides_nothing() -> None:
    gate = a_gate(another("a", EQUAL), another("b", WORSE), rules=rules(a="critical"))

    assert gate.verdict is PASS
    assert [(check.grader, check.tier, check.verdict) for check in gate.checks] == [
        ("a", "critical", PASS),
        ("b", "advisory", FAIL),
    ]
    assert gate.checks[0].p_adjusted == gate.checks[0].p_value


def test_a_cheap_run_alone_is_no_pass() -> None:
    gate = a_gate(another("a", FEW), rules=rules(a="supporting"), max_cost_usd=5)

    assert (gate.verdict, gate.checks[-1].verdict) == (INCONCLUSIVE, PASS)


def test_a_run_that_scores_several_criteria_is_paid_once() -> None:
    both = [replace(run, criterion="tone") for run in EQUAL]
    gate = a_gate(an_entry(*EQUAL), an_entry(*both, criterion="tone"), max_cost_usd=0.6)

    assert (gate.cost_usd, gate.verdict) == (0.5, PASS)


def test_a_known_cost_above_the_ceiling_fails_though_another_price_is_not_known() -> None:
    other = table(both=500, wins=0, losses=0, neither=0)
    entries = (an_entry(*EQUAL), another("b", (other[0], replace(other[1], run="more")), cost_usd=None))

    assert a_gate(*entries, max_cost_usd=0.4).verdict is FAIL
    assert a_gate(*entries, max_cost_usd=0.6).verdict is INCONCLUSIVE
    assert a_gate(*entries).cost_usd is None


def test_failures_are_adjusted_for_all_the_checks_that_decide() -> None:
    """One-sided mid-p of 6 lost and none won is 0.5**7 = .0078: enough alone, not among ten."""
    lost = table(both=40, wins=0, losses=6, neither=4)
    ties = table(both=40, wins=0, losses=0, neither=10)
    alone = a_gate(another("a", lost))
    among = a_gate(another("a", lost), *(another(f"b{i}", ties) for i in range(9)))

    assert (alone.verdict, alone.checks[0].p_adjusted) == (FAIL, pytest.approx(0.5**7))
    assert among.checks[0].p_adjusted == pytest.approx(holm([0.5**7, *[0.5] * 9])[0]) == pytest.approx(10 * 0.5**7)
    assert (among.verdict, among.checks[0].verdict) == (INCONCLUSIVE, INCONCLUSIVE)
    assert "looks worse, but that may be chance among 10 hypotheses" in among.checks[0].why


def test_advisory_checks_are_no_part_of_the_family() -> None:
    lost = table(both=40, wins=0, losses=6, neither=4)
    ties = table(both=40, wins=0, losses=0, neither=10)
    gate = a_gate(another("a", lost), *(another(f"b{i}", ties) for i in range(9)), rules=rules(a="critical"))

    assert (gate.verdict, gate.checks[0].p_adjusted) == (FAIL, pytest.approx(0.5**7))
    assert {check.p_adjusted for check in gate.checks[1:]} == {None}


def test_an_improvement_that_may_be_chance_promises_no_smaller_set() -> None:
    """Of 148 cases 20 differ: with no true difference, and Miller's formula, n is 7.849 * var / .02**2."""
    better, even = table(both=100, wins=12, losses=8, neither=28), table(both=100, wins=10, losses=10, neither=28)
    checks = [a_gate(an_entry(*runs)).checks[0] for runs in (better, even)]

    assert [check.verdict for check in checks] == [INCONCLUSIVE, INCONCLUSIVE]
    for check in checks:
        assert check.mde is not None
        assert check.needed == pytest.approx(148 * (check.mde / 0.02) ** 2, rel=0.05)


def test_two_limits_on_the_same_difference_are_one_hypothesis() -> None:
    lost = table(both=40, wins=0, losses=6, neither=4)
    gate = a_gate(an_entry(*lost), rules=[{**RULE, "margin": 0.01, "max_relative_drop": 0.01}])

    assert [check.p_adjusted for check in gate.checks] == [pytest.approx(0.5**7)] * 2
    assert [check.name for check in gate.checks] == ["correctness", "correctness (max_relative_drop)"]


def test_an_interval_beyond_the_margin_is_no_failure_where_a_coin_would_do_the_same() -> None:
    """Tango's interval of 4 lost of 4 lies below 0, but the mid-p of that is 0.5**5 = .031, above .025."""
    lost = table(both=0, wins=0, losses=4, neither=0)
    check = a_gate(an_entry(*lost), margin=0.001).checks[0]

    assert check.high is not None
    assert check.high < -0.001
    assert (check.verdict, check.p_value) == (INCONCLUSIVE, pytest.approx(0.5**5))


def test_looking_repeatedly_needs_more_evidence() -> None:
    once, repeated = (a_gate(an_entry(*EQUAL), looks=looks).checks[0] for looks in ("once", "repeated"))

    assert once.low is not None
    assert repeated.low is not None
    assert repeated.low < once.low
    assert (once.method, repeated.method) == ("tango", "confidence-sequence")
    edge = table(both=560, wins=8, losses=8, neither=64)
    assert a_gate(an_entry(*edge)).verdict is PASS
    assert a_gate(an_entry(*edge), looks="repeated").verdict is INCONCLUSIVE
    lost = table(both=500, wins=4, losses=16, neither=120)
    verdicts = [a_gate(an_entry(*lost), looks=looks).verdict for looks in ("once", "repeated")]
    assert verdicts == [FAIL, INCONCLUSIVE]
    floors = [a_gate(an_entry(*EQUAL), looks=looks, rules=[{**RULE, "min": 0.85}]) for looks in ("once", "repeated")]
    assert [gate.verdict for gate in floors] == [PASS, INCONCLUSIVE]
    far = [a_gate(an_entry(*EQUAL), looks="repeated", rules=[{**RULE, kind: 0.5}]) for kind in ("min", "max")]
    assert [gate.verdict for gate in far] == [PASS, FAIL]


def test_cases_removed_or_changed_since_the_baseline_are_said() -> None:
    before, after = EQUAL
    cases = [replace(case, case_digest="other") if i < 2 else case for i, case in enumerate(after.cases) if i != 5]
    gate = a_gate(an_entry(before, replace(after, cases=cases)))

    assert (gate.checks[0].removed, gate.checks[0].changed, gate.checks[0].n) == (1, 2, 637)
    assert gate.rule.endswith("; left out since the baseline: 1 removed and 2 changed")
    relative = a_gate(an_entry(before, replace(after, cases=cases)), rules=[{**RULE, "max_relative_drop": 0.1}])
    assert relative.rule.endswith("; left out since the baseline: 1 removed and 2 changed")


def test_a_pass_that_the_unscored_could_not_turn_is_not_fragile() -> None:
    before, after = a_run("base", [0.0] * 400), a_run("cand", [0.0] * 396 + [Status.REFUSED] * 4)
    gate = a_gate(an_entry(before, after), margin=0.03)

    assert (gate.verdict, gate.checks[0].fragile, gate.checks[0].unscored) == (PASS, 0, {"refused": 4})


def test_a_pass_may_be_fragile_for_what_the_baseline_lacks() -> None:
    before, after = a_run("base", [0.0] * 396 + [Status.REFUSED] * 4), a_run("cand", [0.0] * 400)

    assert a_gate(an_entry(before, after)).checks[0].fragile == 4


def test_the_cases_asked_for_are_about_enough() -> None:
    """As many cases with the same shares of wins and losses do pass, and a quarter of them less do not."""
    check = a_gate(an_entry(*table(both=120, wins=4, losses=4, neither=20))).checks[0]
    assert check.needed is not None
    assert check.lacks == check.needed - 148

    def scaled(n: int) -> GateVerdict:
        moved = round(n * 4 / 148)
        return a_gate(an_entry(*table(both=n - 2 * moved, wins=moved, losses=moved, neither=0))).verdict

    assert scaled(check.needed) is PASS
    assert scaled(check.needed // 3) is INCONCLUSIVE


def test_a_gate_without_entries_shows_nothing() -> None:
    gate = judge_gate(GatePolicy.of(GateConfig(baseline="main"), [("correctness", "correctness")]), [])

    assert (gate.verdict, gate.checks[0].cause) == (INCONCLUSIVE, "no-run")
    assert judge_gate(GatePolicy.of(GateConfig(baseline="main"), []), []).verdict is INCONCLUSIVE


def test_the_json_has_the_fixed_keys_and_is_plain() -> None:
    gate = judge_gate(
        GatePolicy.of(GateConfig(baseline="main", max_cost_usd=5), [("correctness", "correctness")]),
        [an_entry(*EQUAL)],
        suite="support",
        candidate="new",
        baseline=GateBaseline(selector="main", runs=("base",), age_days=2.5),
    )
    document = json.loads(json.dumps(gate.json(), allow_nan=False))

    assert document["schema"] == 1
    assert (document["verdict"], document["exit_code"], document["suite"]) == ("PASS", 0, "support")
    assert document["rule"] == gate.rule
    assert document["baseline"]["runs"] == ["base"]
    check, cost = document["checks"]
    keys = {"grader", "criterion", "n", "baseline", "candidate", "delta", "low", "margin", "coverage", "verdict", "why"}
    assert keys <= check.keys()
    assert check.keys() == cost.keys()
    assert (check["margin"], check["n"], check["verdict"], cost["margin"]) == (0.02, 640, "PASS", None)


def test_scores_of_the_sandbox_are_marked() -> None:
    before, after = (replace(run, simulated=True) for run in EQUAL)

    gate = a_gate(an_entry(before, after))
    assert gate.simulated
    assert gate.rule.endswith("; simulated by the sandbox's judge")
    assert not a_gate(an_entry(*EQUAL)).simulated
    assert "simulated" not in a_gate(an_entry(*EQUAL)).rule


VALUES = st.lists(
    st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=60
)
MARGINS = st.sampled_from([0.01, 0.02, 0.05, 0.1, 0.3, 1.0])


def runs_of(pairs: Sequence[tuple[float, float]]) -> tuple[RunScores, RunScores]:
    return a_run("base", [pair[0] for pair in pairs]), a_run("cand", [pair[1] for pair in pairs])


@settings(max_examples=60)
@given(VALUES, MARGINS, MARGINS)
def test_a_tighter_margin_never_turns_a_failure_into_a_pass(
    pairs: list[tuple[float, float]], one: float, other: float
) -> None:
    entry = an_entry(*runs_of(pairs))
    loose, tight = (a_gate(entry, margin=margin).verdict for margin in (max(one, other), min(one, other)))

    assert tight is not PASS or loose is PASS
    assert loose is not FAIL or tight is FAIL


@settings(max_examples=60)
@given(VALUES, MARGINS)
def test_of_two_runs_at_most_one_fails_against_the_other_and_they_see_the_same_difference(
    pairs: list[tuple[float, float]], margin: float
) -> None:
    before, after = runs_of(pairs)
    there, back = a_gate(an_entry(before, after), margin=margin), a_gate(an_entry(after, before), margin=margin)
    one, other = there.checks[0], back.checks[0]

    assert [there.verdict, back.verdict].count(FAIL) < 2
    if one.low is not None and other.high is not None:
        assert one.low == pytest.approx(-other.high, abs=1e-9)
        assert one.delta == pytest.approx(-(other.delta or 0.0))


@settings(max_examples=40)
@given(st.lists(VALUES, min_size=1, max_size=3), VALUES)
def test_neither_advisory_checks_nor_the_order_of_checks_change_the_verdict(
    graders: list[list[tuple[float, float]]], advisory: list[tuple[float, float]]
) -> None:
    entries = [another(f"g{i}", runs_of(pairs)) for i, pairs in enumerate(graders)]
    named = {entry.grader: "critical" for entry in entries}
    alone = a_gate(*entries, margin=0.1)
    beside = a_gate(*entries, another("extra", runs_of(advisory)), margin=0.1, rules=rules(**named))
    backwards = a_gate(*reversed(entries), margin=0.1)

    assert alone.verdict is beside.verdict is backwards.verdict
    assert {check.grader: check.verdict for check in alone.checks} == {
        check.grader: check.verdict for check in backwards.checks
    }


@pytest.mark.parametrize(("least", "n"), [(0.98, 8), (0.99, 17), (0.999, 170)])
def test_one_failure_that_a_rate_at_the_floor_shows_one_time_in_seven_is_no_failure(least: float, n: int) -> None:
    run = a_run("cand", [1.0] * (n - 1) + [0.0])
    gate = a_gate(an_entry(None, run), rules=[{"grader": "correctness", "min": least}])
    assert gate.verdict is INCONCLUSIVE
    assert gate.checks[0].p_value == pytest.approx(1 - least**n)


def test_a_set_that_loses_its_clusters_gives_no_more_independent_cases() -> None:
    before, after = table(both=38, wins=0, losses=1, neither=1)
    clustered = tuple(replace(case, cluster=f"document {case.position // 8}") for case in before.cases)
    kept = a_gate(an_entry(replace(before, cases=clustered), replace(after, cases=tuple(
        replace(case, cluster=f"document {case.position // 8}") for case in after.cases))), margin=0.2)  # fmt: skip
    lost = a_gate(an_entry(replace(before, cases=clustered), after), margin=0.2)
    renamed = tuple(replace(case, cluster=case.case_id) for case in after.cases)
    alone = a_gate(an_entry(replace(before, cases=clustered), replace(after, cases=renamed)), margin=0.2)
    assert a_gate(an_entry(before, after), margin=0.2).verdict is PASS
    for gate in (kept, lost, alone):
        assert gate.verdict is INCONCLUSIVE
        assert gate.checks[0].clusters == 5
        assert gate.checks[0].low == kept.checks[0].low


def test_few_clusters_are_said_and_many_are_not() -> None:
    def rule(size: int, **config: object) -> str:
        runs = (
            replace(run, cases=tuple(replace(case, cluster=f"d {case.position // size}") for case in run.cases))
            for run in EQUAL
        )
        return a_gate(an_entry(*runs), **config).rule

    rough = "; only 8 clusters: the interval is rough"
    assert rule(80).endswith(rough)
    assert rule(80, rules=[{**RULE, "min": 0.1}]).endswith(rough)
    assert rule(80, rules=[{**RULE, "max_relative_drop": 0.5}]).endswith(rough)
    assert "rough" not in rule(20)


def test_few_clusters_lack_more_cases_than_their_spread_says() -> None:
    before, after = table(both=38, wins=0, losses=1, neither=1)
    before, after = (
        replace(run, cases=tuple(replace(case, cluster=f"document {case.position // 8}") for case in run.cases))
        for run in (before, after)
    )
    check = a_gate(an_entry(before, after), margin=0.2).checks[0]
    # Five clusters of eight; even of clusters that all tie it takes 3.84 * 0.8 / 0.2 = 16 to see a margin of 0.2.
    assert check.verdict is INCONCLUSIVE
    assert check.needed is not None
    assert check.needed >= 16 * 8
