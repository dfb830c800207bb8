"""What a run may cost: low, high, and at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, cast

from evalkit.graders import Asked
from evalkit.pipeline.spool import Part
from evalkit.pricing import Prices, Usage
from evalkit.run import Judge, Run
from evalkit.store import Estimate, Store, Weight

_BYTES_PER_TOKEN: Final = 3.5
"""Of English text with the tokenizer of current models, about; other languages take more tokens."""
_OUTPUT_TOKENS: Final = (100, 600)
"""What a judge writes per case, thinking included, where no earlier run tells."""
_HITS: Final = (0.98, 0.30)
"""Share of cache reads in batches, from good to bad, as the API's documentation gives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What the parts of one run may cost."""

    estimate: Estimate
    weights: Sequence[Weight]
    """Of each part."""
    prompt_tokens: int
    """Of all requests, the shared system prompt in each."""
    system_tokens: int
    """Of the shared system prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecaster:
    """Weighs runs by what the store knows of earlier ones, and by a price list."""

    store: Store
    prices: Prices

    def of(self, run: Run, grader: Asked, parts: Sequence[Part], *, batch: bool, more: int = 0) -> Forecast:
        """What some parts of a run may cost.

        Args:
            run: a run with a judge.
            grader: its grader.
            parts: what is to be sent.
            batch: at the price of a batch; else one by one, at full price.
            more: tokens that a request may have beyond its bytes, where its output is yet to be made.
        """
        requests, size = sum(part.requests for part in parts), sum(part.size for part in parts)
        system = _tokens(_shared_bytes(run, grader))
        prompt = _tokens(size)
        low, high, at_most = self._costs(run.judge, n=requests, prompt=prompt, system=system, more=more, batch=batch)
        weights = [
            Weight(
                size=part.size,
                at_most_usd=self._costs(
                    run.judge, n=part.requests, prompt=_tokens(part.size), system=system, more=more, batch=batch
                )[2],
            )
            for part in parts
        ]
        estimate = Estimate(
            run=run.id,
            made_at=datetime.now(UTC),
            requests=requests,
            low_usd=low,
            high_usd=high,
            at_most_usd=at_most,
            price_date=self.prices.date,
            price_source=self.prices.origin,
            basis={"prompt_tokens": prompt, "system_tokens": system, "batch": batch},
        )
        return Forecast(estimate=estimate, weights=weights, prompt_tokens=prompt, system_tokens=system)

    def _costs(
        self, judge: Judge | None, *, n: int, prompt: int, system: int, more: int, batch: bool
    ) -> tuple[float | None, float | None, float | None]:
        """Low, high and at most of so many requests; None where a price is not known."""
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
            cost = self.prices.cost(judge.model, usage, batch=batch, on=today)
            costs.append(None if cost is None else cost * n)
        return costs[0], costs[1], costs[2]


def _shared_bytes(run: Run, grader: Asked) -> int:
    """Bytes of text of the system prompt, which every request has."""
    if run.judge is None:
        return 0
    blocks = cast("list[dict[str, str]]", grader.params(run.judge, None).get("system", []))
    return sum(len(block["text"].encode()) for block in blocks)


def _tokens(size: int) -> int:
    return round(size / _BYTES_PER_TOKEN)
