"""Answers that have a score and a price, of runs that were judged alike: what quality against cost is told from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

from evalkit.run import Run
from evalkit.store import Store


class Answer(NamedTuple):
    """One case that has a score and a cost."""

    cost: float
    value: float
    cluster: str | None


Answers: TypeAlias = Mapping[str, Answer]
"""By case id."""


def judged_alike(runs: Sequence[Run], names: Mapping[str, str]) -> Iterator[list[Run]]:
    """For each grader and judge the runs that are held against one another, one per candidate."""
    measures: dict[tuple[str, str], dict[tuple[str, str, str], list[Run]]] = {}
    for run in sorted(runs, key=_newest):
        judge = (run.grader, run.judge.model if run.judge else "")
        measure = (run.grader_digest, run.judge.digest if run.judge else "", run.dataset)
        measures.setdefault(judge, {}).setdefault(measure, []).append(run)
    for found in measures.values():
        choices = [chosen for alike in found.values() if (chosen := _one_each(alike, names))]
        if choices:
            yield max(choices, key=lambda chosen: _newest(chosen[-1]))


def _one_each(runs: Sequence[Run], names: Mapping[str, str]) -> list[Run]:
    """Of runs of one measure, the oldest first, one of each candidate; none where there is one candidate alone."""
    labels: dict[str, dict[str, Run]] = {}
    for run in runs:
        labels.setdefault(run.label, {})[names[run.id]] = run
    several = [list(found.values()) for found in labels.values() if len(found) > 1]
    if several:
        return sorted(max(several, key=lambda found: max(map(_newest, found))), key=_newest)
    newest = {names[run.id]: run for run in runs}
    return sorted(newest.values(), key=_newest) if len(newest) > 1 else []


def _newest(run: Run) -> tuple[datetime, str]:
    return run.as_of, run.id


def answers_of(store: Store, run: Run, criterion: str, costs: Mapping[str, float]) -> dict[str, Answer]:
    """What a run scored of the outputs whose cost is known, by case id."""
    return {
        case_id: Answer(costs[case_id], value, cluster)
        for case_id, _, value, _, _, _, _, cluster in store.case_scores.of(run.id, criterion, run.dataset)
        if value is not None and case_id in costs
    }


def shared_cases(found: Collection[Answers]) -> list[str]:
    """The cases that every candidate has a score and a cost for: means over different cases are not comparable."""
    first = next(iter(found), None)
    return [case_id for case_id in first or () if all(case_id in one for one in found)]
