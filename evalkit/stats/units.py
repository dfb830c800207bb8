"""What is independent of each other: cases, or clusters of them, and the interval of a mean over such units."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from evalkit.stats.bootstrap import bootstrap_of
from evalkit.stats.clusters import Clusters, cluster_sizes, cluster_sums, effective_clusters
from evalkit.stats.constant import constant_interval
from evalkit.stats.distribution import two_sided_t, two_sided_z
from evalkit.stats.interval import Interval
from evalkit.stats.sequential import sequence_quantile
from evalkit.stats.tilted import tilted_interval
from evalkit.stats.values import TIE

if TYPE_CHECKING:
    from evalkit.stats.values import Vector

Choice: TypeAlias = Literal["default", "t", "bca"]
Looks: TypeAlias = Literal["once", "repeated"]
Method: TypeAlias = Literal[
    "wilson",
    "tango",
    "tilted",
    "cluster-tilted",
    "t",
    "cluster-t",
    "bca",
    "cluster-bca",
    "confidence-sequence",
    "all-equal",
    "none",
]
FEW_CLUSTERS: Final = 30
"""With fewer clusters than this, taken as equal ones, the clustered standard error is itself uncertain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """n >= 2 independent units by distinct value, whose mean is the mean over cases.

    A cluster's value is the mean plus its sum of residuals about it, divided by the mean size of a cluster.
    """

    mean: float
    values: Vector
    """Distinct, ascending, of shape (k,)."""
    counts: Vector
    n: int
    clustered: bool
    residuals: Vector | None = None
    """Each cluster's sum of residuals, of shape (n,); None where every case is alone."""
    sizes: Vector | None = None

    @property
    def all_equal(self) -> bool:
        """Whether every unit shows the same."""
        return float(self.values[-1] - self.values[0]) <= TIE

    @property
    def effective(self) -> float:
        """How many units of one size say as much: fewer than n where clusters differ in size."""
        return float(self.n) if self.sizes is None else effective_clusters(self.sizes)

    @property
    def df(self) -> float:
        """Degrees of freedom of the standard error; 1 at least, as two units of one size have."""
        return max(1.0, self.effective - 1)

    @property
    def standard_error(self) -> float:
        """Of the mean, with n - 1 in the denominator: the clustered one where there are clusters."""
        squares = float(self.counts @ (self.values - self.mean) ** 2)
        return math.sqrt(squares / (self.n - 1) / self.n)


def units_of(seen: Mapping[float, int], mean: float) -> Units:
    """Cases that are each alone, from how often each value occurs."""
    import numpy as np

    values = sorted(seen)
    counts = np.array([seen[value] for value in values], dtype=np.float64)
    return Units(
        mean=mean, values=np.array(values, dtype=np.float64), counts=counts, n=sum(seen.values()), clustered=False
    )


def case_units(array: Vector, mean: float) -> Units:
    """Cases that are each alone, as an array of shape (n,)."""
    import numpy as np

    values, counts = np.unique(array, return_counts=True)
    return Units(mean=mean, values=values, counts=counts.astype(np.float64), n=len(array), clustered=False)


def cluster_units(array: Vector, mean: float, clusters: Clusters) -> Units:
    """Clusters of cases, the cases as an array of shape (n,)."""
    import numpy as np

    residuals, sizes = cluster_sums(array - mean, clusters), cluster_sizes(clusters)
    values, counts = np.unique(mean + residuals * (clusters.count / len(array)), return_counts=True)
    return Units(
        mean=mean,
        values=values,
        counts=counts.astype(np.float64),
        n=clusters.count,
        clustered=True,
        residuals=residuals,
        sizes=sizes,
    )


def unit_interval(
    units: Units, *, scale: Interval | None, confidence: float, interval: Choice = "default", looks: Looks = "once"
) -> tuple[Method, Interval | None]:
    """The interval of the mean and how it was made; no interval where all units are equal on an unknown scale."""
    # The bound for "none seen" holds for one look; of repeated ones, the score interval below has its own.
    if units.all_equal and (looks == "once" or scale is None or interval != "default"):
        return "all-equal", constant_interval(units.mean, units=units.effective, scale=scale, confidence=confidence)
    if interval == "bca" and looks == "once":
        return "cluster-bca" if units.clustered else "bca", _bca(units, scale, confidence)
    quantile = two_sided_t(units.df, confidence)
    if looks == "repeated":
        quantile *= sequence_quantile(units.n, confidence=confidence) / two_sided_z(confidence)
    if scale is not None and interval == "default":
        found = tilted_interval(units.values, units.counts, scale=scale, quantile=quantile).clip(scale)
        method: Method = "cluster-tilted" if units.clustered else "tilted"
    else:
        half = quantile * units.standard_error
        found = Interval(low=units.mean - half, high=units.mean + half)
        found = found if scale is None else found.clip(scale)
        method = "cluster-t" if units.clustered else "t"
    return "confidence-sequence" if looks == "repeated" else method, found


def _bca(units: Units, scale: Interval | None, confidence: float) -> Interval | None:
    import numpy as np

    residuals = units.residuals
    if residuals is None:
        residuals = np.repeat(units.values - units.mean, units.counts.astype(np.intp))
    return bootstrap_of(units.mean, residuals, units.sizes, scale=scale, confidence=confidence).interval
