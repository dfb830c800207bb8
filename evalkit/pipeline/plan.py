"""Plan: what a submit would send, and what it may cost; a range before, because the fact comes after."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evalkit.graders import Check
from evalkit.pipeline.caching.settle import Caching
from evalkit.pipeline.encode import encode
from evalkit.pipeline.forecast import Forecast, Forecaster
from evalkit.pipeline.forecast.counted import Count, sample_size
from evalkit.pipeline.generate import pairs_to_weigh
from evalkit.pipeline.suite import PlannedRun, Suite
from evalkit.pipeline.weigh import WeighedRun, Weighing, weigh
from evalkit.pricing import Prices
from evalkit.run import RunKind
from evalkit.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What one run would send; amounts in USD, None where a price is not known."""

    run: str
    kind: RunKind
    candidate: str
    grader: str
    judge: str | None
    exists: bool
    """The run is in the store: a submit attaches to it, and sends nothing but what was never sent."""
    waits: bool
    """Its outputs are yet to be made: it is sent when they are."""
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
    """Expected, of all requests, the shared prefix in each."""
    prompt_tokens_low: int
    prompt_tokens_high: int
    tokens_from: str
    """In words, what the tokens are told from."""
    system_tokens: int
    """Expected, of what every request shares: the form of the reply, and the system prompt."""
    output_tokens_low: int
    """Of a reply, in the mean."""
    output_tokens_high: int
    output_quantiles: tuple[int, int, int] | None
    """Of earlier replies: a tenth were shorter than the first, half than the second, a tenth longer than the third."""
    output_from: str
    output_replies: int
    """Earlier replies that this is told from; 0 where it is a default."""
    min_cacheable: int | None
    cacheable: bool | None
    """Whether the model caches a prefix of this length; None where that is not known, or too close to tell."""
    cache_ttl: str | None
    hits_low: float
    """Share of the prefix that is read from the cache."""
    hits_high: float
    hits_runs: int
    """Earlier runs that this is told from; 0 where it is the documentation's."""
    break_even_5m: float | None
    """The hit share from which on a prefix cached for five minutes costs less than one that is not."""
    break_even_1h: float | None
    low_usd: float | None
    high_usd: float | None
    at_most_usd: float | None
    """No cache hit, every reply as long as `max_tokens` allows, and texts split into the shortest tokens."""
    realtime_low_usd: float | None
    """The same, sent one by one at full price."""
    realtime_high_usd: float | None
    uncached_low_usd: float | None
    """The same, with no prefix cached."""
    uncached_high_usd: float | None
    usual_seconds: float | None
    """From create to end, the median of this judge's earlier batches; None where there are none."""
    late_seconds: float
    """What nine of ten keep to; 24 hours, where there are none."""
    duration_batches: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a submit would send; None stands for a price that is not known."""

    runs: tuple[RunPlan, ...]
    price_date: str
    price_source: str = ""
    notes: tuple[str, ...] = ()

    @property
    def new(self) -> tuple[RunPlan, ...]:
        """The runs that would send something."""
        return tuple(run for run in self.runs if not run.exists and run.requests)

    def total(self, amount: str) -> float | None:
        """The sum over the runs that would be sent of an amount, such as `low_usd`."""
        amounts: list[float | None] = [getattr(run, amount) for run in self.runs if not run.exists]
        known = [value for value in amounts if value is not None]
        return sum(known) if len(known) == len(amounts) else None

    @property
    def usual_seconds(self) -> float | None:
        """How long it all takes: batches side by side, those that wait for outputs after those that make them."""
        return _one_after_the_other([[run.usual_seconds for run in stage] for stage in self._stages])

    @property
    def late_seconds(self) -> float:
        """What nine of ten keep to."""
        return _one_after_the_other([[run.late_seconds for run in stage] for stage in self._stages]) or 0.0

    @property
    def _stages(self) -> tuple[list[RunPlan], ...]:
        return tuple([run for run in self.new if run.waits is waits] for waits in (False, True))

    def json(self) -> dict[str, Any]:
        """As a program reads it."""
        names = ("low", "high", "at_most", "realtime_low", "realtime_high", "uncached_low", "uncached_high")
        return {
            **asdict(self),
            "requests": sum(run.requests for run in self.new),
            "batches": sum(run.batches for run in self.new),
            **{f"{name}_usd": self.total(f"{name}_usd") for name in names},
            "usual_seconds": self.usual_seconds,
            "late_seconds": self.late_seconds,
        }


def plan(
    suite: Suite,
    store: Store,
    prices: Prices,
    label: str = "",
    *,
    realtime: bool = False,
    reuse: bool = False,
    count: Count | None = None,
    caching: Caching | None = None,
) -> Plan:
    """Render every run of a suite and weigh it; nothing is written to the store, no request is made.

    Args:
        suite: what to plan.
        store: which of its runs are there, and what earlier ones took.
        prices: what a token costs.
        label: of the runs.
        realtime: at full price, and not at that of a batch.
        reuse: leave out the cases whose scores are those of earlier runs.
        count: counts the tokens of some requests; None where they are told locally.
        caching: how the config wants prefixes cached; for the hour where None.

    Raises:
        DatasetError: cases cannot be rendered.
    """
    planned = suite.planned(label, fresh=not reuse)
    exists = {one.run.id: store.runs.exists(one.run.id) for one in planned}
    asked = sum(not isinstance(one.grader, Check) and not exists[one.run.id] for one in planned)
    how = Weighing(
        forecaster=Forecaster(store=store, prices=prices),
        caching=caching,
        batch=not realtime,
        reuse=reuse,
        count=count,
        sample=sample_size(asked),
    )
    found = [(one, weigh(one, how, exists=exists[one.run.id])) for one in planned]
    return Plan(
        runs=tuple(_plan(one, weighed, exists=exists[one.run.id]) for one, weighed in found),
        price_date=prices.date,
        price_source=prices.origin,
        notes=tuple(dict.fromkeys(note for _, weighed in found for note in weighed.notes)),
    )


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


def _plan(planned: PlannedRun, weighed: WeighedRun, *, exists: bool) -> RunPlan:
    run, forecast = planned.run, weighed.forecast
    told = _foretold(forecast) if forecast and forecast.estimate.requests else _NOTHING_SENT
    return RunPlan(
        run=run.id,
        kind=run.kind,
        candidate=run.candidate,
        grader=run.grader,
        judge=run.judge.model if run.judge else None,
        exists=exists,
        waits=bool(weighed.unmade),
        cases=run.cases,
        reused=weighed.taken,
        not_sent=weighed.not_sent,
        **told,
    )


def _foretold(forecast: Forecast) -> dict[str, Any]:
    """What a forecast says of a run, by the names of a plan."""
    estimate, prompts, replies, cache = forecast.estimate, forecast.prompts, forecast.replies, forecast.cache
    return {
        "requests": estimate.requests,
        "batches": len(forecast.weights),
        "size": sum(one["size"] or 0 for one in forecast.weights),
        "prompt_tokens": forecast.prompt_tokens,
        "prompt_tokens_low": round(prompts.total.low),
        "prompt_tokens_high": round(prompts.total.high),
        "tokens_from": prompts.told,
        "system_tokens": forecast.system_tokens,
        "output_tokens_low": round(replies.low),
        "output_tokens_high": round(replies.high),
        "output_quantiles": replies.quantiles,
        "output_from": replies.what,
        "output_replies": replies.replies,
        "min_cacheable": cache.min_cacheable,
        "cacheable": cache.cacheable,
        "cache_ttl": cache.ttl,
        "hits_low": cache.hits[0],
        "hits_high": cache.hits[1],
        "hits_runs": cache.runs,
        "break_even_5m": cache.break_even_5m,
        "break_even_1h": cache.break_even_1h,
        "low_usd": estimate.low_usd,
        "high_usd": estimate.high_usd,
        "at_most_usd": estimate.at_most_usd,
        "realtime_low_usd": forecast.realtime.low,
        "realtime_high_usd": forecast.realtime.high,
        "uncached_low_usd": forecast.uncached.low,
        "uncached_high_usd": forecast.uncached.high,
        "usual_seconds": forecast.duration.usual_seconds,
        "late_seconds": forecast.duration.late_seconds,
        "duration_batches": forecast.duration.batches,
    }


_NOTHING_SENT: dict[str, Any] = {
    **dict.fromkeys(("requests", "batches", "size", "prompt_tokens", "prompt_tokens_low", "prompt_tokens_high"), 0),
    **dict.fromkeys(("system_tokens", "output_tokens_low", "output_tokens_high", "output_replies"), 0),
    **dict.fromkeys(("tokens_from", "output_from"), ""),
    **dict.fromkeys(("output_quantiles", "min_cacheable", "cacheable", "cache_ttl"), None),
    **dict.fromkeys(("break_even_5m", "break_even_1h", "usual_seconds"), None),
    **dict.fromkeys(("hits_low", "hits_high", "late_seconds", "low_usd", "high_usd", "at_most_usd"), 0.0),
    **dict.fromkeys(("realtime_low_usd", "realtime_high_usd", "uncached_low_usd", "uncached_high_usd"), 0.0),
    **dict.fromkeys(("hits_runs", "duration_batches"), 0),
}


def _one_after_the_other(stages: Iterable[Sequence[float | None]]) -> float | None:
    """The longest of each stage, one after the other; None where one is not known."""
    total = 0.0
    for stage in stages:
        known = [seconds for seconds in stage if seconds is not None]
        if len(known) < len(stage):
            return None
        total += max(known, default=0.0)
    return total
