"""The scores of a check as columns, as they are or with every unscored case as bad as it could have been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from evalkit.analysis.clusters import coarser
from evalkit.analysis.scores import RunScores
from evalkit.config.gate import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Paired scores of one length; `filled` of them stand for a score that is not there."""

    baseline: Sequence[float]
    candidate: Sequence[float]
    clusters: Sequence[str | None]
    filled: int = 0


def pair_columns(baseline: RunScores, candidate: RunScores, *, direction: Direction, worst: bool = False) -> Columns:
    """The cases that both runs hold with equal content; unscored ones only in the worst case.

    Raises:
        IntegrityError: a run holds a case twice.
    """
    bad, good = (candidate.low_value, candidate.high_value)[:: 1 if direction == "higher" else -1]
    others = baseline.by_id()
    befores: list[float] = []
    afters: list[float] = []
    clusters: list[str | None] = []
    clusters_before: list[str | None] = []
    filled = 0
    for case in sorted(candidate.by_id().values(), key=_position):
        other = others.get(case.case_id)
        if other is None or other.case_digest != case.case_digest:
            continue
        missing = case.value is None or other.value is None
        if missing and not worst:
            continue
        filled += missing
        befores.append(good if other.value is None else other.value)
        afters.append(bad if case.value is None else case.value)
        clusters.append(case.cluster)
        clusters_before.append(other.cluster)
    return Columns(baseline=befores, candidate=afters, clusters=coarser(clusters, clusters_before), filled=filled)


_position = attrgetter("position")
