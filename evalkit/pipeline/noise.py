"""Noise: a sample of a run's outputs judged again, several times each, by the same judge under the same rubric.

The outputs are the same, so whatever differs between the judgements is the judge's doing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from evalkit import ids
from evalkit.config.rubric import MOST_SAMPLES
from evalkit.errors import UsageError
from evalkit.graders import RubricGrader
from evalkit.graders.jury import members
from evalkit.pipeline.stored import stored_candidate, stored_dataset
from evalkit.pipeline.suite import PlannedRun
from evalkit.run import Run, RunKind
from evalkit.store import Store

LABEL: Final = "noise"
"""The label of a noise run, with its seed where that is not 0."""


def plan_noise(store: Store, run: Run, *, cases: int = 50, samples: int = 5, seed: int = 0) -> PlannedRun:
    """The run that measures the noise of a run's judge: the same one each time for the same arguments.

    Args:
        store: where the run is.
        run: a run with a judge, which has scores.
        cases: how many of its scored cases are judged again; all of them where it has fewer.
        samples: how often each of them is judged.
        seed: another seed takes other cases, and is another run.

    Raises:
        UsageError: the run has no judge, no scored case or no outputs in the store, or the numbers cannot be meant.
    """
    if run.kind is RunKind.IMPORTED:
        raise UsageError(
            f"run {run.id} was scored by another tool, whose noise cannot be measured here; rejudge it first"
        )
    if run.kind is RunKind.JURY:
        raise UsageError(
            f"run {run.id} is a jury's, and derived from those of its judges: measure the noise of one of these, "
            f"{', '.join(one.id for one in members(run))}"
        )
    if run.judge is None or run.kind is not RunKind.GRADING:
        raise UsageError(f"run {run.id} is a check, which has no judge and so no noise; name a run with a judge")
    if run.baseline_digest is not None:
        raise UsageError(
            f"run {run.id} judges pairs, each in both orders already: how often these disagree is the noise of its "
            f"judge, and `evalkit show {run.id}` tells it"
        )
    if link := store.noise.of(run.id):
        raise UsageError(f"run {run.id} measures noise itself, that of run {link.of_run}; name that one")
    if cases < 1:
        raise UsageError(f"{cases} cases cannot be judged again; take at least 1, better 50 and more")
    if not 2 <= samples <= MOST_SAMPLES:
        raise UsageError(f"{samples} samples tell nothing of noise or are too many; take 2 to {MOST_SAMPLES}")
    grader = _grader(store, run).sampled(samples)
    chosen = _chosen(store, run, cases, seed)
    dataset = stored_dataset(store, run.dataset, chosen)
    candidate = stored_candidate(store, run.candidate_digest, chosen)
    if lost := sum(case_id not in candidate.texts for case_id in chosen):
        raise UsageError(
            f"the store has no output for {lost} of the scored cases of run {run.id} any more; score it anew"
        )
    again = Run(
        suite=run.suite,
        kind=run.kind,
        dataset=dataset.digest,
        dataset_name=run.dataset_name,
        candidate=run.candidate,
        candidate_digest=run.candidate_digest,
        grader=run.grader,
        grader_digest=grader.digest,
        judge=run.judge,
        label=f"{LABEL}-{seed}" if seed else LABEL,
        cases=dataset.n,
    )
    return PlannedRun(run=again, dataset=dataset, grader=grader, candidate=candidate)


def keep_link(store: Store, run: Run, planned: PlannedRun) -> None:
    """Note what a noise run measures, before it is kept, so that it is never taken for an ordinary run."""
    assert run.judge is not None  # noqa: S101 # no other run is planned
    store.noise.add(run=planned.run.id, of_run=run.id, grader_digest=run.grader_digest, judge_digest=run.judge.digest)


def _grader(store: Store, run: Run) -> RubricGrader:
    """The grader of a run.

    Raises:
        UsageError: this version of evalkit would put other prompts to the judge than the run did.
    """
    _, spec = store.content.grader(run.grader_digest)
    grader = RubricGrader.from_spec(spec)
    if grader.digest != run.grader_digest:
        raise UsageError(
            f"run {run.id} was judged under the prompts of another version of evalkit, and this one cannot repeat "
            f"them; `evalkit rejudge {run.id}` judges its outputs under those of today, then measure the noise of that"
        )
    return grader


def _chosen(store: Store, run: Run, n: int, seed: int) -> list[str]:
    """The ids of `n` scored cases, values in proportion; the same ones each time."""
    strata: dict[float, list[str]] = defaultdict(list)
    values: dict[str, list[float]] = defaultdict(list)
    criteria = store.content.scales({run.grader_digest})[run.grader_digest]
    held = store.guards.held(run.id)  # no judge has said anything of these
    for placed in store.scores.of(run.id, own=True):
        if placed.score.case_id not in held and placed.score.verdict.value is not None:
            values[placed.score.case_id].append(placed.score.verdict.value)
    for case_id, scored in values.items():
        if len(scored) == len(criteria):
            strata[sum(scored)].append(case_id)
    if not strata:
        raise UsageError(f"run {run.id} has no scored case to judge again; `evalkit show {run.id}` tells why")
    ordered = [
        case_id
        for value in sorted(strata)
        for case_id in sorted(strata[value], key=lambda case_id: ids.digest([run.id, case_id, seed]))
    ]
    return _spread(ordered, n, start=int(ids.digest([run.id, seed]), 16))


def _spread(ordered: Sequence[str], n: int, *, start: int) -> list[str]:
    """`n` of them at equal distances from a start, so that each is as likely as any other to be one of them."""
    total = len(ordered)
    if n >= total:
        return list(ordered)
    return [ordered[(start % total + step * total) // n] for step in range(n)]
