"""By which policy a gate is judged: from the config, from the store, and by the worse of the two."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from evalkit.analysis import CaseScore, RunScores
from evalkit.analysis.gate import (
    GateEntry,
    GatePolicy,
    GateRule,
    GateVerdict,
    PolicyDifference,
    judge_by_both,
    policy_differences,
)
from evalkit.config import GateConfig
from evalkit.errors import ConfigError
from evalkit.score import Status

MEASURES = [("correctness", "correctness"), ("style", "tone"), ("style", "length")]


def a_policy(*, rules: list[dict[str, object]] | None = None, **config: object) -> GatePolicy:
    return GatePolicy.of(GateConfig.model_validate({"baseline": "main", "rules": rules or [], **config}), MEASURES)


def test_without_rules_every_criterion_must_keep_within_the_margin() -> None:
    policy = a_policy(margin=0.03, min_coverage=0.9)

    assert [(rule.name, rule.tier, rule.margin, rule.min_coverage) for rule in policy.rules] == [
        ("correctness", "critical", 0.03, 0.9),
        ("style/tone", "critical", 0.03, 0.9),
        ("style/length", "critical", 0.03, 0.9),
    ]
    assert policy.alpha == pytest.approx(0.025)


def test_with_rules_only_those_decide_and_a_rule_without_a_limit_has_the_margin_of_the_gate() -> None:
    policy = a_policy(
        margin=0.03,
        require_agreement=0.6,
        rules=[
            {"grader": "style", "criterion": "tone", "min": 0.8, "min_coverage": 0.5, "require_agreement": 0.9},
            {"grader": "style", "tier": "supporting", "direction": "lower"},
        ],
    )
    correctness, tone, length = policy.rules

    assert (correctness.tier, correctness.margin) == ("advisory", 0.03)
    assert (tone.tier, tone.margin, tone.least, tone.min_coverage) == ("critical", None, 0.8, 0.5)
    assert (tone.require_agreement, length.require_agreement) == (0.9, 0.6)
    assert (length.tier, length.direction, length.margin, length.least) == ("supporting", "lower", 0.03, None)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"grader": "styel"}, 'gate.rules[0].grader: there is no grader "styel"; did you mean "style"?'),
        (
            {"grader": "style", "criterion": "tome"},
            'gate.rules[0].criterion: grader "style" has no criterion "tome"; did you mean "tone"?',
        ),
        (
            {"grader": "style", "criterion": "x"},
            'gate.rules[0].criterion: grader "style" has no criterion "x"; it can be "tone" or "length"',
        ),
    ],
)
def test_a_rule_for_what_the_suite_does_not_have_is_refused(rule: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        a_policy(rules=[rule])

    assert str(caught.value) == message


def test_a_policy_survives_the_store() -> None:
    policy = a_policy(max_cost_usd=5, rules=[{"grader": "style", "max_relative_drop": 0.1, "tier": "supporting"}])

    assert GatePolicy.from_json(json.loads(json.dumps(policy.json()))) == policy


@pytest.mark.parametrize("stored", [{}, {"schema": 2, "baseline": "main", "rules": []}])
def test_a_policy_of_another_version_is_refused(stored: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="has schema"):
        GatePolicy.from_json(stored)


@pytest.mark.parametrize("changes", [{"rules": [{"grader": "x"}]}, {"x": 1}, {"rules": None}])
def test_a_policy_that_is_none_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        GatePolicy.from_json({**a_policy().json(), **changes})


# A setting of the gate or of its one rule, before and after, and what that is.
LOOSENINGS: dict[str, tuple[dict[str, object], dict[str, object], str]] = {
    "margin": ({"margin": 0.02}, {"margin": 0.05}, "margin loosened from 0.02 to 0.05"),
    "max_relative_drop": ({"max_relative_drop": 0.02}, {"max_relative_drop": 0.5},
        "max_relative_drop loosened from 0.02 to 0.5"),
    "min": ({"min": 0.9}, {"min": 0.8}, "min loosened from 0.9 to 0.8"),
    "max": ({"max": 0.1}, {"max": 0.2}, "max loosened from 0.1 to 0.2"),
    "a limit is gone": ({"min": 0.9, "margin": 0.1}, {"margin": 0.1}, "min loosened from 0.9 to none"),
    "min_coverage": ({"min_coverage": 0.98}, {"min_coverage": 0.5}, "min_coverage loosened from 0.98 to 0.5"),
    "require_agreement": ({"require_agreement": 0.7}, {}, "require_agreement loosened from 0.7 to none"),
    "tier": ({"tier": "critical"}, {"tier": "supporting"}, "tier loosened from critical to supporting"),
    "tier to advisory": ({"tier": "supporting"}, {"tier": "advisory"}, "tier loosened from supporting to advisory"),
}  # fmt: skip


@pytest.mark.parametrize("row", LOOSENINGS)
def test_a_rule_that_lets_more_through_is_loosened_and_the_other_way_round_tightened(row: str) -> None:
    before, after, words = LOOSENINGS[row]
    was, now = (a_policy(rules=[{"grader": "correctness", **rule}]) for rule in (before, after))

    assert [str(one) for one in policy_differences(was, now)] == [f"correctness: {words}"]
    assert [one.change for one in policy_differences(now, was)] == ["tightened"]
    assert policy_differences(was, was) == ()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"confidence": 0.95}, {"confidence": 0.9}, "confidence loosened from 0.95 to 0.9"),
        ({"looks": "repeated"}, {"looks": "once"}, "looks loosened from repeated to once"),
        ({"max_cost_usd": 5}, {"max_cost_usd": 9}, "max_cost_usd loosened from 5 to 9"),
        ({"max_cost_usd": 5}, {}, "max_cost_usd loosened from 5 to none"),
        ({"max_calibration_age_days": 30}, {}, "max_calibration_age_days loosened from 30 to none"),
    ],
)
def test_a_gate_that_lets_more_through_is_loosened(
    before: dict[str, object], after: dict[str, object], words: str
) -> None:
    assert [str(one) for one in policy_differences(a_policy(**before), a_policy(**after))] == [words]
    assert [one.change for one in policy_differences(a_policy(**after), a_policy(**before))] == ["tightened"]


def test_another_baseline_or_direction_is_neither_looser_nor_tighter() -> None:
    was = a_policy(rules=[{"grader": "correctness"}])
    now = a_policy(baseline="label:main", rules=[{"grader": "correctness", "direction": "lower"}])

    assert [(one.setting, one.change) for one in policy_differences(was, now)] == [
        ("baseline", "changed"),
        ("correctness: direction", "changed"),
    ]


def test_a_rule_that_is_gone_is_loosened_and_loosened_comes_first() -> None:
    both = a_policy()
    fewer = GatePolicy.of(GateConfig(baseline="main", max_cost_usd=5), MEASURES[:1])

    assert [str(one) for one in policy_differences(both, fewer)] == [
        "style/tone loosened from critical, margin 0.02 to no rule",
        "style/length loosened from critical, margin 0.02 to no rule",
        "max_cost_usd tightened from none to 5",
    ]


def test_what_no_longer_decides_differs_only_where_it_decided() -> None:
    was = a_policy(rules=[{"grader": "correctness", "tier": "advisory"}, {"grader": "style"}])
    now = a_policy(rules=[{"grader": "correctness", "tier": "advisory", "margin": 0.5}, {"grader": "style"}])

    assert policy_differences(was, now) == ()


def entries(losses: int) -> list[GateEntry]:
    def run(name: str, values: list[float]) -> RunScores:
        cases = [
            CaseScore(case_id=f"c{i}", case_digest=str(i), status=Status.SCORED, value=value)
            for i, value in enumerate(values)
        ]
        return RunScores(
            run=name, candidate=name, grader="correctness", criterion="correctness", judge="j", label="", dataset="d",
            cases=cases,
        )  # fmt: skip

    before, after = run("base", [1.0] * 1000), run("cand", [0.0] * losses + [1.0] * (1000 - losses))
    return [GateEntry(grader="correctness", criterion="correctness", baseline=before, candidate=after, cost_usd=0)]


def one_rule(**rule: object) -> GatePolicy:
    return GatePolicy.of(GateConfig.model_validate({"baseline": "main", **rule}), MEASURES[:1])


def test_a_change_cannot_loosen_its_own_gate_unnoticed() -> None:
    strict, loose = one_rule(margin=0.02), one_rule(margin=0.1)
    gate = judge_by_both(loose, strict, entries(30))

    assert gate.verdict is GateVerdict.FAIL
    assert (gate.policy.used, gate.policy.decided_by, gate.policy.other_verdict) == ("both", "baseline", "PASS")
    assert gate.policy.loosened == (
        PolicyDifference(setting="correctness: margin", before="0.02", after="0.1", change="loosened"),
    )
    assert gate.rule.endswith(
        "; judged by the baseline's policy (the candidate's own says PASS); this change loosens its gate: "
        "correctness: margin from 0.02 to 0.1"
    )
    assert gate.json()["policy"] == {
        "used": "both",
        "decided_by": "baseline",
        "differs": [{"setting": "correctness: margin", "before": "0.02", "after": "0.1", "change": "loosened"}],
        "other_verdict": "PASS",
    }


def test_a_loosening_is_said_even_where_it_changes_nothing() -> None:
    gate = judge_by_both(one_rule(margin=0.2), one_rule(margin=0.1), entries(30))

    assert (gate.verdict, gate.policy.decided_by) == (GateVerdict.PASS, "candidate")
    assert gate.rule.endswith("; this change loosens its gate: correctness: margin from 0.1 to 0.2")
    played = [
        replace(one, **{side: replace(getattr(one, side), simulated=True) for side in ("baseline", "candidate")})
        for one in entries(30)
    ]
    line = judge_by_both(one_rule(margin=0.2), one_rule(margin=0.1), played).rule
    assert line == f"{gate.rule}; simulated by the sandbox's judge"
    assert judge_by_both(one_rule(margin=0.2), None, played).rule.count("simulated") == 1


def test_a_tightening_acts_at_once() -> None:
    gate = judge_by_both(one_rule(margin=0.02), one_rule(margin=0.1), entries(30))

    assert (gate.verdict, gate.policy.decided_by) == (GateVerdict.FAIL, "candidate")
    assert "loosens" not in gate.rule


def test_one_policy_alone_can_be_asked_for() -> None:
    strict, loose = one_rule(margin=0.02), one_rule(margin=0.1)

    by_own = judge_by_both(loose, strict, entries(30), use="candidate")
    assert (by_own.verdict, by_own.policy.used) == (GateVerdict.PASS, "candidate")
    assert "this change loosens its gate" in by_own.rule
    by_baseline = judge_by_both(loose, strict, entries(30), use="baseline")
    assert (by_baseline.verdict, by_baseline.policy.decided_by) == (GateVerdict.FAIL, "baseline")
    assert judge_by_both(loose, None, entries(30)).verdict is GateVerdict.PASS


def test_a_grader_that_a_change_drops_still_counts_by_the_policy_of_the_baseline() -> None:
    rules = (GateRule(grader="correctness", criterion="correctness", margin=0.1),)
    own = GatePolicy(baseline="main", rules=rules)
    before = GatePolicy(baseline="main", rules=(*rules, GateRule(grader="safety", criterion="safety", margin=0.1)))
    gate = judge_by_both(own, before, entries(30))

    assert (gate.verdict, gate.checks[-1].cause) == (GateVerdict.INCONCLUSIVE, "no-run")
    assert gate.rule.startswith("safety: no run of the candidate is scored by safety; judged by the baseline's policy")
