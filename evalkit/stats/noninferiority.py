"""Is the candidate not worse than the baseline by more than a margin? The question of a gate.

The hypothesis to be rejected is that it is: delta <= -margin. The lower end of the two-sided interval lies above
-margin exactly where the one-sided p-value lies below (1 - confidence) / 2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.stats.clusters import clusters_of
from evalkit.stats.difference import tango, tango_z
from evalkit.stats.differences import Differences, differences_of
from evalkit.stats.distribution import normal_upper_p, t_upper_p
from evalkit.stats.mcnemar import mcnemar_worse
from evalkit.stats.tilted import tilted_statistic
from evalkit.stats.units import Choice, Method, case_units, cluster_units
from evalkit.stats.values import vector

if TYPE_CHECKING:
    from evalkit.stats.values import Values


@dataclass(frozen=True, slots=True, kw_only=True)
class NonInferiority:
    """Whether a loss of more than the margin is ruled out; what is undefined is None."""

    margin: float
    delta: float | None
    statistic: float | None
    """z for binary scores, t for others, of delta against -margin."""
    p_value: float | None
    """One-sided, of a loss of the margin or more."""
    bound: float | None
    """The lower end of the interval: delta is no less, at a one-sided level of (1 - confidence) / 2."""
    p_worse: float | None
    """One-sided, small where the candidate is worse than the baseline at all."""
    method: Method
    confidence: float = 0.95

    @property
    def holds(self) -> bool:
        """Whether the loss is shown to be smaller than the margin; never for lack of evidence."""
        return self.bound is not None and self.bound > -self.margin


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalence:
    """Two one-sided tests that the mean difference lies within +- margin."""

    margin: float
    p_low: float
    """Of a difference of -margin or less."""
    p_high: float
    """Of a difference of margin or more."""

    @property
    def p_value(self) -> float:
        """The larger of the two, as both have to be rejected."""
        return max(self.p_low, self.p_high)


def noninferiority(
    baseline: Values,
    candidate: Values,
    *,
    margin: float,
    clusters: Sequence[str | None] | None = None,
    confidence: float = 0.95,
    low_value: float | None = None,
    high_value: float | None = None,
    interval: Choice = "default",
) -> NonInferiority:
    """Non-inferiority of n pairs, by the same interval as `paired`; a bootstrap has no statistic and no p-value.

    Raises:
        ValueError: the margin is negative, or as `paired`.
    """
    _check(margin)
    found = differences_of(baseline, candidate, clusters=clusters, low_value=low_value, high_value=high_value)
    method, limits = found.interval(confidence=confidence, interval=interval)
    statistic, p_value = _against(found, method, margin)
    return NonInferiority(
        margin=margin,
        delta=found.delta,
        statistic=statistic,
        p_value=p_value,
        bound=limits.low if limits else None,
        p_worse=found.test().p_worse,
        method=method,
        confidence=confidence,
    )


def noninferiority_counts(wins: int, losses: int, n: int, *, margin: float, confidence: float = 0.95) -> NonInferiority:
    """Non-inferiority of n pairs of binary scores from the cases that only one side passed, by Tango's statistic.

    Raises:
        ValueError: the margin is negative, or wins and losses are not counts within n.
    """
    _check(margin)
    limits = tango(wins, losses, n, confidence=confidence)
    statistic = tango_z(wins, losses, n, -margin)
    return NonInferiority(
        margin=margin,
        delta=(wins - losses) / n if n else None,
        statistic=statistic,
        p_value=None if statistic is None else normal_upper_p(statistic),
        bound=limits.low if limits else None,
        p_worse=mcnemar_worse(wins, losses) if n else None,
        method="tango" if n else "none",
        confidence=confidence,
    )


def tost(differences: Values, *, margin: float, clusters: Sequence[str | None] | None = None) -> Equivalence | None:
    """Equivalence within +- margin by Student's t; None for fewer than two units or without spread.

    Raises:
        ValueError: the margin is negative, a value is not finite, or the clusters are not one per difference.
    """
    _check(margin)
    array = vector(differences)
    partition = clusters_of(clusters, len(array))
    if (partition.count if partition else len(array)) < 2:
        return None
    mean = math.fsum(array.tolist()) / len(array)
    units = cluster_units(array, mean, partition) if partition else case_units(array, mean)
    if units.all_equal:
        return None
    error, df = units.standard_error, units.df
    return Equivalence(
        margin=margin,
        p_low=t_upper_p((mean + margin) / error, df),
        p_high=t_upper_p((margin - mean) / error, df),
    )


def _against(found: Differences, method: Method, margin: float) -> tuple[float | None, float | None]:
    """The statistic against -margin, and its one-sided p-value."""
    if method == "tango":
        z = tango_z(found.wins, found.losses, found.n, -margin)
        return z, None if z is None else normal_upper_p(z)
    units = found.units
    if units is None or found.delta is None or units.all_equal:
        return None, None
    if method in ("t", "cluster-t"):
        t = (found.delta + margin) / units.standard_error
    elif method in ("tilted", "cluster-tilted") and found.scale is not None:
        t = tilted_statistic(units.values, units.counts, scale=found.scale, mean=-margin)
        t = 0.0 if t is None else t
    else:
        return None, None
    return t, t_upper_p(t, units.df)


def _check(margin: float) -> None:
    if not 0 <= margin < math.inf:
        raise ValueError(f"a margin is a loss that can be borne, 0 or more, not {margin}")
