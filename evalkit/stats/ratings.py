"""Ratings as counts, and the weights that say how far two categories agree."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from evalkit.stats.values import vector

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evalkit.stats.values import Values, Vector

    Matrix: TypeAlias = NDArray[np.float64]

Weights: TypeAlias = Literal["identity", "linear", "quadratic", "ordinal"]
Ratings: TypeAlias = Sequence[Sequence[Hashable | None]]
"""One list of ratings per item, one place per rater, None where a rater gave none."""


def positions(categories: Sequence[Hashable]) -> dict[Hashable, int]:
    """The place of every category.

    Raises:
        ValueError: a category is named twice.
    """
    places = {category: place for place, category in enumerate(categories)}
    if len(places) != len(categories):
        raise ValueError("a category is named twice")
    return places


def place_of(category: Hashable, places: dict[Hashable, int]) -> int:
    """The place of one rating.

    Raises:
        ValueError: the rating is none of the categories.
    """
    place = places.get(category)
    if place is None:
        raise ValueError(f"{category!r} is none of the categories {', '.join(map(repr, places))}")
    return place


def counts_of(ratings: Ratings, categories: Sequence[Hashable]) -> Matrix:
    """How many raters put each rated item into each category, of shape (items with a rating, categories).

    Raises:
        ValueError: a rating is none of the categories, or a category is named twice.
    """
    import numpy as np

    places = positions(categories)
    rated = [[place_of(one, places) for one in item if one is not None] for item in ratings]
    rated = [item for item in rated if item]
    counts = np.zeros((len(rated), len(places)))
    items = np.repeat(np.arange(len(rated)), [len(item) for item in rated])
    np.add.at(counts, (items, np.array([place for item in rated for place in item], dtype=np.intp)), 1)
    return counts


def weight_matrix(weights: Weights, *, count: int, values: Values | None = None) -> Matrix:
    """How far each two of `count` ordered categories agree, 1 for the same one; of shape (count, count).

    `values` are the categories' places on a scale, by default 0 ... count - 1; `ordinal` uses their order only.

    Raises:
        ValueError: there is not one value per category, or all values are equal.
    """
    import numpy as np

    if weights == "identity" or count < 2:
        return np.eye(count)
    scale = vector(list(range(count)) if values is None else values)
    if len(scale) != count or scale.max() == scale.min():
        raise ValueError(f"{count} categories do not go with the values {scale.tolist()}")
    if weights == "ordinal":
        return _ordinal(scale)
    distance = np.abs(scale[:, None] - scale[None, :]) / (scale.max() - scale.min())
    return 1 - distance if weights == "linear" else 1 - distance**2


def _ordinal(scale: Vector) -> Matrix:
    import numpy as np

    ranks = np.searchsorted(np.unique(scale), scale).astype(np.float64)
    # Pairs of categories within the span of two, the larger the further apart.
    spanned = np.abs(ranks[:, None] - ranks[None, :]) + 1
    pairs = spanned * (spanned - 1) / 2
    return 1 - pairs / pairs.max()
