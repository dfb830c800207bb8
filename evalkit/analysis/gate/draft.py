"""A check before its verdict: its evidence, or what stands in the way of any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.analysis.clusters import roughness
from evalkit.analysis.gate.check import GateCheck, Kind
from evalkit.analysis.gate.entry import GateEntry
from evalkit.analysis.gate.even import Even, even_evidence
from evalkit.analysis.gate.evidence import Evidence, margin_evidence, relative_evidence
from evalkit.analysis.gate.level import Level, level_evidence
from evalkit.analysis.gate.obstacle import Obstacle, covered, obstacle
from evalkit.analysis.gate.policy import DECIDING, GatePolicy, GateRule
from evalkit.analysis.gate.verdict import GateVerdict
from evalkit.analysis.gate.words import why
from evalkit.analysis.pairing import pairing
from evalkit.stats import holm


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One limit of one rule, with the scores and what follows from them."""

    rule: GateRule
    kind: Kind
    limit: float
    entry: GateEntry | None
    obstacle: Obstacle | None = None
    evidence: Evidence | None = None

    @property
    def hypothesis(self) -> tuple[object, ...]:
        """What the p-value is of; two limits that ask the same count once in a family."""
        asked = (self.rule.grader, self.rule.criterion)
        return (*asked, self.kind, self.limit) if self.kind in ("min", "max") else (*asked, self.rule.direction)


def drafts(policy: GatePolicy, entries: Sequence[GateEntry]) -> list[Draft]:
    """Every limit of every rule with its evidence, in the order of the policy."""
    by_name = {(entry.grader, entry.criterion): entry for entry in entries}
    return [
        _draft(rule, kind, limit, by_name.get((rule.grader, rule.criterion)), policy)
        for rule in policy.rules
        for kind, limit in _limits(rule)
    ]


def _limits(rule: GateRule) -> Iterator[tuple[Kind, float]]:
    limits: tuple[tuple[Kind, float | None], ...] = (
        ("margin", rule.margin),
        ("max_relative_drop", rule.max_relative_drop),
        ("min", rule.least),
        ("max", rule.most),
    )
    for kind, limit in limits:
        if limit is not None:
            yield kind, limit


def _draft(rule: GateRule, kind: Kind, limit: float, entry: GateEntry | None, policy: GatePolicy) -> Draft:
    found = obstacle(
        rule,
        entry,
        policy=policy,
        with_baseline=kind in ("margin", "max_relative_drop"),
        relative=kind == "max_relative_drop",
    )
    made = None if found or entry is None else _evidence(rule, kind, limit, entry, policy)
    return Draft(rule=rule, kind=kind, limit=limit, entry=entry, obstacle=found, evidence=made)


def _evidence(rule: GateRule, kind: Kind, limit: float, entry: GateEntry, policy: GatePolicy) -> Evidence | None:
    if entry.candidate is None:
        return None
    if kind == "min" or kind == "max":  # noqa: PLR1714  pyright narrows by ==, not by `in` a set
        return level_evidence(entry.candidate, Level(kind=kind, limit=limit), policy=policy)
    if entry.beside:
        even = Even(kind="margin" if kind == "margin" else "max_relative_drop", limit=limit, direction=rule.direction)
        return even_evidence(entry.candidate, even, policy=policy)
    if entry.baseline is None:
        return None
    runs = (entry.baseline, entry.candidate)
    if kind == "margin":
        return margin_evidence(*runs, margin=limit, direction=rule.direction, policy=policy)
    return relative_evidence(*runs, drop=limit, direction=rule.direction, policy=policy)


def checks_of(found: Sequence[Draft], policy: GatePolicy) -> list[GateCheck]:
    """The drafts with their verdicts; the p-values of those that decide are adjusted together by Holm."""
    family: dict[tuple[object, ...], float] = {}
    for draft in found:
        if draft.rule.tier in DECIDING and draft.evidence and draft.evidence.p_value is not None:
            family[draft.hypothesis] = draft.evidence.p_value
    adjusted = dict(zip(family, holm(list(family.values())), strict=True))
    return [_check(draft, policy, adjusted) for draft in found]


def _check(draft: Draft, policy: GatePolicy, adjusted: Mapping[tuple[object, ...], float]) -> GateCheck:
    known: dict[str, Any] = {
        "grader": draft.rule.grader,
        "criterion": draft.rule.criterion,
        "kind": draft.kind,
        "tier": draft.rule.tier,
        "direction": draft.rule.direction,
        "limit": draft.limit,
        **_context(draft),
    }
    made = draft.evidence
    if made is None:
        stop = draft.obstacle or Obstacle(cause="no-run", why="there is nothing to judge")
        return GateCheck(**known, verdict=stop.verdict, cause=stop.cause, why=stop.why)
    p_adjusted = adjusted.get(draft.hypothesis) if draft.rule.tier in DECIDING else None
    verdict, cause = _verdict(made, p_adjusted, policy)
    text = why(draft.rule, draft.kind, draft.limit, made, verdict=verdict, p_adjusted=p_adjusted, family=len(adjusted))
    numbers: dict[str, Any] = {
        name: getattr(made, name)
        for name in (
            "n", "baseline", "candidate", "delta", "low", "high", "p_value", "method", "p_method", "mde", "fragile",
            "wins", "losses", "clusters",
        )
    }  # fmt: skip
    needed = made.needed if verdict is GateVerdict.INCONCLUSIVE else None
    notes = [text, *_beside(draft), *_rough(made), *_left_out(known), *_noisy(draft, verdict)]
    return GateCheck(
        **known, **numbers, verdict=verdict, cause=cause, why="; ".join(notes), p_adjusted=p_adjusted, needed=needed
    )


def _verdict(made: Evidence, p_adjusted: float | None, policy: GatePolicy) -> tuple[GateVerdict, str]:
    if made.passes:
        return GateVerdict.PASS, "passed"
    p_value = made.p_value if p_adjusted is None else p_adjusted
    if p_value is not None and p_value <= policy.alpha:
        return GateVerdict.FAIL, "worse"
    return GateVerdict.INCONCLUSIVE, "too-few" if made.passes is None else "not-enough-evidence"


def _beside(draft: Draft) -> Iterator[str]:
    """What the numbers are of a pairwise grader."""
    if draft.entry is not None and draft.entry.beside:
        yield f"a win rate against {draft.entry.beside}, where 0.5 is even"


def _rough(made: Evidence) -> Iterator[str]:
    if few := roughness(made):
        yield f"{few}: the interval is rough"


def _left_out(known: Mapping[str, Any]) -> Iterator[str]:
    """Cases of the baseline that the candidate no longer has, or has with other content: a set can be made easier."""
    said = [f"{known[what]:,} {what}" for what in ("removed", "changed") if known.get(what)]
    if said:
        yield f"left out since the baseline: {' and '.join(said)}"


def _noisy(draft: Draft, verdict: GateVerdict) -> Iterator[str]:
    """What a person should know of the judge's wavering, where it is what keeps the evidence short."""
    noise = draft.entry.noise if draft.entry else None
    if noise is None or noise.floor is None or draft.kind != "margin" or noise.floor <= draft.limit:
        return
    if verdict is GateVerdict.INCONCLUSIVE:
        yield (
            f"the judge's own noise alone hides differences below {noise.floor:.2g}: judge each output more often, "
            "by `samples` of the grader"
        )


def _context(draft: Draft) -> dict[str, Any]:
    """Coverage, unpaired cases and what is known of the judge, whatever the verdict."""
    entry = draft.entry
    if entry is None:
        return {}
    found: dict[str, Any] = {}
    if entry.candidate is not None:
        cover = covered(entry.candidate, entry.candidate_cases)
        unscored = {str(status): count for status, count in cover.unscored.items()}
        found |= {"coverage": cover.share, "unscored": unscored, "candidate_run": entry.candidate.run}
    if entry.baseline is not None and draft.kind in ("margin", "max_relative_drop"):
        cover = covered(entry.baseline, entry.baseline_cases)
        found |= {"baseline_coverage": cover.share, "baseline_run": entry.baseline.run}
        if entry.candidate is not None:
            joined = pairing(entry.baseline, entry.candidate)
            found |= {"added": len(joined.added), "removed": len(joined.removed), "changed": len(joined.changed)}
    if entry.noise is not None:
        found |= {"flip_rate": entry.noise.flip_rate, "noise_floor": entry.noise.floor}
    if entry.calibration is not None:
        found["agreement"] = entry.calibration.low
    return found
