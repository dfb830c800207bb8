"""All that two raters' verdicts say about their agreement: judge and human, or two judges."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.stats.coefficient import Coefficient
from evalkit.stats.confusion import Confusion, HitRates, cohen_kappa, confusion, hit_rates, raw_agreement
from evalkit.stats.correlation import pooled_correlation
from evalkit.stats.estimate import Estimate, estimate
from evalkit.stats.raters import gwet
from evalkit.stats.values import vector

if TYPE_CHECKING:
    from evalkit.stats.values import Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Measures of agreement of two raters; None where a measure does not apply to such categories."""

    n: int
    """Items that both rated."""
    missing: int
    """Items without a rating from either."""
    confusion: Confusion
    """First rater in rows, second in columns."""
    raw: Estimate
    kappa: Coefficient
    weighted_kappa: Coefficient | None
    """With quadratic weights; for three categories with values or more."""
    ac1: Coefficient
    ac2: Coefficient | None
    """With quadratic weights; for three categories with values or more."""
    positive: Hashable | None
    """The category that counts as yes; for two categories."""
    hit_rates: HitRates | None
    """Sensitivity and specificity of the second rater against the first; for two categories."""
    bias: Estimate | None
    """The mean of second - first; for categories with values."""
    spearman: float | None
    kendall: float | None


def agreement(
    first: Sequence[Hashable | None],
    second: Sequence[Hashable | None],
    categories: Sequence[Hashable],
    *,
    values: Sequence[float] | None = None,
    confidence: float = 0.95,
) -> Agreement:
    """Every measure of two raters over the items that both rated; None is no rating.

    `values` gives each category its number where categories are ordered. Of two categories, the one with the higher
    value, or else the last, counts as yes.

    Raises:
        ValueError: the raters differ in length, a rating is none of the categories, or the values do not fit them.
    """
    made = confusion(first, second, categories)
    if values is not None and len(values) != len(categories):
        raise ValueError(f"{len(values)} values do not go with {len(categories)} categories")
    ratings = [pair for pair in zip(first, second, strict=True) if None not in pair]
    ordered = values if values is not None and len(categories) > 2 else None
    positive = _positive(categories, values)
    numbers = None if values is None else _numbers(made, values)
    ranks = None if numbers is None else pooled_correlation(*numbers)
    return Agreement(
        n=made.n,
        missing=made.missing,
        confusion=made,
        raw=raw_agreement(made, confidence=confidence),
        kappa=cohen_kappa(made, confidence=confidence),
        weighted_kappa=None
        if ordered is None
        else cohen_kappa(made, weights="quadratic", values=ordered, confidence=confidence),
        ac1=gwet(ratings, categories, confidence=confidence),
        ac2=None
        if ordered is None
        else gwet(ratings, categories, weights="quadratic", values=ordered, confidence=confidence),
        positive=positive,
        hit_rates=None if positive is None else hit_rates(made, positive=positive, confidence=confidence),
        bias=None if numbers is None or values is None else _bias(*numbers, values, confidence=confidence),
        spearman=ranks and ranks.spearman,
        kendall=ranks and ranks.kendall,
    )


def _positive(categories: Sequence[Hashable], values: Sequence[float] | None) -> Hashable | None:
    if len(categories) != 2:
        return None
    return categories[0] if values is not None and values[0] > values[1] else categories[1]


def _numbers(made: Confusion, values: Sequence[float]) -> tuple[Vector, Vector]:
    """Both raters' numbers, each of shape (n,), in the order of the matrix: no measure depends on the items' order."""
    import numpy as np

    table = np.array(made.counts, dtype=np.intp).reshape(len(values), len(values))
    rows, columns = np.indices(table.shape)
    scale, often = vector(values), table.ravel()
    return scale[np.repeat(rows.ravel(), often)], scale[np.repeat(columns.ravel(), often)]


def _bias(first: Vector, second: Vector, values: Sequence[float], *, confidence: float) -> Estimate:
    width = max(values) - min(values)
    return estimate(second - first, confidence=confidence, low_value=-width, high_value=width)
