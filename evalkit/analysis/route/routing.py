"""Routing whole: the policy of all cases, what it is worth on cases it did not see, and how good a router it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.analysis.route.curve import Curve, curve
from evalkit.analysis.route.expected import Expected, chosen_by_the_others, expected, points_of
from evalkit.analysis.route.policy import Policy, fit
from evalkit.analysis.route.table import RoutingTable
from evalkit.stats import Interval, Point, aiq, hull, joint_means, percentiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Which model for which kind of case, and what that is worth."""

    by: str
    """What the kinds are: tag, length, or a key of the metadata."""
    policy: Policy
    """Learnt from all cases."""
    expected: Expected
    """Of a policy learnt the same way, on cases it was not learnt from."""
    hull: tuple[Point, ...]
    """What mixtures of single models can reach, by growing cost."""
    aiq: float | None
    """Mean height of the hull of single models between the cheapest and the dearest one (RouterBench)."""
    aiq_low: float | None
    aiq_high: float | None
    aiq_routed: float | None
    """The same with the routed answers among the points."""
    aiq_routed_low: float | None
    aiq_routed_high: float | None
    curve: Curve | None
    """Between the cheapest and the strong model: of a router's own scores, or of each kind's gain by the other half."""

    def json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "by": self.by,
            "policy": {**self.policy.json(), "margin": self.policy.margin, "confidence": self.policy.confidence},
            "evidence": self.policy.evidence_json(),
            "expected": self.expected.json(),
            "hull": [{"cost_usd": point.cost, "quality": point.quality} for point in self.hull],
            "aiq": self.aiq,
            "aiq_low": self.aiq_low,
            "aiq_high": self.aiq_high,
            "aiq_routed": self.aiq_routed,
            "aiq_routed_low": self.aiq_routed_low,
            "aiq_routed_high": self.aiq_routed_high,
            "curve": self.curve.json() if self.curve else None,
        }


def route(
    table: RoutingTable,
    *,
    by: str,
    margin: float,
    strong: str | None = None,
    scores: Sequence[float] | None = None,
    confidence: float = 0.95,
) -> Routing:
    """Choose a model for each kind of case, and measure the choice on cases it was not made by.

    Args:
        table: the cases with every candidate's scores and prices.
        by: what the kinds are, in a word.
        margin: the loss of mean score that is accepted, in each kind.
        strong: the candidate to be no worse than; the best one where None.
        scores: those of a router of the user's, one per case, higher where the strong model is needed.
        confidence: of all intervals, and of the policy as a whole.

    Raises:
        ValueError: the margin is negative, `strong` is no candidate, or there is not one finite score per case.
    """
    policy = fit(table, margin=margin, strong=strong, confidence=confidence)
    chosen = chosen_by_the_others(table, margin=margin, strong=strong, confidence=confidence)
    found = expected(table, chosen, strong=policy.default, confidence=confidence)
    points = points_of(found)
    weak = table.candidates[table.cheapest()]
    alone, routed = _aiqs(table, chosen, confidence)
    needed = _gains(table, weak=weak, strong=policy.default) if scores is None else scores
    return Routing(
        by=by,
        policy=policy,
        expected=found,
        hull=hull(points),
        aiq=aiq(points),
        aiq_low=alone.low if alone else None,
        aiq_high=alone.high if alone else None,
        aiq_routed=aiq([*points, Point(cost=found.cost_usd, quality=found.quality)]),
        aiq_routed_low=routed.low if routed else None,
        aiq_routed_high=routed.high if routed else None,
        curve=None
        if weak == policy.default
        else curve(table, needed, weak=weak, strong=policy.default, confidence=confidence),
    )


def _aiqs(table: RoutingTable, chosen: Sequence[int], confidence: float) -> tuple[Interval | None, Interval | None]:
    """The intervals of AIQ of single models, and with the routed answers among them, over resampled cases."""
    routed = [[side[one][row] for row, one in enumerate(chosen)] for side in (table.costs, table.qualities)]
    columns = [column for pair in zip(table.costs, table.qualities, strict=True) for column in pair]
    alone: list[float | None] = []
    among: list[float | None] = []
    for means in joint_means([*columns, *routed], clusters=table.clusters):
        points = [Point(cost=cost, quality=quality) for cost, quality in zip(means[::2], means[1::2], strict=True)]
        alone.append(aiq(points[:-1]))
        among.append(aiq(points))
    return percentiles(alone, confidence=confidence), percentiles(among, confidence=confidence)


def _gains(table: RoutingTable, *, weak: str, strong: str) -> list[float]:
    """For each case what the strong model adds in its kind, by the cases of the other half, where it has any."""
    low, high = table.candidates.index(weak), table.candidates.index(strong)
    gains = [0.0] * table.n
    parts = table.folds(2)
    for part, rest in (parts, parts[::-1]):
        learnt = rest or part
        whole = table.point(high, learnt).quality - table.point(low, learnt).quality if learnt else 0.0
        by_kind = {
            kind: table.point(high, own).quality - table.point(low, own).quality
            for kind, own in table.rows_by_kind(learnt).items()
        }
        for row in part:
            gains[row] = by_kind.get(table.kinds[row], whole)
    return gains
