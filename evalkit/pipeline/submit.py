"""Submit: every run of a suite becomes batches, each preceded by a durable intent, none sent twice.

The order is the promise. A run is rendered whole before anything is written; it is written whole before anything is
sent; and each part is claimed, with the digest of its bytes, before its create. A run that is there already is
attached to. A part whose create has an unknown outcome stays as it is: it is settled, not sent again.
"""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from evalkit.dataset import Case
from evalkit.errors import AccountError, ProviderError, StaleTransitionError, UnknownCreateError
from evalkit.graders import Check
from evalkit.pipeline.encode import Encoded, Limits, Part, encode, no_output
from evalkit.pipeline.progress import Progress, Quiet
from evalkit.pipeline.suite import PlannedRun, Suite
from evalkit.provider import Created, NotCreated, Provider, Unknown
from evalkit.run import Intent, IntentState, Request
from evalkit.score import Score
from evalkit.store import Store

_TRIES: Final = 5
_LONGEST_WAIT: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitter:
    """Sends the runs of a suite under one account."""

    store: Store
    provider: Provider
    suite: Suite
    progress: Progress = field(default_factory=Quiet)
    limits: Limits = field(default_factory=Limits)
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def submit(self, label: str = "") -> list[str]:
        """Submit every run of the suite, or attach to it; returns the run ids.

        Raises:
            DatasetError: cases cannot be rendered; nothing of that run is written or sent.
            ProviderError: a create was refused; what was created before stays and is not lost.
            UnknownCreateError: the outcome of a create is not known; all other runs were submitted.
        """
        unknown: list[str] = []
        planned = self.suite.planned(label)
        for one in planned:
            if isinstance(one.grader, Check):
                self._check(one, one.grader)
            else:
                unknown += self._submit_run(one)
        if unknown:
            raise UnknownCreateError("\n".join(unknown))
        return [one.run.id for one in planned]

    def _submit_run(self, planned: PlannedRun) -> list[str]:
        """Send what is still to be sent of a run; returns what is unknown of it."""
        if not self._waiting(planned):
            self._same_account(planned)
            self.progress.attached(planned.run)
            return self._unknown(planned)
        with tempfile.TemporaryDirectory(prefix="evalkit-") as directory:
            encoded = self._encode(planned, Path(directory))
            self._keep(planned, encoded.requests, encoded.parts, encoded.missing)
            for intent in self.store.intents.of(planned.run.id):
                if intent.state is IntentState.PLANNED:
                    self._send(planned, intent, encoded.parts[intent.part])
        return self._unknown(planned)

    def _same_account(self, planned: PlannedRun) -> None:
        """Refuse to attach to a run that another account has paid for: its batches are not ours to see."""
        _, batches = self.store.progress([planned.run.id])[planned.run.id]
        for batch in batches:
            if batch.account != self.provider.account:
                which = "a sandbox" if batch.simulated else "another key or base URL"
                raise AccountError(
                    f"run {planned.run.id} ({planned.run.candidate} × {planned.run.grader}) is there already, from "
                    f"{which} at {batch.base_url}; to score the same things under this account too, tell the two apart "
                    "by --label, or keep them in another --store"
                )

    def _waiting(self, planned: PlannedRun) -> bool:
        """Whether any part of the run is still to be sent."""
        if not self.store.runs.exists(planned.run.id):
            return True
        return any(intent.state is IntentState.PLANNED for intent in self.store.intents.of(planned.run.id))

    def _encode(self, planned: PlannedRun, directory: Path) -> Encoded:
        total = self.suite.dataset.n
        return encode(
            planned,
            self.suite,
            directory,
            limits=self.limits,
            parts={request.custom_id: request.part for request in self.store.runs.requests(planned.run.id)},
            rendered=lambda done: self.progress.rendering(planned.run, done, total),
        )

    def _keep(
        self, planned: PlannedRun, requests: Sequence[Request], parts: Sequence[Part], scores: Iterable[Score]
    ) -> None:
        """Write the run whole, with all that it is made of, unless it is there."""
        self.store.add_run(
            planned.run,
            dataset=self.suite.dataset,
            candidate=planned.candidate,
            grader=planned.grader,
            requests=requests,
            parts=[part.requests for part in parts],
            scores=scores,
        )

    def _send(self, planned: PlannedRun, intent: Intent, part: Part) -> None:
        """Create one part's batch: a refusal for now is tried again, an unknown outcome never."""
        for _ in range(_TRIES):
            try:
                claimed = self._claim(intent, part)
            except StaleTransitionError:
                return None  # another process has claimed this part: it is theirs to send
            self.progress.sending(planned.run, part.size)
            with part.path.open("rb") as body:
                outcome = self.provider.create(body)
            if not isinstance(outcome, NotCreated):
                return self._settle(planned, claimed, outcome)
            intent = self.store.intents.not_created(claimed, reason=outcome.reason, now=self.now())
            if outcome.retry_after is None:
                raise ProviderError(f"run {planned.run.id} was not submitted: {outcome.reason}")
            self.progress.note(f"{outcome.reason}; trying again in {outcome.retry_after:.0f} s")
            self.sleep(min(outcome.retry_after, _LONGEST_WAIT))
        raise ProviderError(f"run {planned.run.id} was refused {_TRIES} times; submit again later")

    def _claim(self, intent: Intent, part: Part) -> Intent:
        return self.store.intents.claim(
            intent,
            body_digest=part.digest,
            account=self.provider.account,
            base_url=self.provider.base_url,
            holder=f"{socket.gethostname()}:{os.getpid()}",
            now=self.now(),
        )

    def _settle(self, planned: PlannedRun, intent: Intent, outcome: Created | Unknown) -> None:
        if isinstance(outcome, Unknown):
            self.store.intents.unknown(intent, reason=outcome.reason)
            return
        batch = outcome.batch
        self.store.intents.created(
            intent,
            batch=batch.id,
            simulated=outcome.simulated,
            created_at=batch.created_at or self.now(),
            expires_at=batch.expires_at,
            now=self.now(),
        )
        self.progress.submitted(planned.run, batch.id, intent.requests)

    def _unknown(self, planned: PlannedRun) -> list[str]:
        """A paragraph for every part of a run whose create may have made a batch that nobody holds."""
        return [
            f"run {planned.run.id} ({planned.run.candidate} x {planned.run.grader}), part {intent.part}: a create was "
            f"sent at {intent.intended_at:%Y-%m-%d %H:%M:%S} UTC and its outcome is not known "
            f"({intent.reason or 'the process that sent it did not come back'}). It is not sent again, because a batch "
            f"of {intent.requests} requests may exist: look for it in the Console, or with the list of batches"
            for intent in self.store.intents.of(planned.run.id)
            if intent.state in (IntentState.INTENDED, IntentState.UNKNOWN)
        ]

    def _check(self, planned: PlannedRun, check: Check) -> None:
        """Score a check here and now: a run without a batch."""
        if self.store.runs.exists(planned.run.id):
            self.progress.attached(planned.run)
            return
        self._keep(planned, (), (), (self._checked(planned, check, case) for case in self.suite.dataset))
        self.progress.checked(planned.run)

    def _checked(self, planned: PlannedRun, check: Check, case: Case) -> Score:
        output = planned.candidate.output(case)
        if output is None:
            return no_output(planned, case)[0]
        return Score(run=planned.run.id, case_id=case.id, verdict=check.verdict(case, output))
