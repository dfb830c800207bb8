"""Gwet's AC1 of two judges where outputs share clusters: the usual interval takes every output for one of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from evalkit.analysis.measure import Measure, as_measure
from evalkit.stats import estimate
from evalkit.stats.raters import gwet


def clustered_ac1(
    pairs: Sequence[tuple[int, int]],
    clusters: Sequence[str | None],
    *,
    labels: int,
    confidence: float = 0.95,
) -> Measure:
    """AC1 of the labels, by their places, that two judges gave each output.

    The interval is that of the mean of what each output adds to AC1 (Gwet 2008, the linearisation behind the usual
    variance), by clusters; without clusters it is the usual one.
    """
    plain = as_measure(gwet(pairs, range(labels), confidence=confidence))
    named = [cluster for cluster in clusters if cluster is not None]
    if plain.value is None or len(set(named)) == len(named):
        return plain
    counts = Counter(place for pair in pairs for place in pair)
    shares = [counts[place] / (2 * len(pairs)) for place in range(labels)]
    by_chance = sum(share * (1 - share) for share in shares) / (labels - 1)
    parts = [
        ((one == other) - by_chance - 2 * (1 - plain.value) * (_chance(one, other, shares) - by_chance))
        / (1 - by_chance)
        for one, other in pairs
    ]
    made = estimate(parts, clusters=clusters, confidence=confidence)
    high = None if made.high is None else min(1.0, made.high)
    return Measure(value=plain.value, low=made.low, high=high, n=len(pairs))


def _chance(one: int, other: int, shares: Sequence[float]) -> float:
    return ((1 - shares[one]) + (1 - shares[other])) / 2 / (len(shares) - 1)
