"""Alarms: what a monitor should know of the money of the last days, from the store alone; and models that retire."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from evalkit.pipeline.estimated import Estimated, Fit, estimated
from evalkit.provider import RemoteModel
from evalkit.store import LedgerEntry, Store

_RECENT: Final = timedelta(days=7)
_EARLIER: Final = 5
"""Runs of the same grader and judge that a cache share is held against."""
_FEW: Final = 3
_ENOUGH: Final = 50
"""Requests of a run below which its cache share says little."""
_RETIRES_SOON: Final = timedelta(days=60)


def money_alarms(store: Store, *, now: datetime) -> Iterator[str]:
    """What is amiss with what was collected in the last week, a sentence each; nothing is asked of the API."""
    entries = store.ledger.entries()
    recent = {one.run for one in entries if one.collected_at is not None and now - one.collected_at < _RECENT}
    fresh = [entry for entry in entries if entry.run in recent]
    for told in estimated(store, sorted(recent), fresh).values():
        yield from _above(told)
    yield from _collapsed(entries, recent)
    unpriced: dict[str, int] = {}
    for entry in fresh:
        if entry.unpriced:
            unpriced[entry.served_model] = unpriced.get(entry.served_model, 0) + entry.unpriced
    for model, n in sorted(unpriced.items()):
        yield f"the price of {model} is not known, and so is not what {n:,} requests cost; add it to [prices.models]"


def retirements(models: Iterable[str], ask: Callable[[str], RemoteModel | None], *, now: datetime) -> Iterator[str]:
    """Which models are gone, or soon will be, a sentence each.

    Args:
        models: the judges, and the models that make outputs.
        ask: the API.
        now: the time.
    """
    for model in dict.fromkeys(models):
        found = ask(model)
        mend = (
            f"measure its successor beside it (evalkit rejudge RUN --judge MODEL), then name that in place of {model}"
        )
        if found is None:
            yield f"the API has no model {model} any more: {mend}"
        elif found.retires_at is not None and found.retires_at <= now:
            yield f"{model} was retired on {found.retires_at:%Y-%m-%d}: {mend}"
        elif found.retires_at is not None and found.retires_at - now < _RETIRES_SOON:
            days = (found.retires_at - now).days
            yield f"{model} retires on {found.retires_at:%Y-%m-%d}, in {days} days: {mend}"


def _above(told: Estimated) -> Iterator[str]:
    """A warning for a cost above its estimate, an alert for one beyond what it was to be at most."""
    if told.fit is Fit.BEYOND:
        yield (
            f"alert: run {told.run} cost {_usd(told.actual_usd)}, beyond the {_usd(told.at_most_usd)} that it was to "
            f"cost at most; `evalkit show {told.run}`"
        )
    elif told.fit is Fit.ABOVE:
        yield (
            f"warning: run {told.run} cost {_usd(told.actual_usd)}, above its estimate of {_usd(told.low_usd)} to "
            f"{_usd(told.high_usd)}; `evalkit show {told.run}`"
        )


def _collapsed(entries: Sequence[LedgerEntry], recent: set[str]) -> Iterator[str]:
    """Of each grader and judge the newest run, where its cache share is less than half of what it used to be."""
    runs: dict[tuple[str, str], dict[str, list[LedgerEntry]]] = {}
    for entry in entries:
        if not (entry.realtime or entry.noise):
            runs.setdefault((entry.grader_digest, entry.judge or ""), {}).setdefault(entry.run, []).append(entry)
    for (_, judge), found in sorted(runs.items()):
        shares = [(run, _share(those)) for run, those in found.items()]
        told = [(run, share) for run, share in shares if share is not None]
        if len(told) <= _FEW or told[-1][0] not in recent:
            continue
        run, share = told[-1]
        usual = median(earlier for _, earlier in told[-1 - _EARLIER : -1])
        if share < usual / 2:
            grader = found[run][0].grader
            yield (
                f"run {run} took {share:.0%} of its cacheable tokens from the cache, earlier runs of {grader} by "
                f"{judge} took {usual:.0%}: is what stands before the cases the same for all of them, and sent at once?"
            )


def _share(entries: Sequence[LedgerEntry]) -> float | None:
    """The share of cacheable tokens that a run read from the cache; None for a small run, or where none were."""
    read = sum(entry.cache_read_tokens for entry in entries)
    cached = read + sum(entry.cache_write_5m_tokens + entry.cache_write_1h_tokens for entry in entries)
    return read / cached if cached and sum(entry.results for entry in entries) >= _ENOUGH else None


def _usd(amount: float | None) -> str:
    return "?" if amount is None else f"${amount:.4f}" if amount < 1 else f"${amount:,.2f}"
