"""Bounding: what a run may cost whose outputs are yet to be made."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from pathlib import Path

from evalkit.graders import Asked, PairwiseGrader, RubricGrader
from evalkit.pipeline.encode import encode
from evalkit.pipeline.forecast import Forecast, Forecaster
from evalkit.pipeline.forecast.unmade import most_more
from evalkit.pipeline.generate import pairs_to_weigh
from evalkit.pipeline.suite import PlannedRun


def bound(
    forecaster: Forecaster, planned: PlannedRun, grader: Asked, directory: Path, *, batch: bool = True
) -> Forecast:
    """What a run may cost that waits for its outputs, each of them as long as its candidate may make it.

    Every case counts: no guard has seen an output, and nothing can be taken over yet.

    Raises:
        DatasetError: its cases cannot be rendered.
    """
    made = {case.id: text for case, text in pairs_to_weigh(planned, forecaster.store)}
    makers = [planned.candidate.generator] if planned.candidate.generator else []
    if isinstance(grader, RubricGrader) and grader.guard is not None:
        grader = copy(grader)
        grader.guard = None
    if isinstance(grader, PairwiseGrader) and grader.baseline is not None and grader.baseline.generator is not None:
        makers.append(grader.baseline.generator)
        texts = {case: text for case, text in made.items() if text is not None}
        grader = grader.beside(replace(grader.baseline, texts={**texts, **grader.baseline.texts}))
    pairs = ((case, made.get(case.id)) for case in planned.dataset)
    encoded = encode(planned.run, grader, pairs, directory, sentinels=planned.sentinels)
    judge = planned.run.judge.model if planned.run.judge else ""
    more = sum(most_more(one, judge) for one in makers)
    return forecaster.of(planned.run, grader, encoded.parts, batch=batch, more=more)
