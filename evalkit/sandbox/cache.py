"""The prompt cache, as far as its bills show: who writes, who reads, and when an entry can be read.

An entry belongs to an account (workspace) and a prefix. It can be read only after the request that wrote it is
complete; inside one batch that means: the first `cache_width` rows of a prefix all write, most later ones read.
A hit before the batch began needs an entry whose writer ended by then, and whose life was not over.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from evalkit.sandbox.behaviour import Behaviour
from evalkit.sandbox.prefix import TTL_SECONDS, Breakpoint
from evalkit.sandbox.tokens import minimum_prefix

NO_CACHE: Final = 255
"""In place of a count of breakpoints read: the row met no cache at all."""


@dataclass(frozen=True, slots=True)
class _Entry:
    readable: datetime
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheBill:
    """How the prompt of one request splits into the four kinds of input tokens."""

    fresh: int
    read: int = 0
    written_5m: int = 0
    written_1h: int = 0


class Cache:
    """All entries of all accounts."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, bytes], _Entry] = {}

    def readable(self, account: str, key: bytes, at: datetime) -> bool:
        """Whether a request that starts at a moment can read the entry."""
        entry = self._entries.get((account, key))
        return entry is not None and entry.readable <= at <= entry.ends

    def touch(self, account: str, mark: Breakpoint, done: datetime) -> None:
        """An entry was written or used by a request that was complete at `done`."""
        life = timedelta(seconds=TTL_SECONDS[mark.ttl])
        old = self._entries.get((account, mark.key))
        alive = old is not None and old.ends >= done
        readable = old.readable if old is not None and alive else done
        self._entries[account, mark.key] = _Entry(min(readable, done), done + life)


class CacheRun:
    """The cache as the rows of one batch meet it, in the order they are processed."""

    def __init__(self, cache: Cache, account: str, *, started: datetime, behaviour: Behaviour) -> None:
        self._cache = cache
        self._account = account
        self._started = started
        self._behaviour = behaviour
        self._met: dict[bytes, int] = {}
        self._marks: dict[bytes, Breakpoint] = {}

    def hit(self, marks: list[Breakpoint], model: str, custom_id: str) -> int:
        """How many of the breakpoints, shortest first, this row reads from the cache; 0 is a miss."""
        reads = 0
        for number, mark in enumerate(cacheable(marks, model), start=1):
            met = self._met.get(mark.key, 0)
            self._met[mark.key] = met + 1
            self._marks[mark.key] = mark
            warm = met >= self._behaviour.cache_width or self._cache.readable(self._account, mark.key, self._started)
            if warm and self._lucky(custom_id):
                reads = number
        return reads

    def finish(self, done: datetime) -> None:
        """The batch is complete: what it wrote and read can be read from now on."""
        for mark in self._marks.values():
            self._cache.touch(self._account, mark, done)

    def _lucky(self, custom_id: str) -> bool:
        draw = hashlib.blake2b(f"cache {self._behaviour.seed} {custom_id}".encode(), digest_size=4).digest()
        return int.from_bytes(draw, "big") < self._behaviour.cache_hits * 2**32


def cacheable(marks: list[Breakpoint], model: str) -> list[Breakpoint]:
    """The breakpoints whose prefix is long enough for the model; the others are silently ignored."""
    least = minimum_prefix(model)
    return [mark for mark in marks if mark.tokens >= least]


def bill(marks: list[Breakpoint], model: str, *, tokens: int, reads: int) -> CacheBill:
    """The input tokens of a request of `tokens` in all that reads its first `reads` breakpoints."""
    usable = [] if reads == NO_CACHE else cacheable(marks, model)
    if not usable:
        return CacheBill(fresh=tokens)
    read = usable[reads - 1].tokens if reads else 0
    written = {"5m": 0, "1h": 0}
    reached = read
    for mark in usable[reads:]:
        written[mark.ttl] += mark.tokens - reached
        reached = mark.tokens
    return CacheBill(fresh=tokens - usable[-1].tokens, read=read, written_5m=written["5m"], written_1h=written["1h"])
