"""Rank correlation of two raters, and the level at which it is pooled: the levels can differ widely."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, cast

from evalkit.stats.values import vector

if TYPE_CHECKING:
    from evalkit.stats.values import Values, Vector

Pooling: TypeAlias = Literal["pooled", "within", "means"]
"""pooled   over all items at once
within   one correlation per group, averaged over the groups
means    over the groups' means
"""


class _Result(Protocol):
    statistic: float


class _Stats(Protocol):
    """The part of `scipy.stats` in use; scipy ships no types."""

    def spearmanr(self, one: Vector, other: Vector, /) -> _Result: ...
    def kendalltau(self, one: Vector, other: Vector, /) -> _Result: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """Spearman's rho and Kendall's tau-b; None where no correlation is defined."""

    level: Pooling
    n: int
    """What was correlated or averaged: items when pooled, groups otherwise."""
    skipped: int
    """Groups within which a rater is constant or stands alone, so that nothing correlates."""
    spearman: float | None
    kendall: float | None


def pooled_correlation(
    first: Values,
    second: Values,
    *,
    groups: Sequence[Hashable] | None = None,
    level: Pooling = "pooled",
) -> Correlation:
    """The rank correlation of two raters at a level; `groups` names each item's group (document, system).

    Raises:
        ValueError: the raters and groups differ in length, a rating is not finite, or the level lacks its groups.
    """
    one, other = vector(first), vector(second)
    if len(one) != len(other) or (groups is not None and len(groups) != len(one)):
        raise ValueError("two raters, and the groups, have one entry per item")
    if level == "pooled":
        both = _ranks(one, other)
        return Correlation(level=level, n=len(one), skipped=0, spearman=both and both[0], kendall=both and both[1])
    if groups is None:
        raise ValueError(f"the level {level!r} needs groups")
    parts = _parts(one, other, groups)
    if level == "means":
        both = _ranks(
            vector([float(ours.mean()) for ours, _ in parts]), vector([float(theirs.mean()) for _, theirs in parts])
        )
        return Correlation(level=level, n=len(parts), skipped=0, spearman=both and both[0], kendall=both and both[1])
    each = [both for ours, theirs in parts if (both := _ranks(ours, theirs)) is not None]
    return Correlation(
        level=level,
        n=len(each),
        skipped=len(parts) - len(each),
        spearman=sum(rho for rho, _ in each) / len(each) if each else None,
        kendall=sum(tau for _, tau in each) / len(each) if each else None,
    )


def _parts(one: Vector, other: Vector, groups: Sequence[Hashable]) -> list[tuple[Vector, Vector]]:
    import numpy as np

    places: dict[Hashable, list[int]] = {}
    for place, group in enumerate(groups):
        places.setdefault(group, []).append(place)
    return [(one[np.array(where)], other[np.array(where)]) for where in places.values()]


def _ranks(one: Vector, other: Vector) -> tuple[float, float] | None:
    if len(one) < 2 or one.min() == one.max() or other.min() == other.max():
        return None
    from scipy import stats  # pyright: ignore[reportMissingTypeStubs]  # scipy ships no types

    known = cast("_Stats", stats)
    return float(known.spearmanr(one, other).statistic), float(known.kendalltau(one, other).statistic)
