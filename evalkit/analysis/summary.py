"""One run on one criterion in a few numbers, with every case accounted for."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from evalkit.analysis.scores import RunScores
from evalkit.errors import IntegrityError
from evalkit.score import UNSCORED, Status
from evalkit.stats import Estimate, bounds, estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """Cases = scored + unscored + pending; the estimate is of the scored, worst and best are of all cases."""

    run: str
    criterion: str
    n_cases: int
    scored: int
    unscored: Mapping[Status, int]
    """How many cases have no value, by reason; a reason that does not occur is left out."""
    pending: int
    estimate: Estimate
    worst: float | None
    """The mean over all cases, had every case without a score got the lowest value."""
    best: float | None
    coverage: float | None
    """Scored cases / cases; None for an empty dataset."""

    def __post_init__(self) -> None:
        if self.n_cases != self.scored + self.n_unscored + self.pending:
            raise IntegrityError(
                f"run {self.run}: {self.scored} scored, {self.n_unscored} unscored and "
                f"{self.pending} pending cases do not make up the {self.n_cases} cases of its dataset"
            )

    @property
    def n_unscored(self) -> int:
        """How many cases have no value, for whatever reason, and will get none."""
        return sum(self.unscored.values())


def summarise(scores: RunScores, n_cases: int, *, confidence: float = 0.95) -> RunSummary:
    """The run's summary on its criterion over the `n_cases` of its dataset.

    Raises:
        IntegrityError: the cases do not add up, or the run holds a case twice.
    """
    cases = scores.by_id().values()
    pending = max(0, n_cases - len(cases)) if scores.pending is None else len(scores.pending)
    scored = [(case.value, case.cluster) for case in cases if case.value is not None]
    statuses = Counter(case.status for case in cases)
    values = [value for value, _ in scored]
    limits = bounds(
        math.fsum(values),
        len(scored),
        len(cases) - len(scored) + pending,
        low_value=scores.low_value,
        high_value=scores.high_value,
    )
    return RunSummary(
        run=scores.run,
        criterion=scores.criterion,
        n_cases=n_cases,
        scored=len(scored),
        unscored={status: statuses[status] for status in UNSCORED if statuses[status]},
        pending=pending,
        estimate=estimate(
            values,
            clusters=[cluster for _, cluster in scored],
            confidence=confidence,
            low_value=scores.low_value,
            high_value=scores.high_value,
        ),
        worst=limits.low if limits else None,
        best=limits.high if limits else None,
        coverage=len(scored) / n_cases if n_cases else None,
    )
