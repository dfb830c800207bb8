"""The evidence on a floor or a ceiling: the candidate's own mean, without a baseline.

It passes when its interval lies within the limit. The p-value of missing the limit is read off the same interval:
the smallest tail at which it still excludes the limit. Of scores of 0 and 1 it is read off the exact interval: near
the ends of the scale Wilson's excludes a true rate of 0.98 after 1 failure of 8, which happens 15 times in 100.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Final, Literal, TypeAlias

from evalkit.analysis.gate.evidence import Evidence, mean_of
from evalkit.analysis.gate.lacks import cases_for_level
from evalkit.analysis.gate.policy import GatePolicy
from evalkit.analysis.scores import RunScores
from evalkit.stats import Estimate, Paired, clopper_pearson, estimate, paired

_HALVINGS: Final = 50
_LEAST_TAIL: Final = 1e-12
_GREATEST_TAIL: Final = 0.25


_Row: TypeAlias = tuple[float, str | None]
"""A score and its cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A floor (`min`) or a ceiling (`max`) for the mean of a run."""

    kind: Literal["min", "max"]
    limit: float

    def holds(self, made: Estimate) -> bool | None:
        """Whether the interval lies within the limit; None without an interval."""
        if made.low is None or made.high is None:
            return None
        return made.low >= self.limit if self.kind == "min" else made.high <= self.limit

    def missed(self, made: Estimate) -> bool:
        """Whether the interval lies beyond the limit."""
        if made.low is None or made.high is None:
            return False
        return made.high < self.limit if self.kind == "min" else made.low > self.limit


def level_evidence(candidate: RunScores, level: Level, *, policy: GatePolicy) -> Evidence:
    """The evidence that the candidate's mean is at least, or at most, the limit."""
    bad = candidate.low_value if level.kind == "min" else candidate.high_value
    cases = sorted(candidate.by_id().values(), key=attrgetter("position"))
    scored = [(case.value, case.cluster) for case in cases if case.value is not None]
    filled = [(bad if case.value is None else case.value, case.cluster) for case in cases]

    def numbers(rows: list[_Row], confidence: float) -> Estimate:
        return estimate(
            [value for value, _ in rows],
            clusters=[cluster for _, cluster in rows],
            confidence=confidence,
            low_value=candidate.low_value,
            high_value=candidate.high_value,
            looks=policy.looks,
        )

    def p_value() -> float | None:
        if policy.looks == "repeated":
            return _beside_limit(scored, candidate, level, policy.confidence).p_worse
        if made.method == "wilson":
            return _inverted(lambda tail: level.missed(_exact(made, 1 - 2 * tail)))
        return _inverted(lambda tail: level.missed(numbers(scored, 1 - 2 * tail)))

    made = numbers(scored, policy.confidence)
    passes = level.holds(made)
    unscored = len(filled) - len(scored)
    turned = bool(passes and unscored and not level.holds(numbers(filled, policy.confidence)))
    return Evidence(
        n=made.n,
        candidate=mean_of([value for value, _ in scored]),
        low=made.low,
        high=made.high,
        passes=passes,
        fragile=unscored if turned else 0,
        p_value=None if passes is None else p_value(),
        method=made.method,
        p_method=_p_method(made, policy),
        clusters=made.clusters,
        effective_clusters=made.effective_clusters,
        needed=cases_for_level(level.limit, made),
    )


def _p_method(made: Estimate, policy: GatePolicy) -> str:
    if policy.looks == "repeated":
        return made.method
    return f"inverted {'clopper-pearson' if made.method == 'wilson' else made.method}"


def _exact(made: Estimate, confidence: float) -> Estimate:
    """The exact interval of scores of 0 and 1, in place of theirs."""
    found = clopper_pearson(round((made.mean or 0.0) * made.n), made.n, confidence=confidence)
    return replace(made, low=found.low if found else None, high=found.high if found else None)


def _beside_limit(rows: list[_Row], candidate: RunScores, level: Level, confidence: float) -> Paired:
    """The scores less the limit, looked at repeatedly."""
    limit, values = [level.limit] * len(rows), [value for value, _ in rows]
    return paired(
        limit if level.kind == "min" else values,
        values if level.kind == "min" else limit,
        clusters=[cluster for _, cluster in rows],
        confidence=confidence,
        low_value=candidate.low_value,
        high_value=candidate.high_value,
        interval="t",  # the limit is no score, so that a limit of 0 or 1 must not make binary pairs
        looks="repeated",
    )


def _inverted(missed: Callable[[float], bool]) -> float:
    """The smallest tail at which the interval still misses the limit; above 0.25 it is 1: no evidence at all."""
    above, below = math.log(_GREATEST_TAIL), math.log(_LEAST_TAIL)
    if not missed(math.exp(above)):
        return 1.0
    if missed(math.exp(below)):
        return _LEAST_TAIL
    for _ in range(_HALVINGS):
        middle = (above + below) / 2
        if missed(math.exp(middle)):
            above = middle
        else:
            below = middle
    return math.exp(above)
