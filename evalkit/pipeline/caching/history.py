"""What a store has seen of caching: the hits of earlier runs, and the size of a prefix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast

import msgspec

from evalkit.graders import Asked
from evalkit.pipeline.caching.choice import Hits, Prefix, Ttl
from evalkit.pricing import Prices
from evalkit.run import Judge, Run
from evalkit.store import CachedRun, Store

REMEMBERED: Final = timedelta(days=30)
"""After it the documented range counts again: else a judge that did badly once would never be tried again."""
_ALIKE: Final = 2.0
"""Prefixes within this factor of each other are about the same size."""
_BYTES_PER_TOKEN: Final = 3.5


def earlier_runs(store: Store, run: Run, now: datetime) -> list[CachedRun]:
    """The runs of the last 30 days that say how a run's judge caches, newest first."""
    return store.caching.earlier(run, since=now - REMEMBERED)


def prefix_for(run: Run, grader: Asked, prices: Prices, requests: int, earlier: Iterable[CachedRun] = ()) -> Prefix:
    """The prefix of a run: its tokens as earlier replies with the same grader have them, else estimated from bytes.

    Args:
        run: a run with a judge.
        grader: its grader.
        prices: what the judge caches at least.
        requests: how many share it.
        earlier: runs with the same judge.
    """
    judge = cast("Judge", run.judge)
    known = next((one.prefix_tokens for one in earlier if one.grader_digest == run.grader_digest), None)
    return Prefix(
        tokens=estimated_tokens(grader, judge) if known is None else known,
        requests=requests,
        minimum=prices.min_cacheable_tokens(judge.model),
        exact=known is not None,
    )


def estimated_tokens(grader: Asked, judge: Judge) -> int:
    """About how many tokens stand before the cases: the system prompt, and the form of the reply; 0 without a system.

    Without a system prompt there is no place for a breakpoint.
    """
    params = grader.params(judge, None)
    system = cast("Sequence[dict[str, Any]]", params.get("system") or ())
    if not system:
        return 0
    form: Any = cast("dict[str, Any]", params.get("output_config") or {}).get("format")
    size = sum(len(str(block["text"]).encode()) for block in system) + (len(msgspec.json.encode(form)) if form else 0)
    return round(size / _BYTES_PER_TOKEN)


def hits_of(earlier: Iterable[CachedRun], tokens: int) -> list[Hits]:
    """What earlier runs have read of what they read and wrote, by ttl, where their prefix was of about that size."""
    sums: dict[tuple[Ttl, bool], list[int]] = {}
    for one in earlier:
        if tokens / _ALIKE <= one.prefix_tokens <= tokens * _ALIKE:
            ttl: Ttl = "5m" if one.cache_ttl == "5m" else "1h"
            total = sums.setdefault((ttl, one.warm), [0, 0, 0])
            total[0] += one.read
            total[1] += one.read + one.written_5m + one.written_1h
            total[2] += one.rows
    return [
        Hits(ttl=ttl, warm=warm, share=read / cached, requests=rows)
        for (ttl, warm), (read, cached, rows) in sums.items()
        if cached
    ]
