"""A candidate run against its baseline: the paired difference and the cases that moved.

Runs that another grader or another model scored are not comparable: their comparison names the reasons and
holds no number, unless it is forced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from evalkit.analysis.comparability import reasons_against
from evalkit.analysis.flip import Flip, Transition, flips, transitions
from evalkit.analysis.pairing import Pairing, paired_difference, pairing
from evalkit.analysis.scores import RunScores
from evalkit.stats import Estimate, estimate, holm


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
    n_shared: int = 0
    """Paired cases of which both runs have one and the same score, which one took over: no difference can show."""
    delta: float | None
    low: float | None
    high: float | None
    p_value: float | None
    p_adjusted: float | None = None
    """Holm's, over all comparisons made together; None for one alone."""
    method: str
    """How the interval was made."""
    p_method: str = "none"
    """How the p-value was made."""
    wins: int | None
    ties: int | None
    losses: int | None
    mde: float | None
    """The smallest difference that as many cases like these would show with 80 % power."""
    clusters: int | None
    effective_clusters: float | None = None
    """How many clusters of one size would say as much."""
    baseline_estimate: Estimate | None = None
    """The baseline's mean over the paired cases, not over all of its own."""
    candidate_estimate: Estimate | None = None
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    unscored: tuple[str, ...]
    regressed: tuple[Flip, ...]
    """Worst first."""
    improved: tuple[Flip, ...]
    """Best first."""
    transitions: tuple[Transition, ...] = ()
    """Changes of label, the most frequent first."""
    low_value: float = 0.0
    high_value: float = 1.0
    confidence: float = 0.95

    @property
    def forced(self) -> bool:
        """Whether there are numbers although the runs are not comparable."""
        return not self.comparable and self.wins is not None


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
    regressed, improved = flips(joined) if computed else ((), ())
    return Comparison(
        baseline=baseline.run,
        candidate=candidate.run,
        criterion=candidate.criterion,
        comparable=not reasons,
        reasons=reasons,
        n_paired=len(joined.cases),
        n_unpaired=joined.n_unpaired,
        n_shared=joined.n_shared,
        delta=numbers.delta if numbers else None,
        low=numbers.low if numbers else None,
        high=numbers.high if numbers else None,
        p_value=numbers.p_value if numbers else None,
        method=numbers.method if numbers else "none",
        p_method=numbers.p_method if numbers else "none",
        wins=numbers.wins if numbers else None,
        ties=numbers.ties if numbers else None,
        losses=numbers.losses if numbers else None,
        mde=numbers.mde if numbers else None,
        clusters=numbers.clusters if numbers else None,
        effective_clusters=numbers.effective_clusters if numbers else None,
        baseline_estimate=_estimate(joined, joined.baseline, confidence) if computed else None,
        candidate_estimate=_estimate(joined, joined.candidate, confidence) if computed else None,
        added=joined.added,
        removed=joined.removed,
        changed=joined.changed,
        unscored=joined.unscored,
        regressed=regressed,
        improved=improved,
        transitions=transitions(joined) if computed else (),
        low_value=joined.low_value,
        high_value=joined.high_value,
        confidence=confidence,
    )


def adjusted(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Comparisons that are read together, with Holm's p-values where several have one."""
    tested = [one.p_value for one in comparisons if one.p_value is not None]
    if len(tested) < 2:
        return tuple(comparisons)
    p_values = iter(holm(tested))
    return tuple(one if one.p_value is None else replace(one, p_adjusted=next(p_values)) for one in comparisons)


def _estimate(joined: Pairing, values: Sequence[float], confidence: float) -> Estimate:
    return estimate(
        values,
        clusters=joined.clusters(range(len(joined.cases))),
        confidence=confidence,
        low_value=joined.low_value,
        high_value=joined.high_value,
    )
