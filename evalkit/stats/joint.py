"""Means of several columns of the same cases in the same resamples: for numbers that are made of many means at once.

Cases, or whole clusters, are drawn with replacement; a mean is the ratio of the drawn sums to the drawn sizes. The seed
is 0, so that the same data give the same digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from evalkit.stats.clusters import cluster_sizes, cluster_sums, clusters_of
from evalkit.stats.interval import Interval
from evalkit.stats.values import vector

if TYPE_CHECKING:
    from evalkit.stats.values import Values

RESAMPLES: Final = 1000
_CELLS: Final = 1_000_000
"""Draws held at once."""


def joint_means(
    columns: Sequence[Values],
    *,
    clusters: Sequence[str | None] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[list[float]]:
    """The mean of each column in each resample, a list per resample; none for fewer than two units.

    Raises:
        ValueError: the columns differ in length, a value is not finite, or the clusters are not one per value.
    """
    import numpy as np

    arrays = [vector(column) for column in columns]
    if len({len(array) for array in arrays}) > 1:
        raise ValueError("the columns are of the same cases, and differ in length")
    n = len(arrays[0]) if arrays else 0
    partition = clusters_of(clusters, n)
    units = partition.count if partition else n
    if units < 2:
        return []
    sums = np.column_stack([cluster_sums(array, partition) if partition else array for array in arrays])
    sizes = cluster_sizes(partition) if partition else np.ones(n)
    generator = np.random.default_rng(seed)
    found: list[list[float]] = []
    step = max(1, _CELLS // units)
    while len(found) < resamples:
        rows = min(step, resamples - len(found))
        drawn = generator.integers(0, units, (rows, units)) + np.arange(rows)[:, None] * units
        counts = np.bincount(drawn.ravel(), minlength=rows * units).reshape(rows, units).astype(np.float64)
        found += ((counts @ sums) / (counts @ sizes)[:, None]).tolist()
    return found


def percentiles(values: Sequence[float | None], *, confidence: float = 0.95) -> Interval | None:
    """The middle of resampled numbers; None where more of them are undefined than lie beyond one end."""
    known = sorted(value for value in values if value is not None)
    tail = (1 - confidence) / 2
    if not known or len(values) - len(known) > tail * len(values):
        return None
    last = len(known) - 1
    return Interval(low=known[math.floor(tail * last)], high=known[math.ceil((1 - tail) * last)])
