"""What can be said when every unit scored the same.

The standard error is then 0, and an interval of no width would claim to be perfectly sure, after two cases as
after two thousand. What n equal units do show is that few units can be different: at most a share of
1 - (alpha / 2)^(1 / n), the exact (Clopper-Pearson) bound for "none seen". Those few may lie anywhere on the
scale, and that bounds the mean; where the scale is not known, nothing does.
"""

from __future__ import annotations

from evalkit.stats.distribution import tail
from evalkit.stats.interval import Interval


def constant_interval(
    value: float, *, units: float, scale: Interval | None, confidence: float = 0.95
) -> Interval | None:
    """Interval of a mean of which `units` cases, or clusters, all show `value`; None without a scale."""
    if scale is None or units < 1:
        return None
    unseen = 1 - tail(confidence) ** (1 / units)
    low = value - unseen * max(0.0, value - scale.low)
    high = value + unseen * max(0.0, scale.high - value)
    return Interval(low=low, high=high)
