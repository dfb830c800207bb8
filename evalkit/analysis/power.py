"""How many cases, or judge samples, it takes to see a difference: from the spread of two runs' own differences.

To see a difference of delta, and to pass a gate with a margin of delta where nothing has changed, are two questions:
the first is Miller's n (arXiv 2411.00640, section 5), the second that of non-inferiority. Clusters count through the
standard error that they leave: the variance of one case is then n * SE^2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from evalkit.analysis.comparability import reasons_against
from evalkit.analysis.pairing import paired_difference, pairing
from evalkit.analysis.scores import RunScores
from evalkit.stats import cases_needed_for_margin, mde, sample_size, with_samples

SAMPLES: Final = (1, 2, 3, 5, 10)
"""Judge samples a case that are worth weighing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What it takes for one difference; None where no number of cases is enough, or where none can be told."""

    delta: float
    samples: int
    """Judgements of each output."""
    to_see: int | None
    """Cases at which a true difference of delta shows."""
    to_pass: int | None
    """Cases at which a gate with the margin delta passes a candidate that is no different."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What two runs can show of a difference, and what it would take to show smaller ones."""

    baseline: str
    candidate: str
    grader: str
    criterion: str
    n: int
    clusters: int | None
    moved: float | None
    """Share of the paired cases whose score moved."""
    variance: float | None
    """Of one case's difference; None where nothing moved, which tells nothing of a larger set."""
    mde: float | None
    """The smallest difference that these n cases show."""
    within_variance: float | None
    """The judge's own, of one judgement; None where its noise was never measured."""
    seen_samples: int
    confidence: float
    power: float
    needs: tuple[Need, ...]
    reasons: tuple[str, ...] = ()
    """Why the runs are not comparable, and nothing was computed."""

    def need(self, delta: float, samples: int = 1) -> Need | None:
        """What one difference takes with so many judgements of each output."""
        return next((one for one in self.needs if (one.delta, one.samples) == (delta, samples)), None)

    def enough_samples(self, delta: float) -> int | None:
        """The fewest judgements of each output with which the cases that there are show a difference."""
        found = [one.samples for one in self.needs if one.delta == delta and one.to_see and one.to_see <= self.n]
        return min(found, default=None)

    def json(self) -> dict[str, Any]:
        """The power as plain JSON."""
        return {**asdict(self), "needs": [asdict(one) for one in self.needs], "reasons": list(self.reasons)}


def power_of(
    baseline: RunScores,
    candidate: RunScores,
    deltas: Sequence[float],
    *,
    within_variance: float | None = None,
    seen_samples: int = 1,
    confidence: float = 0.95,
    power: float = 0.8,
) -> Power:
    """What two runs can show, and what it takes to show each of some differences.

    Args:
        baseline: one run.
        candidate: another, of the same cases.
        deltas: differences on the scale of the scores, above 0.
        within_variance: of the judge's repeated judgements of one output, where its noise is known.
        seen_samples: how often each output of these runs was judged.
        confidence: of the two-sided interval.
        power: the chance to see a difference that is there.

    Raises:
        ValueError: a difference is not above 0, or the runs hold scores of two criteria.
    """
    if any(delta <= 0 for delta in deltas):
        raise ValueError("a difference to be seen is above 0")
    reasons = reasons_against(baseline, candidate)
    joined = pairing(baseline, candidate)
    made = paired_difference(joined, confidence=confidence)
    variance = made.n * made.standard_error**2 if made.standard_error and not reasons else None
    choices = SAMPLES if within_variance is not None else (1,)
    return Power(
        baseline=baseline.run,
        candidate=candidate.run,
        grader=candidate.grader,
        criterion=candidate.criterion,
        n=made.n,
        clusters=made.clusters,
        moved=(made.wins + made.losses) / made.n if made.n else None,
        variance=variance,
        mde=None if variance is None else mde(made.n, variance=variance, confidence=confidence, power=power),
        within_variance=within_variance,
        seen_samples=seen_samples,
        confidence=confidence,
        power=power,
        needs=tuple(
            _need(delta, k, variance, within_variance, seen_samples, confidence=confidence, power=power)
            for delta in deltas
            for k in choices
        ),
        reasons=reasons,
    )


def _need(
    delta: float,
    samples: int,
    variance: float | None,
    within_variance: float | None,
    seen: int,
    *,
    confidence: float,
    power: float,
) -> Need:
    if variance is None:
        return Need(delta=delta, samples=samples, to_see=None, to_pass=None)
    if within_variance is not None:
        variance = with_samples(variance, within_variance=within_variance, seen=seen, samples=samples)
    found = sample_size(delta, variance=variance, confidence=confidence, power=power)
    return Need(
        delta=delta,
        samples=samples,
        to_see=None if found is None else max(2, math.ceil(found)),
        to_pass=cases_needed_for_margin(delta, variance=variance, confidence=confidence, power=power),
    )
