"""Two runs over the same cases: the mean difference, candidate minus baseline.

every score 0 or 1, no shared cluster   tango       score interval, mid-p McNemar
graded, no shared cluster               t           paired t
cases share clusters                    cluster-t   clustered SE, t(G - 1)
every unit differs by the same          all-equal   interval as in `constant`, p by sign flips
fewer than two units                    none        no interval, no p-value
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from evalkit.stats.clusters import Clusters, cluster_means, clustered_standard_error, clusters_of
from evalkit.stats.constant import constant_interval
from evalkit.stats.difference import tango
from evalkit.stats.distribution import normal_quantile, t_two_sided_p, two_sided_z
from evalkit.stats.estimate import UNIT, t_interval
from evalkit.stats.interval import Interval, scale_of
from evalkit.stats.mcnemar import mcnemar_midp
from evalkit.stats.values import TIE, is_binary, vector

if TYPE_CHECKING:
    from evalkit.stats.values import Values, Vector

Method: TypeAlias = Literal["tango", "t", "cluster-t", "all-equal", "none"]
POWER: Final = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """A paired difference, its interval and p-value, and how they were made; what is undefined is None."""

    n: int
    delta: float | None
    low: float | None
    high: float | None
    p_value: float | None
    method: Method
    wins: int
    ties: int
    losses: int
    mde: float | None
    """The smallest difference that n cases like these would show with 80 % power."""
    clusters: int | None = None
    """Number of clusters, where cases share them."""
    confidence: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inference:
    """What follows from the differences beyond their mean."""

    method: Method
    interval: Interval | None = None
    p_value: float | None = None
    standard_error: float | None = None


def paired(
    baseline: Values,
    candidate: Values,
    *,
    clusters: Sequence[str | None] | None = None,
    confidence: float = 0.95,
    low_value: float | None = None,
    high_value: float | None = None,
) -> Paired:
    """The mean of candidate - baseline over n pairs, with its interval and two-sided p-value.

    `clusters` names the cluster of each pair, None for alone; `low_value` and `high_value` end the scale.

    Raises:
        ValueError: the sides differ in length, a value is not finite, or the clusters are not one per pair.
    """
    before, after = vector(baseline), vector(candidate)
    if len(before) != len(after):
        raise ValueError(f"{len(before)} baseline scores do not pair with {len(after)} candidate scores")
    scale = scale_of(low_value, high_value)
    differences = after - before
    differences[abs(differences) <= TIE] = 0
    n, wins, losses = len(differences), int((differences > 0).sum()), int((differences < 0).sum())
    partition = clusters_of(clusters, n)
    binary = scale in (None, UNIT) and is_binary(before) and is_binary(after)
    if binary and partition is None:
        inference = _binary(wins, losses, n, confidence=confidence)
    else:
        limits = _difference_scale(UNIT if binary else scale)
        inference = _graded(differences, partition, limits=limits, confidence=confidence)
    return Paired(
        n=n,
        delta=_mean(differences) if n else None,
        low=inference.interval.low if inference.interval else None,
        high=inference.interval.high if inference.interval else None,
        p_value=inference.p_value,
        method=inference.method,
        wins=wins,
        ties=n - wins - losses,
        losses=losses,
        mde=_mde(inference.standard_error, confidence),
        clusters=partition.count if partition else None,
        confidence=confidence,
    )


def _binary(wins: int, losses: int, n: int, *, confidence: float) -> _Inference:
    if n == 0:
        return _Inference(method="none")
    spread = wins + losses - (wins - losses) ** 2 / n
    return _Inference(
        method="tango",
        interval=tango(wins, losses, n, confidence=confidence),
        p_value=mcnemar_midp(wins, losses),
        standard_error=math.sqrt(max(0.0, spread)) / n,
    )


def _graded(
    differences: Vector, clusters: Clusters | None, *, limits: Interval | None, confidence: float
) -> _Inference:
    units = clusters.count if clusters else len(differences)
    if units < 2:
        return _Inference(method="none")
    delta = _mean(differences)
    unit_means = cluster_means(differences, clusters) if clusters else differences
    if unit_means.max() - unit_means.min() <= TIE:
        return _Inference(
            method="all-equal",
            interval=constant_interval(delta, units=units, scale=limits, confidence=confidence),
            p_value=1.0 if abs(delta) <= TIE else 2.0 ** (1 - units),
        )
    standard_error = clustered_standard_error(differences, clusters) if clusters else _plain(differences)
    if standard_error is None:
        return _Inference(method="none")
    return _Inference(
        method="cluster-t" if clusters else "t",
        interval=t_interval(delta, standard_error, df=units - 1, scale=limits, confidence=confidence),
        p_value=t_two_sided_p(delta / standard_error, units - 1),
        standard_error=standard_error,
    )


def _mean(differences: Vector) -> float:
    # Summed exactly, so that the order of the cases never shows in the last digits.
    return math.fsum(differences.tolist()) / len(differences)


def _plain(differences: Vector) -> float:
    return float(differences.std(ddof=1)) / math.sqrt(len(differences))


def _mde(standard_error: float | None, confidence: float) -> float | None:
    if not standard_error:
        return None
    return (two_sided_z(confidence) + normal_quantile(POWER)) * standard_error


def _difference_scale(scale: Interval | None) -> Interval | None:
    if scale is None:
        return None
    width = scale.high - scale.low
    return Interval(low=-width, high=width)
