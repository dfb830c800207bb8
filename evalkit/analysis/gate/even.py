"""The evidence on a win rate: the candidate's own mean beside one half, the score that neither side wins.

One sample, with the interval of any mean: that of a paired difference would allow for a baseline that varies, and is
up to twice as wide where most pairs tie. The p-value of being worse is that of flipping the signs of what the pairs
are above or below one half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, Literal

from evalkit.analysis.gate.evidence import Evidence, mean_of
from evalkit.analysis.gate.lacks import cases_for_margin
from evalkit.analysis.gate.policy import GatePolicy
from evalkit.analysis.scores import RunScores
from evalkit.config.gate import Direction
from evalkit.stats import Estimate, estimate, paired

EVEN: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Even:
    """A margin, or a relative drop, that a win rate may fall short of one half."""

    kind: Literal["margin", "max_relative_drop"]
    limit: float
    direction: Direction

    @property
    def shift(self) -> float:
        """What the interval is told relative to."""
        return EVEN if self.kind == "margin" else EVEN * (1 - self.limit)

    @property
    def least(self) -> float:
        """What the lower end of that interval must be above."""
        return -self.limit if self.kind == "margin" else 0.0

    def turned(self, value: float) -> float:
        """A score so that higher is better."""
        return value if self.direction == "higher" else 1 - value


def even_evidence(candidate: RunScores, even: Even, *, policy: GatePolicy) -> Evidence:
    """The evidence that the candidate does not lose to the other side by more than is allowed."""
    cases = sorted(candidate.by_id().values(), key=attrgetter("position"))
    scored = [(even.turned(case.value), case.cluster) for case in cases if case.value is not None]
    filled = [(0.0 if case.value is None else even.turned(case.value), case.cluster) for case in cases]
    made = _estimate(scored, policy)
    values = [value for value, _ in scored]
    plain = paired(
        [EVEN] * len(values),
        values,
        clusters=[cluster for _, cluster in scored],
        confidence=policy.confidence,
        low_value=0,
        high_value=1,
        looks=policy.looks,
    )
    passes = None if made.low is None else made.low - even.shift > even.least
    unscored = len(filled) - len(scored)
    worst = _estimate(filled, policy).low if passes and unscored else None
    allowed = even.limit if even.kind == "margin" else even.limit * EVEN
    return Evidence(
        n=made.n,
        baseline=EVEN,
        candidate=mean_of([case.value for case in cases if case.value is not None]),
        delta=None if made.mean is None else made.mean - even.shift,
        low=None if made.low is None else made.low - even.shift,
        high=None if made.high is None else made.high - even.shift,
        passes=passes,
        fragile=unscored if worst is not None and worst - even.shift <= even.least else 0,
        p_value=plain.p_worse,
        method=made.method,
        p_method=plain.p_method,
        mde=plain.mde,
        wins=plain.wins,
        losses=plain.losses,
        clusters=made.clusters,
        effective_clusters=made.effective_clusters,
        needed=cases_for_margin(allowed, plain, width=1.0),
    )


def _estimate(rows: Sequence[tuple[float, str | None]], policy: GatePolicy) -> Estimate:
    return estimate(
        [value for value, _ in rows],
        clusters=[cluster for _, cluster in rows],
        confidence=policy.confidence,
        low_value=0,
        high_value=1,
        looks=policy.looks,
    )
