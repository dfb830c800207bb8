"""From a policy and the scores to the decision: pure, so that it can be told beforehand and played again.

FAIL          a check that decides fails
PENDING       else a check that decides waits for its batch
INCONCLUSIVE  else a critical check shows neither, or nothing that decides has passed
PASS          else
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from evalkit.analysis.gate import figures
from evalkit.analysis.gate.check import GateCheck
from evalkit.analysis.gate.difference import policy_differences
from evalkit.analysis.gate.draft import checks_of, drafts
from evalkit.analysis.gate.entry import GateBaseline, GateEntry
from evalkit.analysis.gate.policy import GatePolicy
from evalkit.analysis.gate.result import Gate, PolicyUse
from evalkit.analysis.gate.sentinels import sentinel_checks
from evalkit.analysis.gate.verdict import GateVerdict, badness


def judge_gate(
    policy: GatePolicy,
    entries: Sequence[GateEntry],
    *,
    suite: str = "",
    candidate: str = "",
    label: str = "",
    baseline: GateBaseline | None = None,
) -> Gate:
    """The gate on the entries, one per criterion of each grader, by one policy.

    Raises:
        IntegrityError: a run holds a case twice.
    """
    return _told(_judged(policy, entries, suite=suite, candidate=candidate, label=label, baseline=baseline))


def _judged(
    policy: GatePolicy,
    entries: Sequence[GateEntry],
    *,
    suite: str,
    candidate: str,
    label: str,
    baseline: GateBaseline | None,
) -> Gate:
    checks = checks_of(drafts(policy, entries), policy)
    checks += [*sentinel_checks(policy, entries), *_cost(policy, entries)]
    verdict = _verdict(checks)
    pooled = max((entry.pooled for entry in entries), default=1)
    said = [check.why for check in checks if check.kind == "sentinels"] if verdict is GateVerdict.PASS else []
    said += [f"scores pooled over {pooled} runs"] if pooled > 1 else []
    line = "; ".join([_rule(verdict, checks), *said])
    return Gate(
        verdict=verdict,
        rule=line,
        checks=tuple(checks),
        suite=suite,
        candidate=candidate,
        label=label,
        baseline=baseline,
        policy=PolicyUse(),
        confidence=policy.confidence,
        looks=policy.looks,
        pooled=pooled,
        simulated=any(run.simulated for entry in entries for run in (entry.candidate, entry.baseline) if run),
        cost_usd=None if None in (costs := _costs(entries)) else sum(cost for cost in costs if cost is not None),
    )


def judge_by_both(
    policy: GatePolicy,
    baseline_policy: GatePolicy | None,
    entries: Sequence[GateEntry],
    *,
    use: Literal["candidate", "baseline", "both"] = "both",
    suite: str = "",
    candidate: str = "",
    label: str = "",
    baseline: GateBaseline | None = None,
    kept_entries: Sequence[GateEntry] | None = None,
    kept_baseline: GateBaseline | None = None,
) -> Gate:
    """The gate by the candidate's policy and by the one that the baseline was kept under: the worse verdict counts.

    So a change that tightens the policy acts at once, and one that loosens it only once it is the baseline's own.
    `kept_entries` and `kept_baseline` are those of the baseline that the kept policy names, where it is another one.
    """

    def judged(one: GatePolicy, on: Sequence[GateEntry], beside: GateBaseline | None) -> Gate:
        return _judged(one, on, suite=suite, candidate=candidate, label=label, baseline=beside)

    own = judged(policy, entries, baseline)
    if baseline_policy is None:
        return _told(own)
    differs = policy_differences(baseline_policy, policy)
    if use == "candidate" or not differs:
        used = PolicyUse(used="candidate" if use == "candidate" else use, differs=differs)
        return _told(replace(own, policy=used))
    other = judged(baseline_policy, entries if kept_entries is None else kept_entries, kept_baseline or baseline)
    if use == "baseline":
        return _told(replace(other, policy=PolicyUse(used=use, decided_by="baseline", differs=differs)))
    if badness(other.verdict) < badness(own.verdict):
        used = PolicyUse(used=use, decided_by="baseline", differs=differs, other_verdict=own.verdict)
        return _told(replace(other, policy=used))
    return _told(replace(own, policy=PolicyUse(used=use, differs=differs, other_verdict=other.verdict)))


def _told(gate: Gate) -> Gate:
    """The gate with what its reader must know of the policy and of the judge in its line."""
    said: list[str] = []
    if gate.policy.decided_by == "baseline" and gate.policy.other_verdict is not None:
        said.append(f"judged by the baseline's policy (the candidate's own says {gate.policy.other_verdict})")
    loosened = gate.policy.loosened
    if loosened:
        first, more = loosened[0], f" and {len(loosened) - 1} more" if len(loosened) > 1 else ""
        said.append(f"this change loosens its gate: {first.setting} from {first.before} to {first.after}{more}")
    said += [
        f"this change moves its baseline from {one.before} to {one.after}"
        for one in gate.policy.differs
        if one.setting == "baseline"
    ]
    if gate.simulated:
        said.append("simulated by the sandbox's judge")
    return replace(gate, rule="; ".join([gate.rule, *said]))


def _costs(entries: Sequence[GateEntry]) -> list[float | None]:
    """What each candidate run cost: a run that scores several criteria is paid once."""
    runs = {entry.candidate.run if entry.candidate else index: entry.cost_usd for index, entry in enumerate(entries)}
    return list(runs.values())


def _cost(policy: GatePolicy, entries: Sequence[GateEntry]) -> Iterator[GateCheck]:
    limit = policy.max_cost_usd
    if limit is None:
        return
    costs = _costs(entries)
    known = sum(cost for cost in costs if cost is not None)
    unknown = sum(cost is None for cost in costs)
    verdict, cause = GateVerdict.PASS, "passed"
    text = f"{figures.dollars(known)} spent, {figures.dollars(limit)} allowed"
    if known > limit:
        verdict, cause = GateVerdict.FAIL, "too-dear"
    elif any(entry.pending for entry in entries):
        verdict, cause, text = GateVerdict.PENDING, "pending", f"{text}, and batches are open"
    elif unknown:
        verdict, cause = GateVerdict.INCONCLUSIVE, "no-price"
        text = f"{text}, but the price of {unknown} of {len(costs)} runs is not known"
    yield GateCheck(
        grader="",
        criterion="",
        kind="cost",
        tier="critical",
        verdict=verdict,
        cause=cause,
        why=text,
        limit=limit,
        candidate=None if unknown else known,
    )


def _verdict(checks: Sequence[GateCheck]) -> GateVerdict:
    deciding = [check for check in checks if check.decides]
    for verdict in (GateVerdict.FAIL, GateVerdict.PENDING):
        if any(check.verdict is verdict for check in deciding):
            return verdict
    if any(check.tier == "critical" and check.verdict is GateVerdict.INCONCLUSIVE for check in deciding):
        return GateVerdict.INCONCLUSIVE
    passed = any(check.verdict is GateVerdict.PASS and check.measures for check in deciding)
    return GateVerdict.PASS if passed else GateVerdict.INCONCLUSIVE


def _rule(verdict: GateVerdict, checks: Sequence[GateCheck]) -> str:
    deciding = [check for check in checks if check.decides]
    if not any(check.measures for check in deciding) and verdict is GateVerdict.INCONCLUSIVE:
        return "no check decides: give a grader a rule with tier critical or supporting"
    own = [check for check in deciding if check.verdict is verdict]
    if verdict is GateVerdict.PASS:
        return _passed(own, deciding)
    first = next((check for check in own if check.tier == "critical"), own[0])
    others = f" (and {len(own) - 1} more)" if len(own) > 1 else ""
    return f"{first.name}{others}: {first.why}"


def _passed(own: Sequence[GateCheck], deciding: Sequence[GateCheck]) -> str:
    doubtful = [check.name for check in deciding if check.verdict is GateVerdict.INCONCLUSIVE]
    own = [check for check in own if check.kind != "sentinels"]
    scored = [check for check in own if check.measures]
    nearest = min(scored, key=_room)
    if len(own) == 1:
        line = f"{nearest.name}: {nearest.why}"
    else:
        line = f"{len(own)} checks pass; nearest to its limit is {nearest.name}: {nearest.why}"
    fragile = [check.name for check in scored if check.fragile and check is not nearest]
    said = [line, f"fragile too: {', '.join(fragile)}"] if fragile else [line]
    return "; ".join([*said, *([f"not shown, but only supporting: {', '.join(doubtful)}"] if doubtful else [])])


def _room(check: GateCheck) -> float:
    """How far the interval of a passed check is from its limit."""
    if check.low is None or check.high is None or check.limit is None:
        return 0.0
    if check.kind == "margin":
        return check.low + check.limit
    if check.kind == "max":
        return check.limit - check.high
    return check.low - (check.limit if check.kind == "min" else 0.0)
