"""Submit: every planned run becomes batches, each preceded by a durable intent, none sent twice.

The order is the promise. A run is rendered whole before anything is written; it is written whole before anything is
sent; and each part is claimed before its create. A run that is there already is attached to.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from evalkit.dataset import Case
from evalkit.failpoint import step
from evalkit.graders import Asked, Check
from evalkit.pipeline.admission import Admission, Written
from evalkit.pipeline.bounding import bound
from evalkit.pipeline.budgeting import weigh_beside
from evalkit.pipeline.caching.order import together
from evalkit.pipeline.caching.settle import Settled, settle
from evalkit.pipeline.encode import Encoded, Pairs, encode, no_output
from evalkit.pipeline.forecast import Forecast
from evalkit.pipeline.generate import generated, pairs_of
from evalkit.pipeline.guarding import guard_note
from evalkit.pipeline.reconcile import Reconciler
from evalkit.pipeline.refusing import refused
from evalkit.pipeline.release import Releaser
from evalkit.pipeline.reuse import said, taken_over
from evalkit.pipeline.sender import Sender
from evalkit.pipeline.sending import ANEW, Sending
from evalkit.pipeline.smoke import HELD, ways
from evalkit.pipeline.spool import Limits, Part
from evalkit.pipeline.suite import PlannedRun
from evalkit.run import IntentState, RunKind
from evalkit.score import Score
from evalkit.store import NoRoomError, Taken, Way


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
            LimitError: what it may cost is not within a limit; nothing is written or sent.
            ProviderError: a create was refused; what was created before stays and is not lost.
        """
        with tempfile.TemporaryDirectory(prefix="evalkit-") as directory:
            # Every run is written before any is sent: a create that is refused then leaves no run out.
            bodies = self._written(planned, Path(directory))
            waiting = self.sender.store.waits.all([one.run.id for one in planned if one.needs])
            for one in together(planned, lambda one: one.run):
                if one.run.id in waiting:
                    self.sender.progress.chained(one.run, waiting[one.run.id])
                elif one.run.kind is RunKind.JURY:
                    self.sender.progress.attached(one.run)
                elif one.run.judge is not None:
                    self._submit_run(one, bodies[one.run.id])
        checks = {one.grader.digest: one.grader for one in planned if isinstance(one.grader, Check)}
        Releaser(sender=self.sender, limits=self.limits, checks=checks).release(list(waiting))
        return [one.run.id for one in planned]

    def _written(self, planned: Sequence[PlannedRun], directory: Path) -> dict[str, dict[int, Part] | None]:
        """Write every run, unless it is there; of each the bodies of its parts, where they are those of the store."""
        admission = Admission(
            store=self.sender.store,
            max_usd=self.sending.max_cost,
            suites=frozenset(one.run.suite for one in planned),
            runs=frozenset(one.run.id for one in planned),
            now=self.sender.now,
        )
        if not admission.in_force:
            return {one.run.id: self._told(self._prepare(one, directory)()) for one in planned}
        weigh_beside(
            self.sender.store, self.sender.forecaster, [*admission.runs], admission.suites, now=self.sender.now()
        )
        try:
            written = admission.write({one.run.id: self._prepare(one, directory) for one in planned})
        except NoRoomError as error:
            forecaster = self.sender.forecaster
            raise refused(error.refusal, planned, forecaster.prices if forecaster else None) from error
        step("kept")
        return {run: self._told(one) for run, one in written.items()}

    def _told(self, written: Written) -> dict[int, Part] | None:
        written.tell()
        return written.bodies

    def _prepare(self, planned: PlannedRun, directory: Path) -> Callable[[], Written]:
        """Render a run, unless it is there; what writes it."""
        grader = planned.grader
        if planned.needs and not self.sender.store.runs.exists(planned.run.id):
            return self._wait(planned, directory)
        if isinstance(grader, Check):
            return lambda: self._check(planned, grader)
        if self.sender.store.runs.exists(planned.run.id):
            return lambda: self._attach(planned)
        return self._ask(planned, grader, directory)

    def _ask(self, planned: PlannedRun, grader: Asked, directory: Path) -> Callable[[], Written]:
        """Render a run that is to be sent; what writes it."""
        account = self.sender.provider.account  # a missing key is said before anything is rendered or written
        made = generated(self.sender.store, planned) if planned.run.kind is RunKind.GENERATION else None
        if made:
            planned = replace(planned, candidate=made.candidate)
        taken = self._taken_over(planned, grader)
        without = {one.case_id for one in taken}

        def pairs() -> Pairs:
            return made.pairs if made else (pair for pair in pairs_of(planned) if pair[0].id not in without)

        cached = self._cached(planned, grader, pairs(), account)
        planned = replace(planned, run=cached.run)
        encoded = self._encode(planned, grader, directory, pairs(), warm=cached.leads)
        step("encoded")
        if taken:
            sent = len({request.case_id for request in encoded.requests})
            self.sender.progress.note(said(planned.run, len(taken), sent))
        encoded.missing += made.scores if made else ()
        forecast = self._forecast(planned, grader, encoded)

        def write() -> Written:
            kept = self._keep(planned, encoded, account=account, taken=taken, forecast=forecast, cached=cached)
            step("kept")
            # Where another process was faster, its parts count, and their bodies come from the store.
            bodies = dict(enumerate(encoded.parts)) if kept else None
            return Written(is_new=kept, bodies=bodies, tell=lambda: tell(is_new=kept))

        def tell(*, is_new: bool) -> None:
            if is_new and cached.note and encoded.parts:
                self.sender.progress.note(cached.note)
            if note := guard_note(planned.run, grader, encoded.not_sent):
                self.sender.progress.note(note)

        return write

    def _wait(self, planned: PlannedRun, directory: Path) -> Callable[[], Written]:
        """Render a run that waits for its outputs without them, so that nothing is paid for in vain; what writes it.

        Raises:
            DatasetError: its cases cannot be rendered.
        """
        setting = self.sender.caching.setting
        if setting != "auto":  # which is chosen when its outputs are known
            planned = replace(planned, run=replace(planned.run, cache_ttl=setting))
        grader, forecast = planned.grader, None
        if not isinstance(grader, Check) and planned.run.kind is not RunKind.JURY:
            if self.sender.forecaster is None:
                self._encode(planned, grader, directory, ((case, "") for case in planned.dataset))
            else:
                in_batch = not self.sending.realtime
                forecast = bound(self.sender.forecaster, planned, grader, directory, batch=in_batch)

        def write() -> Written:
            kept = self._keep(planned, Encoded(sentinels=list(planned.sentinels)), forecast=forecast)
            step("kept")
            return Written(is_new=kept)

        return write

    def _attach(self, planned: PlannedRun) -> Written:
        """A run that exists is the newest from now on, but for one whose time is that of another run."""
        if planned.run.submitted_at is None:
            now = datetime.now(UTC)
            self.sender.store.submit_again(planned.run, planned.dataset, planned.candidate, now=now)
        return Written(is_new=False)

    def _submit_run(self, planned: PlannedRun, bodies: dict[int, Part] | None) -> None:
        """Send what is still to be sent of a run."""
        run = planned.run
        if bodies is None:
            self.sender.check_account(run)
            self.reconciler.reconcile([run.id])
        if self.sending.realtime:
            self.sender.store.intents.in_realtime(run.id)
        elif not self.sending.smoke:
            self.sender.store.intents.let_go(run.id, reason=HELD)
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

    def _cached(self, planned: PlannedRun, grader: Asked, pairs: Pairs, account: str) -> Settled:
        sender, sending = self.sender, self.sending
        return settle(
            sender.caching,
            sender.store,
            planned.run,
            grader,
            pairs,
            account=account,
            now=sender.now(),
            realtime=sending.realtime,
            smoked=bool(sending.smoked),
        )

    def _encode(
        self, planned: PlannedRun, grader: Asked, directory: Path, pairs: Pairs, *, warm: bool = False
    ) -> Encoded:
        progress, total = self.sender.progress, planned.dataset.n
        return encode(
            planned.run,
            grader,
            pairs,
            directory,
            limits=self.limits,
            first=self.sending.smoked,
            warm=warm,
            rendered=lambda done: progress.rendering(planned.run, done, total),
            sentinels=planned.sentinels,
        )

    def _forecast(self, planned: PlannedRun, grader: Asked, encoded: Encoded) -> Forecast | None:
        """What is to be sent of a run may cost."""
        if self.sender.forecaster is None:
            return None
        found = self.sender.forecaster.of(planned.run, grader, encoded.parts, batch=not self.sending.realtime)
        if self.sending.smoked and encoded.parts:  # the first part goes one by one
            first = self.sender.forecaster.of(planned.run, grader, encoded.parts[:1], batch=False)
            found = replace(found, weights=[*first.weights, *found.weights[1:]])
        return found

    def _keep(
        self,
        planned: PlannedRun,
        encoded: Encoded,
        *,
        account: str | None = None,
        taken: Sequence[Taken] = (),
        cached: Settled | None = None,
        forecast: Forecast | None = None,
    ) -> bool:
        """Write a run that is to be sent whole, with all that it is made of; False where it is there."""
        n_parts = len(encoded.parts)
        out = ways(n_parts, realtime=self.sending.realtime, smoke=self.sending.smoked)
        if cached and cached.role:
            out = [Way(realtime=False, reason=reason) for reason in cached.reasons(n_parts)]
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
            ways=out,
            sentinels=encoded.sentinels,
            taken=taken,
            needs=planned.needs,
            fresh=self.sending.fresh,
            estimate=forecast.estimate if forecast else None,
            weights=forecast.weights if forecast else (),
        )

    def _check(self, planned: PlannedRun, check: Check) -> Written:
        """Score a check here and now: a run without a batch."""
        if self.sender.store.runs.exists(planned.run.id):
            return replace(self._attach(planned), tell=lambda: self.sender.progress.attached(planned.run))
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
        return Written(is_new=True, tell=lambda: self.sender.progress.checked(planned.run))

    def _checked(self, planned: PlannedRun, check: Check, case: Case) -> Score:
        output = planned.candidate.output(case)
        if output is None:
            return no_output(planned.run, check.criteria, case.id)[0]
        return Score(run=planned.run.id, case_id=case.id, verdict=check.verdict(case, output))
