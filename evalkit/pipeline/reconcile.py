"""Reconcile: find out what became of a create whose outcome is not known, and never guess.

A batch has no name, so a lost one is looked for by its time and its number of requests, and is known by the
custom_ids of its results, which can be read only when it has ended. Until then it is a suspect. That no batch exists
is proven by two healthy looks at the list, apart by the time that it may lag, that show none it could be; both after
the create is known to be over, however long it took. Only then is it sent again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from evalkit.errors import ConfigError, IntegrityError, ProviderError, StaleTransitionError
from evalkit.failpoint import step
from evalkit.pipeline.holder import holder, is_gone
from evalkit.pipeline.progress import Progress
from evalkit.provider import Provider, RemoteBatch
from evalkit.reply import read_reply
from evalkit.run import Intent, IntentState
from evalkit.store import Store

GRACE_VARIABLE: Final = "EVALKIT_RECONCILE_GRACE"
_GRACE_SECONDS: Final = 60.0
_SKEW: Final = timedelta(minutes=2)
"""How far the clocks of the provider and of this machine may be apart."""
_SENDING: Final = timedelta(minutes=30)
"""How long a create may be under way on a machine that cannot be asked whether its process lives."""
_PEEKED: Final = 20
"""Lines of a suspect's results that are read; one that can be read is enough."""


class OnUnknown(StrEnum):
    """What to do with a create that left no trace in the list after the grace."""

    #: Look again after twice the grace, then take its absence as proven.
    ASK = "ask"
    #: Look again after the grace.
    RESUBMIT = "resubmit"


def grace() -> timedelta:
    """How long the list of batches may lag behind.

    Raises:
        ConfigError: the environment variable is not a number.
    """
    text = os.environ.get(GRACE_VARIABLE, str(_GRACE_SECONDS))
    try:
        return timedelta(seconds=max(0.0, float(text)))
    except ValueError:
        raise ConfigError(f"{GRACE_VARIABLE} is {text!r}; write a number of seconds, such as 60") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at the provider's list of batches."""

    at: datetime
    """When it began: what is concluded from it later, by a machine that slept, is no younger than this."""
    listed: Sequence[RemoteBatch]
    """Newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """Settles unknown creates of one account."""

    store: Store
    provider: Provider
    progress: Progress = field(default_factory=Progress)
    on_unknown: OnUnknown = OnUnknown.ASK
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def reconcile(self, runs: Sequence[str] | None = None) -> int:
        """Look once for every create of unknown outcome; returns how many stay unknown.

        Raises:
            ProviderError: the list of batches cannot be read; nothing is concluded from that.
        """
        self._give_up_dead(runs)
        lost = [one for one in self._lost(runs) if one.account == self.provider.account]
        if not lost:
            return 0
        oldest = min(intent.intended_at or self.now() for intent in lost) - _SKEW
        look = Look(at=self.now(), listed=self._since(oldest))
        return sum(not self._settled(intent, look) for intent in lost)

    def unknown(self, runs: Sequence[str] | None = None) -> list[str]:
        """A paragraph for every create whose outcome is not known."""
        return [self._paragraph(intent) for intent in self._lost(runs)]

    def _lost(self, runs: Sequence[str] | None) -> list[Intent]:
        return self.store.intents.in_state(IntentState.UNKNOWN, runs=runs)

    def _give_up_dead(self, runs: Sequence[str] | None) -> None:
        """What a dead process was sending is unknown."""
        for intent in self.store.intents.in_state(IntentState.INTENDED, runs=runs):
            if is_dead(intent, self.now()):
                try:
                    self.store.intents.unknown(intent, reason="the process that sent it did not come back")
                except StaleTransitionError:
                    continue  # it was settled this moment

    def _since(self, oldest: datetime) -> list[RemoteBatch]:
        """The provider's batches that are not older than a time, newest first."""
        found: list[RemoteBatch] = []
        for batch in self.provider.list_batches():
            if batch.created_at is not None and batch.created_at < oldest:
                break
            found.append(batch)
        return found

    def _settled(self, intent: Intent, look: Look) -> bool:
        try:
            return self._look(intent, look)
        except StaleTransitionError:
            return True  # another process settled it
        except (ProviderError, IntegrityError) as error:
            self.progress.note(f"run {intent.run}, part {intent.part}: {error}")
            return False  # nothing is concluded from what cannot be read

    def _look(self, intent: Intent, look: Look) -> bool:
        """Judge one unknown create by the list; True where it is settled."""
        suspects = self._suspects(intent, look.listed)
        cleared = list(intent.cleared)
        waiting: list[str] = []
        for batch in suspects:
            if not batch.ended:
                waiting.append(batch.id)
            elif is_part(self.store, self.provider, intent, batch):
                self._adopt(intent, batch)
                return True
            else:
                cleared.append(batch.id)
        if waiting:
            step("suspected")
            self.store.intents.note(intent, suspect=waiting[0], cleared=cleared, clear_at=None)
            return False
        return self._absent(intent, cleared, look.at)

    def _suspects(self, intent: Intent, listed: Sequence[RemoteBatch]) -> list[RemoteBatch]:
        """Batches that may be the lost one: of its size, of its time, and nobody else's."""
        owned = self.store.batches.owned()
        since = (intent.intended_at or self.now()) - _SKEW
        return [
            batch
            for batch in listed
            if batch.requests == intent.requests
            and (batch.created_at is None or batch.created_at >= since)
            and batch.id not in owned
            and batch.id not in intent.cleared
        ]

    def _absent(self, intent: Intent, cleared: Sequence[str], at: datetime) -> bool:
        """Nothing in the list can be it: look again when the list has had its time, then it is proven."""
        first = intent.clear_at
        lag = grace() * (1 if self.on_unknown is OnUnknown.RESUBMIT else 2)
        if first is None or at < first + lag:
            self.store.intents.note(intent, suspect=None, cleared=cleared, clear_at=first or at)
            return False
        self._send_again(
            intent,
            f"the list of batches, read at {first:%H:%M:%S} and {at:%H:%M:%S} UTC, held no batch of "
            f"{intent.requests} requests that could be it",
        )
        return True

    def _send_again(self, intent: Intent, proof: str) -> None:
        self.store.intents.not_created(intent, reason=proof, now=self.now())
        step("resolved")
        self.progress.note(f"run {intent.run}, part {intent.part} was never created ({proof}); it is planned again")

    def _adopt(self, intent: Intent, batch: RemoteBatch) -> None:
        adopt(self.store, self.provider, intent, batch, now=self.now())
        step("resolved")
        self.progress.note(f"run {intent.run}, part {intent.part} was created after all: it is {batch.id}")

    def _paragraph(self, intent: Intent) -> str:
        sent = f"{intent.intended_at:%Y-%m-%d %H:%M:%S} UTC" if intent.intended_at else "a time unknown"
        where = (
            f"{intent.suspect} may be it, which its results will tell" if intent.suspect else "none is listed so far"
        )
        return (
            f"run {intent.run}, part {intent.part}: a create of {intent.requests} requests was sent at {sent}, and its "
            f"outcome is not known ({intent.reason}); {where}. It is not sent again while it may exist. "
            "`evalkit collect` looks again; `evalkit resolve` takes your word for it"
        )


def adopt(store: Store, provider: Provider, intent: Intent, batch: RemoteBatch, *, now: datetime) -> None:
    """Take a batch as the one that an unknown create made."""
    polled = provider.retrieve(batch.id)
    store.intents.created(
        intent,
        batch=batch.id,
        simulated=polled.simulated,
        created_at=batch.created_at or now,
        expires_at=batch.expires_at,
        now=now,
    )


def is_part(store: Store, provider: Provider, intent: Intent, batch: RemoteBatch) -> bool:
    """Whether an ended batch holds the requests of an intent, by the custom_ids of its first results.

    Raises:
        ProviderError: its results cannot be read.
        IntegrityError: its results hold no line that can be read.
    """
    wanted = {request.custom_id for request in store.runs.requests(intent.run, intent.part)}
    lines = provider.results(batch.id)
    readable = False
    for _, line in zip(range(_PEEKED), lines, strict=False):
        try:
            custom_id = read_reply(line).custom_id
        except ValueError:
            continue
        if custom_id in wanted:
            return True
        readable = True  # a stranger may stand among a batch's own results: one line clears nobody
    if readable:
        return False
    raise IntegrityError(f"batch {batch.id} has no result that can be read; look again later")


def is_dead(intent: Intent, now: datetime) -> bool:
    """Whether the process that claimed an intent is gone, or has had all the time a create may take.

    An intent that this very process left behind is dead: it sends one thing at a time, and has moved on.
    """
    name = intent.holder or ""
    gone = name == holder() or is_gone(name)
    return gone if gone is not None else intent.intended_at is None or now > intent.intended_at + _SENDING
