"""What caching returned, by run: the hits, and the dollars saved or lost beside the same tokens without a cache.

Both amounts are told as a reply is collected, at the price of that day, so that prices since overridden do not change
what was saved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from evalkit.pipeline.caching.choice import Ttl, break_even
from evalkit.pricing import Prices, Rates
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
        prices: by which a ttl pays from some share of hits on.
    """
    found: dict[str, list[CachedGroup]] = defaultdict(list)
    for group in store.caching.groups([run.id for run in runs]):
        found[group.run].append(group)
    return {run.id: _returned(run, found[run.id], prices) for run in runs if run.id in found}


def _returned(run: Run, groups: Sequence[CachedGroup], prices: Prices) -> CacheReturn:
    most = max(groups, key=lambda group: group.rows)
    ttl = _ttl(run, groups)
    lived: Ttl = "5m" if ttl == "5m" else "1h"
    return CacheReturn(
        run=run.id,
        ttl=ttl,
        rows=sum(group.rows for group in groups),
        rows_cached=sum(group.rows_cached for group in groups),
        rows_with_read=sum(group.rows_with_read for group in groups),
        read_tokens=sum(group.read_tokens for group in groups),
        written_tokens=sum(group.written_tokens for group in groups),
        saved_usd=None if any(group.rows_untold for group in groups) else sum(group.saved_usd for group in groups),
        break_even=None if ttl == "off" else break_even(lived, _rates(most, prices)),
        served_model=most.served_model,
    )


def _ttl(run: Run, groups: Sequence[CachedGroup]) -> str:
    """As it was asked for; of runs of earlier versions, as it was written."""
    if run.cache_ttl is not None:
        return run.cache_ttl
    if any(group.written_5m_tokens for group in groups):
        return "5m"
    return _RULE_OF_OLD if any(group.rows_cached for group in groups) or run.cases > 1 else "off"


def _rates(group: CachedGroup, prices: Prices) -> Rates | None:
    on = date.fromisoformat(group.day) if group.day else None
    return prices.rates(group.served_model or "", on=on)
