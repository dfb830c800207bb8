"""A candidate run against its baseline: the paired difference and the cases that moved.

Runs that another grader or another model scored are not comparable: their comparison names the reasons and
holds no number, unless it is forced.
"""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.analysis.comparability import reasons_against
from evalkit.analysis.pairing import Pairing, paired_difference, pairing
from evalkit.analysis.scores import RunScores
from evalkit.stats import TIE


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A case whose score moved between two runs."""

    case_id: str
    baseline: float
    candidate: float
    delta: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs joined case by case; what was not computed or is undefined is None."""

    baseline: str
    candidate: str
    criterion: str
    comparable: bool
    reasons: tuple[str, ...]
    """Why the runs are not comparable; kept when the comparison is forced."""
    n_paired: int
    n_unpaired: int
    delta: float | None
    low: float | None
    high: float | None
    p_value: float | None
    method: str
    wins: int | None
    ties: int | None
    losses: int | None
    mde: float | None
    """The smallest difference that as many cases like these would show with 80 % power."""
    clusters: int | None
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    unscored: tuple[str, ...]
    regressed: tuple[Flip, ...]
    """Worst first."""
    improved: tuple[Flip, ...]
    """Best first."""


def compare(baseline: RunScores, candidate: RunScores, *, force: bool = False, confidence: float = 0.95) -> Comparison:
    """The candidate run minus the baseline, over the cases that pair; `force` computes despite the reasons.

    Raises:
        ValueError: the runs hold scores of two criteria.
        IntegrityError: a run holds a case twice.
    """
    reasons = reasons_against(baseline, candidate)
    joined = pairing(baseline, candidate)
    computed = force or not reasons
    numbers = paired_difference(joined, confidence=confidence) if computed else None
    flips = _flips(joined) if computed else []
    return Comparison(
        baseline=baseline.run,
        candidate=candidate.run,
        criterion=candidate.criterion,
        comparable=not reasons,
        reasons=reasons,
        n_paired=len(joined.cases),
        n_unpaired=joined.n_unpaired,
        delta=numbers.delta if numbers else None,
        low=numbers.low if numbers else None,
        high=numbers.high if numbers else None,
        p_value=numbers.p_value if numbers else None,
        method=numbers.method if numbers else "none",
        wins=numbers.wins if numbers else None,
        ties=numbers.ties if numbers else None,
        losses=numbers.losses if numbers else None,
        mde=numbers.mde if numbers else None,
        clusters=numbers.clusters if numbers else None,
        added=joined.added,
        removed=joined.removed,
        changed=joined.changed,
        unscored=joined.unscored,
        regressed=tuple(sorted((flip for flip in flips if flip.delta < 0), key=_delta)),
        improved=tuple(sorted((flip for flip in flips if flip.delta > 0), key=_delta, reverse=True)),
    )


def _flips(joined: Pairing) -> list[Flip]:
    return [
        Flip(case_id=case.case_id, baseline=baseline, candidate=candidate, delta=candidate - baseline)
        for case, baseline, candidate in zip(joined.cases, joined.baseline, joined.candidate, strict=True)
        if abs(candidate - baseline) > TIE
    ]


def _delta(flip: Flip) -> float:
    return flip.delta
