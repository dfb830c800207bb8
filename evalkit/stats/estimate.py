"""A mean with its interval and n: the default interval for every kind of score.

every value 0 or 1, no shared cluster   wilson      score interval of a pass rate
graded, no shared cluster               t           mean +- t(n - 1) * SE
cases share clusters                    cluster-t   mean +- t(G - 1) * clustered SE
every unit the same                     all-equal   see `constant`; no interval without a scale
fewer than two units                    none        no interval
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from evalkit.stats.clusters import Clusters, cluster_means, clustered_standard_error, clusters_of
from evalkit.stats.constant import constant_interval
from evalkit.stats.distribution import two_sided_t
from evalkit.stats.interval import Interval, scale_of
from evalkit.stats.proportion import wilson
from evalkit.stats.values import TIE, is_binary, vector

if TYPE_CHECKING:
    from evalkit.stats.values import Values, Vector

Method: TypeAlias = Literal["wilson", "t", "cluster-t", "all-equal", "none"]
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
    confidence: float = 0.95


def estimate(
    values: Values,
    *,
    clusters: Sequence[str | None] | None = None,
    confidence: float = 0.95,
    low_value: float | None = None,
    high_value: float | None = None,
) -> Estimate:
    """The mean of n scores with its interval; `clusters` names the cluster of each score, None for alone.

    With `low_value` and `high_value`, the ends of the scale, no interval leaves the scale.

    Raises:
        ValueError: a value is not finite, the clusters are not one per value, or the scale is none.
    """
    array = vector(values)
    partition = clusters_of(clusters, len(array))
    if partition is not None:
        scale = scale_of(low_value, high_value)
        return _clustered(array, partition, scale=scale, confidence=confidence)
    counts = _counts(array)
    return estimate_counts(counts, confidence=confidence, low_value=low_value, high_value=high_value)


def estimate_counts(
    counts: Mapping[float, int],
    *,
    confidence: float = 0.95,
    low_value: float | None = None,
    high_value: float | None = None,
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
    if seen.keys() <= {0, 1} and scale in (None, UNIT):
        return _made(n, mean, wilson(seen.get(1, 0), n, confidence=confidence), "wilson", confidence=confidence)
    if n < 2:
        return _made(n, mean, None, "none", confidence=confidence)
    if max(seen) - min(seen) <= TIE:
        equal = constant_interval(mean, units=n, scale=scale, confidence=confidence)
        return _made(n, mean, equal, "all-equal", confidence=confidence)
    variance = math.fsum(count * (value - mean) ** 2 for value, count in seen.items()) / (n - 1)
    interval = t_interval(mean, math.sqrt(variance / n), df=n - 1, scale=scale, confidence=confidence)
    return _made(n, mean, interval, "t", confidence=confidence)


def t_interval(mean: float, standard_error: float, *, df: int, scale: Interval | None, confidence: float) -> Interval:
    """Mean +- t * SE, within the scale where one is known."""
    half = two_sided_t(df, confidence) * standard_error
    interval = Interval(low=mean - half, high=mean + half)
    return interval if scale is None else interval.clip(scale)


def _clustered(array: Vector, clusters: Clusters, *, scale: Interval | None, confidence: float) -> Estimate:
    n, units = len(array), clusters.count
    mean = math.fsum(array.tolist()) / n
    standard_error = clustered_standard_error(array, clusters)
    if standard_error is None:
        return _made(n, mean, None, "none", clusters=units, confidence=confidence)
    if scale is None and is_binary(array):
        scale = UNIT
    means = cluster_means(array, clusters)
    if means.max() - means.min() <= TIE:
        equal = constant_interval(mean, units=units, scale=scale, confidence=confidence)
        return _made(n, mean, equal, "all-equal", clusters=units, confidence=confidence)
    interval = t_interval(mean, standard_error, df=units - 1, scale=scale, confidence=confidence)
    return _made(n, mean, interval, "cluster-t", clusters=units, confidence=confidence)


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
    clusters: int | None = None,
) -> Estimate:
    low, high = (interval.low, interval.high) if interval else (None, None)
    return Estimate(n=n, mean=mean, low=low, high=high, method=method, clusters=clusters, confidence=confidence)
