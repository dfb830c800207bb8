"""The gate on real stores: which runs and whose policy decide, and what stands in the way of a verdict."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evalkit import api, operations, trust
from evalkit.calibration import Calibration, Pair
from evalkit.dataset import case_lines
from evalkit.errors import ConfigError, ExitCode, UsageError
from evalkit.pipeline.gate_cases import in_repository
from evalkit.sandbox import Behaviour, Sandbox
from evalkit.transfer import export_bundle

RULE = '\n[[gate.rules]]\ngrader = "{}"\n{}\n'


def check_of(gate: Any, name: str = "correctness") -> Any:
    (found,) = [check for check in gate.checks if check.name == name]
    return found


def changes(gate: Any) -> list[str]:
    return [f"{one.change}: {one.setting} {one.before} -> {one.after}" for one in gate.policy.differs]


def add(gated: Any, text: str) -> None:
    """More settings at the end of the config, which is its gate."""
    with gated.config.open("a", encoding="utf-8") as config:
        config.write(text)


def worse(gated: Any, cases: int) -> None:
    """A challenger that has become worse, scored on a branch beside the unchanged production."""
    gated.outputs("challenger", range(cases))
    gated.score("pr")


# The verdict.


def test_a_candidate_that_is_no_worse_passes_and_one_that_is_fails(gated: Any) -> None:
    passed = gated.judged()
    assert (passed.candidate, passed.label, passed.verdict, passed.exit_code) == ("challenger", "main", "PASS", 0)
    worse(gated, 20)
    failed = gated.judged()
    assert (failed.label, failed.verdict, failed.exit_code) == ("pr", "FAIL", ExitCode.GATE_FAIL)
    assert check_of(failed).delta == pytest.approx(-19 / 40)
    assert gated.judged(label="main").verdict == "PASS"


def test_too_little_evidence_is_no_pass_and_says_how_many_cases_it_lacks(gated: Any) -> None:
    gated.edit("margin = 0.2", "margin = 0.02")
    gate = gated.judged(policy="candidate")
    assert (gate.verdict, gate.exit_code) == ("INCONCLUSIVE", ExitCode.INCONCLUSIVE)
    check = check_of(gate)
    assert check.lacks > 0
    assert f"about {check.lacks:,} more cases" in check.why


def test_what_is_submitted_and_not_collected_is_pending(
    gated: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(sandbox, monkeypatch)
    api.submit(gated.folder, store=gated.store, label="pr")
    gate = gated.judged()
    assert (gate.label, gate.verdict, gate.exit_code) == ("pr", "PENDING", ExitCode.PENDING)
    assert f"evalkit collect {gated.runs()['challenger']}" in gate.rule
    assert check_of(gate, "exact").verdict == "PASS"  # a check needs no batch


def test_scores_of_the_sandbox_are_said_to_be_simulated(gated: Any) -> None:
    assert gated.judged().simulated


def test_graders_that_are_only_checks_are_gated_without_a_judge(gated: Any) -> None:
    text = gated.config.read_text("utf-8")
    start, end = text.index("[judge]"), text.index('[[graders]]\nname = "exact"')
    gated.config.write_text(text[:start] + text[end:], encoding="utf-8")
    gated.score("checks")
    gate = gated.judged(policy="candidate")
    assert (gate.label, gate.verdict, gate.simulated) == ("checks", "PASS", False)
    assert [check.name for check in gate.checks] == ["exact"]
    assert gate.cost_usd == 0


# What is asked for.


def test_a_config_without_a_gate_is_refused_with_what_to_add(gated: Any) -> None:
    text = gated.config.read_text("utf-8")
    gated.config.write_text(text[: text.index("[gate]")], encoding="utf-8")
    with pytest.raises(UsageError, match=r"has no \[gate\]; add one, with baseline"):
        gated.gate()


def test_a_rule_for_a_criterion_that_no_grader_has_is_refused(gated: Any) -> None:
    add(gated, RULE.format("correctness", 'criterion = "tone"'))
    with pytest.raises(ConfigError, match="tone"):
        gated.gate()


def test_words_that_name_nothing_are_refused(gated: Any) -> None:
    with pytest.raises(UsageError, match=r"no candidate 'chalenger'; there are challenger, production"):
        gated.gate("chalenger")
    with pytest.raises(UsageError, match="'prod' is no run and no candidate"):
        gated.gate(baseline="prod")


def test_a_baseline_that_is_the_only_candidate_leaves_nothing_to_judge(gated: Any) -> None:
    text = gated.config.read_text("utf-8")
    gated.config.write_text(text.replace('[[candidates]]\nname = "challenger"\noutputs = "challenger.jsonl"\n', ""))
    with pytest.raises(UsageError, match=r'no candidate beside the baseline.*--baseline "label:main"'):
        gated.gate()


def test_a_candidate_without_a_run_is_told_apart_from_one_that_is_unknown(gated: Any) -> None:
    add(gated, '\n[[candidates]]\nname = "late"\noutputs = "challenger.jsonl"\n')
    table = gated.gate()
    assert [(gate.candidate, str(gate.verdict)) for gate in table] == [("challenger", "PASS"), ("late", "INCONCLUSIVE")]
    assert table.exit_code == ExitCode.INCONCLUSIVE
    assert "there is no run of late under correctness; evalkit submit" in table[1].rule
    assert "with the label 'new'; evalkit submit --label new" in gated.judged("challenger", label="new").rule


def test_an_empty_store_has_nothing_to_judge(gated: Any) -> None:
    Path(gated.folder / "store.db").unlink()
    gate = gated.judged()
    assert (gate.verdict, gate.baseline.runs) == ("INCONCLUSIVE", ())
    assert not (gated.folder / "store.db").exists()  # a gate only looks


# The baseline.


def test_the_baseline_may_be_the_same_candidate_under_another_label(gated: Any) -> None:
    worse(gated, 20)
    gates = gated.gate(baseline="label:main")
    assert {gate.candidate: str(gate.verdict) for gate in gates} == {"production": "PASS", "challenger": "FAIL"}
    assert {gate.baseline.label for gate in gates} == {"main"}
    assert gates[1].baseline.description == "challenger"


def test_a_run_as_the_baseline_stands_for_those_made_beside_it_under_other_graders(gated: Any) -> None:
    production = gated.runs()["production"]
    gate = gated.judged(baseline=production)
    assert (gate.candidate, gate.verdict) == ("challenger", "PASS")
    assert gate.baseline.runs == (production, gated.runs(grader="exact")["production"])


def test_a_label_that_nobody_submitted_under_is_missing_evidence_with_a_mend(gated: Any) -> None:
    gate = gated.judged("challenger", baseline="label:released")
    assert gate.verdict == "INCONCLUSIVE"
    assert "no run under correctness with the label 'released'" in gate.rule
    assert "evalkit submit --label released" in gate.rule


def test_a_label_is_quoted_in_the_command_that_a_reader_copies(gated: Any) -> None:
    assert "evalkit submit --label 'x; rm -rf .'" in gated.judged("challenger", label="x; rm -rf .").rule


def test_a_candidate_that_has_no_other_run_than_the_baseline_is_told_so(gated: Any) -> None:
    gate = gated.judged("challenger", baseline="label:main")
    assert gate.verdict == "INCONCLUSIVE"
    assert "correctness has no other run with the label 'main'" in gate.rule


def test_a_baseline_that_has_not_been_scored_yet_is_missing_evidence(gated: Any) -> None:
    add(gated, '\n[[candidates]]\nname = "released"\noutputs = "production.jsonl"\n')
    gate = gated.judged("challenger", baseline="released")
    assert gate.verdict == "INCONCLUSIVE"
    assert "no run of the baseline 'released' under correctness; evalkit submit makes it" in gate.rule


# Policies.


def test_the_gate_is_kept_with_every_run_and_names_every_criterion(gated: Any) -> None:
    add(gated, RULE.format("correctness", 'tier = "critical"'))
    gated.score("ruled")
    with gated.open() as store:
        for run in store.runs.select(label="ruled"):
            policy = store.policies.of(run.id)
            rules = {rule["grader"]: (rule["tier"], rule["margin"]) for rule in policy["rules"]}
            assert rules == {"correctness": ("critical", 0.2), "exact": ("advisory", 0.2)}
            assert (policy["baseline"], policy["confidence"]) == ("production", 0.95)


LOOSER: dict[str, tuple[Callable[[Any], None], str]] = {
    "a wider margin": (
        lambda gated: gated.edit("margin = 0.2", "margin = 0.9"),
        "loosened: correctness: margin 0.2 -> 0.9",
    ),
    "a lower tier": (
        lambda gated: add(
            gated, RULE.format("correctness", 'tier = "advisory"') + RULE.format("exact", 'tier = "advisory"')
        ),
        "loosened: correctness: tier critical -> advisory",
    ),
    "no rule": (
        lambda gated: add(gated, RULE.format("exact", 'tier = "supporting"\nmargin = 0.9')),
        "loosened: correctness: tier critical -> advisory",
    ),
    "less confidence": (
        lambda gated: gated.edit("margin = 0.2", "margin = 0.2\nconfidence = 0.5"),
        "loosened: confidence 0.95 -> 0.5",
    ),
}


@pytest.mark.parametrize("change", LOOSER)
@pytest.mark.parametrize("baseline", [None, "label:main"])
def test_a_change_does_not_loosen_its_own_gate_unnoticed(gated: Any, change: str, baseline: str | None) -> None:
    loosen, told = LOOSER[change]
    loosen(gated)
    worse(gated, 20)
    gate = gated.judged("challenger", baseline=baseline)
    assert gate.verdict == "FAIL"
    assert told in changes(gate)
    assert gate.policy.differs[0].change == "loosened"
    assert "this change loosens its gate" in gate.rule
    by_baseline = gated.judged("challenger", baseline=baseline, policy="baseline")
    assert (by_baseline.verdict, by_baseline.policy.decided_by) == ("FAIL", "baseline")


def test_by_its_own_policy_alone_a_loosened_gate_passes_and_still_says_so(gated: Any) -> None:
    gated.edit("margin = 0.2", "margin = 0.9")
    worse(gated, 20)
    both, own = gated.judged(), gated.judged(policy="candidate")
    assert (both.verdict, both.policy.decided_by, both.policy.other_verdict) == ("FAIL", "baseline", "PASS")
    assert "judged by the baseline's policy (the candidate's own says PASS)" in both.rule
    assert (own.verdict, own.policy.decided_by) == ("PASS", "candidate")
    assert "this change loosens its gate: correctness: margin from 0.2 to 0.9" in own.rule


def test_a_grader_that_a_change_drops_is_still_asked_for(gated: Any) -> None:
    text = gated.config.read_text("utf-8")
    gated.config.write_text(text.replace('[[graders]]\nname = "exact"\ncheck = "exact"\n', ""), encoding="utf-8")
    gated.score("pr")
    gate = gated.judged()
    assert gate.verdict == "INCONCLUSIVE"
    assert changes(gate) == ["loosened: exact critical, margin 0.2 -> no rule"]
    assert "there is no run of challenger under exact with the label 'pr'" in gate.rule


def test_a_tightened_gate_acts_at_once(gated: Any) -> None:
    gated.edit("margin = 0.2", "margin = 0.01")
    gated.outputs("challenger", [1, 2])
    gated.score("pr")
    gate = gated.judged()
    assert (gate.verdict, gate.policy.decided_by, gate.policy.other_verdict) == ("INCONCLUSIVE", "candidate", "PASS")
    assert changes(gate) == ["tightened: correctness: margin 0.2 -> 0.01", "tightened: exact: margin 0.2 -> 0.01"]
    assert "loosens" not in gate.rule


def test_a_change_that_names_another_baseline_is_judged_beside_both(gated: Any) -> None:
    """A baseline that is bad enough would let anything through."""
    add(gated, '\n[[candidates]]\nname = "straw"\noutputs = "straw.jsonl"\n')
    gated.outputs("straw", range(25))
    gated.edit('baseline = "production"', 'baseline = "straw"')
    worse(gated, 20)
    gate = gated.judged("challenger")
    assert (gate.verdict, gate.policy.decided_by, gate.policy.other_verdict) == ("FAIL", "baseline", "PASS")
    assert "this change moves its baseline from production to straw" in gate.rule
    assert gate.baseline.description == "production"
    assert check_of(gate).baseline == pytest.approx(39 / 40)
    assert gated.judged("challenger", baseline="straw").verdict == "PASS"  # who calls may say it; it is no change's


def test_a_baseline_that_is_judged_again_keeps_the_gate_it_was_submitted_under(gated: Any) -> None:
    gated.edit("Does the output say", "Is it so that the output says")
    gated.edit("margin = 0.2", "margin = 0.9")
    worse(gated, 20)
    refused = gated.judged("challenger", baseline="label:main", policy="candidate")
    main = check_of(refused).baseline_run
    assert refused.verdict == "INCONCLUSIVE"
    assert check_of(refused).cause == "not-comparable"
    assert "rubric differs" in refused.rule
    assert f"evalkit rejudge {main}" in refused.rule
    trust.rejudge([main], config=gated.folder, store=gated.store, wait=True, sandbox=True)
    gate = gated.judged("challenger", baseline="label:main")
    assert check_of(gate).baseline_run != main
    assert (gate.verdict, gate.policy.decided_by) == ("FAIL", "baseline")
    assert "this change loosens its gate" in gate.rule


def test_without_a_kept_policy_the_baseline_s_cannot_be_asked_for(gated: Any) -> None:
    gated.sql("delete from policies")
    assert gated.judged().verdict == "PASS"
    with pytest.raises(UsageError, match=r"no gate was kept with the baseline's runs.*--policy candidate"):
        gated.gate(policy="baseline")


def test_a_policy_of_a_later_version_is_refused(gated: Any) -> None:
    gated.score("pr")
    gated.sql("update policies set policy = replace(policy, '\"schema\":1', '\"schema\":9')")
    with pytest.raises(ConfigError, match="a stored gate policy has schema 9"):
        gated.gate()


def test_a_baseline_under_a_label_that_the_caller_names_is_proof_however_often_a_change_is_submitted(
    gated: Any,
) -> None:
    """A second submit finds the first one's loosened gate among the other labels; the released branch's own it cannot
    change."""
    gated.edit("margin = 0.2", "margin = 0.9")
    worse(gated, 20)
    gated.score("pr-again")
    proof = gated.judged("challenger", baseline="label:main")
    assert (proof.label, proof.verdict, proof.policy.decided_by) == ("pr-again", "FAIL", "baseline")


# Reruns.


def test_runs_of_the_same_outputs_are_one_measurement_whatever_their_label(gated: Any) -> None:
    worse(gated, 20)
    gated.score("pr-again")
    gated.score("pr-and-again")
    judged = {label: gated.judged(label=label) for label in ("pr", "pr-again", "pr-and-again")}
    assert {gate.pooled for gate in judged.values()} == {3}
    assert all("scores pooled over 3 runs" in gate.rule for gate in judged.values())


def test_a_lucky_rerun_cannot_be_picked_by_its_label(gated: Any) -> None:
    """The judge of one rerun, and of it alone, is lenient: the verdict of every label is that of all of them."""
    worse(gated, 20)
    gated.score("lucky", fresh=True)
    with gated.open() as store:
        (lucky,) = [run.id for run in store.runs.select(label="lucky") if run.candidate == "challenger" and run.judge]
    gated.sql("update scores set value = 1.0, label = 'correct' where run = ?", lucky)
    means = {label: check_of(gated.judged(label=label)).candidate for label in ("pr", "lucky")}
    assert means == {"pr": pytest.approx(0.75), "lucky": pytest.approx(0.75)}


def test_a_rerun_that_another_model_answered_is_not_pooled(gated: Any) -> None:
    worse(gated, 2)
    gated.score("again")
    with gated.open() as store:
        (earlier,) = [run.id for run in store.runs.select(label="pr") if run.candidate == "challenger" and run.judge]
    gated.sql("update results set served_model = 'of-last-year' where run = ?", earlier)
    gate = gated.judged(label="again")
    assert (gate.verdict, check_of(gate).cause) == ("PASS", "passed")
    assert gate.pooled == 2  # of the check, which no model answers


# What stands in the way.


def use(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, **behaviour: Any) -> None:
    sandbox.behaviour = Behaviour(**behaviour)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")


def test_another_judge_makes_runs_not_comparable(gated: Any) -> None:
    gated.edit("claude-haiku-5-5", "claude-sonnet-5-5")
    gated.outputs("challenger", [7])
    gated.score("pr")
    gate = gated.judged("challenger", baseline="label:main")
    assert (gate.verdict, gate.exit_code) == ("INCONCLUSIVE", 4)
    assert "judge differs: claude-haiku-5-5 in the baseline, claude-sonnet-5-5 in the candidate run" in gate.rule
    assert f"evalkit rejudge {check_of(gate).baseline_run}" in gate.rule


def test_replies_that_are_no_scores_lower_the_coverage_and_are_counted_by_reason(
    gated: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(gated, "\n[submit]\nretries = 0\n")
    outcomes = {"case-03": "truncated", "case-04": "api_error", "case-05": "refusal"}
    use(sandbox, monkeypatch, outcomes=outcomes)
    api.submit(gated.folder, store=gated.store, label="pr")
    api.collect(gated.folder, store=gated.store, wait=True, poll=0.02)
    gate = gated.judged()
    check = check_of(gate)
    assert (gate.verdict, check.cause) == ("INCONCLUSIVE", "coverage")
    assert "92.5 % of 40 cases have a score, 98 % must" in check.why
    assert all(f"1 {status}" in check.why for status in ("truncated", "errored", "refused"))
    assert f"evalkit retry {check.candidate_run}" in check.why
    assert check.coverage == pytest.approx(37 / 40)
    gated.edit("margin = 0.2", "margin = 0.2\nmin_coverage = 0.9")
    assert check_of(gated.judged(policy="candidate")).verdict == "PASS"
    assert gated.judged().verdict == "INCONCLUSIVE"  # coverage that is asked for is part of the policy


def test_a_run_whose_replies_are_asked_for_again_is_pending(
    gated: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(gated, "\n[submit]\nretries = 0\n")
    use(sandbox, monkeypatch, outcomes={"case-03": "api_error"})
    api.submit(gated.folder, store=gated.store, label="pr")
    api.collect(gated.folder, store=gated.store, wait=True, poll=0.02)
    run = gated.runs()["challenger"]
    sandbox.behaviour = Behaviour(seconds=3600)
    operations.retry(run, config=gated.folder, store=gated.store)
    gate = gated.judged()
    assert (gate.verdict, check_of(gate).cause) == ("PENDING", "pending")
    assert f"evalkit collect {run}" in gate.rule


def test_a_run_without_any_score_is_no_evidence(gated: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    use(sandbox, monkeypatch, shares={"refusal": 1.0})
    api.submit(gated.folder, store=gated.store, label="pr")
    api.collect(gated.folder, store=gated.store, wait=True, poll=0.02)
    check = check_of(gated.judged())
    assert (check.verdict, check.cause) == ("INCONCLUSIVE", "no-scores")
    assert "no case of 40 has a score (40 refused)" in check.why


def test_cases_that_were_removed_and_changed_since_the_baseline_are_named(gated: Any) -> None:
    rows = (gated.folder / "cases.jsonl").read_text("utf-8").splitlines()
    changed = [row.replace("They are 0.", "They are none.") for row in rows[:-2]]
    new = [json.dumps({"id": "new", "input": "1?", "expected": "They are 1."})]
    (gated.folder / "cases.jsonl").write_text("\n".join(changed + new) + "\n", encoding="utf-8")
    gated.outputs("challenger", [])
    gated.score("pr")
    check = check_of(gated.judged("challenger", baseline="label:main"))
    assert (check.verdict, check.cause) == ("INCONCLUSIVE", "cases-gone")
    assert (check.added, check.removed, check.changed) == (1, 2, 1)
    assert "92.5 % of the baseline's 40 cases are in this dataset as they were, 98 % must (2 removed and 1" in check.why
    add(gated, "min_coverage = 0.9\n")
    allowed = check_of(gated.judged("challenger", baseline="label:main", policy="candidate"))
    assert (allowed.verdict, allowed.n) == ("PASS", 37)
    assert "left out since the baseline: 2 removed and 1 changed" in allowed.why


def test_a_change_that_alters_no_output_passes_whatever_the_size_of_the_set(gated: Any) -> None:
    gated.score("docs-only")
    check = check_of(gated.judged("challenger", label="docs-only", baseline="label:main"))
    assert (check.verdict, check.cause) == ("PASS", "same-outputs")
    gated.outputs("challenger", [7])
    gated.score("one-output")
    check = check_of(gated.judged("challenger", label="one-output", baseline="label:main"))
    assert check.cause != "same-outputs"


def test_a_ceiling_on_cost_fails_a_dear_run_and_an_unknown_price_is_not_nothing(gated: Any) -> None:
    add(gated, "max_cost_usd = 0.000001\n")
    gate = gated.judged()
    cost = check_of(gate, "cost")
    assert (gate.verdict, cost.cause) == ("FAIL", "too-dear")
    assert gate.cost_usd == cost.candidate > 0
    gated.edit("max_cost_usd = 0.000001", "max_cost_usd = 100")
    assert gated.judged().verdict == "PASS"
    gated.sql("update results set cost_usd = null where run = ?", gated.runs()["challenger"])
    gate = gated.judged()
    assert (gate.verdict, check_of(gate, "cost").cause, gate.cost_usd) == ("INCONCLUSIVE", "no-price", None)


def test_a_grader_that_was_never_run_costs_nothing(gated: Any) -> None:
    add(gated, "max_cost_usd = 100\n" + RULE.format("correctness", 'tier = "critical"'))
    gated.edit('name = "exact"\ncheck = "exact"', 'name = "new"\ncheck = "exact"')
    gate = gated.judged(policy="candidate")
    assert (gate.verdict, check_of(gate, "cost").verdict) == ("PASS", "PASS")
    assert check_of(gate, "new").cause == "no-run"


def calibrated(gated: Any, *, agree: int, of: int, days: float) -> None:
    with gated.open() as store:
        run = store.runs.get(gated.runs()["challenger"])
        store.calibrations.add(
            Calibration(
                run=run.id,
                candidate_digest=run.candidate_digest,
                dataset=run.dataset,
                grader_digest=run.grader_digest,
                judge_digest=run.judge.digest if run.judge else "",
                criterion="correctness",
                source="labels.csv",
                labels_digest="0" * 64,
                sampled=True,
                measured_at=datetime.now(UTC) - timedelta(days=days),
                pairs=tuple(
                    Pair(
                        case_id=f"case-{at:02}", human=float(at % 2), judge=float(at % 2 if at < agree else 1 - at % 2)
                    )
                    for at in range(of)
                ),
            )
        )


def test_a_judge_gates_only_while_it_is_known_to_agree_with_people(gated: Any) -> None:
    add(gated, "require_agreement = 0.7\nmax_calibration_age_days = 30\n")
    assert "the judge may not gate: its agreement with people was never measured" in check_of(gated.judged()).why
    calibrated(gated, agree=0, of=0, days=3)
    assert "0 labels are too few to tell its agreement with people" in check_of(gated.judged()).why
    calibrated(gated, agree=30, of=40, days=2)
    check = check_of(gated.judged())
    assert (check.verdict, check.cause) == ("INCONCLUSIVE", "agreement")
    assert "(AC1) may be as low as" in check.why
    assert "by 40 labels, 0.7 is required" in check.why
    calibrated(gated, agree=40, of=40, days=1)
    gate = gated.judged()
    assert gate.verdict == "PASS"
    assert check_of(gate).agreement > 0.7


def test_a_calibration_that_is_too_old_no_longer_counts(gated: Any) -> None:
    add(gated, "require_agreement = 0.7\nmax_calibration_age_days = 30\n")
    calibrated(gated, agree=40, of=40, days=45)
    check = check_of(gated.judged())
    assert (check.verdict, check.cause) == ("INCONCLUSIVE", "agreement")
    assert "measured 45 days ago, 30 are allowed: evalkit agree --labels FILE" in check.why


def test_a_calibration_of_another_judge_does_not_count(gated: Any) -> None:
    add(gated, "require_agreement = 0.7\n")
    calibrated(gated, agree=40, of=40, days=1)
    gated.edit("claude-haiku-5-5", "claude-sonnet-5-5")
    gated.score("pr")
    assert "never measured" in check_of(gated.judged()).why


def test_the_noise_of_the_judge_is_shown_where_it_was_measured(gated: Any) -> None:
    assert check_of(gated.judged()).flip_rate is None
    run = gated.runs()["challenger"]
    trust.noise(run, cases=10, samples=3, config=gated.folder, store=gated.store, wait=True, sandbox=True)
    check = check_of(gated.judged())
    assert check.flip_rate is not None
    assert check.noise_floor is not None
    assert gated.judged().pooled == 1  # what measures noise is no rerun


def test_noise_that_is_not_collected_yet_is_no_obstacle(
    gated: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(sandbox, monkeypatch)
    api.submit(gated.folder, store=gated.store, label="pr")
    api.collect(gated.folder, store=gated.store, wait=True, poll=0.02)
    sandbox.behaviour = Behaviour(seconds=3600)
    trust.noise(gated.runs()["challenger"], cases=10, samples=3, config=gated.folder, store=gated.store)
    gate = gated.judged()
    assert gate.verdict == "PASS"
    assert check_of(gate).noise_floor is None


def test_a_run_that_was_handed_over_is_pending_and_not_for_this_store_to_collect(
    gated: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(sandbox, monkeypatch)
    submitted = api.submit(gated.folder, store=gated.store, label="pr")
    runs = list(dict.fromkeys(row.run for row in submitted))
    export_bundle(runs, gated.folder / "runs.bundle", config=gated.folder, store=gated.store)
    gate = gated.judged()
    assert (gate.verdict, gate.exit_code) == ("PENDING", ExitCode.PENDING)
    assert "was handed over to" in gate.rule
    assert "evalkit collect" not in gate.rule


# The cases.


def test_a_case_that_got_worse_has_its_reason_and_its_line(gated: Any) -> None:
    (correctness, exact) = gated.gate(cases=True).cases
    (row,) = [row for row in correctness.rows if row.fate == "worse"]
    assert (row.case_id, row.line, row.baseline, row.value) == ("case-01", 2, 1.0, 0.0)
    assert row.reason
    assert correctness.file is None  # the project is in no repository
    assert [row.case_id for row in exact.rows if row.fate == "worse"] == ["case-01"]


def test_under_a_ceiling_a_case_that_rose_got_worse(gated: Any) -> None:
    add(gated, RULE.format("correctness", "max = 1.0"))
    (correctness, _) = gated.gate(cases=True, policy="candidate").cases
    assert [row.case_id for row in correctness.rows if row.fate == "worse"] == ["case-00"]


# Where the cases stand.


@pytest.fixture
def jsonl(tmp_path: Path) -> Callable[[bytes], Path]:
    def written(content: bytes) -> Path:
        path = tmp_path / "cases.jsonl"
        path.write_bytes(content)
        return path

    return written


def test_each_case_is_found_on_its_line(jsonl: Callable[[bytes], Path]) -> None:
    path = jsonl(
        b'\xef\xbb\xbf{"id": "a"}\n\n{"case_id": 7}\nno json\n["id"]\n{"id": null}\n{"id": "a"}\n{"id": "\\u00e9"}'
    )
    assert case_lines(path) == {"a": 1, "7": 3, "é": 8}


def test_the_column_of_the_id_may_be_named(jsonl: Callable[[bytes], Path]) -> None:
    path = jsonl(b'{"key": "a", "id": "x"}\n')
    assert case_lines(path, {"id": "key"}) == {"a": 1}
    assert case_lines(path, {"input": "q"}) == {"x": 1}


def test_a_file_of_another_kind_or_none_has_no_lines(tmp_path: Path, jsonl: Callable[[bytes], Path]) -> None:
    assert case_lines(tmp_path / "gone.jsonl") == {}
    assert case_lines(tmp_path / "cases.csv") == {}
    assert case_lines(jsonl(b"[" * 100_000)) == {}
    assert case_lines(jsonl(b"\xff\xfe\x00")) == {}


def test_a_file_is_named_from_the_root_of_its_repository(tmp_path: Path) -> None:
    file = tmp_path / "repository" / "sets" / "cases.jsonl"
    file.parent.mkdir(parents=True)
    file.touch()
    assert in_repository(file) is None
    (tmp_path / "repository" / ".git").write_text("gitdir: elsewhere")  # as in a worktree
    assert in_repository(file) == "sets/cases.jsonl"
    (tmp_path / "link.jsonl").symlink_to(file)
    assert in_repository(tmp_path / "link.jsonl") == "sets/cases.jsonl"


# Which runs count, where outputs come back.


def test_who_goes_back_to_worse_outputs_is_judged_by_them(gated: Any) -> None:
    worse(gated, 20)
    gated.outputs("challenger", [])
    gated.score("pr")
    assert gated.judged(label="pr").verdict == "PASS"
    worse(gated, 20)  # the run exists, so that nothing is sent; it is the last word all the same
    assert gated.judged(label="pr").verdict == "FAIL"


def test_a_baseline_that_was_restored_is_the_baseline_again(gated: Any) -> None:
    def main(wrong: int) -> None:
        gated.outputs("challenger", range(wrong))
        gated.score("main")

    main(0)
    main(20)
    main(0)
    gated.outputs("challenger", range(20))
    gated.score("pr")
    gate = gated.judged("challenger", label="pr", baseline="label:main")
    assert (gate.verdict, check_of(gate).cause) == ("FAIL", "worse")


def test_an_old_baseline_that_is_judged_again_does_not_become_the_newest(gated: Any) -> None:
    gated.outputs("challenger", range(20))
    gated.score("main")
    (old,) = [
        row.run
        for row in api.runs(gated.folder, store=gated.store, label="main")
        if row.candidate == "challenger" and row.grader == "correctness" and (row.estimate.mean or 0) < 0.8
    ]
    gated.outputs("challenger", [])
    gated.score("main")
    gated.edit("claude-haiku-5-5", "claude-sonnet-5-5")
    trust.rejudge([old], config=gated.folder, store=gated.store, sandbox=True, wait=True, poll=0.02)
    gated.edit("claude-sonnet-5-5", "claude-haiku-5-5")
    with gated.open() as store:
        newest = [run for run in store.runs.select(label="main") if run.candidate == "challenger" and run.judge]
    assert newest[0].judge.model == "claude-haiku-5-5"
    assert newest[0].id != old


def test_outputs_that_were_edited_and_not_submitted_do_not_pass(gated: Any) -> None:
    assert gated.judged("challenger").verdict == "PASS"
    gated.outputs("challenger", range(20))
    check = check_of(gated.judged("challenger"))
    assert (check.verdict, check.cause) == ("INCONCLUSIVE", "stale")
    assert "is of other outputs than challenger has now: evalkit submit" in check.why
    assert gated.judged("challenger", label="main").verdict == "PASS"  # who names a label means what it was


def test_a_rubric_that_was_edited_and_not_submitted_does_not_pass(gated: Any) -> None:
    gated.edit("labels = {", "labels = { unsure = 0.5,")
    check = check_of(gated.judged("challenger"))
    assert (check.verdict, check.cause) == ("INCONCLUSIVE", "stale")
    assert "another version of correctness than the config's" in check.why


def test_clusters_that_are_added_later_count_and_are_never_taken_apart(gated: Any) -> None:
    before = check_of(gated.judged("challenger"))
    rows = [json.loads(line) for line in (gated.folder / "cases.jsonl").read_text("utf-8").splitlines()]
    clustered = [json.dumps({**row, "cluster": f"c{at // 10}"}) for at, row in enumerate(rows)]
    (gated.folder / "cases.jsonl").write_text("\n".join(clustered) + "\n", encoding="utf-8")
    gated.score("pr")
    after = check_of(gated.judged("challenger"))
    (gated.folder / "cases.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    gated.score("pr")

    assert (before.clusters, after.clusters) == (None, 4)
    assert check_of(gated.judged("challenger")).clusters == 4
