"""Weigh: one planned run rendered as it would be sent, and what is foretold of it; nothing is kept and nothing sent."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from evalkit.dataset import Case
from evalkit.graders import Asked, Check
from evalkit.pipeline.caching.settle import Caching, foreseen
from evalkit.pipeline.encode import encode, params_of
from evalkit.pipeline.forecast import Forecast, Forecaster
from evalkit.pipeline.forecast.counted import Count, Sampled, count_sample, draw
from evalkit.pipeline.forecast.learned import USUAL_ANSWER, Learned
from evalkit.pipeline.forecast.tokens import NOTHING, Spread, Tokenizer
from evalkit.pipeline.forecast.unmade import asked_beforehand, differing, generators
from evalkit.pipeline.forecast.weighed import Weighed
from evalkit.pipeline.generate import pairs_of, pairs_to_weigh
from evalkit.pipeline.reuse import taken_over
from evalkit.pipeline.suite import PlannedRun
from evalkit.provider import NotCounted
from evalkit.run import Judge, Run, RunKind
from evalkit.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """How runs are weighed."""

    forecaster: Forecaster
    batch: bool = True
    """At the price of a batch."""
    reuse: bool = False
    """Without the cases whose scores are those of earlier runs."""
    count: Count | None = None
    """Counts tokens; None where they are told locally."""
    sample: int = 0
    """Requests of a run that are counted."""
    caching: Caching = field(default_factory=Caching)
    """How the config wants prefixes cached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighedRun:
    """What a planned run would send."""

    forecast: Forecast | None = None
    """None where it sends nothing: a check, a jury."""
    taken: int = 0
    """Cases whose scores, or whose outputs, are taken over."""
    not_sent: int = 0
    unmade: int = 0
    """Outputs that are yet to be made."""
    notes: tuple[str, ...] = ()


def weigh(planned: PlannedRun, how: Weighing, *, exists: bool) -> WeighedRun:
    """What a planned run would send.

    Args:
        planned: the run.
        how: how it is weighed.
        exists: the run is in the store; nothing is counted of it, and nothing of it is taken over again.

    Raises:
        DatasetError: its cases cannot be rendered.
    """
    run, grader, store = planned.run, planned.grader, how.forecaster.store
    if isinstance(grader, Check) or run.kind is RunKind.JURY:
        return WeighedRun()
    taken = _taken(planned, grader, store) if how.reuse and not exists else set[str]()
    made = len(store.content.outputs(planned.candidate.digest)) if planned.needs else 0
    unmade = max(0, run.cases - made) if planned.needs else 0
    asked = asked_beforehand(grader, planned.dataset) if unmade else grader
    run = store.runs.get(run.id) if exists else _cached(planned, asked, how, taken, waits=bool(unmade))
    planned = replace(planned, run=run)
    with tempfile.TemporaryDirectory(prefix="evalkit-") as directory:
        encoded = encode(run, asked, _pairs(planned, store, taken), Path(directory), sentinels=planned.sentinels)
    weighed = Weighed.together(part.weighed for part in encoded.parts if part.weighed)
    sampled = None
    if how.count and not exists and not unmade and encoded.requests:
        names = [request.custom_id for request in encoded.requests]
        sampled = _sample(replace(planned, run=run, grader=asked), how, names, weighed, taken)
    forecast = how.forecaster.of(
        run,
        asked,
        encoded.parts,
        batch=how.batch,
        unmade=_unmade(planned, asked, store, unmade),
        sampled=sampled if isinstance(sampled, Sampled) else None,
    )
    notes = (f"tokens were not counted ({sampled.reason})",) if isinstance(sampled, NotCounted) else ()
    return WeighedRun(forecast=forecast, taken=len(taken), not_sent=encoded.not_sent, unmade=unmade, notes=notes)


def base_url() -> str:
    """Where requests would go, as far as the environment says; the SDK, which knows it, takes long to import."""
    return os.environ.get("ANTHROPIC_BASE_URL", "").rstrip("/")


def _cached(planned: PlannedRun, asked: Asked, how: Weighing, taken: set[str], *, waits: bool) -> Run:
    """A run with the ttl that a submit would choose; one that waits for outputs is weighed with the dearest."""
    run, caching, store = planned.run, how.caching, how.forecaster.store
    if waits:
        return run if caching.setting == "auto" else replace(run, cache_ttl=caching.setting)
    pairs = _pairs(planned, store, taken)
    return foreseen(caching, store, run, asked, pairs, now=caching.now(), realtime=not how.batch)


def _pairs(planned: PlannedRun, store: Store, taken: set[str]) -> Iterator[tuple[Case, str | None]]:
    return (pair for pair in pairs_to_weigh(planned, store) if pair[0].id not in taken)


def _taken(planned: PlannedRun, grader: Asked, store: Store) -> set[str]:
    found = taken_over(store, planned.run, pairs_of(planned), grader, base_url=base_url())
    return {one.case_id for one in found}


def _sample(
    planned: PlannedRun, how: Weighing, names: Sequence[str], weighed: Weighed, taken: set[str]
) -> Sampled | NotCounted | None:
    """Count some of the requests; `names` are their custom_ids, in the order in which they were weighed."""
    run, asked = planned.run, planned.grader
    if how.count is None or run.judge is None or isinstance(asked, Check):
        return None
    sizes = list(weighed.estimates(Tokenizer.of(run.judge.model)))
    layers = draw(sizes, names, how.sample)
    places = {names[place]: place for layer in layers for place in layer}
    pairs = _pairs(planned, how.forecaster.store, taken)
    found = params_of(run, asked, pairs, wanted=places, sentinels=planned.sentinels)
    return count_sample(how.count, sizes, layers, {places[name]: params for name, params in found})


def _unmade(planned: PlannedRun, asked: Asked, store: Store, n: int) -> Spread:
    """By how much a request may differ from one with a text that stands in for its output."""
    total, judge = NOTHING, planned.run.judge
    if not n or judge is None:
        return total
    for maker in generators(asked, planned.candidate):
        model = Judge(model=maker.model, effort=maker.effort, max_tokens=maker.max_tokens, simulated=maker.simulated)
        answers = Learned.of(store, _generation(planned.run, model), base_url=base_url())
        replies = answers.replies(n=n, max_tokens=maker.max_tokens, default=USUAL_ANSWER)
        total += differing(replies, maker, judge.model)
    return total


def _generation(run: Run, model: Judge) -> Run:
    return replace(run, kind=RunKind.GENERATION, judge=model, grader_digest="", grader="(generation)")
