"""Settle: how a run that is about to be written caches its prefix, and whether one of its requests goes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, Literal

from evalkit.dataset import Case
from evalkit.graders import Asked
from evalkit.pipeline.caching.choice import CacheChoice, CacheSetting, choose_ttl, warming_saves
from evalkit.pipeline.caching.history import earlier_runs, hits_of, prefix_for
from evalkit.pipeline.caching.warm_up import PATIENCE, Role, reasons, role_of
from evalkit.pipeline.guarding import guarded
from evalkit.pricing import Prices, load_prices
from evalkit.run import Run, RunKind
from evalkit.store import Store

WORTH_USD: Final = 1.0
"""What a delay of up to half an hour is taken to be worth: a warm-up that saves less is not made by itself."""
_FEWEST: Final = 3
"""Requests from which a warm-up can pay: one writes at twice the price, the others read."""
_CHECKED: Final = 1000
"""Requests from which a choice hardly changes with their number: beyond, no guard is asked which are sent."""

Pairs = Iterable[tuple[Case, str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caching:
    """How a config wants prefixes cached, and by which prices that is reckoned."""

    setting: CacheSetting = "auto"
    warm_up: bool | Literal["auto"] = "auto"
    stays: bool = False
    """Whether this process collects until all is done: only then is the rest sent as soon as the warm-up has ended."""
    prices: Prices = field(default_factory=load_prices)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    said: set[str] = field(default_factory=set[str])
    """What was told, so that it is told once."""

    def choose(
        self, store: Store, run: Run, grader: Asked, requests: int, *, now: datetime, realtime: bool = False
    ) -> CacheChoice:
        """How long the prefix of a run that sends so many requests is to stay cached, and whether it is warmed first.

        Args:
            store: what earlier runs have read and written.
            run: a run with a judge.
            grader: its grader.
            requests: how many it sends; those whose scores are taken over are not among them.
            now: prices and what is remembered count from here.
            realtime: its requests go one by one.
        """
        model = run.judge.model if run.judge else ""
        earlier = earlier_runs(store, run, now)
        prefix = prefix_for(run, grader, self.prices, requests, earlier)
        rates = self.prices.rates(model, on=now.date())
        seen, seconds = hits_of(earlier, prefix.tokens), store.batches.usual_seconds(model)
        warm = False
        if not realtime and requests >= _FEWEST and self.setting in ("auto", "1h"):
            warm = self.warm_up is True
            if self.warm_up == "auto" and self.stays:
                factor = self.prices.batch_factor
                saves = warming_saves(prefix, rates, batch_factor=factor, seconds=seconds, seen=seen)
                warm = saves is not None and saves >= WORTH_USD
        return choose_ttl(prefix, rates, setting=self.setting, warm=warm, realtime=realtime, seconds=seconds, seen=seen)

    def once(self, said: str) -> str:
        """A sentence the first time; empty from then on."""
        if said in self.said:
            return ""
        self.said.add(said)
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A run as it is to be written."""

    run: Run
    role: Role | None = None
    note: str = ""
    """What a user is told."""

    @property
    def leads(self) -> bool:
        """Whether its first request goes first."""
        return self.role is Role.LEADS

    def reasons(self, n_parts: int) -> Sequence[str | None]:
        """Why each of its parts is held back."""
        return reasons(n_parts, self.role)


def settle(
    caching: Caching,
    store: Store,
    run: Run,
    grader: Asked,
    pairs: Pairs,
    *,
    account: str,
    now: datetime,
    realtime: bool = False,
    smoked: bool = False,
) -> Settled:
    """How a run that is about to be written caches its prefix; as it was chosen, where that is known.

    Args:
        caching: what the config wants.
        store: what earlier runs have read and written, and what is being warmed.
        run: a run with a judge.
        grader: its grader.
        pairs: the cases that it may send, with their outputs.
        account: who sends it.
        now: the time.
        realtime: its requests go one by one.
        smoked: its first cases do: they go first, so that nothing else does.
    """
    if run.cache_ttl is not None and caching.setting == "auto":
        caching = replace(caching, setting="off" if run.cache_ttl == "off" else _setting(run.cache_ttl))
    if smoked:
        caching = replace(caching, warm_up=False)
    requests = _sent(run, grader, pairs)
    choice = caching.choose(store, run, grader, requests, now=now, realtime=realtime)
    chosen = run if run.cache_ttl is not None else replace(run, cache_ttl=choice.ttl)
    role = role_of(store, chosen, account=account, now=now) if choice.warm and chosen.cache_ttl == "1h" else None
    return Settled(run=chosen, role=role, note=_note(caching, run, choice, role, requests))


def as_chosen(
    caching: Caching, store: Store, run: Run, grader: Asked, pairs: Pairs, *, now: datetime, realtime: bool = False
) -> Run:
    """A run with the ttl that it would be written with, where nothing is written."""
    requests = _sent(run, grader, pairs)
    choice = caching.choose(store, run, grader, requests, now=now, realtime=realtime)
    return replace(run, cache_ttl=choice.ttl)


def _setting(ttl: str) -> CacheSetting:
    return "5m" if ttl == "5m" else "1h"


def _sent(run: Run, grader: Asked, pairs: Pairs) -> int:
    """How many requests are sent; what a guard keeps back is left out, as long as that matters."""
    sent = 0
    for case, output in pairs:
        if output is not None and (sent >= _CHECKED or not guarded(run, grader, case, output)):
            sent += len(grader.suffixes)
    return sent


def _note(caching: Caching, run: Run, choice: CacheChoice, role: Role | None, requests: int) -> str:
    minutes = f"{PATIENCE.total_seconds() / 60:.0f} minutes"
    if role is Role.LEADS:
        return (
            f"run {run.id}: 1 request goes first, to warm the cache; the other {requests - 1:,} follow when it has "
            f"ended, or after {minutes}" + ("" if caching.stays else ", by the next collect")
        )
    if role is Role.FOLLOWS:
        return f"run {run.id}: waits for the warm-up of another run with the same prefix, {minutes} at most"
    if choice.short and run.kind is RunKind.GRADING:
        model = run.judge.model if run.judge else ""
        return caching.once(f"{run.grader}: {choice.why} by {model}: it is sent without a cache")
    return ""
