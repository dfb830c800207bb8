"""What the scores say of one limit: an interval that clears it or does not, and a p-value of being worse.

margin      d = candidate - baseline, turned where lower is better; passes when low > -margin
relative    c - (1 - r) b, or (1 + r) b - c where lower is better; passes when low > 0

A check fails on its p-value, never on its interval, so that the p-values of a family can be adjusted together.
Evidence for a failure of either is that of being worse than the baseline at all (d < 0).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evalkit.analysis.gate.columns import Columns, pair_columns
from evalkit.analysis.gate.lacks import cases_for_margin
from evalkit.analysis.gate.policy import GatePolicy
from evalkit.analysis.scores import RunScores
from evalkit.config.gate import Direction
from evalkit.stats import Paired, paired


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The numbers of one check; what is undefined is None."""

    n: int
    baseline: float | None = None
    candidate: float | None = None
    delta: float | None = None
    low: float | None = None
    high: float | None = None
    passes: bool | None = None
    """None where there are too few cases for an interval."""
    fragile: int = 0
    """Of a pass: how many unscored cases would turn it, had they gone as badly as the scale allows."""
    p_value: float | None = None
    """One-sided; the smaller, the surer that the candidate is worse."""
    method: str = "none"
    p_method: str = "none"
    mde: float | None = None
    wins: int | None = None
    losses: int | None = None
    clusters: int | None = None
    effective_clusters: float | None = None
    needed: int | None = None
    """How many cases in all would decide with 80 % power, where these do not."""


def margin_evidence(
    baseline: RunScores, candidate: RunScores, *, margin: float, direction: Direction, policy: GatePolicy
) -> Evidence:
    """The evidence that the candidate is not worse by more than the margin."""

    def numbers(columns: Columns) -> Paired:
        scale = (candidate.low_value, candidate.high_value)
        return _paired(columns, direction=direction, policy=policy, scale=scale)

    columns = pair_columns(baseline, candidate, direction=direction)
    made = numbers(columns)
    passes = None if made.low is None else made.low > -margin
    worst = pair_columns(baseline, candidate, direction=direction, worst=True)
    return _evidence(
        made,
        columns,
        plain=made,
        passes=passes,
        fragile=_fragile(passes, worst, lambda: numbers(worst).low, above=-margin),
        needed=cases_for_margin(margin, made, width=candidate.high_value - candidate.low_value),
    )


def relative_evidence(
    baseline: RunScores, candidate: RunScores, *, drop: float, direction: Direction, policy: GatePolicy
) -> Evidence:
    """The evidence that the candidate loses at most a share `drop` of the baseline's mean; no score is negative."""
    factor = 1 - drop if direction == "higher" else 1 + drop

    def contrast(columns: Columns) -> Paired:
        scaled = Columns(
            baseline=[factor * value for value in columns.baseline],
            candidate=columns.candidate,
            clusters=columns.clusters,
        )
        # Scaled, the baseline's scores have another scale than the candidate's; this one holds both.
        scale = (0.0, max(1.0, factor) * candidate.high_value)
        return _paired(scaled, direction=direction, policy=policy, scale=scale)

    columns = pair_columns(baseline, candidate, direction=direction)
    plain = _paired(columns, direction=direction, policy=policy, scale=(candidate.low_value, candidate.high_value))
    made = contrast(columns)
    passes = None if made.low is None else made.low > 0
    worst = pair_columns(baseline, candidate, direction=direction, worst=True)
    allowed = drop * (mean_of(columns.baseline) or 0.0)
    return _evidence(
        made,
        columns,
        plain=plain,
        passes=passes,
        fragile=_fragile(passes, worst, lambda: contrast(worst).low, above=0.0),
        needed=cases_for_margin(allowed, plain, width=candidate.high_value) if allowed > 0 else None,
    )


def mean_of(values: Sequence[float]) -> float | None:
    """The mean, summed exactly; None of no values."""
    return math.fsum(values) / len(values) if values else None


def _paired(columns: Columns, *, direction: Direction, policy: GatePolicy, scale: tuple[float, float]) -> Paired:
    higher = direction == "higher"
    return paired(
        columns.baseline if higher else columns.candidate,
        columns.candidate if higher else columns.baseline,
        clusters=columns.clusters,
        confidence=policy.confidence,
        low_value=scale[0],
        high_value=scale[1],
        looks=policy.looks,
    )


def _fragile(passes: bool | None, worst: Columns, low: Callable[[], float | None], *, above: float) -> int:  # noqa: FBT001  three answers
    """The number of unscored cases whose worst would turn a pass."""
    if not passes or not worst.filled:
        return 0
    bound = low()
    return 0 if bound is not None and bound > above else worst.filled


def _evidence(
    made: Paired,
    columns: Columns,
    *,
    plain: Paired,
    passes: bool | None,
    fragile: int,
    needed: int | None,
) -> Evidence:
    return Evidence(
        n=made.n,
        baseline=mean_of(columns.baseline),
        candidate=mean_of(columns.candidate),
        delta=made.delta,
        low=made.low,
        high=made.high,
        passes=passes,
        fragile=fragile,
        p_value=plain.p_worse,
        method=made.method,
        p_method=plain.p_method,
        mde=plain.mde,
        wins=plain.wins,
        losses=plain.losses,
        clusters=made.clusters,
        effective_clusters=made.effective_clusters,
        needed=needed,
    )
