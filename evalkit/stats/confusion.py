"""Two raters in one table: the confusion matrix, Cohen's kappa, sensitivity and specificity."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.stats.coefficient import Coefficient, chance_corrected, undefined
from evalkit.stats.estimate import Estimate, estimate_counts
from evalkit.stats.ratings import Weights, place_of, positions, weight_matrix
from evalkit.stats.values import TIE

if TYPE_CHECKING:
    from evalkit.stats.ratings import Matrix
    from evalkit.stats.values import Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """How often the first rater (rows) and the second (columns) chose each category, where both chose one."""

    categories: tuple[Hashable, ...]
    counts: tuple[tuple[int, ...], ...]
    n: int
    missing: int
    """Items without a rating from either, which are in no cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HitRates:
    """How often a judge agrees with the humans' yes and with their no, with Wilson's intervals."""

    sensitivity: Estimate
    """Of the humans' yes; its n is their number."""
    specificity: Estimate
    """Of the humans' no; its n is their number."""
    missing: int


def confusion(
    first: Sequence[Hashable | None], second: Sequence[Hashable | None], categories: Sequence[Hashable]
) -> Confusion:
    """The confusion matrix; None is no rating.

    Raises:
        ValueError: the raters differ in length, or a rating is none of the categories.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} ratings of one do not go with {len(second)} of the other")
    places = positions(categories)
    cells = [[0] * len(places) for _ in places]
    missing = 0
    for one, other in zip(first, second, strict=True):
        if one is None or other is None:
            missing += 1
        else:
            cells[place_of(one, places)][place_of(other, places)] += 1
    return Confusion(
        categories=tuple(categories), counts=tuple(map(tuple, cells)), n=len(first) - missing, missing=missing
    )


def raw_agreement(made: Confusion, *, confidence: float = 0.95) -> Estimate:
    """The share of items that both raters put into the same category, with Wilson's interval."""
    same = sum(row[place] for place, row in enumerate(made.counts))
    return estimate_counts({1.0: same, 0.0: made.n - same}, confidence=confidence)


def cohen_kappa(
    made: Confusion, *, weights: Weights = "identity", values: Values | None = None, confidence: float = 0.95
) -> Coefficient:
    """Cohen's kappa, weighted for ordered categories, with the large-sample error of Fleiss, Cohen and Everitt.

    It misleads where nearly all items are of one category: never read it without the raw agreement and AC1.

    Raises:
        ValueError: the values do not fit the categories.
    """
    import numpy as np

    matrix = weight_matrix(weights, count=len(made.categories), values=values)
    if made.n == 0:
        return undefined(0)
    shares = np.array(made.counts, dtype=np.float64) / made.n
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    observed, expected = float((matrix * shares).sum()), float(rows @ matrix @ columns)
    if expected >= 1 - TIE:
        return undefined(made.n, observed=observed, expected=expected)
    value = (observed - expected) / (1 - expected)
    # What an item in each cell adds, so that their spread over the items is that of kappa.
    chance = (matrix @ columns)[:, None] + (rows @ matrix)[None, :]
    cells = (matrix - expected - (1 - value) * (chance - 2 * expected)) / (1 - expected)
    return chance_corrected(
        _per_item(cells, made), observed=observed, expected=expected, rated_twice=made.n, confidence=confidence
    )


def _per_item(cells: Matrix, made: Confusion) -> Matrix:
    import numpy as np

    return np.repeat(cells.ravel(), [count for row in made.counts for count in row])


def sensitivity_specificity(
    human: Sequence[bool | None], judge: Sequence[bool | None], *, confidence: float = 0.95
) -> HitRates:
    """How often the judge says yes where the humans do, and no where they do; None is no verdict.

    Raises:
        ValueError: the raters differ in length.
    """
    made = confusion(human, judge, (False, True))
    return hit_rates(made, positive=True, confidence=confidence)


def hit_rates(made: Confusion, *, positive: Hashable, confidence: float = 0.95) -> HitRates:
    """The same from a confusion matrix of two categories.

    Raises:
        ValueError: there are not two categories, or `positive` is none of them.
    """
    if len(made.categories) != 2:
        raise ValueError(f"sensitivity and specificity need two categories, not {len(made.categories)}")
    yes = place_of(positive, positions(made.categories))
    (hits, misses), (alarms, rejected) = (
        (made.counts[yes][yes], made.counts[yes][1 - yes]),
        (made.counts[1 - yes][yes], made.counts[1 - yes][1 - yes]),
    )
    return HitRates(
        sensitivity=estimate_counts({1.0: hits, 0.0: misses}, confidence=confidence),
        specificity=estimate_counts({1.0: rejected, 0.0: alarms}, confidence=confidence),
        missing=made.missing,
    )
