"""The score interval of a mean on a known scale: Wilson's for scores of any grade, and Tango's for differences.

A mean m is in the interval where the data would not be surprising if m were true. How much the data would then
scatter is read off the likeliest distribution that has the mean m: the observed values, their shares tilted towards
m by empirical likelihood, with a share at the end of the scale where only that can bring the mean there. So rare
bad cases that happen to be missing are reckoned with, where mean +- t * SE takes the narrow scatter it sees for the
truth. For scores of 0 and 1 this is Wilson's interval, for differences of -1, 0 and 1 it is Tango's.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from evalkit.stats.interval import Interval

if TYPE_CHECKING:
    from evalkit.stats.values import Vector

_STEPS: Final = 100
"""False positions at most; about ten find an end."""
_NEAR: Final = 1e-12
_HALVINGS: Final = 50


def tilted_interval(values: Vector, counts: Vector, *, scale: Interval, quantile: float) -> Interval:
    """The score interval of the mean of `values`, each seen `counts` times, both of shape (k,).

    `quantile` is the normal's, or Student's for a small n; values beyond the scale widen it.
    """
    low = min(scale.low, float(values.min()))
    high = max(scale.high, float(values.max()))
    mean = float(values @ counts) / float(counts.sum())
    below = _reach(mean - values, counts, mean - low, quantile)
    above = _reach(values - mean, counts, high - mean, quantile)
    return Interval(low=max(low, mean - below), high=min(high, mean + above))


def _reach(short: Vector, counts: Vector, end: float, quantile: float) -> float:
    """How far the mean may move towards the end of the scale, which is `end` away; `short` are values, turned so.

    `short` is centred at the mean and positive towards the end.
    """
    n, square = float(counts.sum()), quantile * quantile
    if end <= 0:
        return 0.0
    # With a share at the unseen end, the equation is linear.
    free = end - short
    bounded = square * end / (n + square)
    if free.min() > _NEAR * end and end - n / float((counts / free).sum()) <= bounded:
        return bounded
    return _root(short, counts, end, n, square)


def _root(short: Vector, counts: Vector, end: float, n: float, square: float) -> float:
    """The shift at which it is `quantile` standard errors, by false position (Illinois) on how far to tilt."""

    def at(share: float) -> tuple[float, float]:
        weights = counts / (1 - share / end * short)
        weights /= weights.sum()
        shift = float(weights @ short)
        variance = float(weights @ (short - shift) ** 2)
        return math.sqrt(n) * shift - math.sqrt(square * variance), shift

    left, right = 0.0, 1 - _NEAR
    f_left, f_right = at(left)[0], at(right)[0]
    shift = 0.0
    for _ in range(_STEPS):
        middle = (left * f_right - right * f_left) / (f_right - f_left) if f_right > f_left else (left + right) / 2
        f_middle, found = at(middle)
        # Relative to the shift itself: of a million cases, one bad one, it is smaller than any fixed step.
        if abs(found - shift) <= _NEAR * found or f_middle == 0:
            return found
        shift = found
        if f_middle < 0:
            left, f_left, f_right = middle, f_middle, f_right / 2
        else:
            right, f_right, f_left = middle, f_middle, f_left / 2
    return shift


def tilted_statistic(values: Vector, counts: Vector, *, scale: Interval, mean: float) -> float | None:
    """By how many standard errors the observed mean lies above `mean`, were that true; None where both are equal.

    Infinite where `mean` is an end of the scale or beyond, as no such values could then have been seen.
    """
    low = min(scale.low, float(values.min()))
    high = max(scale.high, float(values.max()))
    n = float(counts.sum())
    observed = float(values @ counts) / n
    shift = observed - mean
    if abs(shift) <= _NEAR:
        return None
    end = observed - low if shift > 0 else high - observed
    if abs(shift) >= end:
        return math.copysign(math.inf, shift)
    short = observed - values if shift > 0 else values - observed
    return math.copysign(abs(shift) / math.sqrt(_variance(short, counts, end, abs(shift)) / n), shift)


def _variance(short: Vector, counts: Vector, end: float, shift: float) -> float:
    """The variance of the likeliest distribution whose mean is `shift` nearer to the end."""
    free, n = end - short, float(counts.sum())
    if free.min() > _NEAR * end and end - n / float((counts / free).sum()) <= shift:
        return (end - shift) * shift
    left, right = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (left + right) / 2
        weights = counts / (1 - middle / end * short)
        if float(weights @ short) / float(weights.sum()) < shift:
            left = middle
        else:
            right = middle
    weights = counts / (1 - left / end * short)
    return float(weights @ (short - shift) ** 2) / float(weights.sum())
