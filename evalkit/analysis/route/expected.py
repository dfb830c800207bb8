"""What a policy is worth on cases that it was not chosen by: chosen on four fifths, reported on the fifth, five times.

A policy that is measured on the cases it was chosen by flatters itself. Here every case is answered by the policy of
the other parts, so the numbers are those of a policy learnt from fewer cases: they promise rather too little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from evalkit.analysis.route.policy import chosen_for
from evalkit.analysis.route.table import RoutingTable
from evalkit.stats import (
    Estimate,
    Interval,
    Paired,
    Point,
    above_random_mix,
    estimate,
    joint_means,
    oracle,
    paired,
    percentiles,
    random_mix,
)

FOLDS: Final = 5
"""Parts of the cases, each answered by what the others teach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Always:
    """One model for everything."""

    candidate: str
    cost_usd: float
    quality: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Quality and price of the routed answers per case, beside what they are to be measured by."""

    n: int
    quality: float
    low: float | None
    high: float | None
    cost_usd: float
    cost_low: float | None
    cost_high: float | None
    shares: dict[str, float]
    """The share of cases that each candidate answers."""
    strong: str
    """The candidate that the policy is held against."""
    quality_against_strong: float | None
    against_strong_low: float | None
    against_strong_high: float | None
    saving: float | None
    """The share of the strong candidate's cost that is saved; None where it cost nothing."""
    saving_low: float | None
    saving_high: float | None
    always: tuple[Always, ...]
    random_mix_quality: float | None
    """Of a random mix of the cheapest and the strong model at the same cost; None outside their costs."""
    random_mix_low: float | None
    random_mix_high: float | None
    above_random_mix: float | None
    above_random_mix_low: float | None
    above_random_mix_high: float | None
    oracle_cost_usd: float
    oracle_quality: float
    oracle_low: float | None
    oracle_high: float | None
    """Each case by its best model, the cheapest of equals: no router does better."""

    def json(self) -> dict[str, Any]:
        """As plain JSON."""
        return asdict(self)


def chosen_by_the_others(
    table: RoutingTable, *, margin: float, strong: str | None, folds: int = FOLDS, confidence: float = 0.95
) -> list[int]:
    """For each case the candidate that the policy of the other folds gives it."""
    chosen = [0] * table.n
    parts = table.folds(folds)
    for part in parts:
        rest = [row for other in parts if other is not part for row in other]
        # Where all cases are in one fold, nothing is learnt from others: the policy is that of no evidence.
        if rest:
            kinds = [table.kinds[row] for row in part]
            own = chosen_for(table, kinds, margin=margin, strong=strong, rows=rest, confidence=confidence)
        else:
            own = [table.strongest() if strong is None else table.candidates.index(strong)] * len(part)
        for row, candidate in zip(part, own, strict=True):
            chosen[row] = candidate
    return chosen


def expected(table: RoutingTable, chosen: Sequence[int], *, strong: str, confidence: float = 0.95) -> Expected:
    """What answering each case by its chosen candidate is worth.

    Args:
        table: the cases with every candidate's scores and prices.
        chosen: for each case the number of its candidate, chosen without looking at the case's own scores.
        strong: the candidate to hold it against.
        confidence: of all intervals.
    """
    best, cheapest = table.candidates.index(strong), table.cheapest()
    quality = [table.qualities[one][row] for row, one in enumerate(chosen)]
    cost = [table.costs[one][row] for row, one in enumerate(chosen)]
    made = _estimate(table, quality, confidence)
    money = estimate(cost, clusters=table.clusters, confidence=confidence)
    difference = _paired(table, table.qualities[best], quality, confidence)
    # Where the strong candidate answers everything there is no difference to be uncertain of.
    alike = all(one == best for one in chosen)
    saving = _saving(table, cost, table.costs[best], confidence)
    saving = (0.0, 0.0, 0.0) if alike and saving[0] is not None else saving
    above = above_random_mix(
        (cost, quality),
        (table.costs[cheapest], table.qualities[cheapest]),
        (table.costs[best], table.qualities[best]),
        clusters=table.clusters,
        confidence=confidence,
        low_value=table.low_value,
        high_value=table.high_value,
    )
    ideal = oracle(list(zip(*table.costs, strict=True)), list(zip(*table.qualities, strict=True)))
    assert ideal is not None  # noqa: S101 # a table has cases
    perfect = _estimate(table, [table.qualities[one][row] for row, one in enumerate(ideal.choices)], confidence)
    mixed = _mixed(table, cost, cheapest, best, confidence)
    return Expected(
        n=table.n,
        quality=math.fsum(quality) / table.n,
        low=made.low,
        high=made.high,
        cost_usd=math.fsum(cost) / table.n,
        cost_low=None if money.low is None else max(0.0, money.low),
        cost_high=money.high,
        shares={name: chosen.count(at) / table.n for at, name in enumerate(table.candidates)},
        strong=strong,
        quality_against_strong=difference.delta,
        against_strong_low=0.0 if alike else difference.low,
        against_strong_high=0.0 if alike else difference.high,
        saving=saving[0],
        saving_low=saving[1],
        saving_high=saving[2],
        always=tuple(_always(table, candidate, confidence) for candidate in range(len(table.candidates))),
        random_mix_quality=random_mix(table.point(cheapest), table.point(best), cost=math.fsum(cost) / table.n),
        random_mix_low=mixed.low if mixed else None,
        random_mix_high=mixed.high if mixed else None,
        above_random_mix=above.mean if above else None,
        above_random_mix_low=0.0 if above and alike else above.low if above else None,
        above_random_mix_high=0.0 if above and alike else above.high if above else None,
        oracle_cost_usd=ideal.point.cost,
        oracle_quality=ideal.point.quality,
        oracle_low=perfect.low,
        oracle_high=perfect.high,
    )


def points_of(found: Expected) -> list[Point]:
    """Every model alone, as points of (cost, quality)."""
    return [Point(cost=one.cost_usd, quality=one.quality) for one in found.always]


def _mixed(table: RoutingTable, cost: Sequence[float], weak: int, strong: int, confidence: float) -> Interval | None:
    """What a random mix at the cost of the routed answers is good for, over resampled cases."""
    columns = [cost, table.costs[weak], table.qualities[weak], table.costs[strong], table.qualities[strong]]
    found = (
        random_mix(Point(cost=own[1], quality=own[2]), Point(cost=own[3], quality=own[4]), cost=own[0])
        for own in joint_means(columns, clusters=table.clusters)
    )
    return percentiles(list(found), confidence=confidence)


def _estimate(table: RoutingTable, values: Sequence[float], confidence: float) -> Estimate:
    return estimate(
        values,
        clusters=table.clusters,
        confidence=confidence,
        low_value=table.low_value,
        high_value=table.high_value,
    )


def _paired(table: RoutingTable, before: Sequence[float], after: Sequence[float], confidence: float) -> Paired:
    return paired(
        before,
        after,
        clusters=table.clusters,
        confidence=confidence,
        low_value=table.low_value,
        high_value=table.high_value,
    )


def _saving(
    table: RoutingTable, cost: Sequence[float], strong: Sequence[float], confidence: float
) -> tuple[float | None, float | None, float | None]:
    """1 - (mean cost / mean strong cost), and its interval: of a ratio of means, by the linearised difference."""
    base = math.fsum(strong) / table.n
    if base <= 0:
        return None, None, None
    ratio = math.fsum(cost) / table.n / base
    parts = [(own - ratio * other) / base for own, other in zip(cost, strong, strict=True)]
    made = estimate(parts, clusters=table.clusters, confidence=confidence)
    if made.low is None or made.high is None:
        return 1 - ratio, None, None
    return 1 - ratio, 1 - ratio - made.high, 1 - ratio - made.low


def _always(table: RoutingTable, candidate: int, confidence: float) -> Always:
    point, made = table.point(candidate), _estimate(table, table.qualities[candidate], confidence)
    return Always(
        candidate=table.candidates[candidate],
        cost_usd=point.cost,
        quality=point.quality,
        low=made.low,
        high=made.high,
    )
