"""An interval: two ends, on whatever axis the caller means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Two finite ends with `low <= high`."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"an interval from {self.low} to {self.high} is none")

    def clip(self, limits: Interval) -> Interval:
        """The part of this interval that lies within the limits; touches them where there is none."""
        low = min(max(self.low, limits.low), limits.high)
        high = max(min(self.high, limits.high), limits.low)
        return Interval(low=low, high=high)


def scale_of(low_value: float | None, high_value: float | None) -> Interval | None:
    """The scale that scores live on, or None where it is not known.

    Raises:
        ValueError: only one end is given, or the ends are the wrong way round.
    """
    if low_value is None and high_value is None:
        return None
    if low_value is None or high_value is None:
        raise ValueError("a scale needs both of its ends: give low_value and high_value")
    return Interval(low=low_value, high=high_value)
