"""A chance-corrected coefficient of agreement with its interval: (observed - expected) / (1 - expected).

The interval is linearised, with t(n - 1) over the items (Gwet 2014). Where every item agrees alike the linearised error
is 0, and an interval of no width would claim to be perfectly sure; the observed agreement then gets the interval of
`constant`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.stats.constant import constant_interval
from evalkit.stats.distribution import two_sided_t
from evalkit.stats.interval import Interval
from evalkit.stats.values import TIE

if TYPE_CHECKING:
    from evalkit.stats.values import Vector

_UNIT = Interval(low=0.0, high=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficient:
    """A coefficient of agreement, its interval and how many items it rests on; what is undefined is None."""

    n: int
    """Items with at least one rating."""
    value: float | None
    low: float | None
    high: float | None
    standard_error: float | None
    observed: float | None
    """The share of agreement seen, weighted where the coefficient is."""
    expected: float | None
    """The share of agreement that chance gives."""


def undefined(n: int, *, observed: float | None = None, expected: float | None = None) -> Coefficient:
    """A coefficient without a value: nothing was rated twice, or chance alone explains full agreement."""
    return Coefficient(n=n, value=None, low=None, high=None, standard_error=None, observed=observed, expected=expected)


def chance_corrected(
    influence: Vector, *, observed: float, expected: float, rated_twice: int, confidence: float
) -> Coefficient:
    """The coefficient whose linearised values per item are `influence`, of shape (n,).

    `rated_twice` counts the items that can show agreement; `expected` is below 1.
    """
    n = len(influence)
    value = (observed - expected) / (1 - expected)
    error, interval = None, None
    if n > 1:
        error = math.sqrt(float(((influence - value) ** 2).sum()) / (n * (n - 1)))
        half = two_sided_t(n - 1, confidence) * error
        interval = Interval(low=value - half, high=value + half)
    if error is None or error <= TIE:
        seen = constant_interval(observed, units=rated_twice, scale=_UNIT, confidence=confidence)
        interval = seen and _corrected(seen, expected)
    # With weights, and items rated once, a coefficient may lie a little below -1.
    interval = interval and interval.clip(Interval(low=min(-1.0, value), high=1.0))
    return Coefficient(
        n=n,
        value=value,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        standard_error=error,
        observed=observed,
        expected=expected,
    )


def _corrected(seen: Interval, expected: float) -> Interval:
    return Interval(low=(seen.low - expected) / (1 - expected), high=(seen.high - expected) / (1 - expected))
