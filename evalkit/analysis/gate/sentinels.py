"""Whether the judge was awake: what it said of outputs whose verdict was known, as a check of the gate.

A judge that misses one says nothing against the candidate, so the check never fails; but no score of such a judge is
a reason to pass. It is INCONCLUSIVE, which holds the gate wherever a critical rule rests on that judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from evalkit.analysis.gate.check import GateCheck
from evalkit.analysis.gate.entry import GateEntry
from evalkit.analysis.gate.policy import GatePolicy
from evalkit.analysis.gate.verdict import GateVerdict
from evalkit.config.gate import Tier

_TIERS: Final[tuple[Tier, ...]] = ("critical", "supporting", "advisory")
_NAMED: Final = 3
_EXACT: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    n: int
    caught: int
    pending: int
    missed: tuple[str, ...]


def sentinel_checks(policy: GatePolicy, entries: Sequence[GateEntry]) -> Iterator[GateCheck]:
    """One check for each grader whose runs, or the baseline's, carried sentinels."""
    for entry in {entry.grader: entry for entry in reversed(entries) if entry.sentinels}.values():
        yield _check(policy, entry)


def _check(policy: GatePolicy, entry: GateEntry) -> GateCheck:
    runs = entry.sentinels
    found = _Counted(
        n=sum(run.n for run in runs),
        caught=sum(run.caught for run in runs),
        pending=sum(run.pending for run in runs),
        missed=tuple(f"{miss} in run {run.run}" for run in runs for miss in run.missed),
    )
    least = policy.min_caught or 1.0
    share = min((run.caught / (run.n - run.pending) for run in runs if run.n > run.pending), default=None)
    verdict, cause = GateVerdict.PASS, "passed"
    if found.pending:
        verdict, cause = GateVerdict.PENDING, "pending"
    elif share is not None and share < least - _EXACT:
        verdict, cause = GateVerdict.INCONCLUSIVE, "sentinels"
    return GateCheck(
        grader=entry.grader,
        criterion="",
        kind="sentinels",
        tier=_tier(policy, entry),
        verdict=verdict,
        cause=cause,
        why=_why(found, verdict, least),
        limit=least,
        n=found.n - found.pending,
        candidate=share,
        candidate_run=runs[0].run,
    )


def _tier(policy: GatePolicy, entry: GateEntry) -> Tier:
    """That of the strictest rule that rests on the judge; none where nothing does."""
    if not policy.min_caught or entry.same_outputs:
        return "advisory"
    tiers = {rule.tier for rule in policy.rules if rule.grader == entry.grader}
    for tier in _TIERS:
        if tier in tiers:
            return tier
    return "advisory"


def _why(found: _Counted, verdict: GateVerdict, least: float) -> str:
    if verdict is GateVerdict.PENDING:
        return f"{found.pending:,} of {found.n:,} sentinels wait for a reply"
    caught = f"the judge caught {found.caught:,} of {found.n:,} sentinels"
    if not found.missed:
        return caught
    more = f" and {len(found.missed) - _NAMED:,} more" if len(found.missed) > _NAMED else ""
    needed = f", {100 * least:.4g} % must be" if verdict is GateVerdict.INCONCLUSIVE else ""
    return f"{caught}{needed}; missed: {'; '.join(found.missed[:_NAMED])}{more}"
