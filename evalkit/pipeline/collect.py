"""Collect: settle what is unknown, send what is planned, poll what is open, and score what has ended.

A pass is idempotent: it may be killed anywhere and run again, by anyone, any number of times at once. A batch is
leased by the collector that works on it; the lease of a dead one runs out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from evalkit.errors import AccountError, EvalkitError, InputError, IntegrityError, ProviderError, StaleTransitionError
from evalkit.failpoint import step
from evalkit.graders import Check
from evalkit.pipeline import telemetry
from evalkit.pipeline.caching.order import together
from evalkit.pipeline.caching.warm_up import is_held, is_warm_up, waits_for
from evalkit.pipeline.download import Downloader
from evalkit.pipeline.follow_up import ROUNDS, follow_ups, refusal
from evalkit.pipeline.generate import Outputs
from evalkit.pipeline.holder import holder, is_gone, process_of, worker
from evalkit.pipeline.progress import Progress
from evalkit.pipeline.realtime import WIDTH, Asker, Lease
from evalkit.pipeline.reconcile import Reconciler
from evalkit.pipeline.record import Record
from evalkit.pipeline.release import Releaser
from evalkit.pipeline.rows import ttl_of
from evalkit.pipeline.sender import Sender
from evalkit.pipeline.stop import StopError
from evalkit.pipeline.usage_log import UsageLog
from evalkit.pricing import Prices
from evalkit.provider import Polled
from evalkit.run import Batch, BatchState, Intent, IntentState, Run
from evalkit.store import Store

_FIRST_WAIT: Final = 30.0
_LONGEST_WAIT: Final = 300.0
_SIMULATED_WAIT: Final = 0.05
_REALTIME_WAIT: Final = 5.0
_LEASE: Final = timedelta(minutes=10)
_PATIENCE: Final = 10
"""Passes in a row that may fail while waiting: a network that is away for a while ends nothing."""


@dataclass(slots=True)
class Pass:
    """What one pass met."""

    hint: float = 0.0
    """Seconds that the server would like us to wait."""
    troubles: list[EvalkitError] = field(default_factory=list[EvalkitError])
    unknown: int = 0
    held: int = 0
    """Parts that stay planned because too much is in flight."""
    until: datetime | None = None
    """When to ask no more of what goes in realtime."""
    elsewhere: int = 0
    """Runs that waited, and that another process is making whole."""
    ready: set[str] = field(default_factory=set[str])
    """Runs that waited and had what they need, when this pass came by."""
    final: ProviderError | InputError | None = None
    """What no wait mends: a run is refused, or stops; the others have been looked at all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Collects under one account."""

    sender: Sender
    reconciler: Reconciler
    prices: Prices
    rounds: int = ROUNDS
    concurrency: int = WIDTH
    """Calls at once, of what goes in realtime."""
    watched: bool = True
    """Whether a monitor counts on these passes; those of the sandbox say nothing of the real collectors."""
    progress: Progress = field(default_factory=Progress)
    usage_log: UsageLog | None = None
    """Where the usage of every request is written, as it is collected."""
    checks: Mapping[str, Check] = field(default_factory=dict[str, Check])
    """The checks of the config at hand, by digest."""
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def store(self) -> Store:
        """The store that the sender sends from."""
        return self.sender.store

    def collect(
        self,
        runs: Sequence[str] | None = None,
        *,
        wait: bool = False,
        timeout: float | None = None,
        poll: float | None = None,
    ) -> None:
        """Collect what has ended.

        Args:
            runs: the runs to collect; all where None.
            wait: go on until nothing is open.
            timeout: seconds to wait at most.
            poll: seconds between two looks, in place of evalkit's own.

        Raises:
            AccountError: a batch belongs to another account; nothing was asked of the API for it.
            ProviderError: the API does not answer, or refuses a run for good.
        """
        runs = self._with_needs(runs)
        started, pause, failures = self.now(), 0.0, 0
        self._log_usage()
        record = Record(self.store if self.watched else None, self.now)
        while True:
            with record:
                met = self._pass(runs, None if timeout is None else started + timedelta(seconds=timeout))
            record.note([met.final] if met.final else met.troubles)
            if met.final:
                raise met.final
            failures = failures + 1 if met.troubles else 0
            if met.troubles and (not wait or failures > _PATIENCE):
                raise met.troubles[0]
            waiting = self._open(runs)
            if not wait or not (waiting or met.unknown or met.held or met.elsewhere or self._moves(runs, met)):
                return
            pause = poll or self._pause(waiting, pause, met)
            if timeout is not None and (self.now() - started).total_seconds() + pause > timeout:
                return
            self._say_waiting(waiting)
            self.sleep(pause)

    def _moves(self, runs: Sequence[str] | None, met: Pass) -> bool:
        """Whether another process is at something: asked along its way, so that nothing slips by in between."""
        if set(self.store.waits.ready(runs)) - met.ready or self._is_being_sent(runs):
            return True
        return bool(self._open(runs))

    def converse(self, runs: Sequence[str]) -> None:
        """Ask all of these runs that goes in realtime, and collect it; nothing else is looked at.

        Raises:
            StopError: the API refuses what all requests share, or the account.
            ProviderError: the API does not answer.
        """
        met, seen = Pass(), set[str]()
        while any(batch.realtime and batch.id not in seen for batch in self.store.batches.open(runs)):
            begun = [batch for batch in self._open(runs) if batch.realtime and batch.id not in seen]
            if not begun:
                break  # another account's
            seen |= self._look_at(begun, met)
            self._go_on(runs, met)
        for error in (met.final, *met.troubles):
            if error:
                raise error

    def _with_needs(self, runs: Sequence[str] | None) -> Sequence[str] | None:
        """The runs, with those that they wait for, and so on."""
        while runs is not None:
            more = {need for needs in self.store.waits.all(runs).values() for need in needs} - set(runs)
            if not more:
                return runs
            runs = [*runs, *sorted(more)]
        return None

    def take(self, batch_id: str) -> None:
        """Collect one batch if it has ended; what is to be sent again because of it stays planned.

        Raises:
            ProviderError: the API does not answer, or its results break off.
        """
        for batch in self.store.batches.open():
            if batch.id == batch_id:
                try:
                    self._look(batch)
                except StopError as error:
                    self.progress.note(str(error))

    def _pass(self, runs: Sequence[str] | None, until: datetime | None) -> Pass:
        met = Pass(until=until)
        self._refuse_strangers(runs)
        self._reconcile(runs, met)
        self._send_planned(runs, met)
        seen = self._look_at([*self._open(runs), *self._warm_ups(runs)], met)
        self._go_on(runs, met)
        while begun := [batch for batch in self._open(runs) if batch.realtime and batch.id not in seen]:
            seen |= self._look_at(begun, met)  # follow-ups of what went in realtime, and what waited for it
            self._go_on(runs, met)
        return met

    def _go_on(self, runs: Sequence[str] | None, met: Pass) -> None:
        """Send what is planned now, and what waited for what is collected now."""
        self._send_planned(runs, met)
        self._release(runs, met)

    def _look_at(self, found: Sequence[Batch], met: Pass) -> set[str]:
        """Look at batches, whatever becomes of one of them; returns their ids."""
        for batch in found:
            try:
                met.hint = max(met.hint, self._look(batch, met.until))
            except StopError as error:
                self._note_final(error, met)
            except (ProviderError, IntegrityError) as error:
                self.progress.note(str(error))
                met.troubles.append(error)
        return {batch.id for batch in found}

    def _release(self, runs: Sequence[str] | None, met: Pass) -> None:
        """Make whole and send what waited for what is collected now."""
        if met.final:
            return
        met.ready |= set(self.store.waits.ready(runs))
        try:
            met.elsewhere = Releaser(sender=self.sender, checks=self.checks).release(runs)
        except AccountError:
            raise
        except (ProviderError, InputError) as error:
            self._note_final(error, met)

    def _reconcile(self, runs: Sequence[str] | None, met: Pass) -> None:
        if not self._has_unknown(runs):
            return
        try:
            met.unknown = self.reconciler.reconcile(runs)
        except ProviderError as error:
            self.progress.note(str(error))
            met.troubles.append(error)

    def _note_final(self, error: ProviderError | InputError, met: Pass) -> None:
        if met.final:
            self.progress.note(str(error))
        else:
            met.final = error

    def _has_unknown(self, runs: Sequence[str] | None) -> bool:
        states = (IntentState.INTENDED, IntentState.UNKNOWN)
        return bool(self.store.intents.in_state(*states, runs=runs))

    def _send_planned(self, runs: Sequence[str] | None, met: Pass) -> None:
        """Send what is planned; a refusal ends that, but keeps nobody from collecting what has ended."""
        if met.final:
            return
        account, met.held = self.sender.provider.account, 0
        planned = self.store.intents.in_state(IntentState.PLANNED, runs=runs, account=account)
        found = [self.store.runs.get(run) for run in dict.fromkeys(one.run for one in planned)]
        for run in together(found, lambda run: run):
            try:
                met.held += self.sender.send_planned(run)
            except AccountError:
                raise
            except ProviderError as error:
                self._note_final(error, met)
                return

    def _open(self, runs: Sequence[str] | None) -> list[Batch]:
        """The open batches of this account; those of others are theirs to collect."""
        account = self.sender.provider.account
        return [batch for batch in self.store.batches.open(runs) if batch.account == account]

    def _warm_ups(self, runs: Sequence[str] | None) -> list[Batch]:
        """The open batches of other runs whose warm-up these wait for."""
        if runs is None:
            return []
        others = waits_for(self.store, runs, self.sender.provider.account) - set(runs)
        return self._open(sorted(others)) if others else []

    def _is_being_sent(self, runs: Sequence[str] | None) -> bool:
        """Whether a part is about to be sent, by this process or another: it is a batch when it is looked for again."""
        states = (IntentState.PLANNED, IntentState.INTENDED)
        found = self.store.intents.in_state(*states, runs=runs, account=self.sender.provider.account)
        # A planned part with a reason is held back: it stays so until a person says otherwise, or its warm-up is over;
        # one beyond a limit until there is room.
        return any(
            one.state is IntentState.INTENDED or (one.over_limit is None and (one.reason is None or is_held(one)))
            for one in found
        )

    def _refuse_strangers(self, runs: Sequence[str] | None) -> None:
        """Refuse what was asked for and belongs to another account; pass over what was not asked for.

        Raises:
            AccountError: a run that was named, or everything that is open, belongs to another account.
        """
        account = self.sender.provider.account
        strange = [batch for batch in self.store.batches.open(runs) if batch.account != account]
        if strange and (runs is not None or not self._open(runs)):
            batch = strange[0]
            raise AccountError(
                f"batch {batch.id} of run {batch.run} was submitted to {batch.base_url} under another key or base "
                f"URL than the one in use ({self.sender.provider.base_url}); set ANTHROPIC_API_KEY and "
                "ANTHROPIC_BASE_URL to those it was submitted with"
            )

    def _look(self, batch: Batch, until: datetime | None = None) -> float:
        """Poll one batch, and collect it if it has ended; seconds that the server would like us to wait."""
        me = worker() if batch.realtime else holder()
        if not self._lease(batch, me):
            return 0.0  # another collector works on it
        try:
            return self._ask(batch, me, until) if batch.realtime else self._poll(batch)
        except StaleTransitionError:
            return 0.0  # another collector was faster
        finally:
            self.store.batches.release(batch.id, holder=me)

    def _lease(self, batch: Batch, me: str) -> bool:
        """Take a batch, from a collector that is gone too."""
        now, batches = self.now(), self.store.batches
        if batches.lease(batch.id, holder=me, now=now, until=now + _LEASE):
            return True
        other = batches.leased_by(batch.id)
        gone = other is not None and is_gone(process_of(other))
        return bool(gone) and batches.lease(batch.id, holder=me, now=now, until=now + _LEASE, instead_of=other)

    def _poll(self, batch: Batch) -> float:
        if batch.state is not BatchState.ENDED:
            polled = self._retrieve(batch)
            if not polled.batch.ended:
                return polled.retry_after or 0.0
            step("polled")
            self.store.batches.ended(batch.id, ended_at=polled.batch.ended_at or self.now())
            step("ended")
        self._collect(self.store.runs.get(batch.run), batch)
        return 0.0

    def _intent(self, batch: Batch) -> Intent:
        return next(one for one in self.store.intents.of(batch.run) if one.batch == batch.id)

    def _ask(self, batch: Batch, me: str, until: datetime | None) -> float:
        """Ask what is left of a batch that goes in realtime, and collect it when nothing is."""
        run = self.store.runs.get(batch.run)
        if batch.state is not BatchState.ENDED:
            asker = Asker(
                provider=self.sender.provider,
                downloader=self._downloader(run, batch),
                lease=Lease(self.store, batch.id, me, self.now),
                progress=self.progress,
                width=self.concurrency,
                max_tokens=self._intent(batch).max_tokens,
                until=until,
                sleep=self.sleep,
            )
            if not asker.ask(run):
                return 0.0
            self.store.batches.ended(batch.id, ended_at=self.now())
            step("ended")
            # Read again: somebody may have canceled it while it was asked, and what was canceled is not sent again.
            batch = next((one for one in self.store.batches.open([run.id]) if one.id == batch.id), batch)
        self._collect(run, batch)
        return 0.0

    def _retrieve(self, batch: Batch) -> Polled:
        """Where a batch stands; a batch that the API does not know may come back, so nothing is concluded from that."""
        try:
            return self.sender.provider.retrieve(batch.id)
        except ProviderError as error:
            if error.status != 404:
                raise
            raise ProviderError(
                f"{error}. It belongs to run {batch.run}; if it is gone for good, `evalkit resolve {batch.run} --gone "
                f"{batch.id}` counts its requests as missing"
            ) from error

    def _collect(self, run: Run, batch: Batch) -> None:
        """Score a batch that has ended, and plan to send again what may go better, unless it is no use.

        Raises:
            StopError: every request was invalid, or the account cannot pay.
        """
        downloader = self._downloader(run, batch)
        grader, seen = downloader.grader, downloader.download()
        for problem in seen.problems(batch):
            self.progress.note(problem)
        reason = refusal(self.store, run, batch, alone=is_warm_up(self.store.intents.of(run.id), batch))
        wanted = [] if reason else follow_ups(self.store, run, batch, rounds=self.rounds)
        criteria = [criterion.name for criterion in grader.criteria]
        log = None if self.usage_log is None or batch.simulated else self.usage_log.name
        listed = {"price_date": self.prices.date, "price_source": self.prices.origin}
        missing, planned = self.store.finish(batch, criteria, wanted, now=self.now(), usage_log=log, **listed)
        step("collected")
        self._log_usage()
        self.progress.collected(batch, missing)
        if telemetry.listens():
            found = [entry for entry in self.store.ledger.entries_of([run.id]) if entry.batch == batch.id]
            telemetry.collected(run, batch, found, now=self.now())
        if reason:
            raise StopError(reason)
        for intent in planned:
            self.progress.note(f"run {run.id}: {intent.requests} requests without a score are sent again")
        if planned:
            step("followed_up")

    def _log_usage(self) -> None:
        """Write to the usage log what is collected and not in it yet."""
        if self.usage_log and (trouble := self.usage_log.write(self.store)):
            self.progress.note(trouble)

    def _downloader(self, run: Run, batch: Batch) -> Downloader:
        grader = self.store.content.asked(run.grader_digest)
        return Downloader(
            store=self.store,
            provider=self.sender.provider,
            prices=self.prices,
            progress=self.progress,
            batch=batch,
            grader=grader,
            outputs=Outputs.of(self.store, batch),
            requests={request.custom_id: request for request in self.store.runs.requests(batch.run, batch.part)},
            lines=(lambda: self.store.results.lines(batch.id)) if batch.realtime else None,
            ttl=ttl_of(run, grader),
            now=self.now,
        )

    def _pause(self, waiting: Sequence[Batch], last: float, met: Pass) -> float:
        """Seconds until the next look: never sooner than the server asks, and longer the longer it takes."""
        if waiting and all(batch.simulated for batch in waiting):
            return max(_SIMULATED_WAIT, met.hint)
        if waiting and all(batch.realtime for batch in waiting):
            return _REALTIME_WAIT  # another process asks
        return min(max(_FIRST_WAIT, last * 1.5, met.hint), _LONGEST_WAIT)

    def _say_waiting(self, waiting: Sequence[Batch]) -> None:
        if not waiting:
            self.progress.waiting([], timedelta(0), None)
            return
        oldest = min(batch.created_at for batch in waiting)
        judge = self.store.runs.get(waiting[0].run).judge
        usual = self.store.batches.usual_seconds(judge.model if judge else None)
        self.progress.waiting(list(waiting), self.now() - oldest, timedelta(seconds=usual) if usual else None)
