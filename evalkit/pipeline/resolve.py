"""Resolve and cancel: where a person's word moves a run on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from evalkit.errors import ProviderError, StaleTransitionError, UsageError
from evalkit.pipeline.reconcile import adopt, is_dead, is_part
from evalkit.provider import Provider
from evalkit.run import Batch, BatchState, Intent, IntentState, Run
from evalkit.store import REALTIME_PREFIX, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """Settles a run's unknown create as a person says."""

    store: Store
    provider: Provider
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def adopt(self, run: Run, batch_id: str, part: int | None = None) -> Intent:
        """The create made this batch.

        Raises:
            UsageError: nothing of the run is unknown, or the batch cannot be it.
            ProviderError: the API does not know the batch.
        """
        intent = self._unknown(run, part)
        if batch_id.startswith(REALTIME_PREFIX):
            raise UsageError(f"{batch_id} is no batch of the API: its requests go one by one, and no create made it")
        batch = self.provider.retrieve(batch_id).batch
        if batch_id in self.store.batches.owned():
            raise UsageError(f"batch {batch_id} belongs to a run of this store already")
        if batch.requests != intent.requests:
            raise UsageError(
                f"batch {batch_id} holds {batch.requests} requests and part {intent.part} of run {run.id} has "
                f"{intent.requests}: it is not the one"
            )
        if batch.ended and not is_part(self.store, self.provider, intent, batch):
            raise UsageError(f"batch {batch_id} holds other requests than part {intent.part} of run {run.id}")
        adopt(self.store, self.provider, intent, batch, now=self.now())
        return intent

    def not_created(self, run: Run, part: int | None = None) -> Intent:
        """The create made no batch: the part is planned again.

        Raises:
            UsageError: nothing of the run is unknown.
        """
        return self.store.intents.not_created(self._unknown(run, part), reason="said by a person", now=self.now())

    def gone(self, run: Run, batch_id: str) -> int:
        """A batch no longer exists at the provider: its requests count as missing. Returns how many.

        Raises:
            UsageError: the run has no such open batch, or the API still knows it.
            ProviderError: the API does not answer.
        """
        batch = next((one for one in self.store.batches.open([run.id]) if one.id == batch_id), None)
        if batch is None:
            raise UsageError(f"run {run.id} has no open batch {batch_id!r}; `evalkit status` lists them")
        if batch.realtime:
            raise UsageError(
                f"{batch_id} is no batch of the API: its requests go one by one, and nothing of it can be gone. "
                f"`evalkit collect {run.id}` goes on with it, `evalkit cancel {run.id}` gives up what is not answered"
            )
        try:
            self.provider.retrieve(batch_id)
        except ProviderError as error:
            if error.status != 404:
                raise
        else:
            raise UsageError(f"the API still knows batch {batch_id}; collect it: evalkit collect {run.id}")
        if batch.state is not BatchState.ENDED:
            self.store.batches.ended(batch_id, ended_at=None)
        return self.store.scores.finish(batch, criteria_of(self.store, run), now=self.now())

    def _unknown(self, run: Run, part: int | None) -> Intent:
        states = (IntentState.INTENDED, IntentState.UNKNOWN)
        found = [one for one in self.store.intents.in_state(*states, runs=[run.id]) if part in (None, one.part)]
        if not found:
            raise UsageError(f"run {run.id} has no create of unknown outcome; `evalkit status` shows what is open")
        if len(found) > 1:
            parts = ", ".join(str(one.part) for one in found)
            raise UsageError(f"run {run.id} has several unknown creates, parts {parts}; say which with --part")
        (intent,) = found
        if intent.state is IntentState.UNKNOWN:
            return intent
        if not is_dead(intent, self.now()):
            raise UsageError(f"part {intent.part} of run {run.id} is being sent by {intent.holder}; wait for it to end")
        self.store.intents.unknown(intent, reason="the process that sent it did not come back")
        return self._unknown(run, intent.part)


def criteria_of(store: Store, run: Run) -> list[str]:
    """The names of the criteria that a run's grader scores."""
    return list(store.content.scales({run.grader_digest})[run.grader_digest])


def give_up_planned(store: Store, run: Run) -> int:
    """Give up the parts of a run that were never sent; returns how many requests that are."""
    given_up = 0
    for intent in store.intents.in_state(IntentState.PLANNED, runs=[run.id]):
        try:
            store.give_up(intent, criteria_of(store, run), now=datetime.now(UTC))
        except StaleTransitionError:
            continue  # it is being sent this moment
        given_up += intent.requests
    return given_up


def give_up_waiting(store: Store, run: Run) -> str:
    """Give up a run that waits for others; a sentence that says so, empty where it does not wait."""
    n = store.give_up_waiting(run, criteria_of(store, run))
    if n is None:
        return ""
    cases = "1 case is" if n == 1 else f"{n:,} cases are"
    return f"run {run.id} waits no more: {cases} canceled, and it is never sent"


def cancel(store: Store, provider: Provider, run: Run) -> list[str]:
    """Ask for the run's open batches to be canceled; returns their ids. What was done is still collected and billed.

    Raises:
        ProviderError: the API refuses.
    """
    canceled: list[str] = []
    for batch in store.batches.open([run.id]):
        if batch.realtime:
            canceled += _wished(store, batch)
            continue
        if batch.state is BatchState.ENDED or provider.retrieve(batch.id).batch.ended:
            continue  # too late, and nothing is lost: a collect takes its results
        # The wish comes first: were the answer lost, what was canceled would be sent again by itself.
        if batch.state is BatchState.IN_PROGRESS:
            try:
                store.batches.canceling(batch.id)
            except StaleTransitionError:
                continue
        if _asked(provider, batch.id):
            canceled.append(batch.id)
    return canceled


def _wished(store: Store, batch: Batch) -> list[str]:
    """Wish that nothing more is asked of a part that goes in realtime: whoever works on it sees the wish."""
    if batch.state is BatchState.IN_PROGRESS:
        try:
            store.batches.canceling(batch.id)
        except StaleTransitionError:
            return []
    return [] if batch.state is BatchState.ENDED else [batch.id]


def _asked(provider: Provider, batch_id: str) -> bool:
    """Ask for a batch to be canceled, unless it is canceling; False where it ended first."""
    if provider.retrieve(batch_id).batch.cancel_initiated_at is not None:
        return True
    try:
        provider.cancel(batch_id)
    except ProviderError:
        if provider.retrieve(batch_id).batch.ended:
            return False
        raise
    return True
