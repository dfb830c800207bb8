"""Runs of the same things are one measurement: who runs a gate again adds to it, and draws no new one.

The verdict on all reruns together has the error of one. Who looks after each of ten and stops at the first pass still
passes about twice as often at the margin; `looks = "repeated"` bounds that too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter

from evalkit.analysis.scores import CaseScore, RunScores
from evalkit.errors import IntegrityError


def pool(runs: Sequence[RunScores]) -> RunScores:
    """The runs merged case by case, under the id and label of the last one.

    A case's value is the mean of the values that it has. A case without any keeps its last reason; it is pending only
    where no run has a result for it. A score that a run took over from an earlier one is the same observation: it
    counts once, however many runs have it.

    Raises:
        ValueError: there is no run, or they are not of the same candidate, grader, judge and criterion.
        IntegrityError: a run holds a case twice, or two runs hold different cases under one id.
    """
    if not runs:
        raise ValueError("there is no run to pool")
    last = runs[-1]
    if len(runs) == 1:
        return last
    if len({_things(run) for run in runs}) > 1:
        raise ValueError("only runs of the same dataset, candidate, grader and judge are one measurement")
    found: dict[str, dict[tuple[str, str], CaseScore]] = {}
    for run in runs:
        for case in run.by_id().values():
            found.setdefault(case.case_id, {})[run.observation(case)] = case
    pending = {case for run in runs for case in run.pending or ()} - found.keys()
    return replace(
        last,
        cases=tuple(sorted((_pooled(list(seen.values())) for seen in found.values()), key=attrgetter("position"))),
        pending=None if all(run.pending is None for run in runs) else tuple(sorted(pending)),
        served_models=tuple(dict.fromkeys(model for run in runs for model in run.served_models)),
        asked=any(run.asked for run in runs),
        simulated=any(run.simulated for run in runs),
    )


def measurements(runs: Sequence[RunScores]) -> int:
    """How many of the runs hold an observation of their own; one at least."""
    seen: set[tuple[str, str]] = set()
    n = 0
    for run in runs:
        observed = {run.observation(case) for case in run.cases}
        n += bool(observed - seen)
        seen |= observed
    return max(1, n)


def _things(run: RunScores) -> tuple[object, ...]:
    parts = tuple(sorted(run.grader_parts.items()))
    return (run.dataset, run.candidate, run.grader, run.criterion, run.judge, parts, run.low_value, run.high_value)


def _pooled(cases: Sequence[CaseScore]) -> CaseScore:
    last = cases[-1]
    if len({case.case_digest for case in cases}) > 1:
        raise IntegrityError(f"case {last.case_id} is not the same in two runs of one dataset")
    scored = [case for case in cases if case.value is not None]
    if not scored:
        return last
    labels = {case.label for case in scored}
    return replace(
        scored[-1],
        value=math.fsum(case.value for case in scored if case.value is not None) / len(scored),
        label=scored[-1].label if len(labels) == 1 else None,
    )
