"""Cases that share a cluster (a document, a conversation) are not independent: the clustered standard error.

Miller 2024, "Adding Error Bars to Evals" (arXiv 2411.00640), with the small-sample factor sqrt(G / (G - 1)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evalkit.stats.values import Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """A partition of n cases into `count` clusters; `codes` has shape (n,) and values in 0 ... count - 1."""

    codes: NDArray[np.intp]
    count: int


def clusters_of(names: Sequence[str | None] | None, n: int) -> Clusters | None:
    """The partition by name, where a case without a name is alone; None where every case is alone.

    Raises:
        ValueError: there is not one name per case.
    """
    if names is None:
        return None
    if len(names) != n:
        raise ValueError(f"{len(names)} clusters do not go with {n} scores")
    codes = _codes(names)
    count = max(codes, default=-1) + 1
    if count == n:
        return None
    import numpy as np

    return Clusters(codes=np.array(codes, dtype=np.intp), count=count)


def _codes(names: Sequence[str | None]) -> list[int]:
    seen: dict[str, int] = {}
    codes: list[int] = []
    count = 0
    for name in names:
        code = count if name is None else seen.setdefault(name, count)
        count += code == count
        codes.append(code)
    return codes


def clustered_standard_error(values: Vector, clusters: Clusters, *, corrected: bool = True) -> float | None:
    """The standard error of the mean of values of shape (n,); None for fewer than two clusters.

    `corrected` multiplies by sqrt(G / (G - 1)), as survey statistics do and Miller's formula does not.
    """
    import numpy as np

    if clusters.count < 2:
        return None
    sums = cluster_sums(values - values.mean(), clusters)
    factor = clusters.count / (clusters.count - 1) if corrected else 1.0
    return float(np.sqrt(factor * (sums @ sums)) / len(values))


def cluster_sums(values: Vector, clusters: Clusters) -> Vector:
    """The sum of each cluster, of shape (clusters.count,)."""
    import numpy as np

    return np.bincount(clusters.codes, weights=values, minlength=clusters.count).astype(np.float64)


def cluster_sizes(clusters: Clusters) -> Vector:
    """How many cases each cluster has, of shape (clusters.count,)."""
    import numpy as np

    return np.bincount(clusters.codes, minlength=clusters.count).astype(np.float64)


def effective_clusters(sizes: Vector) -> float:
    """How many clusters of one size would say as much as these: G* = n^2 / sum m^2, which is G for equal sizes.

    Kish 1965, "Survey Sampling"; Carter, Schnepel and Steigerwald 2017 take it for the degrees of freedom.
    """
    return float(sizes.sum() ** 2 / (sizes @ sizes))


def cluster_means(values: Vector, clusters: Clusters) -> Vector:
    """The mean of each cluster, of shape (clusters.count,)."""
    return cluster_sums(values, clusters) / cluster_sizes(clusters)
