"""A policy: for each kind of case the cheapest model that is shown to be no worse than the strongest.

"Shown" is the gate's word: the loss is smaller than the margin by a paired non-inferiority test, adjusted by Holm for
every model and kind that was tried. Where evidence lacks, the strongest model answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from evalkit.analysis.gate.lacks import cases_for_margin
from evalkit.analysis.route.table import RoutingTable
from evalkit.stats import NonInferiority, holm, noninferiority, paired

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
    """Whether it is shown, by itself, to be worse than the strongest at all."""
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
    at = range(table.n) if rows is None else rows
    best = table.strongest(at) if strong is None else table.candidates.index(strong)
    trials = [
        _Trial(table, kind, own, best, candidate, margin)
        for kind, own in table.rows_by_kind(at).items()
        for candidate in range(len(table.candidates))
        if candidate != best and table.point(candidate, own).cost < table.point(best, own).cost
    ]
    adjusted = holm([trial.p_value for trial in trials])
    level = (1 - confidence) / max(1, len(trials))
    evidence = tuple(
        trial.evidence(p, confidence=confidence, alone=1 - level) for trial, p in zip(trials, adjusted, strict=True)
    )
    return Policy(
        default=table.candidates[best],
        margin=margin,
        confidence=confidence,
        routes=_routes(evidence),
        evidence=evidence,
    )


def _routes(evidence: Sequence[Evidence]) -> dict[str, str]:
    """The cheapest of those that hold, by kind; of equally cheap ones the better."""
    routes: dict[str, Evidence] = {}
    for one in evidence:
        kept = routes.get(one.kind)
        if one.holds and (kept is None or (one.cost_usd, -one.quality) < (kept.cost_usd, -kept.quality)):
            routes[one.kind] = one
    return {kind: one.candidate for kind, one in routes.items()}


@dataclass(frozen=True, slots=True)
class _Trial:
    """One cheaper model within one kind of case."""

    table: RoutingTable
    kind: str
    rows: Sequence[int]
    best: int
    candidate: int
    margin: float

    def test(self, confidence: float) -> NonInferiority:
        """Whether a loss of the margin is ruled out, by itself."""
        return noninferiority(*self._sides, margin=self.margin, confidence=confidence, **self._scale)

    @property
    def p_value(self) -> float:
        """The test's p-value; where only its interval is defined, the level at which that reaches the margin."""
        test = self.test(0.95)
        if test.p_value is not None:
            return test.p_value
        if test.bound is None:
            return 1.0
        least, most = 0.0, 0.5
        for _ in range(_STEPS):
            level = (least + most) / 2
            least, most = (least, level) if self.test(1 - 2 * level).holds else (level, most)
        return most if most < 0.5 else 1.0

    def evidence(self, p_adjusted: float, *, confidence: float, alone: float) -> Evidence:
        """What is found; `alone` is the confidence of each of all trials by itself (Bonferroni: not too few cases)."""
        own, strong = self.table.point(self.candidate, self.rows), self.table.point(self.best, self.rows)
        test, level = self.test(confidence), (1 - confidence) / 2
        holds, worse = p_adjusted < level, test.p_worse is not None and test.p_worse < level
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
            p_adjusted=p_adjusted,
            holds=holds,
            worse=worse,
            cases_needed=None if holds or worse else self._needed(alone),
        )

    def _needed(self, confidence: float) -> int | None:
        if not self.margin:
            return None
        made = paired(*self._sides, confidence=confidence, **self._scale)
        return cases_for_margin(self.margin, made, width=self.table.width)

    @property
    def _sides(self) -> tuple[list[float], list[float]]:
        strong, own = self.table.qualities[self.best], self.table.qualities[self.candidate]
        return [strong[row] for row in self.rows], [own[row] for row in self.rows]

    @property
    def _scale(self) -> dict[str, Any]:
        clusters = [self.table.clusters[row] for row in self.rows]
        return {"clusters": clusters, "low_value": self.table.low_value, "high_value": self.table.high_value}
