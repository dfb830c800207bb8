"""A policy: for each kind of case the cheapest model that is shown to be no worse than the strongest.

"Shown" is the gate's word: the loss is smaller than the margin by a paired non-inferiority test, adjusted by Holm for
every model and kind that was tried. Where evidence lacks, the strongest model answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final

from evalkit.analysis.gate.lacks import cases_for_margin
from evalkit.analysis.route.table import RoutingTable
from evalkit.stats import NonInferiority, Point, holm, noninferiority, paired

_STEPS: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A cheaper model held against the strongest within one kind of case; what is undefined is None."""

    kind: str
    candidate: str
    n: int
    cost_usd: float
    """Mean price of a case."""
    strong_cost_usd: float
    quality: float
    strong_quality: float
    delta: float | None
    low: float | None
    """The lower end of delta's interval, by itself: not adjusted for the other kinds and models."""
    p_value: float | None
    """One-sided, of a loss of the margin or more."""
    p_adjusted: float
    holds: bool
    """Whether a loss of the margin is ruled out after the adjustment."""
    worse: bool
    """Whether it is shown, by itself, to be worse than the strongest at all, and not to keep within the margin."""
    cases_needed: int | None
    """Cases of this kind that would decide it, where evidence lacks; None where none can be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Which model answers which kind; `default` answers every other."""

    default: str
    margin: float
    confidence: float
    routes: dict[str, str]
    evidence: tuple[Evidence, ...]

    def candidate_for(self, kind: str) -> str:
        """Who answers a case of this kind."""
        return self.routes.get(kind, self.default)

    def json(self) -> dict[str, Any]:
        """The policy as a router reads it: no more than it needs."""
        return {"default": self.default, "routes": dict(self.routes)}

    def evidence_json(self) -> list[dict[str, Any]]:
        """What the policy rests on."""
        return [asdict(one) for one in self.evidence]


def fit(
    table: RoutingTable,
    *,
    margin: float,
    strong: str | None = None,
    rows: Sequence[int] | None = None,
    confidence: float = 0.95,
) -> Policy:
    """The policy that these rows support.

    Args:
        table: the cases with every candidate's scores and prices.
        margin: the loss of mean score that is accepted, in each kind.
        strong: the candidate to be no worse than; the best one of the rows where None.
        rows: the cases to learn from; all where None.
        confidence: 1 - confidence is the chance, two-sided, that any route of the policy loses the margin or more.

    Raises:
        ValueError: the margin is negative, or `strong` is no candidate.
    """
    best, tried = _tried(table, margin=margin, strong=strong, rows=rows, confidence=confidence)
    level = (1 - confidence) / max(1, len(tried))
    evidence = tuple(one.evidence(alone=1 - level) for one in tried)
    return Policy(
        default=table.candidates[best],
        margin=margin,
        confidence=confidence,
        routes={kind: table.candidates[one.candidate] for kind, one in _routes(tried).items()},
        evidence=evidence,
    )


def chosen_for(
    table: RoutingTable,
    kinds: Sequence[str],
    *,
    margin: float,
    strong: str | None,
    rows: Sequence[int],
    confidence: float = 0.95,
) -> list[int]:
    """The number of the candidate that the policy of these rows gives each of some kinds; as `fit`, and no more."""
    best, tried = _tried(table, margin=margin, strong=strong, rows=rows, confidence=confidence)
    routes = {kind: one.candidate for kind, one in _routes(tried).items()}
    return [routes.get(kind, best) for kind in kinds]


def _tried(
    table: RoutingTable, *, margin: float, strong: str | None, rows: Sequence[int] | None, confidence: float
) -> tuple[int, list[_Trial]]:
    """The candidate to be no worse than, and every cheaper one in every kind, held against it."""
    at = range(table.n) if rows is None else rows
    best = table.strongest(at) if strong is None else table.candidates.index(strong)
    trials = [
        _Trial(table, kind, own, best, candidate, margin, confidence)
        for kind, own in table.rows_by_kind(at).items()
        for candidate in range(len(table.candidates))
        if candidate != best and table.point(candidate, own).cost < table.point(best, own).cost
    ]
    for trial, p in zip(trials, holm([trial.p_value for trial in trials]), strict=True):
        trial.p_adjusted = p
    return best, trials


def _routes(trials: Sequence[_Trial]) -> dict[str, _Trial]:
    """The cheapest of those that hold, by kind; of equally cheap ones the better."""
    routes: dict[str, _Trial] = {}
    for one in trials:
        kept = routes.get(one.kind)
        if one.holds and (kept is None or one.worth < kept.worth):
            routes[one.kind] = one
    return routes


@dataclass
class _Trial:
    """One cheaper model within one kind of case."""

    table: RoutingTable
    kind: str
    rows: Sequence[int]
    best: int
    candidate: int
    margin: float
    confidence: float
    p_adjusted: float = 1.0

    @property
    def holds(self) -> bool:
        """Whether a loss of the margin is ruled out after the adjustment."""
        return self.p_adjusted < (1 - self.confidence) / 2

    @cached_property
    def own(self) -> Point:
        """Mean price and quality."""
        return self.table.point(self.candidate, self.rows)

    @property
    def worth(self) -> tuple[float, float]:
        """Cheaper first, then better."""
        return self.own.cost, -self.own.quality

    @cached_property
    def _found(self) -> NonInferiority:
        return self._test(self.confidence)

    def _test(self, confidence: float) -> NonInferiority:
        """Whether a loss of the margin is ruled out, by itself."""
        return noninferiority(*self._sides, margin=self.margin, confidence=confidence, **self._scale)

    @property
    def p_value(self) -> float:
        """The test's p-value; where only its interval is defined, the level at which that reaches the margin."""
        if self._found.p_value is not None:
            return self._found.p_value
        if self._found.bound is None:
            return 1.0
        least, most = 0.0, 0.5
        for _ in range(_STEPS):
            level = (least + most) / 2
            least, most = (least, level) if self._test(1 - 2 * level).holds else (level, most)
        return most if most < 0.5 else 1.0

    def evidence(self, *, alone: float) -> Evidence:
        """What is found; `alone` is the confidence of each of all trials by itself (Bonferroni: not too few cases)."""
        own, strong, test = self.own, self.table.point(self.best, self.rows), self._found
        worse = test.p_worse is not None and test.p_worse < (1 - self.confidence) / 2
        return Evidence(
            kind=self.kind,
            candidate=self.table.candidates[self.candidate],
            n=len(self.rows),
            cost_usd=own.cost,
            strong_cost_usd=strong.cost,
            quality=own.quality,
            strong_quality=strong.quality,
            delta=test.delta,
            low=test.bound,
            p_value=test.p_value,
            p_adjusted=self.p_adjusted,
            holds=self.holds,
            worse=worse and not self.holds,
            cases_needed=None if self.holds or worse else self._needed(alone),
        )

    def _needed(self, confidence: float) -> int | None:
        if not self.margin:
            return None
        made = paired(*self._sides, confidence=confidence, **self._scale)
        return cases_for_margin(self.margin, made, width=self.table.width)

    @cached_property
    def _sides(self) -> tuple[list[float], list[float]]:
        strong, own = self.table.qualities[self.best], self.table.qualities[self.candidate]
        return [strong[row] for row in self.rows], [own[row] for row in self.rows]

    @cached_property
    def _scale(self) -> dict[str, Any]:
        clusters = [self.table.clusters[row] for row in self.rows]
        return {"clusters": clusters, "low_value": self.table.low_value, "high_value": self.table.high_value}
