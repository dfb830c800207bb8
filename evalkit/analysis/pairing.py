"""Two runs joined case by case: by id, on equal case digests, with every case that did not pair named."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from operator import attrgetter

from evalkit.analysis.clusters import coarser
from evalkit.analysis.scores import CaseScore, RunScores
from evalkit.stats import Paired, paired


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """The paired cases, as columns of one length, and the ids of all others.

    Every case id of either run is in exactly one of `cases`, `added`, `removed`, `changed` and `unscored`.
    """

    cases: Sequence[CaseScore]
    """The paired cases as the candidate run has them, in the order of its dataset."""
    before: Sequence[CaseScore]
    """The same cases as the baseline has them."""
    baseline: Sequence[float]
    candidate: Sequence[float]
    added: tuple[str, ...]
    """Only the candidate run has the case."""
    removed: tuple[str, ...]
    """Only the baseline has the case."""
    changed: tuple[str, ...]
    """Both have the id, but the case's content differs."""
    unscored: tuple[str, ...]
    """The same case, but a side has no score (yet)."""
    low_value: float
    high_value: float
    n_shared: int = 0
    """How many pairs are one and the same score, which one run took over."""

    @property
    def n_unpaired(self) -> int:
        """How many cases of either run form no pair."""
        return len(self.added) + len(self.removed) + len(self.changed) + len(self.unscored)

    def clusters(self, rows: Sequence[int]) -> Sequence[str | None]:
        """The clusters of the pairs at the given rows, as the coarser side has them."""
        return coarser([self.cases[row].cluster for row in rows], [self.before[row].cluster for row in rows])


def pairing(baseline: RunScores, candidate: RunScores) -> Pairing:
    """The two runs joined, in the order of the candidate run's dataset.

    Raises:
        IntegrityError: a run holds a case twice.
    """
    before, after = baseline.by_id(), candidate.by_id()
    before_pending, after_pending = frozenset(baseline.pending or ()), frozenset(candidate.pending or ())
    cases: list[CaseScore] = []
    others: list[CaseScore] = []
    baseline_values: list[float] = []
    candidate_values: list[float] = []
    changed: list[str] = []
    n_shared = 0
    unscored: list[str] = []
    for case in sorted(after.values(), key=_position):
        other = before.get(case.case_id)
        if other is None:
            continue
        if other.case_digest != case.case_digest:
            changed.append(case.case_id)
        elif other.value is None or case.value is None:
            unscored.append(case.case_id)
        else:
            cases.append(case)
            others.append(other)
            baseline_values.append(other.value)
            candidate_values.append(case.value)
            n_shared += baseline.observation(other) == candidate.observation(case)
    unscored += sorted(
        (before_pending & after.keys()) | (after_pending & before.keys()) | (before_pending & after_pending)
    )
    return Pairing(
        cases=cases,
        before=others,
        baseline=baseline_values,
        candidate=candidate_values,
        added=_only(candidate, before.keys(), before_pending),
        removed=_only(baseline, after.keys(), after_pending),
        changed=tuple(changed),
        unscored=tuple(unscored),
        low_value=min(baseline.low_value, candidate.low_value),
        high_value=max(baseline.high_value, candidate.high_value),
        n_shared=n_shared,
    )


def paired_difference(joined: Pairing, *, rows: Sequence[int] | None = None, confidence: float = 0.95) -> Paired:
    """The paired difference over all pairs, or over those at the given rows."""
    at = range(len(joined.cases)) if rows is None else rows
    return paired(
        [joined.baseline[row] for row in at],
        [joined.candidate[row] for row in at],
        clusters=joined.clusters(at),
        confidence=confidence,
        low_value=joined.low_value,
        high_value=joined.high_value,
    )


def _only(run: RunScores, others: Set[str], others_pending: Set[str]) -> tuple[str, ...]:
    """Ids that only this run knows: its cases in the order of the dataset, then its pending ones."""
    alone = [case for case in run.cases if case.case_id not in others and case.case_id not in others_pending]
    pending = frozenset(run.pending or ()) - others - others_pending
    return (*(case.case_id for case in sorted(alone, key=_position)), *sorted(pending))


_position = attrgetter("position")
