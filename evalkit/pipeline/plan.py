"""Plan: what a submit would send, and what it may cost; a range before, because the fact comes after."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from evalkit.graders import Check
from evalkit.pipeline.encode import encode
from evalkit.pipeline.forecast import Forecast, Forecaster
from evalkit.pipeline.generate import USUAL_TOKENS, pairs_of, pairs_to_weigh
from evalkit.pipeline.reuse import taken_over
from evalkit.pipeline.suite import PlannedRun, Suite
from evalkit.pricing import Prices, min_cacheable_tokens
from evalkit.run import RunKind
from evalkit.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What one run would send."""

    run: str
    kind: RunKind
    candidate: str
    grader: str
    judge: str | None
    exists: bool
    """The run is in the store: a submit attaches to it, and sends nothing but what was never sent."""
    cases: int
    reused: int
    """Cases that were judged already, and are not sent."""
    requests: int
    batches: int
    not_sent: int
    """Cases that a guard keeps from the judge."""
    size: int
    """Bytes of all bodies."""
    prompt_tokens: int
    """Estimated, of all requests, the shared system prompt in each."""
    system_tokens: int
    """Estimated, of the shared system prompt."""
    min_cacheable: int | None
    low_usd: float | None
    high_usd: float | None
    at_most_usd: float | None
    """No cache hit, and every reply as long as `max_tokens` allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a submit would send; None stands for a price that is not known."""

    runs: tuple[RunPlan, ...]
    price_date: str

    def total(self, amount: str) -> float | None:
        """The sum over the runs that would be sent of `low_usd`, `high_usd` or `at_most_usd`."""
        amounts: list[float | None] = [getattr(run, amount) for run in self.runs if not run.exists]
        known = [value for value in amounts if value is not None]
        return sum(known) if len(known) == len(amounts) else None


def plan(
    suite: Suite, store: Store, prices: Prices, label: str = "", *, realtime: bool = False, reuse: bool = False
) -> Plan:
    """Render every run of a suite and weigh it; nothing is written to the store, nothing is sent.

    Args:
        suite: what to plan.
        store: which of its runs are there.
        prices: what a token costs.
        label: of the runs.
        realtime: at full price, and not at that of a batch.
        reuse: leave out the cases whose scores are those of earlier runs.

    Raises:
        DatasetError: cases cannot be rendered.
    """
    planned = suite.planned(label, fresh=not reuse)
    runs = tuple(_plan(one, store, prices, batch=not realtime, reuse=reuse) for one in planned)
    return Plan(runs=runs, price_date=prices.date)


def prove(suite: Suite) -> None:
    """Render every prompt of a suite, and keep none.

    Raises:
        DatasetError: cases lack what a rubric prints, or are too large.
    """
    for planned in suite.planned(""):
        if not isinstance(planned.grader, Check) and planned.run.kind is not RunKind.JURY:
            with tempfile.TemporaryDirectory(prefix="evalkit-") as directory:
                pairs = pairs_to_weigh(planned)
                encode(planned.run, planned.grader, pairs, Path(directory), sentinels=planned.sentinels)


def _plan(planned: PlannedRun, store: Store, prices: Prices, *, batch: bool, reuse: bool) -> RunPlan:
    run = planned.run
    held, exists, taken = 0, store.runs.exists(run.id), set[str]()
    forecast: Forecast | None = None
    if not isinstance(planned.grader, Check) and run.kind is not RunKind.JURY:
        if reuse and not exists:
            # The SDK, which knows where it would send to, takes long to import.
            base_url = os.environ.get("ANTHROPIC_BASE_URL", "").rstrip("/")
            taken = {
                one.case_id for one in taken_over(store, run, pairs_of(planned), planned.grader, base_url=base_url)
            }
        made_by = planned.candidate.generator if planned.needs else None
        more = max(0, made_by.max_tokens - USUAL_TOKENS) if made_by else 0
        with tempfile.TemporaryDirectory(prefix="evalkit-") as directory:
            pairs = (pair for pair in pairs_to_weigh(planned, store) if pair[0].id not in taken)
            encoded = encode(run, planned.grader, pairs, Path(directory), sentinels=planned.sentinels)
            held = encoded.not_sent
            forecaster = Forecaster(store=store, prices=prices)
            forecast = forecaster.of(run, planned.grader, encoded.parts, batch=batch, more=more)
    return RunPlan(
        run=run.id,
        kind=run.kind,
        candidate=run.candidate,
        grader=run.grader,
        judge=run.judge.model if run.judge else None,
        exists=exists,
        cases=run.cases,
        reused=len(taken),
        requests=forecast.estimate.requests if forecast else 0,
        batches=len(forecast.weights) if forecast else 0,
        not_sent=held,
        size=sum(one["size"] or 0 for one in forecast.weights) if forecast else 0,
        prompt_tokens=forecast.prompt_tokens if forecast else 0,
        system_tokens=forecast.system_tokens if forecast else 0,
        min_cacheable=min_cacheable_tokens(run.judge.model) if run.judge else None,
        low_usd=forecast.estimate.low_usd if forecast else 0.0,
        high_usd=forecast.estimate.high_usd if forecast else 0.0,
        at_most_usd=forecast.estimate.at_most_usd if forecast else 0.0,
    )
