"""Realtime: the requests of a part go out one by one, at full price, and each reply is stored as it comes.

What a batch is to the API, a row of the store is here: leased by one process at a time, open until every request has a
result. A call has no idempotency, so what a killed process had under way may be paid again: never more than the width
of its pool, because no call begins before what was answered is stored. What is stored is never asked again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from evalkit.errors import ProviderError, StaleTransitionError
from evalkit.failpoint import step
from evalkit.pipeline.download import Downloader, Seen
from evalkit.pipeline.encode import params_of
from evalkit.pipeline.generate import stored_pairs
from evalkit.pipeline.interrupt import Interrupt, noted
from evalkit.pipeline.pace import Pace
from evalkit.pipeline.pool import Answer, Ask, Pool
from evalkit.pipeline.progress import Progress
from evalkit.pipeline.stop import StopError
from evalkit.provider import Answered, Barred, Busy, Provider
from evalkit.run import BatchState, Run
from evalkit.store import Store

WIDTH: Final = 8
"""Calls at once, where nobody says otherwise."""
LEASE: Final = timedelta(minutes=10)
_RENEWED: Final = timedelta(minutes=1)
_BEAT: Final = 1.0
"""Seconds after which a pool without an answer looks around."""
_PROBES: Final = 3
"""Requests that are refused before the others are believed to be refused too."""
_PATIENCE: Final = 6
"""Slowdowns, or failures, in a row that end a pass."""


@dataclass(slots=True)
class Lease:
    """A batch that is held while it is worked on."""

    store: Store
    batch: str
    holder: str
    now: Callable[[], datetime]
    renewed: datetime | None = None

    def renew(self) -> None:
        """Hold it longer, if it was not renewed just now.

        Raises:
            StaleTransitionError: another process has taken it over, after a time that this one did not see go by.
        """
        now = self.now()
        if self.renewed is not None and now - self.renewed < _RENEWED:
            return
        if not self.store.batches.lease(self.batch, holder=self.holder, now=now, until=now + LEASE):
            raise StaleTransitionError(f"batch {self.batch} was taken over by another process")
        self.renewed = now


@dataclass(slots=True, kw_only=True)
class Asker:
    """Asks what is left of one batch."""

    provider: Provider
    downloader: Downloader
    lease: Lease
    progress: Progress
    width: int = WIDTH
    max_tokens: int | None = None
    """In place of the judge's."""
    until: datetime | None = None
    """When to stop asking, done or not."""
    sleep: Callable[[float], None] = time.sleep
    _again: deque[Ask] = field(default_factory=deque[Ask])
    _left: set[str] = field(default_factory=set[str])
    _seen: Seen = field(default_factory=Seen)
    _stop: ProviderError | None = None
    _full: bool = False
    """Nothing more is to be asked, though something is left."""
    _looked: float = 0.0
    _pace: Pace = field(default_factory=lambda: Pace(1))
    _interrupt: Interrupt = field(default_factory=Interrupt)
    _told: bool = False
    """Whether it was said that replies are waited for."""

    def ask(self, run: Run) -> bool:
        """Ask until every request has a result; False where time ran out.

        Raises:
            StopError: the key, the money, or what all requests share is refused; what is left stays to be asked.
            ProviderError: the API does not answer for now.
            StaleTransitionError: another process has taken the batch over.
            KeyboardInterrupt: somebody wants it to end; what came by then is stored.
        """
        store, batch = self.downloader.store, self.downloader.batch
        self._seen.found |= store.results.answered(batch.id)
        self._left = set(self.downloader.requests) - self._seen.found
        self._pace = self._first_pace(store.results.counts(batch.id))
        if self._left and not self._is_canceled():
            pairs = stored_pairs(store, run)
            grader = self.downloader.grader
            # It is narrowed as replies come, and each is looked up when its turn comes: so the pool has its own.
            wanted, known = frozenset(self._left), store.sentinels.of(run.id)
            rows = params_of(run, grader, pairs, wanted=wanted, max_tokens=self.max_tokens, sentinels=known)
            with closing(rows):
                self._converse(rows)
        if self._left and self._is_canceled():
            self._take([b'{"custom_id":"%b","result":{"type":"canceled"}}' % one.encode() for one in self._left])
        if self._left and self._stop:
            raise self._stop
        return not self._left

    def _first_pace(self, counts: dict[str, int]) -> Pace:
        succeeded = counts.get("succeeded", 0) > 0
        refused = 0 if succeeded else min(counts.get("errored", 0), _PROBES - 1)
        return Pace(self.width, self.width if succeeded else 1, succeeded=succeeded, refused=refused)

    def _converse(self, rows: Iterator[tuple[str, bytes]]) -> None:
        self.provider.client  # noqa: B018 # made here, and not by several threads at once
        pool = Pool(self.provider.message)
        with noted() as self._interrupt:
            try:
                self._feed(pool, rows)
                while pool.under_way:
                    self._hear(pool)
                    self._feed(pool, rows)
            except KeyboardInterrupt:
                if not self._interrupt.noted:  # it was raised by somebody's own handler
                    self._interrupt.noted = True
                    self._leave(pool)
                raise
            finally:
                pool.close()
        if self._interrupt.noted:
            raise KeyboardInterrupt

    def _leave(self, pool: Pool) -> None:
        """Store what is under way: it is paid for. What was being stored, and may not be, is stored again."""
        self._seen.found = self.downloader.store.results.answered(self.downloader.batch.id)
        self._say_leaving(pool)
        while pool.under_way:
            self._hear(pool)

    def _say_leaving(self, pool: Pool) -> None:
        if self._interrupt.noted and pool.under_way and not self._told:
            self._told = True
            self.progress.note(f"{pool.under_way} replies are under way and are waited for; Ctrl-C again leaves them")

    def _feed(self, pool: Pool, rows: Iterator[tuple[str, bytes]]) -> None:
        """Begin as many calls as may be under way; with nothing stored that is not answered, and nothing unstored."""
        while not self._ends() and pool.under_way < self._pace.width:
            one = self._next(rows)
            if one is None:
                return
            self.lease.renew()
            pool.ask(one)
        self._say_leaving(pool)

    def _next(self, rows: Iterator[tuple[str, bytes]]) -> Ask | None:
        if self._again:
            one = self._again.popleft()
            return Ask(custom_id=one.custom_id, params=one.params, pace=self._pace.number)
        row = next(rows, None)
        return Ask(custom_id=row[0], params=row[1], pace=self._pace.number) if row else None

    def _ends(self) -> bool:
        late = self.until is not None and self.downloader.now() >= self.until
        return late or self._full or self._stop is not None or self._interrupt.noted

    def _hear(self, pool: Pool) -> None:
        """Wait for answers, heed them, and pause where the API wants that."""
        answers = pool.answers(_BEAT)
        pause = self._heed(answers)
        pool.settle(answers)
        while pause > 0 and not self._ends():
            self.sleep(min(pause, _BEAT))
            pause -= _BEAT

    def _heed(self, answers: Sequence[Answer]) -> float:
        """Store what was answered, in one go, and learn from the rest; seconds to pause."""
        lines: list[bytes] = []
        pause = 0.0
        for one, outcome in answers:
            if isinstance(outcome, BaseException):
                self._again.append(one)
                self._stop = self._stop or ProviderError(f"a call failed ({type(outcome).__name__}: {outcome})")
            elif isinstance(outcome, Answered):
                lines.append(b'{"custom_id":"%b","result":%b}' % (one.custom_id.encode(), outcome.result))
                self._learn(outcome)
            elif isinstance(outcome, Busy):
                self._again.append(one)
                pause = max(pause, self._slow(one, outcome))
            else:
                self._again.append(one)
                self._stop = self._barred(outcome)
        if lines:
            step("replied")
            self._take(lines)
        self._look_around()
        return pause

    def _take(self, lines: Sequence[bytes]) -> None:
        self.downloader.take(lines, self._seen)
        self._left -= self._seen.found
        step("reply_kept")

    def _look_around(self) -> None:
        """Now and then: hold the lease, and see whether somebody canceled."""
        self.lease.renew()
        if time.monotonic() - self._looked > _BEAT:
            self._looked = time.monotonic()
            self._full = self._full or self._is_canceled()

    def _is_canceled(self) -> bool:
        return self.downloader.store.batches.state(self.downloader.batch.id) is BatchState.CANCELING

    def _learn(self, outcome: Answered) -> None:
        pace, batch = self._pace, self.downloader.batch
        if outcome.simulated and not batch.simulated and not pace.succeeded:
            self.downloader.store.batches.simulated(batch.id)
        if outcome.succeeded:
            pace.succeed()
        elif outcome.refused is None:
            pace.failed += 1
            if pace.failed >= max(_PATIENCE, pace.most):
                self._stop = self._stop or ProviderError(f"{self._of} is not answered: the last calls all failed")
        elif not pace.succeeded:
            pace.refused += 1
            if pace.refused >= _PROBES:
                self._stop = self._stop or self._refused(outcome.refused)

    def _slow(self, one: Ask, outcome: Busy) -> float:
        pause = self._pace.slow(one.pace, outcome.retry_after)
        if self._pace.slowdowns > _PATIENCE:
            self._stop = self._stop or ProviderError(
                f"{self._of} gets no answer: {outcome.reason}. What came is kept, and `evalkit collect` goes on"
            )
        elif pause:
            self.progress.note(f"{outcome.reason}; {self._pace.width} calls at once, going on in {pause:.0f} s")
        return pause

    @property
    def _of(self) -> str:
        return f"run {self.downloader.batch.run}"

    def _barred(self, outcome: Barred) -> StopError:
        left, run = len(self._left), self.downloader.batch.run
        return StopError(
            f"run {run} stops: {outcome.reason}. What came is kept, and {left} of its requests are still to be sent: "
            f"`evalkit collect {run}` goes on when that is mended, `evalkit cancel {run}` gives them up"
        )

    def _refused(self, reason: str) -> StopError:
        run = self.downloader.batch.run
        return StopError(
            f"run {run} stops: the API refused its first requests ({reason}), and would refuse the others like them; "
            "nothing is billed. Mend the config or the rubric, which makes a new run, and give up this one: evalkit "
            f"cancel {run}; or, if the API has changed, `evalkit collect {run}` goes on"
        )
