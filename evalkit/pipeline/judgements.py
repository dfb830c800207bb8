"""What one judge said of each output of a run: the score, what it cost, and how unsure the judge was."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from evalkit.analysis.agree import Scale
from evalkit.analysis.judges.cascade import DISAGREEMENT, EITHER, MIDDLE
from evalkit.graders.jury import members
from evalkit.run import Run
from evalkit.score import Status
from evalkit.store import Store

_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A judge's word on one output."""

    value: float | None
    cost: float | None
    """In USD; None where it is not known."""
    cluster: str | None
    observation: tuple[str, str]
    """The run and the case that were judged, where the score was taken over."""
    doubts: Mapping[str, float] = field(default_factory=dict[str, float])
    """By signal, as a share of the scale; a signal that this grader cannot give is not there."""


def said_of(store: Store, run: Run, criterion: str, scale: Scale) -> dict[str, Said]:
    """What a run's judge said, by case id; a case that nobody was asked about is not there."""
    costs = case_costs(store, run)
    taken = store.reuse.of(run.id)
    spreads = _spreads(store, run, criterion)
    found: dict[str, Said] = {}
    for case_id, status, value, _, _, _, _, cluster in store.case_scores.of(run.id, criterion, run.dataset):
        if status == Status.MISSING and case_id not in costs:
            continue  # the candidate has no output for it
        found[case_id] = Said(
            value=value,
            cost=costs.get(case_id),
            cluster=cluster,
            observation=taken.get(case_id, (run.id, case_id)),
            doubts=dict(_doubts(value, spreads.get(case_id) if spreads else None, scale)),
        )
    return found


def people_of(store: Store, grader_digest: str, criterion: str) -> dict[tuple[str, str], dict[str, float]]:
    """What people say of outputs, by dataset and candidate and by case id; of several labels the newest counts."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for calibration in store.calibrations.of_graders({grader_digest}):
        if calibration.criterion == criterion:
            own = found.setdefault((calibration.dataset, calibration.candidate_digest), {})
            for pair in calibration.pairs:
                own.setdefault(pair.case_id, pair.human)
    return found


def case_costs(store: Store, run: Run) -> dict[str, float | None]:
    """What each case cost; of a jury what its members cost together, and nothing known where one is not here."""
    needed = [member.id for member in members(run)]
    if not needed:
        return store.case_costs.of(run.id)
    every = [store.case_costs.of(need) for need in needed]
    cases = {case_id for costs in every for case_id in costs}
    return {case_id: _sum([costs.get(case_id) for costs in every]) for case_id in cases}


def _sum(costs: list[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return math.fsum(known) if len(known) == len(costs) else None


def _spreads(store: Store, run: Run, criterion: str) -> dict[str, float]:
    """How far apart a run's judgements of one output are, or those of a jury's members; none of a run without."""
    found: dict[str, list[float]] = {}
    for case_id, value in _judgements(store, run, criterion):
        found.setdefault(case_id, []).append(value)
    return {case_id: max(values) - min(values) for case_id, values in found.items()}


def _judgements(store: Store, run: Run, criterion: str) -> Iterator[tuple[str, float]]:
    """Case id and value of every judgement."""
    needed = members(run)
    for member in needed:
        for row in store.case_scores.of(member.id, criterion, run.dataset):
            if row[2] is not None:
                yield row[0], row[2]
    for name, case_id, _, value in () if needed else store.judgements.of(run.id):
        if name == criterion and value is not None:
            yield case_id, value


def _doubts(value: float | None, spread: float | None, scale: Scale) -> Iterator[tuple[str, float]]:
    """How unsure a judge is of a score: its judgements differ, or the score is far from either end of the scale."""
    low, high = scale[0][1], scale[-1][1]
    width = (high - low) or 1.0
    differ = None if spread is None else round(spread / width, _DIGITS)
    if differ is not None:
        yield DISAGREEMENT, differ
    if len(scale) > 2:
        middle = 0.0 if value is None else round(max(0.0, min(value - low, high - value)) / width, _DIGITS)
        yield MIDDLE, middle
        if differ is not None:
            yield EITHER, float(differ > 0 or middle > 0)
