"""The curve of a router between two models: the share of calls to the strong one against the quality it recovers.

A router gives each case a score, higher where the strong model is needed; each threshold of the score is a point of
the curve (RouteLLM, arXiv 2406.18665: thresholds at the deciles of the scores, "at least", and "above" the last).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

from evalkit.analysis.route.table import RoutingTable
from evalkit.stats import Interval, average_gap_recovered, call_share_for, joint_means, percentiles

GAPS: Final = (0.2, 0.5, 0.8)
"""Shares of the quality gap whose price in strong calls is told (CPT)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Points by growing share of strong calls; APGR and CPT are None where the two models are equally good.

    Intervals are those of resampled cases; None where so many of these have no gap that the gap itself is in doubt.
    """

    weak: str
    strong: str
    shares: tuple[float, ...]
    """The share of cases that the strong model answers."""
    qualities: tuple[float, ...]
    costs_usd: tuple[float, ...]
    apgr: float | None
    """Area under the recovered gap over the share of strong calls; 0.5 is what a random router has."""
    apgr_low: float | None
    apgr_high: float | None
    call_share_for: dict[str, float | None]
    """The least share of strong calls that recovers 20, 50 and 80 % of the gap."""
    call_share_between: dict[str, tuple[float, float] | None]
    """Their intervals; None also where some gap is never recovered in too many resamples."""

    def json(self) -> dict[str, Any]:
        """As plain JSON."""
        lists = {name: list(getattr(self, name)) for name in ("shares", "qualities", "costs_usd")}
        between = {gap: list(ends) if ends else None for gap, ends in self.call_share_between.items()}
        return {**asdict(self), **lists, "call_share_between": between}


def curve(
    table: RoutingTable,
    scores: Sequence[float],
    *,
    weak: str,
    strong: str,
    points: int = 10,
    confidence: float = 0.95,
) -> Curve:
    """The curve of a router that scores each case.

    Args:
        table: the cases with every candidate's scores and prices.
        scores: one per case, higher where the strong model is needed.
        weak: the candidate that answers below the threshold.
        strong: the one that answers from it on.
        points: how many quantiles of the scores are thresholds, besides the highest score.
        confidence: of the intervals.

    Raises:
        ValueError: there is not one finite score per case, or a name is no candidate.
    """
    if len(scores) != table.n or not all(map(math.isfinite, scores)):
        raise ValueError(f"a router gives each of the {table.n} cases one finite score")
    low, high = table.candidates.index(weak), table.candidates.index(strong)
    edges = _quantiles(scores, points)
    splits = {
        tuple(score > edge if at == len(edges) - 1 else score >= edge for score in scores)
        for at, edge in enumerate(edges)
    }
    # The thresholds' splits are nested: no two of them send as many cases to the strong model.
    reached = [_Split.of(table, split, low, high) for split in sorted(splits, key=sum)]
    drawn = _Drawn(
        weak=table.point(low).quality,
        strong=table.point(high).quality,
        shares=tuple(math.fsum(one.calls) / table.n for one in reached),
        qualities=tuple(math.fsum(one.qualities) / table.n for one in reached),
    )
    again = _resampled(table, reached, low, high)
    area = percentiles([one.apgr for one in again], confidence=confidence)
    return Curve(
        weak=weak,
        strong=strong,
        shares=tuple(drawn.shares),
        qualities=tuple(drawn.qualities),
        costs_usd=tuple(math.fsum(one.costs) / table.n for one in reached),
        apgr=drawn.apgr,
        apgr_low=area.low if area else None,
        apgr_high=area.high if area else None,
        call_share_for={f"{gap:.0%}": drawn.call_share(gap) for gap in GAPS},
        call_share_between={
            f"{gap:.0%}": _ends(percentiles([one.call_share(gap) for one in again], confidence=confidence))
            for gap in GAPS
        },
    )


class _Split(NamedTuple):
    """What one threshold makes of each case."""

    calls: list[float]
    """1 where the strong model is called."""
    qualities: list[float]
    costs: list[float]

    @classmethod
    def of(cls, table: RoutingTable, split: Sequence[bool], low: int, high: int) -> _Split:
        chosen = [high if strongly else low for strongly in split]
        return cls(
            [float(strongly) for strongly in split],
            [table.qualities[one][row] for row, one in enumerate(chosen)],
            [table.costs[one][row] for row, one in enumerate(chosen)],
        )


class _Drawn(NamedTuple):
    """The means of the cases, or of a resample of them."""

    weak: float
    strong: float
    shares: Sequence[float]
    qualities: Sequence[float]

    @property
    def apgr(self) -> float | None:
        return average_gap_recovered(self.shares, self.qualities, weak=self.weak, strong=self.strong)

    def call_share(self, gap: float) -> float | None:
        return call_share_for(gap, self.shares, self.qualities, weak=self.weak, strong=self.strong)

    @property
    def has_gap(self) -> bool:
        return self.strong > self.weak


_NOTHING: Final = _Drawn(0.0, 0.0, (), ())


def _resampled(table: RoutingTable, reached: Sequence[_Split], low: int, high: int) -> list[_Drawn]:
    """The same of resampled cases; nothing where the strong model is not the better one."""
    columns = [table.qualities[low], table.qualities[high]]
    columns += [tuple(one.calls) for one in reached] + [tuple(one.qualities) for one in reached]
    n = len(reached)
    found = (
        _Drawn(weak, strong, rest[:n], rest[n:])
        for weak, strong, *rest in joint_means(columns, clusters=table.clusters)
    )
    return [one if one.has_gap else _NOTHING for one in found]


def _ends(interval: Interval | None) -> tuple[float, float] | None:
    return None if interval is None else (interval.low, interval.high)


def _quantiles(scores: Sequence[float], count: int) -> list[float]:
    """The distinct quantiles at 0, 1/count, ..., 1, interpolated between neighbours (Hyndman and Fan's type 7)."""
    ordered = sorted(scores)
    found: list[float] = []
    for part in range(count + 1):
        place = (len(ordered) - 1) * part / count
        at = min(int(place), len(ordered) - 1)
        after = ordered[min(at + 1, len(ordered) - 1)]
        found.append(ordered[at] + (after - ordered[at]) * (place - at))
    return sorted(set(found))
