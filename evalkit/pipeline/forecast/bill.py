"""The bill of a run, told beforehand: tokens of each kind, from good luck to bad, and what it cannot exceed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from evalkit.pipeline.forecast.tokens import Spread
from evalkit.pricing import Prices, Usage

End = Literal["low", "high", "most"]
_TTLS: Final = ("5m", "1h")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What is billed of a run: per request what all share, and of the rest so many requests of a length."""

    prefix: Spread
    """Of each request."""
    rows: tuple[tuple[int, Spread], ...]
    """Requests, and the tokens that each of them holds beside the prefix."""
    output: Spread
    """Of each reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """USD; None where a price is not known."""

    low: float | None
    high: float | None
    most: float | None


def bill(
    tokens: Tokens,
    model: str,
    prices: Prices,
    *,
    ttl: str | None,
    hits: tuple[float, float],
    min_cacheable: int | None,
    batch: bool = True,
    on: date | None = None,
) -> Bill:
    """What a run costs.

    Args:
        tokens: of its requests.
        model: that answers.
        prices: the list.
        ttl: how long its prefix is asked to stay cached; None for no cache.
        hits: the share of reads, from bad to good.
        min_cacheable: tokens below which the model caches nothing; None where that is not known.
        batch: at the price of a batch.
        on: the day.
    """
    cost = _Cost(model=model, prices=prices, ttl=ttl, min_cacheable=min_cacheable, batch=batch, on=on)
    return Bill(
        low=cost.least(tokens, "low", hits[1]),
        high=cost.greatest(tokens, "high", hits[0]),
        most=cost.greatest(tokens, "most", 0.0),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cost:
    model: str
    prices: Prices
    ttl: str | None
    min_cacheable: int | None
    batch: bool
    on: date | None

    def least(self, tokens: Tokens, end: End, hits: float) -> float | None:
        """The cheaper of what may become of the prefix."""
        found = list(self._ways(tokens, end, hits))
        known = [one for one in found if one is not None]
        return min(known) if len(known) == len(found) else None

    def greatest(self, tokens: Tokens, end: End, hits: float) -> float | None:
        """The dearer of what may become of the prefix."""
        found = list(self._ways(tokens, end, hits))
        known = [one for one in found if one is not None]
        return max(known) if len(known) == len(found) else None

    def _ways(self, tokens: Tokens, end: End, hits: float) -> Iterator[float | None]:
        """With the prefix cached, and without, where either may come to be."""
        least = self.min_cacheable
        may_be = self.ttl is not None and (least is None or tokens.prefix.most >= least)
        if end != "most":
            may_be = may_be and (least is None or tokens.prefix.high >= least)
        if may_be:
            yield self._sum(tokens, end, hits, cached=True)
        if not may_be or least is None or tokens.prefix.low < least:
            yield self._sum(tokens, end, hits, cached=False)

    def _sum(self, tokens: Tokens, end: End, hits: float, *, cached: bool) -> float | None:
        total = 0.0
        prefix, output = getattr(tokens.prefix, end), getattr(tokens.output, end)
        for n, row in tokens.rows:
            one = self._one(prefix, getattr(row, end), output, hits, cached=cached)
            if one is None:
                return None
            total += one * n
        return total

    def _one(self, prefix: float, row: float, output: float, hits: float, *, cached: bool) -> float | None:
        """The mean cost of requests of one length; tokens are counted in thousandths, since means are not whole."""
        read, written = (prefix * hits, prefix * (1.0 - hits)) if cached else (0.0, 0.0)
        fresh = row + (0.0 if cached else prefix)
        rates = self.prices.rates(self.model, prompt_tokens=round(prefix + row), on=self.on)
        if rates is None:
            return None
        whole = Usage(
            input_tokens=round(fresh * _FINE),
            output_tokens=round(output * _FINE),
            cache_read_tokens=round(read * _FINE),
            cache_write_5m_tokens=round(written * _FINE) if self.ttl == _TTLS[0] else 0,
            cache_write_1h_tokens=round(written * _FINE) if self.ttl != _TTLS[0] else 0,
        )
        amount = rates.of(whole)
        return None if amount is None else amount / _FINE * (self.prices.batch_factor if self.batch else 1.0)


_FINE: Final = 1000
