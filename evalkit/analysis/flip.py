"""The cases that moved between two runs, and from which label to which."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from operator import attrgetter

from evalkit.analysis.pairing import Pairing
from evalkit.stats import TIE


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A case whose score moved between two runs."""

    case_id: str
    baseline: float
    candidate: float
    delta: float
    baseline_label: str | None = None
    candidate_label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """How many paired cases went from one label to another."""

    before: str
    after: str
    n: int

    def __str__(self) -> str:
        return f"{self.before} -> {self.after} {self.n:,}"


def flips(joined: Pairing) -> tuple[tuple[Flip, ...], tuple[Flip, ...]]:
    """The cases that got worse, worst first, and those that got better, best first."""
    moved = [
        Flip(
            case_id=case.case_id,
            baseline=baseline,
            candidate=candidate,
            delta=candidate - baseline,
            baseline_label=other.label,
            candidate_label=case.label,
        )
        for case, other, baseline, candidate in zip(
            joined.cases, joined.before, joined.baseline, joined.candidate, strict=True
        )
        if abs(candidate - baseline) > TIE
    ]
    regressed = sorted((flip for flip in moved if flip.delta < 0), key=_delta)
    improved = sorted((flip for flip in moved if flip.delta > 0), key=_delta, reverse=True)
    return tuple(regressed), tuple(improved)


def transitions(joined: Pairing) -> tuple[Transition, ...]:
    """The changes of label, the most frequent first; cases that have no label are left out."""
    counts: Counter[tuple[str, str]] = Counter()
    for other, case in zip(joined.before, joined.cases, strict=True):
        if other.label is not None and case.label is not None and other.label != case.label:
            counts[other.label, case.label] += 1
    found = [Transition(before=before, after=after, n=n) for (before, after), n in counts.items()]
    return tuple(sorted(found, key=lambda one: (-one.n, one.before, one.after)))


_delta = attrgetter("delta")
