"""What repeated judgements of the same outputs say about the judge: its noise, and what that noise hides.

Miller 2024, "Adding Error Bars to Evals" (arXiv 2411.00640): a judgement is the case's own mean plus noise, so the
variance of a run's mean is (between + within / samples) / n.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from evalkit.stats.distribution import normal_quantile, two_sided_z
from evalkit.stats.estimate import Estimate, estimate, estimate_counts
from evalkit.stats.values import TIE, vector

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evalkit.stats.values import Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """Variance components and self-consistency of a judge; what is undefined is None.

    Only items with two judgements or more count, in every field.
    """

    n_items: int
    n_judgements: int
    mean: float | None
    """The mean of the items' means."""
    within_variance: float | None
    """The variance of one judgement around its item's own mean, averaged over the items."""
    between_variance: float | None
    """The variance of the items' own means, free of the judge's noise; 0 where noise explains all of it."""
    icc: float | None
    """ICC(1): the share of a single judgement's variance that is the item's; None where nothing varies."""
    unanimous_share: Estimate
    """The share of items on which all judgements are equal."""
    flip_rate: Estimate
    """The chance that two judgements of one item differ."""

    def variance_ratio(self, samples: float) -> float | None:
        """The variance of a run's mean with so many samples a case, over that with one; None where nothing varies."""
        if self.within_variance is None or self.between_variance is None:
            return None
        return variance_ratio(
            between_variance=self.between_variance, within_variance=self.within_variance, samples=samples
        )


def repeats(judgements: Sequence[Sequence[float]], *, confidence: float = 0.95) -> Repeats:
    """Variance components of one list of judgements per item; lists may differ in length.

    Raises:
        ValueError: a judgement is not finite.
    """
    kept = [item for item in judgements if len(item) > 1]
    if not kept:
        return _none(confidence)
    import numpy as np

    sizes = np.array([len(item) for item in kept], dtype=np.intp)
    values = vector(list(chain.from_iterable(kept)))
    items = np.repeat(np.arange(len(kept)), sizes)
    means = np.bincount(items, weights=values) / sizes
    variances = np.bincount(items, weights=(values - means[items]) ** 2) / (sizes - 1)
    flips = _flips(values, items, sizes)
    unanimous = int((flips == 0).sum())
    return Repeats(
        n_items=len(kept),
        n_judgements=len(values),
        mean=math.fsum(means.tolist()) / len(kept),
        within_variance=float(variances.mean()),
        between_variance=_between(means, variances, sizes),
        icc=_icc(means, variances, sizes),
        unanimous_share=estimate_counts({1.0: unanimous, 0.0: len(kept) - unanimous}, confidence=confidence),
        flip_rate=estimate(flips, low_value=0, high_value=1, confidence=confidence),
    )


def variance_ratio(*, between_variance: float, within_variance: float, samples: float) -> float | None:
    """The variance of a run's mean with so many samples a case, over that with one; None where nothing varies.

    Raises:
        ValueError: fewer than one sample; any number above is allowed, infinity too.
    """
    if samples < 1:
        raise ValueError(f"a case is judged at least once, not {samples} times")
    single = between_variance + within_variance
    return (between_variance + within_variance / samples) / single if single > 0 else None


def judge_floor(
    within_variance: float, *, n: int, samples: int = 1, confidence: float = 0.95, power: float = 0.8
) -> float:
    """The smallest difference of two runs over n cases that the judge's noise alone lets one see.

    Raises:
        ValueError: no cases or no samples, or a negative variance.
    """
    if n < 1 or samples < 1 or within_variance < 0:
        raise ValueError(f"{n} cases with {samples} samples and a variance of {within_variance} cannot be")
    factor = two_sided_z(confidence) + normal_quantile(power)
    return factor * math.sqrt(2 * within_variance / (n * samples))


def _flips(values: Vector, items: NDArray[np.intp], sizes: NDArray[np.intp]) -> Vector:
    """The share of each item's pairs of judgements that differ, of shape (items,)."""
    import numpy as np

    order = np.lexsort((values, items))
    ranked, owner = values[order], items[order]
    starts = np.ones(len(values), dtype=bool)
    starts[1:] = (np.diff(owner) > 0) | (np.diff(ranked) > TIE)
    first = np.flatnonzero(starts)
    runs = np.diff(np.append(first, len(values)))
    # Counted in whole numbers, so that a unanimous item differs by exactly 0.
    equal = np.bincount(owner[first], weights=runs * (runs - 1))
    return 1 - equal / (sizes * (sizes - 1))


def _between(means: Vector, variances: Vector, sizes: NDArray[np.intp]) -> float | None:
    if len(means) < 2:
        return None
    # Each item's mean carries its own noise, variance / samples; what is left is the items'.
    return max(0.0, float(means.var(ddof=1) - (variances / sizes).mean()))


def _icc(means: Vector, variances: Vector, sizes: NDArray[np.intp]) -> float | None:
    """ICC(1) by analysis of variance; with unequal lists the usual average length k0."""
    n, total = len(means), int(sizes.sum())
    if n < 2:
        return None
    grand = float((means * sizes).sum()) / total
    between = float((sizes * (means - grand) ** 2).sum()) / (n - 1)
    within = float((variances * (sizes - 1)).sum()) / (total - n)
    length = (total - float((sizes**2).sum()) / total) / (n - 1)
    spread = between + (length - 1) * within
    return (between - within) / spread if spread > TIE**2 else None


def _none(confidence: float) -> Repeats:
    nothing = estimate_counts({}, confidence=confidence)
    return Repeats(
        n_items=0,
        n_judgements=0,
        mean=None,
        within_variance=None,
        between_variance=None,
        icc=None,
        unanimous_share=nothing,
        flip_rate=nothing,
    )
