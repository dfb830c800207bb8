"""The rows of a page's runs: where each stands on each criterion, as the store has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from evalkit.pipeline.caching.measured import CacheReturn, caching_of
from evalkit.pipeline.view import RunView
from evalkit.pricing import Prices
from evalkit.report.compose.calibrated import corrected_by
from evalkit.report.page import CellKey, RunRow, Since
from evalkit.report.words import figures
from evalkit.run import Run
from evalkit.score import Status
from evalkit.stats import bounds
from evalkit.store import Estimate, Spending, Store, TakenOver

_NOTHING: Final = 1e-9
_NAMED: Final = 3
"""Runs that are named of those whose scores a run took over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Criterion:
    """One criterion of a grader, as its spec has it."""

    labels: tuple[tuple[str, float], ...]
    low: float
    high: float
    samples: int


def run_rows(
    store: Store,
    runs: Sequence[Run],
    views: Sequence[RunView],
    names: Mapping[str, str],
    since: Mapping[CellKey, Since],
    *,
    prices: Prices | None,
) -> tuple[RunRow, ...]:
    """One row per view; `names` are those of the candidates, by run; `prices` tell what caching returned."""
    digests = {run.id: run.grader_digest for run in runs}
    criteria = {digest: _criteria(store, digest) for digest in set(digests.values())}
    cached = caching_of(store, runs, prices) if prices else {}
    estimates = store.estimates.of([run.id for run in runs])
    return tuple(
        _row(
            view,
            criteria[digests[view.run]][view.criterion],
            candidate=names[view.run],
            since=since.get(CellKey(view.run, view.criterion)),
            cached=cached.get(view.run),
            estimate=estimates.get(view.run),
        )
        for view in views
    )


def _criteria(store: Store, digest: str) -> dict[str, _Criterion]:
    _, spec = store.content.grader(digest)
    return {item["name"]: _criterion(item, spec) for item in cast("list[dict[str, Any]]", spec["criteria"])}


def _criterion(item: dict[str, Any], spec: Mapping[str, Any]) -> _Criterion:
    labels = sorted(((str(label), float(value)) for label, value in item["labels"]), key=lambda pair: pair[1])
    samples = int(spec.get("samples", 1))
    # A mean of several samples lies between the labels, too, and a check that grades knows only the ends.
    between = (samples > 1 and spec.get("reducer") in ("mean", "orders")) or spec.get("graded", False)
    return _Criterion(labels=() if between else tuple(labels), low=labels[0][1], high=labels[-1][1], samples=samples)


def _saved(spending: Spending) -> float | None:
    """A batch is billed at half of every price, so it saves what it costs; what went in realtime saves nothing."""
    saved = (spending.cost_usd or 0.0) - spending.realtime_usd
    return saved if spending.cost_usd is not None and saved > _NOTHING else None


def _range(estimate: Estimate | None) -> tuple[float, float] | None:
    if estimate is None or estimate.low_usd is None or estimate.high_usd is None:
        return None
    return estimate.low_usd, estimate.high_usd


def origins(taken: TakenOver) -> str:
    """The runs that have paid for what was taken over, most first, with what the same replies cost there."""
    runs = [
        f"run {run}" + (f" ({figures.count(n)})" if len(taken.from_runs) > 1 else "")
        for run, n in taken.from_runs.items()
    ]
    more = f" and {len(runs) - _NAMED} more" if len(runs) > _NAMED else ""
    paid = f", which paid {figures.usd(taken.saved_usd)} for them" if taken.saved_usd else ""
    return f"{', '.join(runs[:_NAMED])}{more}{paid}"


def _row(
    view: RunView,
    criterion: _Criterion,
    *,
    candidate: str,
    since: Since | None,
    cached: CacheReturn | None,
    estimate: Estimate | None,
) -> RunRow:
    limits = bounds(
        (view.estimate.mean or 0.0) * view.scored,
        view.scored,
        view.cases - view.scored,
        low_value=criterion.low,
        high_value=criterion.high,
    )
    corrected = view.corrected
    return RunRow(
        run=view.run,
        candidate=candidate,
        grader=view.grader,
        criterion=view.criterion,
        judge=view.judge or "",
        scored_by=view.scored_by,
        label=view.label,
        served_models=view.spending.served_models,
        n=view.cases,
        scored=view.scored,
        unscored={Status(status): n for status, n in view.unscored.items()},
        pending=view.pending,
        mean=view.estimate.mean,
        low=view.estimate.low,
        high=view.estimate.high,
        method=view.estimate.method,
        worst=limits.low if limits else None,
        best=limits.high if limits else None,
        corrected=corrected.value if corrected else None,
        corrected_low=corrected.low if corrected else None,
        corrected_high=corrected.high if corrected else None,
        corrected_by=corrected_by(corrected) if corrected else "",
        cost_usd=view.spending.cost_usd,
        reused=view.spending.taken.cases,
        reused_from=origins(view.spending.taken),
        batch_saving_usd=_saved(view.spending),
        cache_read_share=view.spending.cache_read_share,
        cache_saving_usd=cached.saved_usd if cached and cached.rows_cached else None,
        estimated_usd=_range(estimate),
        batches=tuple(batch.id for batch in view.batches),
        realtime=view.realtime,
        simulated=view.simulated,
        status=view.status.value,
        submitted_at=min((batch.created_at for batch in view.batches), default=None),
        collected_at=max((batch.collected_at for batch in view.batches if batch.collected_at), default=None),
        labels=criterion.labels,
        low_value=criterion.low,
        high_value=criterion.high,
        samples=criterion.samples,
        sentinels=view.sentinels.n - view.sentinels.pending if view.sentinels else None,
        sentinels_caught=view.sentinels.caught if view.sentinels else 0,
        since=since,
    )
