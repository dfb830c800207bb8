"""The Wilson score interval of one pass rate."""

from __future__ import annotations

import math

from evalkit.stats.distribution import two_sided_z
from evalkit.stats.interval import Interval


def wilson(passed: int, n: int, *, confidence: float = 0.95) -> Interval | None:
    """The Wilson score interval of passed / n, within [0, 1]; None for n = 0.

    Raises:
        ValueError: not 0 <= passed <= n.
    """
    if not 0 <= passed <= n:
        raise ValueError(f"{passed} passed of {n} cannot be")
    if n == 0:
        return None
    z = two_sided_z(confidence)
    # The upper end is the lower end of the failures, mirrored: so 0 and 1 are met exactly and never passed.
    return Interval(low=_low(passed, n, z), high=1 - _low(n - passed, n, z))


def _low(passed: int, n: int, z: float) -> float:
    rate, weight = passed / n, z * z / n
    centre = rate + weight / 2
    half = math.sqrt(weight * (rate * (1 - rate) + weight / 4))
    return max(0.0, centre - half) / (1 + weight)
