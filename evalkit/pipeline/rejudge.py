"""Rejudge: the outputs that the store keeps, under the graders and the judge of today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from evalkit.errors import UsageError
from evalkit.graders import Check, Grader, KnownOutput, PairwiseGrader, riding
from evalkit.graders.jury import is_jury
from evalkit.pipeline.stored import stored_candidate, stored_dataset
from evalkit.pipeline.suite import PlannedRun, with_jurors
from evalkit.run import Judge, Run, RunKind
from evalkit.store import Store


def plan_rejudge(
    store: Store,
    runs: Sequence[Run],
    *,
    graders: Sequence[Grader],
    judge: Judge | None,
    grader: str | None = None,
    policy: Mapping[str, Any] | None = None,
    sentinels: Sequence[KnownOutput] = (),
) -> list[PlannedRun]:
    """One run for each, with its cases, its outputs and its label, but judged as said.

    Args:
        store: where the runs and their outputs are.
        runs: what to judge again.
        graders: the graders of today.
        judge: the judge of today; None where there is none, which is well while only checks are wanted.
        grader: the name of the grader; that of each run's own where None.
        policy: the gate of today's config.
        sentinels: the known outputs of today's config.

    Raises:
        UsageError: no grader has the name, a run is judged just so already, or its outputs are not in the store.
    """
    found = (_planned(store, run, _named(graders, grader or run.grader, run), judge, policy) for run in runs)
    wanted = {one.run.id: replace(one, sentinels=riding(sentinels, one.grader)) for one in found}
    same = [run.id for run in runs if run.id in wanted]
    if same:
        raise UsageError(
            f"nothing differs for run {', '.join(same)}: the rubric, the labels and the judge are those it was scored "
            "with; change the rubric, or name another judge with --judge or another grader with --grader"
        )
    return [juror for one in wanted.values() for juror in with_jurors(one)]


def _named(graders: Sequence[Grader], name: str, run: Run) -> Grader:
    found = next((grader for grader in graders if grader.name == name), None)
    if found is None:
        known = ", ".join(repr(grader.name) for grader in graders)
        raise UsageError(f"the config has no grader {name!r} to judge run {run.id} with; it has {known}: say --grader")
    return found


def _planned(
    store: Store, run: Run, grader: Grader, judge: Judge | None, policy: Mapping[str, Any] | None
) -> PlannedRun:
    if link := store.noise.of(run.id):
        raise UsageError(f"run {run.id} measures the noise of run {link.of_run}; rejudge that one")
    if store.waits.all([run.id]):
        raise UsageError(f"run {run.id} waits for its outputs; collect it first: evalkit collect --wait {run.id}")
    if isinstance(grader, PairwiseGrader):
        grader = _beside_the_same(store, run, grader)
    checked = isinstance(grader, Check)
    if not checked and judge is None:
        raise UsageError(f"grader {grader.name!r} needs a judge; add [judge] to the config")
    dataset = stored_dataset(store, run.dataset)
    case_ids = [case_id for case_id, _ in store.content.places(run.dataset)]
    candidate = stored_candidate(store, run.candidate_digest, case_ids)
    if not candidate.texts or dataset.n != run.cases:
        raise UsageError(f"the outputs of run {run.id} are not in this store; rejudge it where it was scored")
    by_jury = judge is not None and is_jury(judge.model)
    kind = RunKind.JURY if by_jury else RunKind.GRADING
    again = Run(
        suite=run.suite,
        kind=RunKind.CHECK if checked else kind,
        dataset=run.dataset,
        dataset_name=run.dataset_name,
        candidate=run.candidate,
        candidate_digest=run.candidate_digest,
        baseline_digest=grader.baseline_digest if isinstance(grader, PairwiseGrader) else None,
        grader=grader.name,
        grader_digest=grader.digest,
        judge=None if checked else judge,
        label=run.label,
        cases=run.cases,
        submitted_at=run.as_of,  # earlier outputs, judged anew, do not become the newest
    )
    # To judge a run again is no word on its gate: a looser one must not slip in under the label of a baseline.
    kept = store.policies.of(run.id)
    return PlannedRun(run=again, dataset=dataset, grader=grader, candidate=candidate, policy=kept or policy)


def _beside_the_same(store: Store, run: Run, grader: PairwiseGrader) -> PairwiseGrader:
    """The grader with the stored outputs that stood beside those of a run.

    Raises:
        UsageError: none stood there, those of another candidate did, or they are not in the store.
    """
    if run.baseline_digest is None:
        raise UsageError(
            f"run {run.id} was judged by itself, and {grader.name!r} puts two outputs beside each other; "
            "`evalkit submit` makes such a run"
        )
    case_ids = [case_id for case_id, _ in store.content.places(run.dataset)]
    baseline = stored_candidate(store, run.baseline_digest, case_ids)
    if baseline.name != grader.against:
        raise UsageError(
            f"run {run.id} stands beside {baseline.name!r}, and {grader.name!r} puts {grader.against!r} there; "
            "`evalkit submit` makes such a run"
        )
    if not baseline.texts:
        raise UsageError(f"the outputs of run {run.id} are not in this store; rejudge it where it was scored")
    return grader.beside(baseline)
