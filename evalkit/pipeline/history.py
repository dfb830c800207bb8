"""The runs of a store as histories: each candidate on each grader, with the date of its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from evalkit.analysis import DatedRun
from evalkit.run import Run
from evalkit.store import Store


def histories(store: Store, runs: Sequence[Run]) -> dict[tuple[str, str], list[DatedRun]]:
    """By candidate and grader, the runs that have a score, each dated by when its outputs were first judged."""
    ids = [run.id for run in runs]
    scored = {tally.run for tally in store.scores.tallies(ids) if tally.scored}
    spending = store.results.spending(ids)
    progress = store.progress(ids)
    first = _first_judged(runs)
    found: dict[tuple[str, str], list[DatedRun]] = {}
    for run in runs:
        spent = spending.get(run.id)
        if run.id in scored:
            found.setdefault((run.candidate, run.grader), []).append(
                DatedRun(
                    run=run.id,
                    label=run.label,
                    dataset=run.dataset,
                    candidate_digest=run.candidate_digest,
                    grader_digest=run.grader_digest,
                    judge_digest=run.judge.digest if run.judge else "",
                    served_models=spent.served_models if spent else (),
                    simulated=any(batch.simulated for batch in progress[run.id][1])
                    or bool(spent and spent.taken.simulated),
                    cases=run.cases,
                    judged_at=first[_outputs(run)],
                    created_at=run.created_at,
                )
            )
    return found


def _first_judged(runs: Sequence[Run]) -> dict[tuple[str, str, str], datetime]:
    first: dict[tuple[str, str, str], datetime] = {}
    for run in runs:
        key = _outputs(run)
        first[key] = min(first.get(key, run.created_at), run.created_at)
    return first


def _outputs(run: Run) -> tuple[str, str, str]:
    """The outputs that a run judges: the same candidate version, dataset and label."""
    return (run.candidate_digest, run.dataset, run.label)
