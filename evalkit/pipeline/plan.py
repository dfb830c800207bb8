"""Plan: what a submit would send, and what it may cost; a range before, because the fact comes after."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from evalkit.graders import Check
from evalkit.pipeline.encode import encode
from evalkit.pipeline.generate import USUAL_TOKENS, pairs_of, pairs_to_weigh
from evalkit.pipeline.reuse import taken_over
from evalkit.pipeline.suite import PlannedRun, Suite
from evalkit.pricing import Prices, Usage, min_cacheable_tokens
from evalkit.run import Judge, RunKind
from evalkit.store import Store

_BYTES_PER_TOKEN: Final = 3.5
"""Of English text with the tokenizer of current models, about; other languages take more tokens."""
_OUTPUT_TOKENS: Final = (100, 600)
"""What a judge writes per case, thinking included, where no earlier run tells."""
_HITS: Final = (0.98, 0.30)
"""Share of cache reads in batches, from good to bad, as the API's documentation gives it."""


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
    n_requests = n_batches = size = system = held = 0
    exists, taken = store.runs.exists(run.id), set[str]()
    if not isinstance(planned.grader, Check) and run.kind is not RunKind.JURY:
        if reuse and not exists:
            # The SDK, which knows where it would send to, takes long to import.
            base_url = os.environ.get("ANTHROPIC_BASE_URL", "").rstrip("/")
            taken = {
                one.case_id for one in taken_over(store, run, pairs_of(planned), planned.grader, base_url=base_url)
            }
        with tempfile.TemporaryDirectory(prefix="evalkit-") as directory:
            pairs = (pair for pair in pairs_to_weigh(planned, store) if pair[0].id not in taken)
            encoded = encode(run, planned.grader, pairs, Path(directory), sentinels=planned.sentinels)
        parts, held = encoded.parts, encoded.not_sent
        n_requests, n_batches, size = sum(p.requests for p in parts), len(parts), sum(p.size for p in parts)
        system = _tokens("".join(planned.grader.system))
    tokens = round(size / _BYTES_PER_TOKEN)
    made_by = planned.candidate.generator if planned.needs else None
    more = max(0, made_by.max_tokens - USUAL_TOKENS) if made_by else 0
    costs = _costs(run.judge, prices, n=n_requests, prompt=tokens, system=system, more=more, batch=batch)
    return RunPlan(
        run=run.id,
        kind=run.kind,
        candidate=run.candidate,
        grader=run.grader,
        judge=run.judge.model if run.judge else None,
        exists=exists,
        cases=run.cases,
        reused=len(taken),
        requests=n_requests,
        batches=n_batches,
        not_sent=held,
        size=size,
        prompt_tokens=tokens,
        system_tokens=system,
        min_cacheable=min_cacheable_tokens(run.judge.model) if run.judge else None,
        low_usd=costs[0],
        high_usd=costs[1],
        at_most_usd=costs[2],
    )


def _costs(
    judge: Judge | None, prices: Prices, *, n: int, prompt: int, system: int, more: int, batch: bool
) -> tuple[float | None, float | None, float | None]:
    """Low, high and at most; `more` tokens of input a request may have at most, where its output is yet to be made."""
    if judge is None or n == 0:
        return 0.0, 0.0, 0.0
    fresh = max(0, prompt - system * n)
    scenarios = [(_HITS[0], _OUTPUT_TOKENS[0], 0), (_HITS[1], _OUTPUT_TOKENS[1], 0), (0.0, judge.max_tokens, more)]
    today = datetime.now(UTC).date()
    costs: list[float | None] = []
    for hits, output, longer in scenarios:
        usage = Usage(
            input_tokens=fresh // n + longer,
            output_tokens=min(output, judge.max_tokens),
            cache_read_tokens=round(system * hits),
            cache_write_1h_tokens=round(system * (1 - hits)),
        )
        cost = prices.cost(judge.model, usage, batch=batch, on=today)
        costs.append(None if cost is None else cost * n)
    return costs[0], costs[1], costs[2]


def _tokens(text: str) -> int:
    return round(len(text.encode()) / _BYTES_PER_TOKEN)
