"""One number of an analysis with its interval and n."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evalkit.stats import Estimate
from evalkit.stats.coefficient import Coefficient


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A number, its interval and how many cases it rests on; what is undefined is None."""

    value: float | None
    low: float | None
    high: float | None
    n: int


def as_measure(found: Estimate | Coefficient) -> Measure:
    """The number of an estimate or a coefficient of agreement."""
    value = found.mean if isinstance(found, Estimate) else found.value
    return Measure(value=value, low=found.low, high=found.high, n=found.n)


def flat(name: str, measure: Measure | None) -> Iterator[tuple[str, float | None]]:
    """The measure as members of a flat JSON object."""
    yield name, measure and measure.value
    yield f"{name}_low", measure and measure.low
    yield f"{name}_high", measure and measure.high
