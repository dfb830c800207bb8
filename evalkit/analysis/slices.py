"""The paired difference within each tag: where to look next, never what to gate on.

Many slices are compared at once, so some move by chance alone: their p-values are adjusted together
(Benjamini-Hochberg), their intervals are not.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from evalkit.analysis.comparability import reasons_against
from evalkit.analysis.pairing import paired_difference, pairing
from evalkit.analysis.scores import RunScores
from evalkit.stats import Paired, benjamini_hochberg


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The paired difference over the cases that carry one tag; what is undefined is None."""

    tag: str
    n: int
    delta: float | None
    low: float | None
    high: float | None
    p_value: float | None
    p_adjusted: float | None
    """Adjusted for all slices of the same two runs."""
    method: str
    wins: int
    ties: int
    losses: int
    exploratory: bool = True


def slices(
    baseline: RunScores, candidate: RunScores, *, force: bool = False, confidence: float = 0.95
) -> tuple[Slice, ...]:
    """One slice per tag of the paired cases, by tag; none where the runs are not comparable, unless forced.

    Raises:
        ValueError: the runs hold scores of two criteria.
        IntegrityError: a run holds a case twice.
    """
    if reasons_against(baseline, candidate) and not force:
        return ()
    joined = pairing(baseline, candidate)
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for row, case in enumerate(joined.cases):
        for tag in dict.fromkeys(case.tags):
            rows[tag].append(row)
    tags = sorted(rows)
    numbers = [paired_difference(joined, rows=rows[tag], confidence=confidence) for tag in tags]
    adjusted = _adjusted([number.p_value for number in numbers])
    return tuple(
        _slice(tag, number, p_adjusted) for tag, number, p_adjusted in zip(tags, numbers, adjusted, strict=True)
    )


def _adjusted(p_values: list[float | None]) -> list[float | None]:
    """The p-values adjusted among those that are defined; an undefined one stays None."""
    adjusted = iter(benjamini_hochberg([p for p in p_values if p is not None]))
    return [None if p is None else next(adjusted) for p in p_values]


def _slice(tag: str, numbers: Paired, p_adjusted: float | None) -> Slice:
    return Slice(
        tag=tag,
        n=numbers.n,
        delta=numbers.delta,
        low=numbers.low,
        high=numbers.high,
        p_value=numbers.p_value,
        p_adjusted=p_adjusted,
        method=numbers.method,
        wins=numbers.wins,
        ties=numbers.ties,
        losses=numbers.losses,
    )
