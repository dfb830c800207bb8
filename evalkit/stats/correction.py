"""A pass rate or mean corrected for what the judge gets wrong, from cases that humans labelled too.

Rogan-Gladen suits labels of another set, with another base rate; where humans labelled a random part of the very cases,
`ppi` is the tighter one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from evalkit.stats.distribution import two_sided_z
from evalkit.stats.estimate import UNIT
from evalkit.stats.interval import Interval
from evalkit.stats.proportion import wilson
from evalkit.stats.values import TIE

Method: TypeAlias = Literal["rogan-gladen", "ppi", "ppi++"]
Why: TypeAlias = Literal["not-better-than-chance", "not-separated-from-chance", "too-few", "labels-all-agree"]
"""Why a number is missing.

not-better-than-chance      sensitivity + specificity <= 1: the judge's yes says nothing
not-separated-from-chance   so few labels that the same may be true
too-few                     nothing to estimate from, or fewer than two labels or cases
labels-all-agree            no label differs from the judge's score, on a scale that is not known
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A corrected mean with its interval; what is undefined is None, and `why` says why."""

    method: Method
    value: float | None
    low: float | None
    high: float | None
    raw: float | None
    """The judge's own mean, uncorrected."""
    n: int
    """Cases that the judge scored, labelled ones included for PPI."""
    n_labels: int | None
    """Cases with a human label; None where the judge's error rates are taken as known."""
    standard_error: float | None = None
    weight: float | None = None
    """How much the judge's scores count in PPI: 1 plainly, 0 as if there were none."""
    why: Why | None = None


def rogan_gladen(
    rate: float,
    n: int,
    *,
    sensitivity: float,
    specificity: float,
    positives: int | None = None,
    negatives: int | None = None,
    confidence: float = 0.95,
) -> Corrected:
    """The true pass rate behind the judge's `rate` over n cases, within [0, 1].

    `positives` and `negatives` count the labelled passes and failures that the error rates were measured on; without
    them the rates are taken as known. The interval is Lang and Reiczigel's in the form of Lee et al. 2025
    (arXiv 2511.21140), widened where need be to hold the estimate.

    Raises:
        ValueError: a rate is outside [0, 1], a count is negative, or only one count is given.
    """
    if not all(0 <= one <= 1 for one in (rate, sensitivity, specificity)) or n < 0:
        raise ValueError(f"rates of {rate}, {sensitivity} and {specificity} over {n} cases cannot be")
    if (positives is None) != (negatives is None) or min(positives or 0, negatives or 0) < 0:
        raise ValueError("positives and negatives are counted both, or neither")
    judge = _Judge(sensitivity=sensitivity, specificity=specificity, positives=positives, negatives=negatives)
    why = "too-few" if n == 0 else judge.why_not(confidence)
    raw = rate if n else None
    if why is not None:
        return Corrected(
            method="rogan-gladen", value=None, low=None, high=None, raw=raw, n=n, n_labels=judge.labels, why=why
        )
    value = min(1.0, max(0.0, (rate + specificity - 1) / (sensitivity + specificity - 1)))
    interval, error = _lee(rate, n, judge, z=two_sided_z(confidence))
    return Corrected(
        method="rogan-gladen",
        value=value,
        low=min(value, interval.low),
        high=max(value, interval.high),
        raw=raw,
        n=n,
        n_labels=judge.labels,
        standard_error=error,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    """A judge's rates of right answers, and the labels that they were measured on, None for known rates."""

    sensitivity: float
    specificity: float
    positives: int | None
    negatives: int | None

    @property
    def labels(self) -> int | None:
        return None if self.positives is None or self.negatives is None else self.positives + self.negatives

    def why_not(self, confidence: float) -> Why | None:
        """Why no correction can be made, None where it can."""
        better = self.sensitivity + self.specificity - 1
        if 0 in (self.positives, self.negatives):
            return "too-few"
        if better <= TIE:
            return "not-better-than-chance"
        # Newcombe's lower end of sensitivity - (1 - specificity), two independent shares.
        yes = _below(self.sensitivity, self.positives, confidence)
        no = _below(self.specificity, self.negatives, confidence)
        shrunk = _shrunk(self.sensitivity, self.positives)[0] + _shrunk(self.specificity, self.negatives)[0] - 1
        return None if better > math.hypot(yes, no) and shrunk > TIE else "not-separated-from-chance"


def _below(share: float, count: int | None, confidence: float) -> float:
    """How far below the share Wilson's interval reaches; 0 for a known one."""
    interval = wilson(round(share * count), count, confidence=confidence) if count else None
    return max(0.0, share - interval.low) if interval else 0.0


def _lee(rate: float, n: int, judge: _Judge, *, z: float) -> tuple[Interval, float]:
    """Interval and standard error, everything shrunk towards one half."""
    passed = (n * rate + z * z / 2) / (n + z * z)
    hit, hit_noise = _shrunk(judge.sensitivity, judge.positives)
    rejected, rejected_noise = _shrunk(judge.specificity, judge.negatives)
    better = hit + rejected - 1
    value = (passed + rejected - 1) / better
    noise = passed * (1 - passed) / (n + z * z) + (1 - value) ** 2 * rejected_noise + value**2 * hit_noise
    error = math.sqrt(noise) / better
    centre = value + 2 * z * z * (value * hit_noise - (1 - value) * rejected_noise)
    return Interval(low=centre - z * error, high=centre + z * error).clip(UNIT), error


def _shrunk(share: float, count: int | None) -> tuple[float, float]:
    """A share with one more hit and one more miss, and its variance; as it is where it is known."""
    if count is None:
        return share, 0.0
    shrunk = (count * share + 1) / (count + 2)
    return shrunk, shrunk * (1 - shrunk) / (count + 2)
