"""Send: one part of a run becomes a batch, preceded by its intent; the store is the queue.

Everything that a body is made of is in the store, so any process can send what another planned. A part is claimed,
with the digest of exactly the bytes to be sent, before its create; an unknown outcome is settled, never sent again.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from evalkit.errors import AccountError, ProviderError, StaleTransitionError, UnknownCreateError
from evalkit.failpoint import step
from evalkit.pipeline.encode import Pairs, encode_part
from evalkit.pipeline.forecast import Forecaster
from evalkit.pipeline.generate import stored_pairs
from evalkit.pipeline.holder import holder
from evalkit.pipeline.progress import Progress
from evalkit.pipeline.spool import Part
from evalkit.provider import Created, NotCreated, Provider, Unknown
from evalkit.run import Intent, IntentState, Run
from evalkit.store import Store

_TRIES: Final = 5
_STAYS: Final = "It stays planned: the next submit or collect sends it, `evalkit cancel` gives it up"
_LONGEST_WAIT: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Sends parts under one account."""

    store: Store
    provider: Provider
    progress: Progress = field(default_factory=Progress)
    max_in_flight: int | None = None
    """Requests in open batches beyond which parts stay planned."""
    forecaster: Forecaster | None = None
    """Weighs what is to be sent, before it is."""
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def send_planned(self, run: Run, bodies: dict[int, Part] | None = None) -> int:
        """Send every planned part of a run; returns how many stay planned because too much is in flight.

        Args:
            run: the run.
            bodies: bodies already encoded, by part; the others are encoded again from the store.

        Raises:
            AccountError: the run belongs to another account.
            ProviderError: a create was refused.
        """
        held = 0
        self.check_account(run)
        for intent in self.store.intents.in_state(IntentState.PLANNED, runs=[run.id]):
            if intent.realtime:
                self._begin(run, intent)
            elif intent.reason is not None:
                continue  # somebody must let it go
            elif self._too_much(intent):
                held += 1
            elif bodies and intent.part in bodies and intent.max_tokens is None:
                self._send(run, intent, bodies[intent.part])
            else:
                self._send_from_store(run, intent)
        return held

    def check_account(self, run: Run) -> None:
        """Refuse a run that another account has paid for: its batches are not ours to see.

        Raises:
            AccountError: a batch or an intent of the run is bound to another account.
        """
        intents, batches = self.store.progress([run.id])[run.id]
        for bound in (*batches, *(intent for intent in intents if intent.state is not IntentState.NOT_CREATED)):
            if bound.account is not None and bound.account != self.provider.account:
                raise AccountError(
                    f"run {run.id} ({run.candidate} × {run.grader}) was submitted to {bound.base_url} under another "
                    f"key or base URL than the one in use ({self.provider.base_url}); set ANTHROPIC_API_KEY and "
                    "ANTHROPIC_BASE_URL to those it was submitted with, or score the same things apart from it under "
                    "another --label"
                )

    def _too_much(self, intent: Intent) -> bool:
        if self.max_in_flight is None:
            return False
        in_flight = sum(batch.requests for batch in self.store.batches.open() if not batch.realtime)
        return in_flight > 0 and in_flight + intent.requests > self.max_in_flight

    def _begin(self, run: Run, intent: Intent) -> None:
        """Make the batch of a part that goes in realtime; a collector asks its requests one by one."""
        provider, simulated = self.provider, run.judge is not None and run.judge.simulated
        try:
            batch = self.store.intents.begun(
                intent,
                account=provider.account,
                base_url=provider.base_url,
                holder=holder(),
                simulated=simulated,
                now=self.now(),
            )
        except StaleTransitionError:
            return  # another process has begun it
        step("begun")
        self.progress.submitted(run, batch, intent.requests)

    def _send_from_store(self, run: Run, intent: Intent) -> None:
        wanted = list(self.store.runs.requests(run.id, intent.part))
        if not wanted:
            return  # another process has sent this part, collected it, and followed all of it up
        grader, pairs = self.store.content.asked(run.grader_digest), self._pairs(run)
        with tempfile.TemporaryDirectory(prefix="evalkit-") as directory:
            folder = Path(directory)
            part = encode_part(
                run,
                grader,
                pairs,
                folder,
                wanted=wanted,
                max_tokens=intent.max_tokens,
                sentinels=self.store.sentinels.of(run.id),
            )
            self._send(run, intent, part)

    def _pairs(self, run: Run) -> Pairs:
        return stored_pairs(self.store, run)

    def _send(self, run: Run, intent: Intent, part: Part) -> None:
        """Create one part's batch: a refusal for now is tried again, an unknown outcome never."""
        for _ in range(_TRIES):
            try:
                claimed = self._claim(intent, part)
            except StaleTransitionError:
                return  # another process has claimed this part: it is theirs to send
            step("claimed")
            self.progress.sending(run, part.size)
            with part.path.open("rb") as body:
                outcome = self.provider.create(body)
            step("answered")
            if not isinstance(outcome, NotCreated):
                self._settle(run, claimed, outcome)
                return
            intent = self._refused(run, claimed, outcome)
        raise ProviderError(f"run {run.id} was refused {_TRIES} times. {_STAYS}")

    def _claim(self, intent: Intent, part: Part) -> Intent:
        return self.store.intents.claim(
            intent,
            body_digest=part.digest,
            account=self.provider.account,
            base_url=self.provider.base_url,
            holder=holder(),
            now=self.now(),
        )

    def _refused(self, run: Run, intent: Intent, outcome: NotCreated) -> Intent:
        """Write the refusal down and wait, if waiting helps; the intent to try again with."""
        again = self.store.intents.not_created(intent, reason=outcome.reason, now=self.now())
        if outcome.retry_after is None:
            raise ProviderError(f"run {run.id} was not submitted: {outcome.reason}. {_STAYS}")
        self.progress.note(f"{outcome.reason}; trying again in {outcome.retry_after:.0f} s")
        self.sleep(min(outcome.retry_after, _LONGEST_WAIT))
        return again

    def _settle(self, run: Run, intent: Intent, outcome: Created | Unknown) -> None:
        if isinstance(outcome, Unknown):
            self.store.intents.unknown(intent, reason=outcome.reason)
            self.progress.note(f"run {run.id}: {outcome.reason}; it is not known whether the batch exists")
            return
        try:
            self._created(intent, outcome)
        except StaleTransitionError:
            self._created_late(intent, outcome)
        step("settled")
        self.progress.submitted(run, outcome.batch.id, intent.requests)

    def _created(self, intent: Intent, outcome: Created) -> None:
        batch = outcome.batch
        self.store.intents.created(
            intent,
            batch=batch.id,
            simulated=outcome.simulated,
            created_at=batch.created_at or self.now(),
            expires_at=batch.expires_at,
            now=self.now(),
        )

    def _created_late(self, intent: Intent, outcome: Created) -> None:
        """The answer came after this process was taken for dead: the batch is still the intent's, if nobody's else.

        Raises:
            UnknownCreateError: the part has been given up or has another batch; this one is nobody's.
        """
        now_it_is = next(
            one for one in self.store.intents.of(intent.run) if (one.part, one.attempt) == (intent.part, intent.attempt)
        )
        if now_it_is.state is IntentState.UNKNOWN:
            self._created(now_it_is, outcome)
        elif now_it_is.batch != outcome.batch.id:
            raise UnknownCreateError(
                f"batch {outcome.batch.id} was created for run {intent.run}, part {intent.part}, after that part had "
                f"been given up ({now_it_is.reason}); cancel it in the Console, or it is paid for nothing"
            )
