"""What the pictures of a page are drawn from, beside its runs and comparisons: trends, costs, judges."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """One run of a trend."""

    run: str
    label: str
    date: datetime
    n: int
    mean: float | None
    low: float | None = None
    high: float | None = None
    delta: float | None = None
    """To the point before it in its segment, over paired cases; None for the first."""
    delta_low: float | None = None
    delta_high: float | None = None
    candidate_changed: bool = False
    dataset_changed: bool = False
    simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendSegment:
    """Points of one measure, by date; a line is drawn within a segment and never across two."""

    points: tuple[TrendPoint, ...]
    judge: str
    differs: tuple[str, ...] = ()
    """What of the measure differs from the segment before; empty for the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendLine:
    """One candidate over time on one criterion."""

    candidate: str
    grader: str
    criterion: str
    segments: tuple[TrendSegment, ...]
    low_value: float = 0.0
    high_value: float = 1.0
    left_out: int = 0
    """Older runs that are in the store and not on the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPoint:
    """What one candidate's answers cost, and how good they are; per case, over the cases that have both for all."""

    candidate: str
    name: str
    """As the page calls the run."""
    cost_usd: float
    """Mean per case."""
    mean: float
    low: float | None = None
    high: float | None = None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """Quality against cost on one criterion: the candidates, what mixtures reach, and what no router can beat."""

    grader: str
    criterion: str
    points: tuple[CostPoint, ...]
    hull: tuple[tuple[float, float], ...] = ()
    """(mean cost, mean quality) along the routing frontier; between two corners lie their random mixtures."""
    oracle: tuple[float, float] | None = None
    """(mean cost, mean quality) if each case went to its best candidate, the cheapest among equals."""
    n: int = 0
    """Cases that all of it is over: those that every candidate has a score and a cost for."""
    judge: str = ""
    """The judge model; empty for a check. A grader that several judges answered has a frontier for each."""
    price_date: str | None = None
    """Of the list that costs were worked out by, from tokens; None where every cost was recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgePair:
    """How far two judges agree on the same outputs."""

    one: str
    other: str
    n: int
    statistic: str
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeMatrix:
    """Every pair of judges that scored the same outputs on one criterion."""

    grader: str
    criterion: str
    candidate: str
    judges: tuple[str, ...]
    pairs: tuple[JudgePair, ...]
