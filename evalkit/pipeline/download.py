"""Download: the results of an ended batch, raw lines first, then the scores that are read from them.

A stream may be short, cut, doubled, polluted or garbled without an error. So what was found is held against what was
sent: what is missing is fetched once more, strangers are kept but not scored, and a line that cannot be read is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from evalkit.errors import ProviderError
from evalkit.failpoint import step
from evalkit.graders import Asked, CacheTtl
from evalkit.pipeline.generate import Outputs
from evalkit.pipeline.progress import Progress
from evalkit.pricing import Prices, Usage, usage_from_api
from evalkit.provider import Provider
from evalkit.reply import Reply, read_reply
from evalkit.run import Batch, Request
from evalkit.score import Score
from evalkit.store import ResultLine, Store

_CHUNK: Final = 1000


@dataclass(slots=True)
class Seen:
    """What was seen in one download of a batch's results."""

    found: set[str] = field(default_factory=set[str])
    strangers: list[str] = field(default_factory=list[str])
    repeated: int = 0
    unreadable: list[str] = field(default_factory=list[str])
    ragged: bool = False
    """The last line cannot be read, as after a cut."""

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
class Downloader:
    """Downloads and scores one batch."""

    store: Store
    provider: Provider
    prices: Prices
    progress: Progress
    batch: Batch
    grader: Asked
    requests: Mapping[str, Request]
    lines: Callable[[], Iterator[bytes]] | None = None
    """Its result lines, where they are here already; from the provider where None."""
    outputs: Outputs | None = None
    """Keeps what the replies become, where they are outputs."""
    ttl: CacheTtl | None = None
    """How long the prefix was asked to stay cached: what a cache write costs where a reply does not say."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def download(self) -> Seen:
        """Store and score everything that the batch has; twice where the first time did not bring everything.

        Raises:
            ProviderError: the download could not be opened, or broke off; what came is kept.
        """
        seen = self._once()
        if len(seen.found) < len(self.requests):
            # A stream may end early without an error: a second look tells a cut download from missing results.
            seen = self._once()
        if len(seen.found) < len(self.requests) and (seen.ragged or not seen.found):
            # Such a download says nothing of what it lacks: to call that missing would be to lose it.
            raise ProviderError(
                f"the results of batch {self.batch.id} broke off after {len(seen.found):,} of {len(self.requests):,} "
                "requests, twice; what came is kept; collect again"
            )
        return seen

    def _once(self) -> Seen:
        seen = Seen()
        for lines in _chunks(self.lines() if self.lines else self.provider.results(self.batch.id)):
            self.take(lines, seen)
        step("downloaded")
        return seen

    def take(self, lines: Sequence[bytes], seen: Seen) -> None:
        """Store some result lines as they are, then what they say, each in one transaction."""
        replies = list(_replies(lines, self.requests, seen))
        kept = [self._line(reply, raw) for reply, raw in replies]
        self.store.results.keep(self.batch, kept, now=self.now())
        step("results_kept")
        read = [score for reply, _ in replies for score in self._scores(reply)]
        if self.outputs:
            self.outputs.keep([reply for reply, _ in replies], kept, read)
            step("outputs_kept")
        self.store.scores.put(read, batch=self.batch.id)
        step("scores_put")
        self.progress.reading(self.batch, len(seen.found))

    def _scores(self, reply: Reply) -> Iterator[Score]:
        """The scores that a reply gives, one per criterion; none for a stranger."""
        request = self.requests.get(reply.custom_id)
        for verdict in self.grader.parse(reply, request.suffix) if request else ():
            assert request is not None  # noqa: S101 # the loop above runs for a known request only
            yield Score(
                run=self.batch.run,
                case_id=request.case_id,
                suffix=request.suffix,
                verdict=verdict,
                custom_id=reply.custom_id,
                batch=self.batch.id,
                served_model=reply.model,
                stop_reason=reply.stop_reason,
            )

    def _line(self, reply: Reply, raw: bytes) -> ResultLine:
        usage, cost, uncached = self._money(reply)
        return ResultLine(
            custom_id=reply.custom_id,
            raw=raw,
            type=reply.result.type,
            served_model=reply.model,
            stop_reason=reply.stop_reason,
            usage=usage,
            cost_usd=cost,
            uncached_usd=uncached,
        )

    def _money(self, reply: Reply) -> tuple[Usage, float | None, float | None]:
        """Tokens of a reply, its price, and that without any caching.

        A result without a message is not billed, and a stranger is not ours to pay.
        """
        if reply.result.message is None or reply.custom_id not in self.requests:
            return Usage(), 0.0, 0.0
        usage = usage_from_api(reply.usage, ttl=self.ttl or "5m")
        if usage is None:
            return Usage(), None, None
        batched, day = not self.batch.realtime, self.batch.created_at.date()
        cost = self.prices.cost(reply.model or "", usage, batch=batched, on=day)
        uncached = self.prices.cost(reply.model or "", usage.uncached, batch=batched, on=day)
        return usage, cost, None if cost is None else uncached


def _replies(lines: Sequence[bytes], requests: Mapping[str, Request], seen: Seen) -> Iterator[tuple[Reply, bytes]]:
    """The first reply of each custom_id; a line that cannot be read is named, and the rest is kept."""
    for line in lines:
        try:
            reply = read_reply(line)
        except ValueError as error:
            seen.unreadable.append(f"{error} in {line[:80]!r}")
            seen.ragged = True
            continue
        seen.ragged = False
        if reply.custom_id in seen.found:
            seen.repeated += 1
            continue
        if reply.custom_id in requests:
            seen.found.add(reply.custom_id)
        else:
            seen.strangers.append(reply.custom_id)
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
