"""Prediction-powered inference: the judge's mean over all cases, set right by a random part that humans labelled too.

Angelopoulos et al. 2023, PPI (Science 382) and PPI++ (arXiv 2311.01453). The interval is that of t(labels - 1); on a
known scale the parts that rest on the labels reach as far as their score intervals (see `tilted`), combined by squares.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from evalkit.stats.correction import Corrected, Method, Why
from evalkit.stats.distribution import two_sided_t
from evalkit.stats.estimate import UNIT, estimate
from evalkit.stats.interval import Interval, scale_of
from evalkit.stats.values import TIE, is_binary, vector

if TYPE_CHECKING:
    from evalkit.stats.values import Values, Vector


def ppi(
    human: Values,
    judge: Values,
    judge_rest: Values,
    *,
    confidence: float = 0.95,
    low_value: float | None = None,
    high_value: float | None = None,
) -> Corrected:
    """Prediction-powered mean: the judge's over the unlabelled cases, plus human - judge over the labelled ones.

    `human` and `judge` score the same labelled cases, `judge_rest` the others; the labelled ones are a random part.
    With `low_value` and `high_value`, the ends of the scale, no interval leaves it; scores of 0 and 1 have theirs.

    Raises:
        ValueError: the labelled scores differ in length, a value is not finite, or the scale is none.
    """
    scale = scale_of(low_value, high_value)
    return _ppi("ppi", vector(human), vector(judge), vector(judge_rest), scale=scale, confidence=confidence)


def ppi_plus(
    human: Values,
    judge: Values,
    judge_rest: Values,
    *,
    confidence: float = 0.95,
    low_value: float | None = None,
    high_value: float | None = None,
) -> Corrected:
    """PPI++: the same, the judge's scores counting as much as they deserve, so that a bad judge does no harm.

    Raises:
        ValueError: as for `ppi`.
    """
    scale = scale_of(low_value, high_value)
    return _ppi("ppi++", vector(human), vector(judge), vector(judge_rest), scale=scale, confidence=confidence)


def ppi_paired(
    human: tuple[Values, Values],
    judge: tuple[Values, Values],
    judge_rest: tuple[Values, Values],
    *,
    confidence: float = 0.95,
    low_value: float | None = None,
    high_value: float | None = None,
) -> Corrected:
    """PPI++ of the difference candidate - baseline over the same cases; each argument is (baseline, candidate).

    Raises:
        ValueError: as for `ppi`, or a baseline and a candidate differ in length.
    """
    sides = [(vector(before), vector(after)) for before, after in (human, judge, judge_rest)]
    if any(len(before) != len(after) for before, after in sides):
        raise ValueError("baseline and candidate are scored on the same cases")
    scale = scale_of(low_value, high_value)
    if scale is None and all(is_binary(side) for pair in sides for side in pair):
        scale = UNIT
    width = None if scale is None else Interval(low=scale.low - scale.high, high=scale.high - scale.low)
    labelled, scored, rest = (after - before for before, after in sides)
    return _ppi("ppi++", labelled, scored, rest, scale=width, confidence=confidence)


def _ppi(
    method: Method, human: Vector, judge: Vector, rest: Vector, *, scale: Interval | None, confidence: float
) -> Corrected:
    if len(human) != len(judge):
        raise ValueError(f"{len(human)} labels do not go with {len(judge)} scores of the same cases")
    if scale is None and all(map(is_binary, (human, judge, rest))):
        scale = UNIT
    raw, weight = _mean(judge, rest), 1.0 if method == "ppi" else _weight(human, judge, rest)
    value = float(weight * rest.mean() + (human - weight * judge).mean()) if len(human) and len(rest) else None
    error = _error(human, judge, rest, weight) if min(len(human), len(rest)) > 1 else None
    low, high, why = None, None, "too-few"
    if value is not None and error is not None:
        low, high, why = _ends(value, error, human, judge, weight=weight, scale=scale, confidence=confidence)
    return Corrected(
        method=method,
        value=value if value is None or scale is None else min(max(value, scale.low), scale.high),
        low=low,
        high=high,
        raw=raw,
        n=len(judge) + len(rest),
        n_labels=len(human),
        standard_error=error,
        weight=weight,
        why=why,
    )


def _mean(judge: Vector, rest: Vector) -> float | None:
    n = len(judge) + len(rest)
    return math.fsum((*judge.tolist(), *rest.tolist())) / n if n else None


def _weight(human: Vector, judge: Vector, rest: Vector) -> float:
    """The weight of the judge that makes the variance least, within [0, 1]."""
    import numpy as np

    n, others = len(human), len(rest)
    if n == 0 or others == 0:
        return 0.0
    everything = np.concatenate([judge, rest])
    spread = float(everything.var(ddof=1))
    if spread == 0:
        return 0.0
    together = float(((human - human.mean()) * (judge - judge.mean())).mean())
    return min(1.0, max(0.0, together / ((1 + n / others) * spread)))


def _error(human: Vector, judge: Vector, rest: Vector, weight: float) -> float:
    return math.sqrt(weight**2 * float(rest.var()) / len(rest) + float((human - weight * judge).var()) / len(human))


def _ends(
    value: float,
    error: float,
    human: Vector,
    judge: Vector,
    *,
    weight: float,
    scale: Interval | None,
    confidence: float,
) -> tuple[float | None, float | None, Why | None]:
    half = two_sided_t(len(human) - 1, confidence) * error
    gaps = human - judge
    if scale is None:
        # Every label errs alike, so the variance knows of no error of the judge; without a scale nothing bounds it.
        alike = bool(gaps.max() - gaps.min() <= TIE)
        return (None, None, "labels-all-agree") if alike else (value - half, value + half, None)
    width = scale.high - scale.low
    rest = Interval(low=scale.low - weight * scale.high, high=scale.high - weight * scale.low)
    parts = zip(
        _excess(human - weight * judge, rest, confidence),
        _excess(gaps, Interval(low=-width, high=width), confidence),
        _excess(human, scale, confidence),
        strict=True,
    )
    # What is left after weighing looks quieter than its two sources where the few labels happen to fit the weight.
    below, above = (
        math.sqrt(half**2 + max(left, weight**2 * errors + (1 - weight) ** 2 * labels))
        for left, errors, labels in parts
    )
    interval = Interval(low=value - below, high=value + above).clip(scale)
    return interval.low, interval.high, None


def _excess(part: Vector, scale: Interval, confidence: float) -> tuple[float, float]:
    """By how much the square of the score interval's reach, below and above the mean, exceeds that of t.

    A judge errs rarely, so few labels show few errors or none: t then claims too much, the score interval does not.
    """
    made = estimate(part, confidence=confidence, low_value=scale.low, high_value=scale.high)
    if made.mean is None or made.low is None or made.high is None:
        return 0.0, 0.0
    plain = two_sided_t(len(part) - 1, confidence) ** 2 * float(part.var()) / len(part)
    return (made.mean - made.low) ** 2 - plain, (made.high - made.mean) ** 2 - plain
