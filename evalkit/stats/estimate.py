"""A mean with its interval and n: the default interval for every kind of score.

every value 0 or 1, no shared cluster   wilson           score interval of a pass rate
graded, no shared cluster               tilted           the score interval for any grades, see `tilted`
cases share clusters                    cluster-tilted   the same over clusters
no scale is known                       t, cluster-t     mean +- t(units - 1) * (clustered) SE
every unit the same                     all-equal        see `constant`; no interval without a scale
fewer than two units                    none             no interval

Looked at repeatedly, as the data grow, it is as wide as a confidence sequence: the same with another quantile.

`interval="t"` gives mean +- t * SE on a known scale too, and `interval="bca"` the bootstrap. Both claim too much for
scores that are mostly perfect: of 30 with 3 % of 0 and 7 % of 0.5, t covers the mean 90 times in 100.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.stats.clusters import Clusters, cluster_sizes, clusters_of, effective_clusters
from evalkit.stats.interval import Interval, scale_of
from evalkit.stats.proportion import wilson, wilson_at
from evalkit.stats.sequential import sequence_quantile
from evalkit.stats.units import FEW_CLUSTERS, Choice, Looks, Method, cluster_units, unit_interval, units_of
from evalkit.stats.values import is_binary, vector

if TYPE_CHECKING:
    from evalkit.stats.values import Values, Vector

UNIT = Interval(low=0.0, high=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean, its interval, and how it was made; what is undefined is None."""

    n: int
    mean: float | None
    low: float | None
    high: float | None
    method: Method
    clusters: int | None = None
    """Number of clusters, where cases share them."""
    effective_clusters: float | None = None
    """How many clusters of one size would say as much."""
    confidence: float = 0.95

    @property
    def few_clusters(self) -> bool:
        """Whether the clusters are so few, or of such unequal size, that the interval is a rough one."""
        return self.effective_clusters is not None and self.effective_clusters < FEW_CLUSTERS


def estimate(
    values: Values,
    *,
    clusters: Sequence[str | None] | None = None,
    confidence: float = 0.95,
    low_value: float | None = None,
    high_value: float | None = None,
    interval: Choice = "default",
    looks: Looks = "once",
) -> Estimate:
    """The mean of n scores with its interval; `clusters` names the cluster of each score, None for alone.

    `looks` says whether these data are looked at once or again and again as they grow.
    With `low_value` and `high_value`, the ends of the scale, no interval leaves the scale.

    Raises:
        ValueError: a value is not finite, the clusters are not one per value, or the scale is none.
    """
    array = vector(values)
    partition = clusters_of(clusters, len(array))
    if partition is not None:
        scale = scale_of(low_value, high_value)
        return _clustered(array, partition, scale=scale, confidence=confidence, interval=interval, looks=looks)
    return estimate_counts(
        _counts(array),
        confidence=confidence,
        low_value=low_value,
        high_value=high_value,
        interval=interval,
        looks=looks,
    )


def estimate_counts(
    counts: Mapping[float, int],
    *,
    confidence: float = 0.95,
    low_value: float | None = None,
    high_value: float | None = None,
    interval: Choice = "default",
    looks: Looks = "once",
) -> Estimate:
    """The same as `estimate` from how often each distinct value occurs, without clusters.

    Raises:
        ValueError: a value is not finite, a count is negative, or the scale is none.
    """
    scale = scale_of(low_value, high_value)
    if any(count < 0 for count in counts.values()) or not all(map(math.isfinite, counts)):
        raise ValueError("a score is a finite number, and it occurs zero times or more")
    seen = {value: count for value, count in counts.items() if count}
    n = sum(seen.values())
    if n == 0:
        return _made(0, None, None, "none", confidence=confidence)
    mean = math.fsum(value * count for value, count in seen.items()) / n
    mean = min(max(mean, min(seen)), max(seen))
    if interval == "default" and seen.keys() <= {0, 1} and scale in (None, UNIT):
        if looks == "repeated":
            made = wilson_at(seen.get(1, 0), n, sequence_quantile(n, confidence=confidence))
            return _made(n, mean, made, "confidence-sequence", confidence=confidence)
        return _made(n, mean, wilson(seen.get(1, 0), n, confidence=confidence), "wilson", confidence=confidence)
    if n < 2:
        return _made(n, mean, None, "none", confidence=confidence)
    units = units_of(seen, mean)
    method, found = unit_interval(units, scale=scale, confidence=confidence, interval=interval, looks=looks)
    return _made(n, mean, found, method, confidence=confidence)


def _clustered(
    array: Vector, clusters: Clusters, *, scale: Interval | None, confidence: float, interval: Choice, looks: Looks
) -> Estimate:
    n = len(array)
    mean = math.fsum(array.tolist()) / n
    if clusters.count < 2:
        return _made(n, mean, None, "none", clusters=clusters, confidence=confidence)
    if scale is None and is_binary(array):
        scale = UNIT
    units = cluster_units(array, mean, clusters)
    method, found = unit_interval(units, scale=scale, confidence=confidence, interval=interval, looks=looks)
    return _made(n, mean, found, method, clusters=clusters, confidence=confidence)


def _counts(array: Vector) -> dict[float, int]:
    import numpy as np

    distinct, counts = np.unique(array, return_counts=True)
    return dict(zip(distinct.tolist(), counts.tolist(), strict=True))


def _made(
    n: int,
    mean: float | None,
    interval: Interval | None,
    method: Method,
    *,
    confidence: float,
    clusters: Clusters | None = None,
) -> Estimate:
    return Estimate(
        n=n,
        mean=mean,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        method=method,
        clusters=clusters.count if clusters else None,
        effective_clusters=effective_clusters(cluster_sizes(clusters)) if clusters else None,
        confidence=confidence,
    )
