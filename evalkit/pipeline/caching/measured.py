"""What caching returned, by run: the hits, and the dollars saved or lost beside the same tokens without a cache.

A token that was read or written is held against the input price of the model that served it, on the day of its batch,
in the tier of its prompt's length, at the batch's or the full price, and in its geography: all that is read off what
the replies cost, so that prices since overridden do not change what was paid.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from evalkit.pipeline.caching.choice import Ttl, break_even
from evalkit.pricing import Prices, Rates, Usage
from evalkit.run import Run
from evalkit.store import CachedGroup, Store

_RULE_OF_OLD: Final = "1h"


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheReturn:
    """What caching returned to one run so far."""

    run: str
    ttl: str
    """`off`, `5m` or `1h`, as it was asked for."""
    rows: int
    """Replies."""
    rows_cached: int
    """Those that read the cache or wrote to it: none where the prefix is too short."""
    rows_with_read: int
    read_tokens: int
    written_tokens: int
    saved_usd: float | None
    """Against the same tokens without a cache; below 0 where it was dearer, None where a price is not known."""
    break_even: float | None
    """The share of hits from which the ttl pays at the model's prices; None where it is off."""
    served_model: str | None = None
    advice: str = ""
    """What to do about it next time; empty where nothing is to be done, or it was not asked for."""

    @property
    def read_share(self) -> float | None:
        """Tokens read, of those read and written; None where nothing was cached."""
        cached = self.read_tokens + self.written_tokens
        return self.read_tokens / cached if cached else None

    @property
    def prefix_tokens(self) -> int | None:
        """Of the cached prefix; None where nothing was cached."""
        return round((self.read_tokens + self.written_tokens) / self.rows_cached) if self.rows_cached else None

    def json(self) -> dict[str, object]:
        """As `runs --json` has it."""
        return {
            "ttl": self.ttl,
            "read_share": self.read_share,
            "rows": self.rows,
            "rows_with_read": self.rows_with_read,
            "read_tokens": self.read_tokens,
            "written_tokens": self.written_tokens,
            "saved_usd": self.saved_usd,
            "break_even": self.break_even,
            **({"advice": self.advice} if self.advice else {}),
        }


def caching_of(store: Store, runs: Sequence[Run], prices: Prices) -> dict[str, CacheReturn]:
    """What caching returned to each of some runs; those without a reply are left out.

    Args:
        store: their replies.
        runs: any runs; a check and a jury have no replies of their own.
        prices: what tokens cost, and cost before.
    """
    lengths = lengths_of(prices)
    found: dict[str, list[CachedGroup]] = defaultdict(list)
    for group in store.caching.groups([run.id for run in runs], lengths):
        found[group.run].append(group)
    return {run.id: _returned(run, found[run.id], prices, lengths) for run in runs if run.id in found}


def lengths_of(prices: Prices) -> list[int]:
    """The lengths of prompts above which a model has other rates, from the shortest."""
    return sorted({one.long_prompt.above_tokens for one in prices.models.values() if one.long_prompt})


def saved(group: CachedGroup, rates: Rates | None) -> float | None:
    """USD that the cache saved to replies that are priced alike, by their rates; None where a price is not known."""
    usage = group.usage
    if not usage.cache_read_tokens + usage.cache_write_5m_tokens + usage.cache_write_1h_tokens:
        return 0.0
    cost = None if rates is None or group.rows_unpriced else rates.of(usage)
    if rates is None or cost is None:
        return None
    uncached = rates.of(Usage(input_tokens=usage.prompt_tokens, output_tokens=usage.output_tokens)) or 0.0
    # What was paid of the list: the batch's half, and the factor of the geography, which only the bill tells.
    return (uncached - cost) * (group.cost_usd / cost if cost else 0.0)


def _returned(run: Run, groups: Sequence[CachedGroup], prices: Prices, lengths: Sequence[int]) -> CacheReturn:
    amounts = [saved(group, _rates(group, prices, lengths)) for group in groups]
    known = [amount for amount in amounts if amount is not None]
    most = max(groups, key=lambda group: group.rows)
    ttl = _ttl(run, groups)
    lived: Ttl = "5m" if ttl == "5m" else "1h"
    return CacheReturn(
        run=run.id,
        ttl=ttl,
        rows=sum(group.rows for group in groups),
        rows_cached=sum(group.rows_cached for group in groups),
        rows_with_read=sum(group.rows_with_read for group in groups),
        read_tokens=sum(group.usage.cache_read_tokens for group in groups),
        written_tokens=sum(group.usage.cache_write_5m_tokens + group.usage.cache_write_1h_tokens for group in groups),
        saved_usd=sum(known) if len(known) == len(amounts) else None,
        break_even=None if ttl == "off" else break_even(lived, _rates(most, prices, lengths)),
        served_model=most.served_model,
    )


def _ttl(run: Run, groups: Sequence[CachedGroup]) -> str:
    """As it was asked for; of runs of earlier versions, as it was written."""
    if run.cache_ttl is not None:
        return run.cache_ttl
    if any(group.usage.cache_write_5m_tokens for group in groups):
        return "5m"
    return _RULE_OF_OLD if any(group.rows_cached for group in groups) or run.cases > 1 else "off"


def _rates(group: CachedGroup, prices: Prices, lengths: Sequence[int]) -> Rates | None:
    on = date.fromisoformat(group.day) if group.day else None
    prompt = lengths[group.longer - 1] + 1 if group.longer else 0
    return prices.rates(group.served_model or "", prompt_tokens=prompt, on=on)
