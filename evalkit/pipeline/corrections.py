"""What human labels make of runs: the corrected means that `show`, `runs` and the report put beside the raw ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from evalkit.run import Run

if TYPE_CHECKING:
    from evalkit.analysis.corrected import Corrected
    from evalkit.analysis.gate.entry import GateCalibration
    from evalkit.calibration import Calibration
    from evalkit.store import Store


def corrections(store: Store, runs: Sequence[Run]) -> dict[tuple[str, str], Corrected]:
    """The corrected mean by run and criterion, of those whose grader and judge have a calibration.

    A store without calibrations costs one query; scores are read only of runs that can be corrected.
    """
    by_judge = calibrations_of(store, runs)
    if not by_judge:
        return {}
    from evalkit.analysis.corrected import best_calibration, corrected
    from evalkit.pipeline.scores import run_scores

    found: dict[tuple[str, str], Corrected] = {}
    for run in runs:
        for criterion, calibrations in by_judge.get(judged_by(run), {}).items():
            best = best_calibration(calibrations, candidate_digest=run.candidate_digest, dataset=run.dataset)
            if best is not None:
                scores = run_scores(store, run, criterion)
                found[run.id, criterion] = corrected(scores, best[0], same_outputs=best[1])
    return found


def calibrations_of(store: Store, runs: Sequence[Run]) -> dict[tuple[str, str], dict[str, list[Calibration]]]:
    """The calibrations of these runs' graders and judges, the newest first: (grader, judge) -> criterion -> those."""
    wanted = {judged_by(run) for run in runs}
    found: dict[tuple[str, str], dict[str, list[Calibration]]] = {}
    for one in store.calibrations.of_graders({grader for grader, _ in wanted}):
        key = (one.grader_digest, one.judge_digest)
        if key in wanted:
            found.setdefault(key, {}).setdefault(one.criterion, []).append(one)
    return found


def calibration_for_gate(store: Store, run: Run, criterion: str, *, now: datetime) -> GateCalibration | None:
    """What a gate asks of the newest labels of a run's grader and judge; None where nobody labelled anything."""
    from evalkit.analysis.agree import gate_calibration
    from evalkit.pipeline.agree import scales_of

    newest = store.calibrations.newest(*judged_by(run), criterion)
    return None if newest is None else gate_calibration(newest, scales_of(store, run)[criterion], now)


def judged_by(run: Run) -> tuple[str, str]:
    """The digests of a run's grader and judge, which its calibrations are bound to."""
    return run.grader_digest, run.judge.digest if run.judge else ""
