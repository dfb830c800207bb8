"""Estimate against actual: what runs were to cost, beside what they have cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import fsum
from typing import Final

from evalkit.run import IntentState
from evalkit.store import Estimate, LedgerEntry, Store
from evalkit.store.rows import chunks

_ALIVE: Final = (IntentState.PLANNED, IntentState.INTENDED, IntentState.UNKNOWN)
_ROUNDING: Final = 1e-9
"""Sums of the same amounts in another order differ by less, as a share."""


class Fit(StrEnum):
    """Where an actual cost lies beside its estimate."""

    INSIDE = "inside"
    BELOW = "below"
    ABOVE = "above"
    #: Above what it was to cost at most.
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """What a run was to cost, and has cost."""

    run: str
    low_usd: float | None
    high_usd: float | None
    at_most_usd: float | None
    actual_usd: float | None
    """None while something of it is under way, and where a price is not known."""

    @property
    def fit(self) -> Fit | None:
        """Where the actual cost lies; None where one of the two is not known."""
        actual, low, high = self.actual_usd, self.low_usd, self.high_usd
        if actual is None or low is None or high is None:
            return None
        if self.at_most_usd is not None and actual > self.at_most_usd * (1 + _ROUNDING):
            return Fit.BEYOND
        if actual > high * (1 + _ROUNDING):
            return Fit.ABOVE
        return Fit.BELOW if actual < low * (1 - _ROUNDING) else Fit.INSIDE

    def json(self) -> dict[str, object]:
        """As `costs --json` and `show --json` have it."""
        return {
            "low_usd": self.low_usd,
            "high_usd": self.high_usd,
            "at_most_usd": self.at_most_usd,
            "actual_usd": self.actual_usd,
            "fit": self.fit.value if self.fit else None,
        }


def estimated(store: Store, run_ids: Sequence[str], entries: Iterable[LedgerEntry]) -> dict[str, Estimated]:
    """The estimates of runs beside what they have cost; runs that were never estimated are left out.

    Args:
        store: the store.
        run_ids: the runs.
        entries: all that the ledger has of them.
    """
    spent: dict[str, list[LedgerEntry]] = {}
    for entry in entries:
        spent.setdefault(entry.run, []).append(entry)
    under_way = _under_way(store)
    return {
        run: _estimated(one, None if run in under_way else _actual(spent.get(run, ())))
        for some in chunks(run_ids)
        for run, one in store.estimates.of(some).items()
    }


def _under_way(store: Store) -> set[str]:
    """Runs of which something may still be paid."""
    unread = {batch.run for batch in store.batches.open()}
    return unread | {intent.run for intent in store.intents.in_state(*_ALIVE)} | set(store.waits.all())


def _actual(entries: Sequence[LedgerEntry]) -> float | None:
    return None if any(entry.unpriced for entry in entries) else fsum(entry.cost_usd for entry in entries)


def _estimated(one: Estimate, actual: float | None) -> Estimated:
    return Estimated(
        run=one.run,
        low_usd=one.low_usd,
        high_usd=one.high_usd,
        at_most_usd=one.at_most_usd,
        actual_usd=actual,
    )
