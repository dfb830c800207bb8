"""What guards keep from the judge: the scores that they decide, and what that saves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.dataset import Case
from evalkit.graders import Asked, RubricGrader
from evalkit.run import Run
from evalkit.score import Score
from evalkit.store import Spending, Store

if TYPE_CHECKING:
    from evalkit.pipeline.view import RunView


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """The cases of one run that its guard kept from the judge."""

    cases: int
    saved_usd: float | None
    """About what they would have cost, by those that were sent; None where that is not known."""


def guarded(run: Run, grader: Asked, case: Case, output: str) -> list[Score]:
    """The scores of an output that its grader's guard keeps from the judge; none where it is to be sent.

    Raises:
        UsageError: the check of the guard cannot be made.
    """
    guard = grader.guard if isinstance(grader, RubricGrader) else None
    if guard is None:
        return []
    return [
        Score(run=run.id, case_id=case.id, verdict=verdict) for verdict in guard.verdicts(case, output, grader.criteria)
    ]


def guard_note(run: Run, grader: Asked, n: int) -> str:
    """What a user is told of the cases that are not sent; empty where all are."""
    guard = grader.guard if isinstance(grader, RubricGrader) else None
    if guard is None or not n:
        return ""
    cases = "1 case is" if n == 1 else f"{n:,} cases are"
    return f"run {run.id}: {cases} not sent, because check {guard.check.name!r} fails"


def held_together(views: Sequence[RunView]) -> NotSent:
    """What guards kept from the judges of some runs: a case counts once, however many judges were to see its output."""
    held: dict[tuple[str, ...], int] = {}
    saved: dict[str, float | None] = {}
    for view in views:
        if one := view.not_sent:
            output = (view.dataset_digest, view.candidate, view.grader, view.label)
            held[output] = max(held.get(output, 0), one.cases)
            saved[view.run] = one.saved_usd
    known = [usd for usd in saved.values() if usd is not None]
    return NotSent(cases=sum(held.values()), saved_usd=math.fsum(known) if len(known) == len(saved) else None)


def not_sent(store: Store, runs: Sequence[Run], spending: dict[str, Spending]) -> dict[str, NotSent]:
    """What guards kept from the judge, by run; runs without a guard are left out."""
    counts = store.guards.counts([run.id for run in runs])
    return {
        run: NotSent(cases=held, saved_usd=_saved(held, sent, spending.get(run)))
        for run, (held, sent) in counts.items()
    }


def _saved(held: int, sent: int, spending: Spending | None) -> float | None:
    if not held:
        return 0.0
    if not sent or spending is None or not spending.results or spending.cost_usd is None:
        return None
    return spending.cost_usd * held / sent
