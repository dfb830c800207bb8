"""Advice for the next run, in words: what caching lost and why, and what would let a prefix be cached that is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from evalkit.graders import Asked, RubricGrader
from evalkit.graders.examples import examples_text
from evalkit.pipeline.caching.choice import Prefix, choose_ttl, warming_saves
from evalkit.pipeline.caching.history import earlier_runs, hits_of, prefix_for
from evalkit.pipeline.caching.measured import CacheReturn, caching_of
from evalkit.pipeline.caching.settle import WORTH_USD, Caching
from evalkit.pricing import Rates
from evalkit.run import Run
from evalkit.store import Store

MATTERS_USD: Final = 0.01
"""What is lost below it is not worth a line."""
_MOST_CASES: Final = 1_000_000
_EXAMPLE_TOKENS: Final = 150
"""Of an example, where the grader shows none."""
_BYTES_PER_TOKEN: Final = 3.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to do about a run's caching next time."""

    said: str
    matters: bool
    """It is worth a line that nobody asked for."""


def advice_of(store: Store, run: Run, found: CacheReturn, caching: Caching, *, now: datetime) -> Advice | None:
    """What to do about the caching of a run next time; None where it did as well as is known how.

    Args:
        store: what earlier runs have read and written.
        run: a run with a judge.
        found: what caching returned to it.
        caching: what the config wants, and the prices.
        now: prices and what is remembered count from here.
    """
    if run.judge is None or found.rows < 2:
        return None
    grader = store.content.asked(run.grader_digest)
    if found.saved_usd is not None and found.saved_usd < 0:
        return _lost(store, run, grader, found, caching=caching, now=now)
    earlier = earlier_runs(store, run, now)
    prefix = prefix_for(run, grader, caching.prices, found.rows, earlier)
    rates = caching.prices.rates(run.judge.model, on=now.date())
    if not found.rows_cached:
        return _short(prefix, grader, rates, run.judge.model)
    saves = warming_saves(
        prefix,
        rates,
        batch_factor=caching.prices.batch_factor,
        seconds=store.batches.usual_seconds(run.judge.model),
        seen=hits_of(earlier, prefix.tokens),
    )
    if caching.warm_up != "auto" or caching.setting not in ("auto", "1h") or not saves or saves < WORTH_USD:
        return None
    why = f"a warm-up is expected to save about ${saves:,.2f} of a run like this: `evalkit run` makes one by itself"
    return Advice(said=f"{why}, other commands with [submit] warm_up = true", matters=False)


def advised(
    store: Store, runs: Sequence[Run], found: Mapping[str, CacheReturn], caching: Caching, *, now: datetime
) -> dict[str, CacheReturn]:
    """What caching returned, with what to do about it next time."""
    said = {run.id: advice_of(store, run, found[run.id], caching, now=now) for run in runs if run.id in found}
    return {run: replace(one, advice=advice.said if (advice := said.get(run)) else "") for run, one in found.items()}


def worst(store: Store, runs: Sequence[Run], caching: Caching, *, now: datetime) -> str | None:
    """One line on the run that lost the most by caching, or could gain by it; None where none matters."""
    found = caching_of(store, runs, caching.prices)
    for run in sorted(runs, key=lambda run: (found[run.id].saved_usd or 0.0) if run.id in found else 0.0):
        advice = advice_of(store, run, found[run.id], caching, now=now) if run.id in found else None
        if advice and advice.matters:
            return f"run {run.id}: {advice.said}"
    return None


def _lost(store: Store, run: Run, grader: Asked, found: CacheReturn, *, caching: Caching, now: datetime) -> Advice:
    lost = -(found.saved_usd or 0.0)
    amount = f"${lost:,.2f}" if lost >= MATTERS_USD else f"${lost:.6f}"
    hits = f"hits were {found.read_share or 0.0:.0%}, break-even is {found.break_even or 0.0:.0%}"
    free = replace(caching, setting="auto", warm_up=False)
    ttl = free.choose(store, run, grader, found.rows, now=now).ttl
    then = "does not cache" if ttl == "off" else f"uses {ttl}"
    if caching.setting == "auto":
        next_time = f"; evalkit {then} next time" if ttl != found.ttl else ""
    else:
        next_time = f'; [submit] cache = "auto" {then}' if ttl != caching.setting else ""
    return Advice(said=f"lost {amount} on {found.ttl} writes: {hits}{next_time}", matters=lost >= MATTERS_USD)


def _short(prefix: Prefix, grader: Asked, rates: Rates | None, model: str) -> Advice | None:
    """What would make a prefix cacheable that is too short, where that would pay."""
    least = prefix.minimum
    if least is None or not prefix.tokens or prefix.tokens >= least:
        return None
    below = f"a prefix of about {prefix.tokens:,} tokens is below the {least:,} that {model} caches"
    cases = pays_from(prefix.tokens, least, rates)
    if cases is None:
        return Advice(said=f"{below}; a longer one would cost more than its cache saves", matters=False)
    each = _tokens_per_example(grader)
    n = -(-(least - prefix.tokens) // each)
    more = f"{n:,} example{'' if n == 1 else 's'} more, of {each:,} tokens each,"
    per = len(grader.suffixes)
    said = f"{below}: {more} would make it cacheable, and pay from {-(-cases // per):,} cases on"
    return Advice(said=said, matters=prefix.requests >= 2 * cases)


def pays_from(tokens: int, minimum: int, rates: Rates | None) -> int | None:
    """From how many requests on a prefix that is made as long as the model caches costs less than it does now.

    The hits to expect grow with the number of requests; None where not even a million of them pay for the tokens more.
    """

    def pays(requests: int) -> bool:
        longer = Prefix(tokens=minimum, requests=requests, minimum=minimum, exact=True)
        return choose_ttl(longer, rates).factor * minimum < tokens

    low, high = 1, 2
    while not pays(high):
        low, high = high, high * 2
        if high > _MOST_CASES:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if pays(middle) else (middle, high)
    return high


def _tokens_per_example(grader: Asked) -> int:
    shown = grader.examples if isinstance(grader, RubricGrader) else ()
    if not shown:
        return _EXAMPLE_TOKENS
    size = len(examples_text(shown, [criterion.name for criterion in grader.criteria]).encode())
    return max(1, round(size / _BYTES_PER_TOKEN / len(shown)))
