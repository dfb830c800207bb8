"""Submit: every planned run becomes batches, each preceded by a durable intent, none sent twice.

The order is the promise. A run is rendered whole before anything is written; it is written whole before anything is
sent; and each part is claimed before its create. A run that is there already is attached to.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from evalkit.dataset import Case
from evalkit.failpoint import step
from evalkit.graders import Asked, Check
from evalkit.pipeline.encode import Encoded, Pairs, encode, no_output
from evalkit.pipeline.forecast import Forecast
from evalkit.pipeline.generate import generated, pairs_of
from evalkit.pipeline.guarding import guard_note
from evalkit.pipeline.reconcile import Reconciler
from evalkit.pipeline.release import Releaser
from evalkit.pipeline.reuse import said, taken_over
from evalkit.pipeline.sender import Sender
from evalkit.pipeline.sending import ANEW, Sending
from evalkit.pipeline.smoke import ways
from evalkit.pipeline.spool import Limits, Part
from evalkit.pipeline.suite import PlannedRun
from evalkit.run import IntentState, RunKind
from evalkit.score import Score
from evalkit.store import Taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitter:
    """Submits planned runs."""

    sender: Sender
    reconciler: Reconciler
    limits: Limits = field(default_factory=Limits)
    sending: Sending = ANEW
    """How; the scores of outputs that were judged before are taken over but where it is `fresh`."""

    def submit(self, planned: Sequence[PlannedRun]) -> list[str]:
        """Submit every run, or attach to it; returns the run ids.

        What has an unknown outcome is looked for, and sent again only where it is proven not to exist.

        Raises:
            DatasetError: cases cannot be rendered; nothing of that run is written or sent.
            AccountError: a run is there already, from another account.
            ProviderError: a create was refused; what was created before stays and is not lost.
        """
        with tempfile.TemporaryDirectory(prefix="evalkit-") as directory:
            # Every run is written before any is sent: a create that is refused then leaves no run out.
            bodies = {one.run.id: self._prepare(one, Path(directory)) for one in planned}
            waiting = self.sender.store.waits.all([one.run.id for one in planned if one.needs])
            for one in planned:
                if one.run.id in waiting:
                    self.sender.progress.chained(one.run, waiting[one.run.id])
                elif one.run.kind is RunKind.JURY:
                    self.sender.progress.attached(one.run)
                elif one.run.judge is not None:
                    self._submit_run(one, bodies[one.run.id])
        checks = {one.grader.digest: one.grader for one in planned if isinstance(one.grader, Check)}
        Releaser(sender=self.sender, limits=self.limits, checks=checks).release(list(waiting))
        return [one.run.id for one in planned]

    def _prepare(self, planned: PlannedRun, directory: Path) -> dict[int, Part] | None:
        """Write a run, unless it is there; the bodies of its parts, where they are those of the store."""
        if planned.needs and not self.sender.store.runs.exists(planned.run.id):
            self._wait(planned, directory)
            return None
        if isinstance(planned.grader, Check):
            self._check(planned, planned.grader)
            return None
        if self.sender.store.runs.exists(planned.run.id):
            self._attach(planned)
            return None
        account = self.sender.provider.account  # a missing key is said before anything is rendered or written
        grader = planned.grader
        made = generated(self.sender.store, planned) if planned.run.kind is RunKind.GENERATION else None
        if made:
            planned = replace(planned, candidate=made.candidate)
        taken = self._taken_over(planned, grader)
        without = {one.case_id for one in taken}
        pairs = made.pairs if made else (pair for pair in pairs_of(planned) if pair[0].id not in without)
        encoded = self._encode(planned, grader, directory, pairs)
        step("encoded")
        if taken:
            sent = len({request.case_id for request in encoded.requests})
            self.sender.progress.note(said(planned.run, len(taken), sent))
        encoded.missing += made.scores if made else ()
        forecast = self._forecast(planned, grader, encoded)
        kept = self._keep(planned, encoded, account=account, taken=taken, forecast=forecast)
        step("kept")
        if note := guard_note(planned.run, grader, encoded.not_sent):
            self.sender.progress.note(note)
        # Where another process was faster, its parts count, and their bodies come from the store.
        return dict(enumerate(encoded.parts)) if kept else None

    def _wait(self, planned: PlannedRun, directory: Path) -> None:
        """Write a run that waits for its outputs; rendered without them, so that nothing is paid for in vain.

        Raises:
            DatasetError: its cases cannot be rendered.
        """
        grader = planned.grader
        if not isinstance(grader, Check) and planned.run.kind is not RunKind.JURY:
            self._encode(planned, grader, directory, ((case, "") for case in planned.dataset))
        self._keep(planned, Encoded(sentinels=list(planned.sentinels)))
        step("kept")

    def _attach(self, planned: PlannedRun) -> None:
        """A run that exists is the newest from now on, but for one whose time is that of another run."""
        if planned.run.submitted_at is None:
            now = datetime.now(UTC)
            self.sender.store.submit_again(planned.run, planned.dataset, planned.candidate, now=now)

    def _submit_run(self, planned: PlannedRun, bodies: dict[int, Part] | None) -> None:
        """Send what is still to be sent of a run."""
        run = planned.run
        if bodies is None:
            self.sender.check_account(run)
            self.reconciler.reconcile([run.id])
        if self.sending.realtime:
            self.sender.store.intents.in_realtime(run.id)
        elif not self.sending.smoke:
            self.sender.store.intents.hold(run.id, reason=None)
        if any(intent.state is IntentState.PLANNED for intent in self.sender.store.intents.of(run.id)):
            self._send(planned, bodies)
        elif bodies is None:
            self.sender.progress.attached(run)

    def _send(self, planned: PlannedRun, bodies: dict[int, Part] | None) -> None:
        held = self.sender.send_planned(planned.run, bodies)
        if held:
            self.sender.progress.note(f"run {planned.run.id}: {held} parts wait until less is in flight")

    def _taken_over(self, planned: PlannedRun, grader: Asked) -> list[Taken]:
        if self.sending.fresh:
            return []
        store, base_url = self.sender.store, self.sender.provider.base_url
        return taken_over(store, planned.run, pairs_of(planned), grader, base_url=base_url)

    def _encode(self, planned: PlannedRun, grader: Asked, directory: Path, pairs: Pairs) -> Encoded:
        progress, total = self.sender.progress, planned.dataset.n
        return encode(
            planned.run,
            grader,
            pairs,
            directory,
            limits=self.limits,
            first=self.sending.smoked,
            rendered=lambda done: progress.rendering(planned.run, done, total),
            sentinels=planned.sentinels,
        )

    def _forecast(self, planned: PlannedRun, grader: Asked, encoded: Encoded) -> Forecast | None:
        """What is to be sent of a run may cost."""
        if self.sender.forecaster is None:
            return None
        return self.sender.forecaster.of(planned.run, grader, encoded.parts, batch=not self.sending.realtime)

    def _keep(
        self,
        planned: PlannedRun,
        encoded: Encoded,
        *,
        account: str | None = None,
        taken: Sequence[Taken] = (),
        forecast: Forecast | None = None,
    ) -> bool:
        """Write a run that is to be sent whole, with all that it is made of; False where it is there."""
        return self.sender.store.add_run(
            planned.run,
            dataset=planned.dataset,
            candidate=planned.candidate,
            grader=planned.grader,
            requests=encoded.requests,
            parts=[part.requests for part in encoded.parts],
            scores=encoded.missing,
            account=account,
            base_url=self.sender.provider.base_url if account else None,
            policy=planned.policy,
            ways=ways(len(encoded.parts), realtime=self.sending.realtime, smoke=self.sending.smoked),
            sentinels=encoded.sentinels,
            taken=taken,
            needs=planned.needs,
            fresh=self.sending.fresh,
            estimate=forecast.estimate if forecast else None,
            weights=forecast.weights if forecast else (),
        )

    def _check(self, planned: PlannedRun, check: Check) -> None:
        """Score a check here and now: a run without a batch."""
        if self.sender.store.runs.exists(planned.run.id):
            self._attach(planned)
            self.sender.progress.attached(planned.run)
            return
        self.sender.store.add_run(
            planned.run,
            dataset=planned.dataset,
            candidate=planned.candidate,
            grader=check,
            requests=(),
            parts=(),
            scores=(self._checked(planned, check, case) for case in planned.dataset),
            policy=planned.policy,
        )
        self.sender.progress.checked(planned.run)

    def _checked(self, planned: PlannedRun, check: Check, case: Case) -> Score:
        output = planned.candidate.output(case)
        if output is None:
            return no_output(planned.run, check.criteria, case.id)[0]
        return Score(run=planned.run.id, case_id=case.id, verdict=check.verdict(case, output))
