"""The bias-corrected and accelerated bootstrap of a mean (Efron and Tibshirani 1993, chapter 14).

Cases, or whole clusters, are drawn with replacement; with clusters the mean is the ratio of their sums to their
sizes. The seed is 0, and the values are drawn in ascending order, so that the same data give the same digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from evalkit.stats.clusters import cluster_sizes, cluster_sums, clusters_of
from evalkit.stats.constant import constant_interval
from evalkit.stats.distribution import normal_cdf, normal_quantile, tail
from evalkit.stats.interval import Interval, scale_of
from evalkit.stats.resampling import resampled_means
from evalkit.stats.values import TIE, vector

if TYPE_CHECKING:
    from evalkit.stats.values import Values, Vector

RESAMPLES: Final = 9999


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """An interval by BCa, and the two corrections that made it; both None where every unit is the same."""

    interval: Interval | None
    method: Literal["bca", "all-equal"]
    bias: float | None
    """z0: the normal quantile of the share of resampled means below the mean."""
    acceleration: float | None
    """How fast the standard error changes with the mean: a sixth of the skewness of the jackknife."""
    resamples: int


def bca(
    values: Values,
    *,
    clusters: Sequence[str | None] | None = None,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    low_value: float | None = None,
    high_value: float | None = None,
) -> Bootstrap | None:
    """The BCa interval of the mean of n values, within the scale where one is known; None for fewer than two units.

    Raises:
        ValueError: a value is not finite, the clusters are not one per value, or the scale is none.
    """
    array = vector(values)
    partition = clusters_of(clusters, len(array))
    scale = scale_of(low_value, high_value)
    if (partition.count if partition else len(array)) < 2:
        return None
    mean = math.fsum(array.tolist()) / len(array)
    residuals = array - mean
    sizes = None
    if partition is not None:
        residuals, sizes = cluster_sums(residuals, partition), cluster_sizes(partition)
    return bootstrap_of(mean, residuals, sizes, scale=scale, confidence=confidence, resamples=resamples)


def bootstrap_of(
    mean: float,
    residuals: Vector,
    sizes: Vector | None,
    *,
    scale: Interval | None,
    confidence: float,
    resamples: int = RESAMPLES,
) -> Bootstrap:
    """BCa of a mean from each unit's sum of residuals about it, and the units' sizes where these are clusters."""
    import numpy as np

    per_case = residuals if sizes is None else residuals / sizes
    if per_case.max() - per_case.min() <= TIE:
        equal = constant_interval(mean, units=len(residuals), scale=scale, confidence=confidence)
        return Bootstrap(interval=equal, method="all-equal", bias=None, acceleration=None, resamples=0)
    means = resampled_means(residuals, sizes, resamples=resamples)
    slack = TIE * float(np.abs(residuals).max()) / len(residuals)
    below = int((means < -slack).sum()) + int((np.abs(means) <= slack).sum()) / 2
    # Never all or none, so that the quantile is finite.
    bias = normal_quantile(min(max(below, 0.5), resamples - 0.5) / resamples)
    acceleration = _acceleration(residuals, sizes)
    z = normal_quantile(tail(confidence))
    shares = [_share(bias, acceleration, quantile) for quantile in (z, -z)]
    low, high = np.quantile(means, shares).tolist()
    # The estimate is always within: of a few very skewed values the corrections can leave it outside.
    interval = Interval(low=mean + min(low, 0.0), high=mean + max(high, 0.0))
    return Bootstrap(
        interval=interval if scale is None else interval.clip(scale),
        method="bca",
        bias=bias,
        acceleration=acceleration,
        resamples=resamples,
    )


def _share(bias: float, acceleration: float, quantile: float) -> float:
    """The share of resampled means below the end that stands for `quantile`."""
    moved = bias + quantile
    stretch = 1 - acceleration * moved
    if stretch <= 0:  # beyond the pole, where the correction has no meaning: the last resampled mean
        return 1.0 if moved > 0 else 0.0
    return normal_cdf(bias + moved / stretch)


def _acceleration(residuals: Vector, sizes: Vector | None) -> float:
    """By the jackknife, leaving out one unit after another."""
    left_out = residuals if sizes is None else residuals / (sizes.sum() - sizes)
    influence = left_out - left_out.mean()
    return float((influence**3).sum() / (6 * (influence @ influence) ** 1.5))
