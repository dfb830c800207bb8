"""What the API says on the wire, read without the SDK's classes: unknown keys and values are facts, not errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from evalkit.errors import ProviderError

if TYPE_CHECKING:
    import httpx2

SANDBOX_HEADER: Final = "evalkit-sandbox"
"""A server that answers with this header is a simulation, and says so."""


class RemoteBatch(msgspec.Struct, kw_only=True):
    """A batch as the API describes it; members that an answer lacks are None."""

    id: str
    type: str = ""
    processing_status: str = ""
    request_counts: dict[str, int] = {}
    created_at: datetime | None = None
    expires_at: datetime | None = None
    ended_at: datetime | None = None
    cancel_initiated_at: datetime | None = None

    @property
    def requests(self) -> int:
        """How many requests the batch holds."""
        return sum(self.request_counts.values())

    @property
    def ended(self) -> bool:
        """Whether every request has its result; an unknown status is not the end."""
        return self.processing_status == "ended"


class RemoteModel(msgspec.Struct, kw_only=True):
    """A model as the API describes it; members that an answer lacks are None."""

    id: str
    retires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """A batch's state now, and how long the server would like us to wait."""

    batch: RemoteBatch
    retry_after: float | None
    simulated: bool


class Page(msgspec.Struct):
    """A page of the list of batches."""

    data: list[RemoteBatch] = []
    has_more: bool = False


def read_batch(response: httpx2.Response, what: str) -> RemoteBatch:
    """The batch of an answer.

    Raises:
        ProviderError: the answer is something else, whatever its status.
    """
    try:
        batch = msgspec.json.decode(response.content, type=RemoteBatch)
    except msgspec.DecodeError as error:
        kind = response.headers.get("content-type", "no content type")
        raise ProviderError(f"{what} is not a batch but {kind} ({error})") from error
    if not batch.id or batch.type != "message_batch":
        raise ProviderError(f"{what} is not a batch: type {batch.type!r}")
    return batch


def split_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    r"""Non-blank lines of a byte stream, split on `\n` alone: U+2028 inside a text is no line end."""
    rest: list[bytes] = []
    for chunk in chunks:
        first, *more = chunk.split(b"\n")
        rest.append(first)
        if not more:
            continue
        yield from _whole(b"".join(rest))
        for line in more[:-1]:
            yield from _whole(line)
        rest = [more[-1]]
    yield from _whole(b"".join(rest))


def _whole(line: bytes) -> Iterator[bytes]:
    stripped = line.strip()
    if stripped:
        yield stripped


def seconds(header: str | None) -> float | None:
    """A header's seconds; None where there are none, or a date."""
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None
