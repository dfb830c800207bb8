"""The choice of a ttl, by arithmetic alone: what a cached prefix costs at the hits to expect, beside one that is not.

Of a shared prefix each request either reads (r of the input price) or writes (w of it), so that a share h of hits costs
(1 - h) w + h r of what no cache costs. It pays from h* = (w - 1) / (w - r) on: with a read at 0.1 that is 22 % for the
5 minutes (w = 1.25) and 53 % for the hour (w = 2).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from evalkit.pricing import Rates

CacheSetting = Literal["auto", "off", "5m", "1h"]
Ttl = Literal["5m", "1h"]

DOCUMENTED_HITS: Final = (0.30, 0.98)
"""The share of hits in batches, as the API's documentation gives it."""
USUAL_HITS: Final = sum(DOCUMENTED_HITS) / 2
"""The middle of it: what is expected where this store has seen nothing."""
WARM_HITS: Final = (USUAL_HITS + DOCUMENTED_HITS[1]) / 2
"""The middle of its upper half: the same where the entry is there before the first of the rows starts."""
AT_ONCE: Final = 8
"""Rows of a batch that are taken to start before the first is answered: all of them write. Nothing is documented."""
USUAL_SECONDS: Final = 3600.0
"""Of a batch of which nothing is known: most end within an hour."""
SECONDS: Final[dict[Ttl, float]] = {"5m": 300.0, "1h": 3600.0}
_TTLS: Final[tuple[Ttl, ...]] = ("5m", "1h")
_WRITES: Final[dict[Ttl, float]] = {"5m": 1.25, "1h": 2.0}
_READ: Final = 0.1
"""What writes and reads cost of the input price, where a model's own rates are not known."""
_SURE: Final = 0.75
"""Of the minimum: an estimate of a prefix may be that much too short, and a breakpoint too many costs nothing."""
_SOME: Final = 50
"""Requests that have read or written, from which a share of hits is taken for what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """What earlier runs with the same judge, and a prefix of about the same size, have read and written."""

    ttl: Ttl
    warm: bool
    """After a warm-up."""
    share: float
    """Tokens read, of those read and written."""
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """A shared prefix, and who shares it."""

    tokens: int
    requests: int
    minimum: int | None = None
    """The shortest that the model caches; None where that is not known."""
    exact: bool = False
    """Its tokens are those of earlier replies, and no estimate."""

    @property
    def is_short(self) -> bool:
        """Whether the model does not cache it; in doubt, it may."""
        least = self.minimum or 0
        return not self.tokens or self.tokens < (least if self.exact else least * _SURE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheChoice:
    """How long a prefix is to stay cached, and why."""

    ttl: Literal["off", "5m", "1h"]
    why: str
    break_even: float
    """The share of hits from which this ttl pays; of the 5 minutes where it is off."""
    expected_hits: float
    """The share of hits that this ttl is expected to have; of the best where it is off."""
    factor: float
    """What the prefix is expected to cost of what no cache costs."""
    warm: bool = False
    """One request is to go first, and the others when its entry is there."""
    short: bool = False
    """It is off because the model caches no prefix as short as that."""


def break_even(ttl: Ttl, rates: Rates | None = None) -> float:
    """The share of hits from which a ttl pays, by a model's rates; 1 where it never does, 0 where it always does."""
    write, read = _multipliers(ttl, rates)
    if write <= 1:
        return 0.0
    return min(1.0, (write - 1) / (write - read)) if write > read else 1.0


def factor(hits: float, ttl: Ttl, rates: Rates | None = None) -> float:
    """What a cached prefix costs of what no cache costs."""
    write, read = _multipliers(ttl, rates)
    return (1 - hits) * write + hits * read


def expected_hits(
    ttl: Ttl,
    requests: int,
    *,
    warm: bool = False,
    realtime: bool = False,
    seconds: float | None = None,
    seen: Iterable[Hits] = (),
) -> tuple[float, str]:
    """The share of hits to expect, and where it is from.

    That of earlier runs of the same kind, where there are some; of another ttl, scaled by how long entries live. Else
    the middle of what is documented, less the rows that start before there is an entry, and by how likely the next row
    starts before the entry ends: each use gives it another ttl of life.

    Args:
        ttl: how long an entry lives after its last use.
        requests: how many share the prefix.
        warm: after a warm-up.
        realtime: one by one, the first of them alone.
        seconds: how long a batch is expected to take; an hour where None.
        seen: what earlier runs have read and written.
    """
    if not requests:
        return 0.0, "nothing is sent"
    if realtime:
        return DOCUMENTED_HITS[1] * (requests - 1) / max(1, requests), "the first goes alone, and the others read"
    known = {one.ttl: one for one in seen if one.warm == warm and one.requests >= _SOME}
    if own := known.get(ttl):
        return own.share, f"as in {own.requests:,} earlier requests"
    alive = _alive(ttl, requests, seconds)
    if other := next(iter(known.values()), None):
        share = min(1.0, other.share * alive / max(alive / 1e3, _alive(other.ttl, requests, seconds)))
        return share, f"from {other.requests:,} earlier requests with {other.ttl}"
    writers = 1 if warm else AT_ONCE
    share = (WARM_HITS if warm else USUAL_HITS) * max(0.0, 1 - writers / max(1, requests))
    return share * alive, "documented: 30 to 98 %"


def choose_ttl(
    prefix: Prefix,
    rates: Rates | None,
    *,
    setting: CacheSetting = "auto",
    warm: bool = False,
    realtime: bool = False,
    seconds: float | None = None,
    seen: Iterable[Hits] = (),
) -> CacheChoice:
    """How long a prefix is to stay cached: as it is set, or else what is expected to cost the least.

    Args:
        prefix: the prefix, and how many requests share it.
        rates: those of the model; as most models have them where None.
        setting: what the config says.
        warm: one request goes first, so that the hour is taken.
        realtime: the requests go one by one, at full price.
        seconds: how long a batch is expected to take; an hour where None.
        seen: what earlier runs have read and written.
    """
    seen = tuple(seen)
    found: dict[Ttl, tuple[float, str]] = {
        ttl: expected_hits(ttl, prefix.requests, warm=warm, realtime=realtime, seconds=seconds, seen=seen)
        for ttl in _TTLS
    }
    costs = {ttl: factor(share, ttl, rates) for ttl, (share, _) in found.items()}
    best: Ttl = "1h" if warm else min(_TTLS, key=lambda ttl: costs[ttl])
    if warm and setting == "auto" and costs[best] >= 1 and not prefix.is_short:
        return choose_ttl(prefix, rates, seconds=seconds, seen=seen)
    ttl, why = _said(prefix, setting) or (best if costs[best] < 1 else None, "")
    expected = f"{found[best][0]:.0%} hits expected ({found[best][1]})"
    least = f"pays from {break_even(best, rates):.0%}"
    return CacheChoice(
        ttl=ttl or "off",
        why=why or f"{expected}{' after a warm-up' if warm else ''}, and {best} {least}{'' if ttl else ' only'}",
        break_even=break_even(ttl or "5m", rates),
        expected_hits=found[ttl or best][0],
        factor=costs[ttl] if ttl else 1.0,
        warm=warm and ttl == "1h",
        short=prefix.requests > 1 and prefix.is_short,
    )


def _said(prefix: Prefix, setting: CacheSetting) -> tuple[Ttl | None, str] | None:
    """The ttl where there is nothing to weigh, and why; None where there is."""
    if prefix.requests < 2:
        return None, "a single request has nobody to share with"
    if prefix.is_short:
        about = "" if prefix.exact else "about "
        return None, f"a prefix of {about}{prefix.tokens:,} tokens is below the {prefix.minimum or 1:,} cached"
    return None if setting == "auto" else (None if setting == "off" else setting, "as [submit] cache says")


def warming_saves(
    prefix: Prefix,
    rates: Rates | None,
    *,
    batch_factor: float,
    seconds: float | None = None,
    seen: Iterable[Hits] = (),
) -> float | None:
    """USD that a warm-up is expected to save, beside the best choice without one; None where no price is known."""
    if rates is None or prefix.is_short:
        return None if rates is None else 0.0
    seen = tuple(seen)
    without = choose_ttl(prefix, rates, seconds=seconds, seen=seen).factor
    with_one = choose_ttl(prefix, rates, warm=True, seconds=seconds, seen=seen).factor
    return (without - with_one) * prefix.tokens * prefix.requests * rates.input * batch_factor / 1e6


def _multipliers(ttl: Ttl, rates: Rates | None) -> tuple[float, float]:
    """What a write and a read cost of the input price."""
    write = None if rates is None else rates.cache_write_5m if ttl == "5m" else rates.cache_write_1h
    read = None if rates is None else rates.cache_read
    if rates is None or not rates.input:
        return _WRITES[ttl], _READ
    return _WRITES[ttl] if write is None else write / rates.input, _READ if read is None else read / rates.input


def _alive(ttl: Ttl, requests: int, seconds: float | None) -> float:
    """How likely the next row starts before the entry ends, where rows start at random over a batch's time."""
    lasts = USUAL_SECONDS if seconds is None else seconds
    return 1.0 if lasts <= 0 else 1 - math.exp(-SECONDS[ttl] * requests / lasts)
