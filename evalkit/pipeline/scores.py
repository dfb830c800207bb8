"""A run's scores in the form that the analysis takes."""

from __future__ import annotations

from evalkit.analysis import CaseScore, RunScores
from evalkit.run import Run
from evalkit.store import Store


def run_scores(store: Store, run: Run, criterion: str) -> RunScores:
    """Every case of a run under one criterion, with what decides whether another run may be compared."""
    parts, _ = store.content.grader(run.grader_digest)
    low, high = store.content.scales({run.grader_digest})[run.grader_digest][criterion]
    cases = [
        CaseScore(
            case_id=placed.score.case_id,
            case_digest=placed.case_digest,
            status=placed.score.verdict.status,
            value=placed.score.verdict.value,
            label=placed.score.verdict.label,
            tags=placed.tags,
            cluster=placed.cluster,
            position=placed.position,
        )
        for placed in store.scores.of(run.id, criterion)
        if not placed.score.suffix
    ]
    spending = store.results.spending([run.id]).get(run.id)
    return RunScores(
        run=run.id,
        candidate=run.candidate,
        grader=run.grader,
        criterion=criterion,
        judge=run.judge.model if run.judge else "",
        label=run.label,
        dataset=run.dataset,
        grader_parts={**parts, **(run.judge.parts if run.judge else {})},
        served_models=spending.served_models if spending else (),
        simulated=any(batch.simulated for batch in store.progress([run.id])[run.id][1]),
        cases=cases,
        low_value=low,
        high_value=high,
    )
