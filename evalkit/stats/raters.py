"""Agreement of two raters or more, with ratings missing: Gwet's AC1 and AC2, Fleiss, Brennan-Prediger, Conger.

All share the observed agreement and differ in what chance would give. Gwet 2014, "Handbook of Inter-Rater
Reliability"; the R package irrCAC.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from evalkit.stats.coefficient import Coefficient, chance_corrected, undefined
from evalkit.stats.ratings import Ratings, Weights, counts_of, place_of, positions, weight_matrix
from evalkit.stats.values import TIE

if TYPE_CHECKING:
    from evalkit.stats.ratings import Matrix
    from evalkit.stats.values import Values, Vector


def gwet(
    ratings: Ratings,
    categories: Sequence[Hashable],
    *,
    weights: Weights = "identity",
    values: Values | None = None,
    confidence: float = 0.95,
) -> Coefficient:
    """Gwet's AC1, or AC2 with weights other than identity: steady where nearly all items are of one category.

    Raises:
        ValueError: a rating is none of the categories, or the values do not fit them.
    """
    counts, matrix = _inputs(ratings, categories, weights=weights, values=values)
    size = len(categories)
    if size < 2:
        return undefined(len(counts))
    shares = _shares(counts)
    scale = float(matrix.sum()) / (size * (size - 1))
    marginal = shares.mean(axis=0) if len(shares) else shares.sum(axis=0)
    expected = scale * float((marginal * (1 - marginal)).sum())
    return _coefficient(counts, matrix, expected=expected, each=scale * shares @ (1 - marginal), confidence=confidence)


def fleiss_kappa(
    ratings: Ratings,
    categories: Sequence[Hashable],
    *,
    weights: Weights = "identity",
    values: Values | None = None,
    confidence: float = 0.95,
) -> Coefficient:
    """Fleiss' kappa, generalised to weights and missing ratings.

    Raises:
        ValueError: a rating is none of the categories, or the values do not fit them.
    """
    counts, matrix = _inputs(ratings, categories, weights=weights, values=values)
    shares = _shares(counts)
    marginal = shares.mean(axis=0) if len(shares) else shares.sum(axis=0)
    expected = float(marginal @ matrix @ marginal)
    return _coefficient(counts, matrix, expected=expected, each=shares @ matrix @ marginal, confidence=confidence)


def fleiss_z(ratings: Ratings, categories: Sequence[Hashable]) -> float | None:
    """Fleiss' kappa over its standard error under pure chance; None unless all items have as many ratings, 2 or more.

    Raises:
        ValueError: a rating is none of the categories.
    """
    counts = counts_of(ratings, categories)
    raters = counts.sum(axis=1)
    value = fleiss_kappa(ratings, categories).value
    if value is None or raters.min() != raters.max():
        return None
    n, m, marginal = len(counts), float(raters[0]), counts.mean(axis=0) / raters[0]
    spread = float((marginal * (1 - marginal)).sum())
    skew = float((marginal * (1 - marginal) * (1 - 2 * marginal)).sum())
    return value / math.sqrt(2 * (spread**2 - skew) / (n * m * (m - 1)) / spread**2)


def brennan_prediger(
    ratings: Ratings,
    categories: Sequence[Hashable],
    *,
    weights: Weights = "identity",
    values: Values | None = None,
    confidence: float = 0.95,
) -> Coefficient:
    """Brennan and Prediger's coefficient (Bennett's S for two raters): chance picks every category as often.

    Raises:
        ValueError: a rating is none of the categories, or the values do not fit them.
    """
    import numpy as np

    counts, matrix = _inputs(ratings, categories, weights=weights, values=values)
    expected = float(matrix.sum()) / len(categories) ** 2 if categories else 1.0
    each = np.full(len(counts), expected)
    return _coefficient(counts, matrix, expected=expected, each=each, confidence=confidence)


def conger_kappa(ratings: Ratings, categories: Sequence[Hashable]) -> float | None:
    """Conger's kappa, Cohen's for more than two raters: chance keeps each rater's own shares; None where undefined.

    Raises:
        ValueError: a rating is none of the categories, or the items have different numbers of places for raters.
    """
    import numpy as np

    counts = counts_of(ratings, categories)
    observed = _observed(counts, np.eye(len(categories)))
    raters = {len(item) for item in ratings}
    if len(raters) > 1:
        raise ValueError("every item needs one place per rater, None where the rater gave no rating")
    if observed is None:
        return None
    places = positions(categories)
    table = np.zeros((raters.pop(), len(places)))
    for item in ratings:
        for rater, one in enumerate(item):
            if one is not None:
                table[rater, place_of(one, places)] += 1
    table = table[table.sum(axis=1) > 0]
    table /= table.sum(axis=1, keepdims=True)
    expected = float((table.mean(axis=0) ** 2 - table.var(axis=0, ddof=1) / len(table)).sum())
    return (observed - expected) / (1 - expected) if expected < 1 - TIE else None


def _inputs(
    ratings: Ratings, categories: Sequence[Hashable], *, weights: Weights, values: Values | None
) -> tuple[Matrix, Matrix]:
    return counts_of(ratings, categories), weight_matrix(weights, count=len(categories), values=values)


def _shares(counts: Matrix) -> Matrix:
    return counts / counts.sum(axis=1, keepdims=True)


def _agreed(counts: Matrix, matrix: Matrix) -> Vector:
    """The share of each item's pairs of ratings that agree; 0 for a single rating."""
    import numpy as np

    raters = counts.sum(axis=1)
    pairs = np.where(raters > 1, raters * (raters - 1), 1)
    return (counts * (counts @ matrix - 1)).sum(axis=1) * (raters > 1) / pairs


def _observed(counts: Matrix, matrix: Matrix) -> float | None:
    twice = int((counts.sum(axis=1) > 1).sum())
    return float(_agreed(counts, matrix).sum()) / twice if twice else None


def _coefficient(counts: Matrix, matrix: Matrix, *, expected: float, each: Vector, confidence: float) -> Coefficient:
    """The coefficient from the chance agreement and each item's part in it, of shape (n,)."""
    n, rated_twice = len(counts), counts.sum(axis=1) > 1
    observed = _observed(counts, matrix)
    if observed is None or expected >= 1 - TIE:
        return undefined(n, observed=observed, expected=expected if n else None)
    value = (observed - expected) / (1 - expected)
    twice = int(rated_twice.sum())
    influence = n / twice * (_agreed(counts, matrix) - expected * rated_twice) / (1 - expected)
    influence = influence - 2 * (1 - value) * (each - expected) / (1 - expected)
    return chance_corrected(influence, observed=observed, expected=expected, rated_twice=twice, confidence=confidence)
