"""A cascade, measured on what is stored: the strong judge is asked only where the cheap one is unsure.

What is escalated gets the strong judge's score, so the cascade is as far from the strong judge as the cheap one is on
the rest. Whatever had no score from the cheap judge is always escalated. A signal of doubt is worth something only
where it finds the outputs on which the two judges differ; as many outputs drawn at random bring the distance down,
too, and what a signal brings above that, over the outputs that the cheap judge scored, is its gain.

The way that is recommended is chosen on all outputs. What is expected of it is not told from those that it was chosen
by: each half is treated as the other half would have it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from evalkit.analysis.judges.table import JudgePair
from evalkit.analysis.measure import Measure, as_measure, flat
from evalkit.stats import estimate, paired

CHEAP: Final = "unscored"
"""The cheap judge for all; the strong one only where that gave no score."""
STRONG: Final = "always strong"
DISAGREEMENT: Final = "disagreement"
MIDDLE: Final = "middle"
EITHER: Final = "disagreement or middle"
_THRESHOLDS: Final = 20
"""Of one signal; a fine scale has hundreds of doubts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadePoint:
    """One way to escalate, over all outputs that the strong judge scored."""

    signal: str
    at_least: float
    """The least doubt that is escalated, as a share of the scale; 0 where none is, or all is."""
    escalated: float
    """The share of the outputs."""
    agreement: float
    """The share of the outputs with the strong judge's very score."""
    distance: float
    """From the strong judge, on average, as a share of the scale."""
    cost_usd: float | None
    """By output, of both judges."""
    saving: float | None
    """Against the strong judge for all."""
    random_distance: float | None
    """Of as many outputs escalated at random, beside those without a score; None where no signal is used."""
    gain: Measure | None
    """What the signal takes off the distance above chance, by output that the cheap judge scored."""

    @property
    def worthless(self) -> bool:
        """Whether the signal is not shown to be better than chance."""
        return self.gain is not None and not (self.gain.low is not None and self.gain.low > 0)

    def json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            **{key: value for key, value in asdict(self).items() if key != "gain"},
            **dict(flat("gain", self.gain)),
            "worthless": self.worthless,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the choice is worth on outputs that it was not made by; what is not known is None."""

    escalated: float
    agreement: Measure
    distance: Measure
    cost_usd: float | None
    saving: Measure | None
    random_distance: float
    """Of as many outputs escalated at random."""
    people: Measure | None
    """Accuracy of the cascade minus that of the strong judge, where people labelled outputs."""

    def json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "escalated": self.escalated,
            **dict(flat("agreement", self.agreement)),
            **dict(flat("distance", self.distance)),
            "cost_usd": self.cost_usd,
            **dict(flat("saving", self.saving)),
            "random_distance": self.random_distance,
            **dict(flat("people", self.people)),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """Every way to escalate, and the cheapest that keeps within the margin of the strong judge."""

    n: int
    margin: float
    points: tuple[CascadePoint, ...]
    """The cheap judge alone first, then each signal by growing share, the strong judge for all last."""
    recommended: CascadePoint
    expected: Expectation

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals of doubt that this judge gives."""
        return tuple(dict.fromkeys(one.signal for one in self.points if one.gain is not None))

    def is_worthless(self, signal: str) -> bool:
        """Whether no way to use a signal is shown to be better than chance."""
        return all(one.worthless for one in self.points if one.signal == signal)

    def json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "n": self.n,
            "margin": self.margin,
            "signals": {signal: not self.is_worthless(signal) for signal in self.signals},
            "points": [one.json() for one in self.points],
            "recommended": {"signal": self.recommended.signal, "at_least": self.recommended.at_least},
            "expected": self.expected.json(),
        }


@dataclass(frozen=True, slots=True)
class _Way:
    """Whom to ask again: a signal with the least doubt that is escalated, and the outputs that have it."""

    signal: str
    at_least: float
    escalated: tuple[bool, ...]
    """By row of the table."""

    @property
    def asks_cheap(self) -> bool:
        """Whether the cheap judge is asked at all."""
        return self.signal != STRONG

    @property
    def uses_signal(self) -> bool:
        """Whether doubts decide."""
        return self.signal not in (CHEAP, STRONG)


def cascade(table: JudgePair, *, margin: float, confidence: float = 0.95) -> Cascade | None:
    """Every way to escalate that the cheap judge's doubts offer; None where the strong judge scored nothing.

    Args:
        table: what both judges said.
        margin: how far from the strong judge the cascade may be on average, as a share of the scale.
        confidence: of all intervals.
    """
    rows = table.answered
    if not rows:
        return None
    ways = list(_ways(table, rows))
    tries = sum(way.uses_signal for way in ways)
    # That one of many thresholds looks better than chance must not be chance itself.
    alone = 1 - (1 - confidence) / max(1, tries)
    points = tuple(_point(table, rows, way, alone) for way in ways)
    best = _chosen(table, rows, ways, margin)
    return Cascade(
        n=len(rows),
        margin=margin,
        points=points,
        recommended=points[ways.index(best)],
        expected=_expected(table, rows, ways, margin=margin, confidence=confidence),
    )


def _ways(table: JudgePair, rows: Sequence[int]) -> list[_Way]:
    """The cheap judge alone, every threshold of every signal that escalates what no other does, and always strong."""
    without = tuple(value is None for value in table.cheap_values)
    found = {without: _Way(CHEAP, 0.0, without)}
    for signal, doubts in table.doubts.items():
        levels = {doubts[row] for row in rows if doubts[row] > 0 and not without[row]}
        for level in _some(sorted(levels, reverse=True)):
            escalated = tuple(none or doubt >= level for none, doubt in zip(without, doubts, strict=True))
            # Two signals may find the same outputs, such as orders that differ and a score in the middle.
            found.setdefault(escalated, _Way(signal, level, escalated))
    return [*found.values(), _strong(table)]


def _some(levels: Sequence[float]) -> list[float]:
    """As many thresholds as a reader can take in, evenly among all, the last one with them."""
    step = max(1.0, len(levels) / _THRESHOLDS)
    return [levels[math.ceil(step * place) - 1] for place in range(1, min(len(levels), _THRESHOLDS) + 1)]


def _strong(table: JudgePair) -> _Way:
    return _Way(STRONG, 0.0, (True,) * table.n)


def _chosen(table: JudgePair, rows: Sequence[int], ways: Sequence[_Way], margin: float) -> _Way:
    """The cheapest way that keeps within the margin on these rows; where a cost is not known, the one that asks least.

    Of equals, the simpler one: the cheap judge alone is named first.
    """

    def is_near(way: _Way) -> bool:
        return math.fsum(table.distances[row] for row in rows if not way.escalated[row]) / len(rows) <= margin

    within = [way for way in ways if is_near(way)]
    costs = {way: cost for way in within if (cost := _cost(table, rows, way)) is not None}
    if len(costs) == len(within):
        return min(within, key=lambda way: costs[way])
    return min(within, key=lambda way: sum(way.escalated[row] for row in rows))


def _costs(table: JudgePair, rows: Sequence[int], way: _Way) -> list[float] | None:
    """What each output costs, by both judges; None where one is not known. Always strong never asks the cheap one."""
    found: list[float] = []
    for row in rows:
        own = table.cheap_costs[row] if way.asks_cheap else 0.0
        more = table.strong_costs[row] if way.escalated[row] else 0.0
        if own is None or more is None:
            return None
        found.append(own + more)
    return found


def _cost(table: JudgePair, rows: Sequence[int], way: _Way) -> float | None:
    costs = _costs(table, rows, way)
    return None if costs is None else math.fsum(costs) / len(rows)


def _point(table: JudgePair, rows: Sequence[int], way: _Way, confidence: float) -> CascadePoint:
    kept = [row for row in rows if not way.escalated[row]]
    cost, strong = _cost(table, rows, way), _cost(table, rows, _strong(table))
    return CascadePoint(
        signal=way.signal,
        at_least=way.at_least,
        escalated=1 - len(kept) / len(rows),
        agreement=1 - sum(_differ(table, row) for row in kept) / len(rows),
        distance=math.fsum(table.distances[row] for row in kept) / len(rows),
        cost_usd=cost,
        saving=1 - cost / strong if cost is not None and strong else None,
        random_distance=_at_random(table, rows, way) if way.uses_signal else None,
        gain=_gain(table, rows, way, confidence) if way.uses_signal else None,
    )


def _differ(table: JudgePair, row: int) -> bool:
    return table.distances[row] > 1e-9


def _at_random(table: JudgePair, rows: Sequence[int], way: _Way) -> float:
    """The distance where as many of the outputs that the cheap judge scored were escalated at random."""
    scored = [row for row in rows if table.cheap_values[row] is not None]
    if not scored:
        return 0.0
    kept = 1 - sum(way.escalated[row] for row in scored) / len(scored)
    return kept * math.fsum(table.distances[row] for row in scored) / len(rows)


def _gain(table: JudgePair, rows: Sequence[int], way: _Way, confidence: float) -> Measure:
    """The covariance of distance and escalation, by output: what choosing brings above drawing lots."""
    scored = [row for row in rows if table.cheap_values[row] is not None]
    apart, escalated = [table.distances[row] for row in scored], [way.escalated[row] for row in scored]
    mean, share = math.fsum(apart) / len(scored), sum(escalated) / len(scored)
    parts = [(one - mean) * (picked - share) for one, picked in zip(apart, escalated, strict=True)]
    clusters = table.clusters_of(scored)
    return as_measure(estimate(parts, clusters=clusters, confidence=confidence, low_value=-1, high_value=1))


def _expected(
    table: JudgePair, rows: Sequence[int], ways: Sequence[_Way], *, margin: float, confidence: float
) -> Expectation:
    """Each half of the outputs, treated as the other half would have it."""
    one, other = table.folds(rows)
    halves = [
        (part, _chosen(table, rest, ways, margin) if rest else _strong(table))
        for part, rest in ((one, other), (other, one))
        if part
    ]
    treated = [(row, way) for part, way in halves for row in part]
    treated.sort(key=lambda pair: pair[0])
    escalated = {row: way.escalated[row] for row, way in treated}
    apart = [0.0 if escalated[row] else table.distances[row] for row, _ in treated]
    same = [float(escalated[row] or not _differ(table, row)) for row, _ in treated]
    clusters, cost = table.clusters_of(rows), _paid(table, treated)

    def share(values: Sequence[float]) -> Measure:
        return as_measure(estimate(values, clusters=clusters, confidence=confidence, low_value=0, high_value=1))

    at_random = math.fsum(len(part) * _at_random(table, part, way) for part, way in halves)
    return Expectation(
        escalated=sum(escalated.values()) / len(rows),
        agreement=share(same),
        distance=share(apart),
        cost_usd=None if cost is None else math.fsum(cost) / len(rows),
        saving=None if cost is None else _saving(table, rows, cost, confidence),
        random_distance=at_random / len(rows),
        people=_people(table, escalated, confidence),
    )


def _paid(table: JudgePair, treated: Sequence[tuple[int, _Way]]) -> list[float] | None:
    found = [_costs(table, [row], way) for row, way in treated]
    return None if None in found else [cost for one in found if one is not None for cost in one]


def _saving(table: JudgePair, rows: Sequence[int], cost: Sequence[float], confidence: float) -> Measure | None:
    """1 - (mean cost / mean cost of the strong judge), with the interval of a ratio of means."""
    strong = _costs(table, rows, _strong(table))
    base = math.fsum(strong) / len(rows) if strong else 0.0
    if strong is None or base <= 0:
        return None
    ratio = math.fsum(cost) / len(rows) / base
    parts = [(own - ratio * other) / base for own, other in zip(cost, strong, strict=True)]
    made = estimate(parts, clusters=table.clusters_of(rows), confidence=confidence)
    low, high = (None, None) if made.low is None or made.high is None else (made.low, made.high)
    return Measure(
        value=1 - ratio,
        low=None if high is None else 1 - ratio - high,
        high=None if low is None else 1 - ratio - low,
        n=len(rows),
    )


def _people(table: JudgePair, escalated: Mapping[int, bool], confidence: float) -> Measure | None:
    labelled = [row for row in escalated if table.people[row] is not None]
    if not labelled:
        return None
    strong = [table.accuracy(row, table.strong_values[row]) for row in labelled]
    own = [
        table.accuracy(row, (table.strong_values if escalated[row] else table.cheap_values)[row]) for row in labelled
    ]
    clusters = table.clusters_of(labelled)
    made = paired(strong, own, clusters=clusters, confidence=confidence, low_value=0.0, high_value=1.0)
    return Measure(value=made.delta, low=made.low, high=made.high, n=made.n)
