"""Krippendorff's alpha: 1 - observed / expected disagreement, any number of raters, ratings missing (2011)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from evalkit.stats.values import vector

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evalkit.stats.values import Vector

Level: TypeAlias = Literal["nominal", "ordinal", "interval", "ratio"]


def krippendorff_alpha(ratings: Sequence[Sequence[float | None]], *, level: Level) -> float | None:
    """Alpha of one list of ratings per item; labels go in as numbers, any for the nominal level.

    None where nothing was rated twice or all ratings are equal.

    Raises:
        ValueError: a rating is not finite, or negative at the ratio level.
    """
    import numpy as np

    items = [kept for item in ratings if len(kept := [one for one in item if one is not None]) > 1]
    if not items:
        return None
    values = vector([one for item in items for one in item])
    if level == "ratio" and values.min() < 0:
        raise ValueError("a rating at the ratio level is not negative")
    distinct, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    # An ordinal distance counts the ratings between two categories: that is the distance of their mean ranks.
    scale = np.cumsum(counts) - counts / 2 if level == "ordinal" else distinct
    sizes = np.array([len(item) for item in items], dtype=np.intp)
    if len(distinct) < 2:
        return None
    expected = _expected(scale, counts.astype(np.float64), level)
    return 1 - _observed(scale[codes], sizes, level) * (len(values) - 1) / expected


def _observed(values: Vector, sizes: NDArray[np.intp], level: Level) -> float:
    """The distances of all ordered pairs within an item, each item's over one less than its ratings."""
    import numpy as np

    size = np.repeat(sizes, sizes)
    start = np.repeat(np.cumsum(sizes) - sizes, sizes)
    one = np.repeat(np.arange(len(values)), size)
    within = np.arange(len(one)) - np.repeat(np.cumsum(size) - size, size)
    distances = _distance(values[one], values[start[one] + within], level)
    return float((distances / (size[one] - 1)).sum())


def _expected(scale: Vector, counts: Vector, level: Level) -> float:
    """The distances of all ordered pairs of ratings, whichever item they are of."""
    total = float(counts.sum())
    if level == "nominal":
        return total**2 - float((counts**2).sum())
    if level != "ratio":
        centred = scale - float(counts @ scale) / total
        return 2 * total * float(counts @ centred**2)
    # One distinct rating at a time: their square would not fit into memory for a fine scale.
    return sum(
        float(count * (counts * _distance(scale, scale[place : place + 1], level)).sum())
        for place, count in enumerate(counts.tolist())
    )


def _distance(one: Vector, other: Vector, level: Level) -> Vector:
    import numpy as np

    if level == "nominal":
        return (one != other).astype(np.float64)
    if level == "ratio":
        total = one + other
        return ((one - other) / np.where(total > 0, total, 1)) ** 2
    return (one - other) ** 2
