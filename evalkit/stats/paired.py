"""Two runs over the same cases: the mean difference, candidate minus baseline.

                                        interval         p-value
every score 0 or 1, no shared cluster   tango            mcnemar-midp
graded, no shared cluster               tilted           sign-flip
cases share clusters                    cluster-tilted   sign-flip, of whole clusters
no scale is known                       t, cluster-t     sign-flip
every unit differs by the same          all-equal        sign-flip
fewer than two units                    none             none

Tilted is Tango's interval for any grades, see `tilted`. Looked at repeatedly, as the data grow, the interval is as
wide as a confidence sequence, and the p-value is that of the sequence, or of an e-process for scores of 0 and 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from evalkit.stats.clusters import cluster_sizes, effective_clusters
from evalkit.stats.differences import PMethod, differences_of
from evalkit.stats.distribution import normal_quantile, two_sided_z
from evalkit.stats.units import FEW_CLUSTERS, Choice, Looks, Method

if TYPE_CHECKING:
    from evalkit.stats.values import Values

POWER: Final = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """A paired difference, its interval and p-value, and how they were made; what is undefined is None."""

    n: int
    delta: float | None
    low: float | None
    high: float | None
    p_value: float | None
    """Two-sided, of no difference."""
    method: Method
    wins: int
    ties: int
    losses: int
    mde: float | None
    """The smallest difference that n cases like these would show with 80 % power."""
    clusters: int | None = None
    """Number of clusters, where cases share them."""
    effective_clusters: float | None = None
    """How many clusters of one size would say as much."""
    confidence: float = 0.95
    p_method: PMethod = "none"
    p_worse: float | None = None
    """One-sided, by the same method: small where the candidate is worse than the baseline."""
    standard_error: float | None = None
    """Of delta; None where all units differ by the same."""
    looks: Looks = "once"

    @property
    def few_clusters(self) -> bool:
        """Whether the clusters are so few, or of such unequal size, that the interval is a rough one."""
        return self.effective_clusters is not None and self.effective_clusters < FEW_CLUSTERS


def paired(
    baseline: Values,
    candidate: Values,
    *,
    clusters: Sequence[str | None] | None = None,
    confidence: float = 0.95,
    low_value: float | None = None,
    high_value: float | None = None,
    interval: Choice = "default",
    looks: Looks = "once",
) -> Paired:
    """The mean of candidate - baseline over n pairs, with its interval and p-values.

    `clusters` names the cluster of each pair, None for alone; `low_value` and `high_value` end the scale.
    `looks` says whether these data are looked at once or again and again as they grow.

    Raises:
        ValueError: the sides differ in length, a value is not finite, or the clusters are not one per pair.
    """
    found = differences_of(baseline, candidate, clusters=clusters, low_value=low_value, high_value=high_value)
    method, limits = found.interval(confidence=confidence, interval=interval, looks=looks)
    test = found.test(looks=looks, confidence=confidence)
    error, partition = found.standard_error, found.clusters
    return Paired(
        n=found.n,
        delta=found.delta,
        low=limits.low if limits else None,
        high=limits.high if limits else None,
        p_value=test.p_value,
        method=method,
        wins=found.wins,
        ties=found.n - found.wins - found.losses,
        losses=found.losses,
        mde=(two_sided_z(confidence) + normal_quantile(POWER)) * error if error else None,
        clusters=partition.count if partition else None,
        effective_clusters=effective_clusters(cluster_sizes(partition)) if partition else None,
        confidence=confidence,
        p_method=test.method,
        p_worse=test.p_worse,
        standard_error=error,
        looks=looks,
    )
