"""The mean over all cases, had every unscored case gone as badly or as well as the scale allows (Manski)."""

from __future__ import annotations

from evalkit.stats.interval import Interval


def bounds(
    total: float, n_scored: int, n_unscored: int, *, low_value: float = 0.0, high_value: float = 1.0
) -> Interval | None:
    """Worst and best mean over all cases; `total` is the sum of the n_scored scores; None for no cases.

    Raises:
        ValueError: a count is negative, or the scale's ends are the wrong way round.
    """
    if n_scored < 0 or n_unscored < 0:
        raise ValueError(f"{n_scored} scored and {n_unscored} unscored cases cannot be")
    n = n_scored + n_unscored
    if n == 0:
        return None
    return Interval(low=(total + low_value * n_unscored) / n, high=(total + high_value * n_unscored) / n)
