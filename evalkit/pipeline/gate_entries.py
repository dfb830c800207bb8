"""What a gate is judged on, from the store: the scores of both sides, and what is known of their judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from evalkit.analysis.gate import GateEntry, GateNoise, GateSentinels, measurements, pool
from evalkit.analysis.scores import RunScores
from evalkit.pipeline.corrections import calibration_for_gate
from evalkit.pipeline.gate_baseline import Baseline, submit_command
from evalkit.pipeline.gate_pairwise import Beside
from evalkit.pipeline.gate_stale import Files
from evalkit.pipeline.powering import noise_for
from evalkit.pipeline.scores import run_scores
from evalkit.pipeline.sentinels import caught
from evalkit.run import Run, RunStatus, run_status
from evalkit.stats import judge_floor
from evalkit.store import Store

Measure = tuple[str, str]
"""A grader's name and one of its criteria."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """Reads the entries of one candidate under one label, beside one baseline."""

    store: Store
    scope: Sequence[Run]
    candidate: str
    label: str
    baseline: Baseline
    partners: Mapping[str, Run | None]
    """By candidate run: the baseline's."""
    confidence: float
    now: datetime
    files: Files | None
    """What the candidate's runs must be of; None where they were named by their label."""

    def entry(self, measure: Measure, run: Run | None) -> GateEntry:
        """The entry of one criterion; `run` is the candidate's under its grader."""
        grader, criterion = measure
        if run is None or not self._scores(run, criterion):
            under = f" with the label {self.label!r}" if self.label else ""
            return GateEntry(
                grader=grader,
                criterion=criterion,
                baseline=None,
                candidate=None,
                cost_usd=0.0,
                no_candidate=f"there is no run of {self.candidate} under {grader}{under}; {submit_command(self.label)}",
            )
        other = self.partners[run.id]
        beside = Beside.of(self.store, run, self.baseline)
        if beside is not None or (other is not None and not self._scores(other, criterion)):
            other = None
        runs, others = self._siblings(run), self._siblings(other) if other else []
        siblings = [run_scores(self.store, one, criterion) for one in runs]
        scores = pool(siblings)
        even = beside.even(scores) if beside else None
        both = [one for one in (run, other) if one]
        open_runs = tuple(one.id for one in both if self._is_open(one))
        return GateEntry(
            grader=grader,
            criterion=criterion,
            candidate=scores,
            baseline=self._pooled(others, criterion) if other else even,
            candidate_cases=run.cases,
            baseline_cases=other.cases if other else None,
            pending=bool(open_runs),
            open_runs=open_runs,
            handed_over=self._handed_over(both),
            judged=run.judge is not None,
            cost_usd=self._cost(run),
            calibration=calibration_for_gate(self.store, run, criterion, now=self.now),
            noise=self._noise(run, criterion),
            sentinels=self._sentinels([*reversed(runs), *reversed(others)]),
            pooled=measurements(siblings),
            stale=self.files.stale(run) if self.files else "",
            same_outputs=other is not None and _outputs(run) == _outputs(other),
            no_baseline=self.baseline.missing(grader, self.label),
            beside=beside.name if beside else "",
        )

    def _scores(self, run: Run, criterion: str) -> bool:
        return criterion in self.store.content.scales({run.grader_digest})[run.grader_digest]

    def _siblings(self, run: Run) -> list[Run]:
        """The runs of the same outputs under the same grader and judge, whatever their label; the run itself last.

        A run that another model answered under the judge's name is of another judge.
        """
        same = [one for one in self.scope if one.id != run.id and _things(one) == _things(run)]
        spent = self.store.results.spending([run.id, *(one.id for one in same)]) if same else {}
        served = {one: frozenset(spending.served_models) for one, spending in spent.items()}
        alike = [one for one in same if served.get(one.id) == served.get(run.id) and not self._is_open(one)]
        return [*reversed(alike), run]

    def _pooled(self, runs: Sequence[Run], criterion: str) -> RunScores:
        return pool([run_scores(self.store, run, criterion) for run in runs])

    def _is_open(self, run: Run) -> bool:
        intents, batches = self.store.progress([run.id])[run.id]
        status = run_status([intent.state for intent in intents], [batch.state for batch in batches])
        waits = bool(self.store.waits.all([run.id]))
        return status is not RunStatus.COLLECTED or waits or run.id in self.store.hand_overs.away()

    def _handed_over(self, runs: Sequence[Run]) -> str:
        away = self.store.hand_overs.away()
        gone = next((run for run in runs if run.id in away), None)
        if gone is None:
            return ""
        return f"run {gone.id} was handed over to {away[gone.id].to}: evalkit import the bundle that brings it back"

    def _sentinels(self, runs: Sequence[Run]) -> tuple[GateSentinels, ...]:
        ids = list(dict.fromkeys(run.id for run in runs))
        found = caught(self.store, ids)
        return tuple(
            GateSentinels(
                run=run,
                n=found[run].n,
                caught=found[run].caught,
                pending=found[run].pending,
                missed=tuple(map(str, found[run].missed)),
            )
            for run in ids
            if run in found
        )

    def _cost(self, run: Run) -> float | None:
        if run.judge is None:
            return 0.0
        spending = self.store.results.spending([run.id]).get(run.id)
        return spending.cost_usd if spending else 0.0

    def _noise(self, run: Run, criterion: str) -> GateNoise | None:
        found, samples = noise_for(self.store, run, criterion)
        if found is None or found.within_variance is None:
            return None
        floor = judge_floor(found.within_variance, n=run.cases, samples=samples, confidence=self.confidence)
        return GateNoise(flip_rate=found.flip_rate.mean, floor=floor)


def _outputs(run: Run) -> tuple[str, str]:
    return (run.dataset, run.candidate_digest)


def _things(run: Run) -> tuple[str, ...]:
    judge = run.judge.digest if run.judge else ""
    return (run.dataset, run.candidate_digest, run.grader_digest, judge)
