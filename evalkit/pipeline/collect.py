"""Collect: poll open batches, and turn the results of those that ended into scores.

A pass is idempotent: it may be killed anywhere and run again, by anyone, any number of times at once. Raw lines are
committed before what is read from them; a batch is collected only when every request of it has a score.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from evalkit.errors import AccountError, StaleTransitionError
from evalkit.graders import RubricGrader
from evalkit.pipeline.progress import Progress, Quiet
from evalkit.pricing import Prices, Usage, usage_from_api
from evalkit.provider import Provider
from evalkit.reply import Reply, read_reply
from evalkit.run import Batch, BatchState, Request
from evalkit.score import Score
from evalkit.store import ResultLine, Store

_CHUNK: Final = 1000
_FIRST_WAIT: Final = 30.0
_LONGEST_WAIT: Final = 300.0
_SIMULATED_WAIT: Final = 0.05


@dataclass(slots=True)
class Download:
    """What was seen in one download of a batch's results."""

    found: set[str] = field(default_factory=set[str])
    strangers: list[str] = field(default_factory=list[str])
    repeated: int = 0
    unreadable: list[str] = field(default_factory=list[str])

    def problems(self, batch: Batch) -> list[str]:
        """What is wrong with the results as a whole, one sentence each."""
        said: list[str] = []
        if self.strangers:
            said.append(f"{len(self.strangers)} results belong to no request of it, such as {self.strangers[0]!r}")
        if self.repeated:
            said.append(f"{self.repeated} results came more than once; the first counts")
        if self.unreadable:
            said.append(f"{len(self.unreadable)} lines cannot be read, the first: {self.unreadable[0]}")
        return [f"batch {batch.id}: {sentence}" for sentence in said]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Collects batches under one account."""

    store: Store
    provider: Provider
    prices: Prices
    progress: Progress = field(default_factory=Quiet)
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def collect(
        self,
        runs: Sequence[str] | None = None,
        *,
        wait: bool = False,
        timeout: float | None = None,
        poll: float | None = None,
    ) -> list[Batch]:
        """Collect what has ended; returns the batches that are still open.

        Args:
            runs: the runs to collect; all where None.
            wait: go on until nothing is open.
            timeout: seconds to wait at most.
            poll: seconds between two looks, in place of evalkit's own.

        Raises:
            AccountError: a batch belongs to another account; nothing was asked of the API for it.
            ProviderError: the API does not answer.
        """
        started = self.now()
        pause = poll or 0.0
        while open_batches := self.store.batches.open(runs):
            hint = self._pass(open_batches)
            open_batches = self.store.batches.open(runs)
            if not wait or not open_batches:
                break
            pause = poll or self._pause(open_batches, pause, hint)
            elapsed = self.now() - started
            if timeout is not None and elapsed.total_seconds() + pause > timeout:
                break
            self._say_waiting(open_batches)
            self.sleep(pause)
        return open_batches

    def _pass(self, open_batches: Sequence[Batch]) -> float:
        """Look at every open batch once; returns how long the server would like us to wait."""
        strange = next((batch for batch in open_batches if batch.account != self.provider.account), None)
        if strange is not None:
            raise AccountError(
                f"batch {strange.id} of run {strange.run} was submitted to {strange.base_url} under another key or "
                f"base URL than the one in use ({self.provider.base_url}); set ANTHROPIC_API_KEY and "
                "ANTHROPIC_BASE_URL to those it was submitted with"
            )
        hint = 0.0
        for batch in open_batches:
            hint = max(hint, self._look(batch))
        return hint

    def _look(self, batch: Batch) -> float:
        """Poll one batch, and collect it if it has ended."""
        if batch.state is not BatchState.ENDED:
            polled = self.provider.retrieve(batch.id)
            if not polled.batch.ended:
                return polled.retry_after or 0.0
            try:
                self.store.batches.ended(batch.id, ended_at=polled.batch.ended_at or self.now())
            except StaleTransitionError:
                return 0.0  # another collector was faster
        self._collect(batch)
        return 0.0

    def _collect(self, batch: Batch) -> None:
        run = self.store.runs.get(batch.run)
        _, spec = self.store.content.grader(run.grader_digest)
        grader = RubricGrader.from_spec(spec)
        requests = {request.custom_id: request for request in self.store.runs.requests(batch.run, batch.part)}
        download = self._download(batch, grader, requests)
        if len(download.found) < len(requests):
            # A stream may end early without an error: a second look tells a cut download from missing results.
            download = self._download(batch, grader, requests)
        for problem in download.problems(batch):
            self.progress.note(problem)
        try:
            missing = self.store.scores.finish(batch, [c.name for c in grader.criteria], now=self.now())
        except StaleTransitionError:
            return  # another collector was faster, with the same scores
        self.progress.collected(batch, missing)

    def _download(self, batch: Batch, grader: RubricGrader, requests: dict[str, Request]) -> Download:
        download = Download()
        for lines in _chunks(self.provider.results(batch.id)):
            replies = list(_replies(lines, requests, download))
            self.store.results.keep(batch, [self._line(batch, reply, raw) for reply, raw in replies], now=self.now())
            known = [(reply, requests[reply.custom_id]) for reply, _ in replies if reply.custom_id in requests]
            self.store.scores.put(
                score for reply, request in known for score in read_scores(batch, grader, request, reply)
            )
            self.progress.reading(batch, len(download.found))
        return download

    def _line(self, batch: Batch, reply: Reply, raw: bytes) -> ResultLine:
        usage, cost = self._money(batch, reply)
        return ResultLine(
            custom_id=reply.custom_id,
            raw=raw,
            type=reply.result.type,
            served_model=reply.model,
            stop_reason=reply.stop_reason,
            usage=usage,
            cost_usd=cost,
        )

    def _money(self, batch: Batch, reply: Reply) -> tuple[Usage, float | None]:
        """Tokens and price of a reply; a result without a message is not billed."""
        if reply.result.message is None:
            return Usage(), 0.0
        usage = usage_from_api(reply.usage)
        if usage is None:
            return Usage(), None
        return usage, self.prices.cost(reply.model or "", usage, batch=True, on=batch.created_at.date())

    def _pause(self, open_batches: Sequence[Batch], last: float, hint: float) -> float:
        """Seconds until the next look: never sooner than the server asks, and longer the longer it takes."""
        if all(batch.simulated for batch in open_batches):
            return max(_SIMULATED_WAIT, hint)
        return min(max(_FIRST_WAIT, last * 1.5, hint), _LONGEST_WAIT)

    def _say_waiting(self, open_batches: list[Batch]) -> None:
        oldest = min(batch.created_at for batch in open_batches)
        judge = self.store.runs.get(open_batches[0].run).judge
        usual = self.store.batches.usual_seconds(judge.model if judge else None)
        self.progress.waiting(open_batches, self.now() - oldest, timedelta(seconds=usual) if usual else None)


def read_scores(batch: Batch, grader: RubricGrader, request: Request, reply: Reply) -> Iterator[Score]:
    """The scores that a reply gives, one per criterion."""
    for verdict in grader.parse(reply):
        yield Score(
            run=batch.run,
            case_id=request.case_id,
            suffix=request.suffix,
            verdict=verdict,
            custom_id=reply.custom_id,
            batch=batch.id,
            served_model=reply.model,
            stop_reason=reply.stop_reason,
        )


def _replies(lines: Sequence[bytes], requests: dict[str, Request], download: Download) -> Iterator[tuple[Reply, bytes]]:
    """The first reply of each custom_id; a line that cannot be read is named, and the rest is kept."""
    for line in lines:
        try:
            reply = read_reply(line)
        except ValueError as error:
            download.unreadable.append(f"{error} in {line[:80]!r}")
            continue
        if reply.custom_id in download.found:
            download.repeated += 1
            continue
        if reply.custom_id in requests:
            download.found.add(reply.custom_id)
        else:
            download.strangers.append(reply.custom_id)
        yield reply, line


def _chunks(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    chunk: list[bytes] = []
    for line in lines:
        chunk.append(line)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
