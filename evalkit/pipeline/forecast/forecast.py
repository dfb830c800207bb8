"""Forecast: what a run may cost and how long it may take, told from its weight before anything of it is sent."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from evalkit.graders import Asked
from evalkit.pipeline.forecast.bill import Bill, Tokens, bill
from evalkit.pipeline.forecast.cached import CacheForecast, break_even, expected_hits
from evalkit.pipeline.forecast.counted import Sampled
from evalkit.pipeline.forecast.learned import USUAL_ANSWER, USUAL_OUTPUT, Learned, Replies
from evalkit.pipeline.forecast.prompts import Prompts
from evalkit.pipeline.forecast.tokens import NOTHING, Spread
from evalkit.pipeline.forecast.weighed import Weighed
from evalkit.pipeline.spool import Part
from evalkit.pricing import Prices
from evalkit.run import Judge, Run, RunKind
from evalkit.store import Estimate, Store, Weight

_DAY: Final = 86_400.0
"""Seconds after which the API gives a batch up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """How long the batches of a run take."""

    usual_seconds: float | None
    """The median of earlier batches; None where there are none."""
    late_seconds: float
    """What nine of ten keep to; 24 hours, where there are none."""
    batches: int
    """That it is told from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What the parts of one run may cost."""

    estimate: Estimate
    weights: Sequence[Weight]
    """Of each part."""
    prompts: Prompts
    replies: Replies
    cache: CacheForecast
    duration: Duration
    realtime: Bill
    """The same, sent one by one at full price."""
    uncached: Bill
    """The same, with no prefix cached."""

    @property
    def prompt_tokens(self) -> int:
        """Of all requests, the shared system prompt in each."""
        return round(self.prompts.total.usual)

    @property
    def system_tokens(self) -> int:
        """Of what every request shares."""
        return round(self.prompts.prefix.usual)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecaster:
    """Weighs runs by what the store knows of earlier ones, and by a price list."""

    store: Store
    prices: Prices

    def of(
        self,
        run: Run,
        grader: Asked,  # noqa: ARG002 # what it asks is in the parts, weighed
        parts: Sequence[Part],
        *,
        batch: bool,
        more: float = 0.0,
        unmade: Spread = NOTHING,
        sampled: Sampled | None = None,
    ) -> Forecast:
        """What some parts of a run may cost.

        Args:
            run: a run with a judge.
            grader: its grader.
            parts: what is to be sent.
            batch: at the price of a batch; else one by one, at full price.
            more: tokens that a request may have beyond its bytes at most, where its output is yet to be made.
            unmade: the same, with what is to be expected: by how much it differs from what stands in for it.
            sampled: what the API counted of its requests.
        """
        judge = run.judge or Judge(model="")
        learned = Learned.of(self.store, run, base_url=os.environ.get("ANTHROPIC_BASE_URL", "").rstrip("/"))
        weighed = [part.weighed or Weighed.by_size(part.requests, part.size) for part in parts]
        whole = Weighed.together(weighed)
        prompts = Prompts.of(whole, judge.model, learned, sampled)
        replies = learned.replies(
            n=len(whole),
            max_tokens=judge.max_tokens,
            default=USUAL_ANSWER if run.kind is RunKind.GENERATION else USUAL_OUTPUT,
        )
        grown = replace(unmade, most=max(unmade.most, more))
        cost = _Cost(
            judge=judge,
            prices=self.prices,
            prompts=prompts,
            replies=replies,
            cache=self._cache(judge, whole, prompts, learned),
            unmade=grown,
            batch=batch,
        )
        found = cost.bill(whole)
        return Forecast(
            estimate=Estimate(
                run=run.id,
                made_at=datetime.now(UTC),
                requests=len(whole),
                low_usd=found.low,
                high_usd=found.high,
                at_most_usd=found.most,
                price_date=self.prices.date,
                price_source=self.prices.origin,
                basis=_basis(whole, cost, sum(part.size for part in parts)),
            ),
            weights=[
                Weight(size=part.size, at_most_usd=cost.bill(one).most)
                for part, one in zip(parts, weighed, strict=True)
            ],
            prompts=prompts,
            replies=replies,
            cache=cost.cache,
            duration=_duration(learned, parts),
            realtime=replace(cost, batch=False).bill(whole),
            uncached=replace(cost, cache=replace(cost.cache, ttl=None)).bill(whole),
        )

    def _cache(self, judge: Judge, weighed: Weighed, prompts: Prompts, learned: Learned) -> CacheForecast:
        rates = self.prices.rates(judge.model)
        return CacheForecast(
            ttl=weighed.ttl,
            prefix=prompts.prefix,
            min_cacheable=self.prices.min_cacheable_tokens(judge.model),
            hits=expected_hits(learned.cached, len(weighed)),
            runs=len(learned.cached),
            break_even_5m=break_even(rates, "5m"),
            break_even_1h=break_even(rates, "1h"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cost:
    """What requests of one run cost."""

    judge: Judge
    prices: Prices
    prompts: Prompts
    replies: Replies
    cache: CacheForecast
    unmade: Spread
    batch: bool

    def bill(self, weighed: Weighed) -> Bill:
        """What some of its requests cost."""
        n = len(weighed)
        if not n:
            return Bill(low=0.0, high=0.0, most=0.0)
        replies, most = self.replies, float(self.judge.max_tokens)
        return bill(
            Tokens(
                prefix=self.prompts.prefix,
                rows=self._rows(weighed),
                output=Spread(
                    low=replies.low,
                    usual=(replies.low + replies.high) / 2,
                    high=replies.high,
                    most=max(most, replies.high),
                ),
            ),
            self.judge.model,
            self.prices,
            ttl=self.cache.ttl,
            hits=self.cache.hits,
            min_cacheable=self.cache.min_cacheable,
            batch=self.batch,
            on=datetime.now(UTC).date(),
        )

    def _rows(self, weighed: Weighed) -> tuple[tuple[int, Spread], ...]:
        """The requests by their length: one by one what may reach a dearer tier, and all others in the mean."""
        prices = self.prices.model(self.judge.model)
        tier = prices.long_prompt.above_tokens if prices and prices.long_prompt else None
        each = [
            self.prompts.row_of(weighed.text_of(place), weighed.pictures_of.get(place, NOTHING)) + self.unmade
            for place in self._long(weighed, tier)
        ]
        if len(each) == len(weighed):
            return tuple((1, row) for row in each)
        all_of_them = self._total(weighed)
        rest = len(weighed) - len(each)
        mean = Spread(
            low=(all_of_them.low - sum(row.low for row in each)) / rest,
            usual=(all_of_them.usual - sum(row.usual for row in each)) / rest,
            high=(all_of_them.high - sum(row.high for row in each)) / rest,
            most=(all_of_them.most - sum(row.most for row in each)) / rest,
        )
        return ((rest, mean), *((1, row) for row in each))

    def _total(self, weighed: Weighed) -> Spread:
        text = self.prompts.row_of(weighed.rows, weighed.pictures)
        frames = self.prompts.frames(len(weighed) - 1)
        return text + frames + self.unmade.times(len(weighed))

    def _long(self, weighed: Weighed, tier: int | None) -> list[int]:
        """The places of the requests that may be longer than a tier begins at."""
        if tier is None:
            return []
        # A token has a byte or more, so that most requests need no closer look.
        left = tier - self.prompts.prefix.most - self.unmade.most
        return [
            place
            for place in range(len(weighed))
            if weighed.ascii_of[place] + weighed.other_of[place] + weighed.pictures_of.get(place, NOTHING).most > left
        ]


def _duration(learned: Learned, parts: Sequence[Part]) -> Duration:
    """How long the longest of some parts takes."""
    found = learned.seconds(max((part.requests for part in parts), default=0))
    if found is None:
        return Duration(usual_seconds=None, late_seconds=_DAY, batches=0)
    return Duration(usual_seconds=found[0], late_seconds=found[1], batches=found[2])


def _basis(weighed: Weighed, cost: _Cost, size: int) -> dict[str, object]:
    """What an estimate was made of, as the store keeps it; later ones learn from it."""
    cache, replies = cost.cache, cost.replies
    return {
        "prompt_tokens": round(cost.prompts.total.usual),
        "system_tokens": round(cost.prompts.prefix.usual),
        "batch": cost.batch,
        "tokens": cost.prompts.told,
        "text": {
            "requests": len(weighed),
            "size": size,
            "prefix": weighed.prefix.json(),
            "rows": weighed.rows.json(),
            "pictures": round(weighed.pictures.usual),
        },
        "output_tokens": [round(replies.low), round(replies.high)],
        "output": replies.what,
        "cache_ttl": cache.ttl,
        "hits": [round(hits, 4) for hits in cache.hits],
        "hits_from_runs": cache.runs,
    }
