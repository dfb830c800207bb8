"""Where runs stand: their status, tally, estimate and money, read off the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from evalkit.errors import IntegrityError
from evalkit.graders.imported import scored_by, was_simulated
from evalkit.graders.jury import members
from evalkit.pipeline.corrections import corrections
from evalkit.pipeline.guarding import not_sent
from evalkit.pipeline.sentinels import caught
from evalkit.pipeline.view import RunView
from evalkit.run import Run, RunKind, RunStatus, run_status
from evalkit.stats import Estimate, estimate, estimate_counts
from evalkit.store import Spending, Store, Tally

_NONE = Spending(
    cost_usd=0.0,
    results=0,
    input_tokens=0,
    output_tokens=0,
    cache_read_tokens=0,
    cache_write_tokens=0,
    served_models=(),
)


def overview(store: Store, runs: Sequence[Run]) -> list[RunView]:
    """One row per run and criterion, in the order of the runs.

    Raises:
        IntegrityError: the cases of a run do not add up.
    """
    ids = [run.id for run in runs]
    progress = store.progress(ids)
    spending = store.results.spending(ids)
    served = store.results.spending([one.id for run in runs for one in members(run)])
    tallies = {(tally.run, tally.criterion): tally for tally in store.scores.tallies(ids)}
    scales = store.content.scales({run.grader_digest for run in runs})
    away = store.hand_overs.away()
    corrected = corrections(store, runs)
    digests = {run.baseline_digest for run in runs if run.baseline_digest is not None}
    beside: dict[str | None, str] = {digest: store.content.candidate(digest)[0] for digest in digests}
    sentinels = caught(store, ids)
    held = not_sent(store, runs, spending)
    read = store.content.specs({run.dataset for run in runs})
    foreign = {run.grader_digest for run in runs if run.kind is RunKind.IMPORTED}
    specs = {digest: store.content.grader(digest)[1] for digest in foreign}
    elsewhere = {digest: scored_by(spec) for digest, spec in specs.items()}
    simulated = {digest for digest, spec in specs.items() if was_simulated(spec)}
    waiting = store.waits.all(ids)
    views: list[RunView] = []
    for run in runs:
        intents, batches = progress[run.id]
        status = run_status([i.state for i in intents], [b.state for b in batches])
        if run.id in waiting:
            status = RunStatus.WAITING
        if run.id in away:
            status = RunStatus.HANDED_OVER
        spent = spending.get(run.id, _NONE)
        if jurors := members(run):
            spent = replace(_NONE, served_models=_served(served, [one.id for one in jurors]))
        for criterion, scale in scales[run.grader_digest].items():
            tally = tallies.get((run.id, criterion)) or _empty(run, criterion)
            views.append(
                RunView(
                    run=run.id,
                    suite=run.suite,
                    kind=run.kind,
                    dataset=run.dataset_name,
                    dataset_digest=run.dataset,
                    candidate=run.candidate,
                    grader=run.grader,
                    criterion=criterion,
                    judge=run.judge.model if run.judge else None,
                    label=run.label,
                    status=status,
                    requests=sum(batch.requests for batch in batches),
                    batches=tuple(batches),
                    cases=run.cases,
                    scored=tally.scored,
                    unscored=dict(tally.unscored),
                    pending=_pending(run, tally),
                    estimate=_estimate(run, tally, scale),
                    spending=spent,
                    simulated=any(batch.simulated for batch in batches)
                    or spent.taken.simulated
                    or run.grader_digest in simulated
                    or (run.kind is RunKind.JURY and run.judge is not None and run.judge.simulated),
                    created_at=run.created_at,
                    scored_by=elsewhere.get(run.grader_digest, ""),
                    corrected=corrected.get((run.id, criterion)),
                    against=beside.get(run.baseline_digest),
                    sentinels=sentinels.get(run.id),
                    not_sent=held.get(run.id),
                    over_limit=next((one.over_limit for one in intents if one.over_limit), None),
                    dataset_spec=read.get(run.dataset),
                )
            )
    return views


def _served(spending: Mapping[str, Spending], run_ids: Sequence[str]) -> tuple[str, ...]:
    """The models that answered for some runs."""
    models = (model for run in run_ids if run in spending for model in spending[run].served_models)
    return tuple(dict.fromkeys(models))


def _estimate(run: Run, tally: Tally, scale: tuple[float, float]) -> Estimate:
    """Of what scores: that an output was made is no score of it."""
    low, high = scale
    if run.kind is RunKind.GENERATION:
        return estimate_counts({}, low_value=low, high_value=high)
    return estimate_of(tally, scale)


def estimate_of(tally: Tally, scale: tuple[float, float]) -> Estimate:
    """The estimate of a tally: clustered where cases share clusters, else by the kind of score."""
    low, high = scale
    if all(n == 1 for _, n in tally.clusters):
        return estimate_counts(tally.values, low_value=low, high_value=high)
    # The clustered interval depends on the sums and sizes of the clusters alone, so any values with these will do.
    values = [total / n for total, n in tally.clusters for _ in range(n)]
    names = [str(place) for place, (_, n) in enumerate(tally.clusters) for _ in range(n)]
    return estimate(values, clusters=names, low_value=low, high_value=high)


def _pending(run: Run, tally: Tally) -> int:
    pending = run.cases - tally.scored - sum(tally.unscored.values())
    if pending < 0:
        raise IntegrityError(
            f"run {run.id}: {tally.scored} scored and {sum(tally.unscored.values())} unscored cases are more than "
            f"the {run.cases} cases of its dataset"
        )
    return pending


def _empty(run: Run, criterion: str) -> Tally:
    return Tally(run=run.id, criterion=criterion, values={}, unscored={}, clusters=())
