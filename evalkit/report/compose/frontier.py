"""Quality against cost, for the candidates whose outputs say what they cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from evalkit.pipeline.output_costs import output_costs
from evalkit.pipeline.priced import Answers, answers_of, judged_alike, shared_cases
from evalkit.pricing import Prices
from evalkit.report.page import CostPoint, Frontier
from evalkit.run import Run
from evalkit.stats import Point, estimate, hull, oracle
from evalkit.store import Store

Scale: TypeAlias = tuple[float, float]


def frontiers(
    store: Store, runs: Sequence[Run], names: Mapping[str, str], prices: Prices | None = None
) -> tuple[Frontier, ...]:
    """One for each grader, judge and criterion under which two candidates or more have scores and costs of one case.

    Of a grader's runs those count that the same rubric and judge scored on the same dataset: of the newest label that
    has two candidates; where none has, the newest run of each candidate.

    Args:
        store: where their scores and costs are.
        runs: the runs of the page.
        names: the candidate of each run as the page calls it, by run id.
        prices: the list for outputs whose tokens are known, and no cost; those have none without it.
    """
    known = output_costs(store, (run.candidate_digest for run in runs), prices)
    if len(known) < 2:
        return ()
    found: list[Frontier] = []
    for chosen in judged_alike([run for run in runs if run.candidate_digest in known], names):
        scales = store.content.scales({chosen[0].grader_digest})[chosen[0].grader_digest]
        for criterion, scale in scales.items():
            answers = {
                names[run.id]: answered
                for run in chosen
                if (answered := answers_of(store, run, criterion, known[run.candidate_digest].usd))
            }
            shared = shared_cases(answers.values())
            if len(answers) > 1 and shared:
                alike = {name: {case_id: own[case_id] for case_id in shared} for name, own in answers.items()}
                digests = {run.candidate_digest for run in chosen if names[run.id] in answers}
                listed = any(known[digest].listed.intersection(shared) for digest in digests)
                made = _frontier(chosen[0], criterion, alike, scale)
                found.append(replace(made, price_date=prices.date) if prices and listed else made)
    return tuple(found)


def _frontier(run: Run, criterion: str, answers: Mapping[str, Answers], scale: Scale) -> Frontier:
    """The frontier of candidates that answered the same cases."""
    points = sorted((_point(name, found, scale) for name, found in answers.items()), key=lambda one: one.cost_usd)
    cases = list(zip(*(found.values() for found in answers.values()), strict=True))
    costs = [[answer.cost for answer in case] for case in cases]
    values = [[answer.value for answer in case] for case in cases]
    best = oracle(costs, values)
    return Frontier(
        grader=run.grader,
        criterion=criterion,
        judge=run.judge.model if run.judge else "",
        points=tuple(points),
        hull=tuple(
            (corner.cost, corner.quality)
            for corner in hull([Point(cost=point.cost_usd, quality=point.mean) for point in points])
        ),
        oracle=(best.point.cost, best.point.quality) if best else None,
        n=len(cases),
    )


def _point(name: str, answers: Answers, scale: Scale) -> CostPoint:
    found = answers.values()
    values, n = [one.value for one in found], len(found)
    low, high = scale
    made = estimate(values, clusters=[one.cluster for one in found], low_value=low, high_value=high)
    return CostPoint(
        candidate=name,
        name=name,
        cost_usd=math.fsum(one.cost for one in found) / n,
        mean=math.fsum(values) / n,
        low=made.low,
        high=made.high,
        n=n,
    )
