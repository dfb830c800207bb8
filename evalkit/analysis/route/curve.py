"""The curve of a router between two models: the share of calls to the strong one against the quality it recovers.

A router gives each case a score, higher where the strong model is needed; each threshold of the score is a point of
the curve (RouteLLM, arXiv 2406.18665: thresholds at the deciles of the scores, "at least", and "above" the last).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from evalkit.analysis.route.table import RoutingTable
from evalkit.stats import average_gap_recovered, call_share_for

GAPS: Final = (0.2, 0.5, 0.8)
"""Shares of the quality gap whose price in strong calls is told (CPT)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Points by growing share of strong calls; APGR and CPT are None where the two models are equally good."""

    weak: str
    strong: str
    shares: tuple[float, ...]
    """The share of cases that the strong model answers."""
    qualities: tuple[float, ...]
    costs_usd: tuple[float, ...]
    apgr: float | None
    """Area under the recovered gap over the share of strong calls; 0.5 is what a random router has."""
    call_share_for: dict[str, float | None]
    """The least share of strong calls that recovers 20, 50 and 80 % of the gap."""

    def json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {**asdict(self), **{name: list(getattr(self, name)) for name in ("shares", "qualities", "costs_usd")}}


def curve(table: RoutingTable, scores: Sequence[float], *, weak: str, strong: str, points: int = 10) -> Curve:
    """The curve of a router that scores each case.

    Args:
        table: the cases with every candidate's scores and prices.
        scores: one per case, higher where the strong model is needed.
        weak: the candidate that answers below the threshold.
        strong: the one that answers from it on.
        points: how many quantiles of the scores are thresholds, besides the highest score.

    Raises:
        ValueError: there is not one finite score per case, or a name is no candidate.
    """
    if len(scores) != table.n or not all(map(math.isfinite, scores)):
        raise ValueError(f"a router gives each of the {table.n} cases one finite score")
    low, high = table.candidates.index(weak), table.candidates.index(strong)
    edges = _quantiles(scores, points)
    reached = {_point(table, scores, edge, low, high, above=at == len(edges) - 1) for at, edge in enumerate(edges)}
    shares, qualities, costs = zip(*sorted(reached), strict=True)
    ends = {"weak": table.point(low).quality, "strong": table.point(high).quality}
    return Curve(
        weak=weak,
        strong=strong,
        shares=shares,
        qualities=qualities,
        costs_usd=costs,
        apgr=average_gap_recovered(shares, qualities, **ends),
        call_share_for={f"{gap:.0%}": call_share_for(gap, shares, qualities, **ends) for gap in GAPS},
    )


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


def _point(
    table: RoutingTable, scores: Sequence[float], edge: float, low: int, high: int, *, above: bool
) -> tuple[float, float, float]:
    """The share of strong calls, the quality and the price at one threshold."""
    chosen = [high if (score > edge if above else score >= edge) else low for score in scores]
    rows = range(table.n)
    return (
        chosen.count(high) / table.n,
        math.fsum(table.qualities[chosen[row]][row] for row in rows) / table.n,
        math.fsum(table.costs[chosen[row]][row] for row in rows) / table.n,
    )
