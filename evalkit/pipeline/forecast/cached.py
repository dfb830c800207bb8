"""The cache as it is to be expected: whether a prefix is cached, from what hit share on that pays, and which share.

A prefix is written to the cache by the requests that find none, at `w` times the price of input, and read at `r` times
it. With a share `h` of reads the prefix costs `(1 - h) w + h r` of what it costs uncached, so that it pays from
`h* = (w - 1) / (w - r)` on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from evalkit.pipeline.caching import choice
from evalkit.pipeline.caching.choice import AT_ONCE, DOCUMENTED_HITS, Ttl
from evalkit.pipeline.forecast.tokens import Spread
from evalkit.pricing import Rates
from evalkit.store.habits import Habit

_SLACK: Final = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheForecast:
    """What the cache will do for one run."""

    ttl: str | None
    """How long the prefix is asked to stay cached; None where it is not."""
    prefix: Spread
    """Tokens of what every request shares."""
    min_cacheable: int | None
    hits: tuple[float, float]
    """Share of cache reads, from bad to good."""
    runs: int
    """Earlier runs that the share is told from; 0 where it is the documentation's."""
    break_even_5m: float | None
    """Hit share from which on caching for five minutes pays; None where a price is not known."""
    break_even_1h: float | None

    @property
    def cacheable(self) -> bool | None:
        """Whether the prefix is long enough for the model; None where that is not known, or too close to tell."""
        if self.min_cacheable is None:
            return None
        if self.prefix.low >= self.min_cacheable:
            return True
        return False if self.prefix.high < self.min_cacheable else None

    @property
    def pays(self) -> bool | None:
        """Whether caching as asked is cheaper than none over the whole range; None where it depends on the hits."""
        needed = self.break_even_1h if self.ttl == "1h" else self.break_even_5m
        if self.ttl is None or needed is None or self.cacheable is False:
            return False if self.cacheable is False else None
        if self.hits[0] >= needed:
            return True
        return False if self.hits[1] < needed else None


def break_even(rates: Rates | None, ttl: Ttl) -> float | None:
    """The hit share from which on a cached prefix costs less than an uncached one; None where a price is not known."""
    if rates is None or rates.cache_read is None or not rates.input:
        return None
    write = rates.cache_write_1h if ttl == "1h" else rates.cache_write_5m
    return None if write is None else choice.break_even(ttl, rates)


def expected_hits(habits: Sequence[Habit], n: int) -> tuple[float, float]:
    """The share of reads among `n` requests, from bad to good.

    The requests that missed in an earlier run are a share of them, a number, or between: the first requests meet no
    cache whatever their number, and later ones do by chance.
    """
    found = [(one.read_share, one.replies) for one in habits if one.read_share is not None]
    if not found:
        low, high = DOCUMENTED_HITS
        return low * max(0.0, 1.0 - AT_ONCE / max(n, 1)), high
    ends = [end for share, of in found for end in (share, 1.0 - (1.0 - share) * of / max(n, 1))]
    return max(0.0, min(ends) - _SLACK), min(0.99, max(0.0, *ends) + _SLACK)
