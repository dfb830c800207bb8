"""Power, from the store: two runs beside one another, with the noise of their judge where it was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalkit.analysis import Power, power_of
from evalkit.pipeline.noise_report import CriterionNoise, noise_of
from evalkit.pipeline.scores import run_scores
from evalkit.pipeline.selection import RunPair
from evalkit.run import Run
from evalkit.store import Store


def powered(
    store: Store, pair: RunPair, deltas: Sequence[float], criterion: str | None, *, confidence: float, power: float
) -> Iterator[Power]:
    """What a pair of runs can show, on every criterion of both."""
    scales = store.content.scales({pair.baseline.grader_digest, pair.candidate.grader_digest})
    shared = scales[pair.baseline.grader_digest]
    for name in scales[pair.candidate.grader_digest]:
        if name in shared and criterion in (None, name):
            noise, samples = noise_for(store, pair.candidate, name)
            yield power_of(
                run_scores(store, pair.baseline, name),
                run_scores(store, pair.candidate, name),
                deltas,
                within_variance=noise.within_variance if noise else None,
                seen_samples=samples,
                confidence=confidence,
                power=power,
            )


def noise_for(store: Store, run: Run, criterion: str) -> tuple[CriterionNoise | None, int]:
    """The noise of a run's judge on one criterion, where it was measured, and how often the run judges each output."""
    newest = store.noise.newest(run.grader_digest, run.judge.digest) if run.judge else None
    if newest is None:
        return None, 1
    report = noise_of(store, store.runs.get(newest))
    found = next((one for one in report.criteria if one.criterion == criterion), None)
    return found, report.of_samples
