"""What a create came to: `Created`, `NotCreated` or `Unknown`, by what its answer, or its lack of one, can prove."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from evalkit.errors import ProviderError
from evalkit.provider.faults import REDIRECTS, cause, mend, plain
from evalkit.provider.wire import SANDBOX_HEADER, RemoteBatch, read_batch, seconds

if TYPE_CHECKING:
    import anthropic
    import httpx2

_MAY_HAVE_LANDED: Final = frozenset({303, 408, 409})


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """The batch exists."""

    batch: RemoteBatch
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCreated:
    """The batch does not exist: the request never left, or was refused."""

    reason: str
    retry_after: float | None = None
    """Seconds to wait before another try; None where another try would be refused like this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The batch may exist: no second create until this is settled."""

    reason: str


CreateOutcome = Created | NotCreated | Unknown


def created(response: httpx2.Response) -> CreateOutcome:
    """By the body of a good answer: only a batch is proof of a batch."""
    try:
        batch = read_batch(response, "the answer to the create")
    except ProviderError as error:
        return Unknown(reason=str(error))
    return Created(batch=batch, simulated=SANDBOX_HEADER in response.headers)


def refused(error: anthropic.APIStatusError) -> CreateOutcome:
    """By the status: what a client may know of a create that was answered with an error."""
    status = error.status_code
    if status in _MAY_HAVE_LANDED or status >= 500:
        return Unknown(reason=f"the API answered {plain(error)}")
    if status in REDIRECTS:
        place = error.response.headers.get("location", "another place")
        return NotCreated(reason=f"redirected to {place}; set ANTHROPIC_BASE_URL to where the API is")
    wait = seconds(error.response.headers.get("retry-after")) if status == 429 else None
    return NotCreated(reason=f"the API answered {plain(error)}; {mend(status)}", retry_after=wait)


def disconnected(error: anthropic.APIConnectionError) -> CreateOutcome:
    """By where the connection was lost: before anything could leave, or after."""
    import httpx2

    lost = error.__cause__
    if isinstance(lost, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.UnsupportedProtocol):
        return NotCreated(reason=f"no connection ({cause(error)}); check the network and ANTHROPIC_BASE_URL")
    return Unknown(reason=f"the connection was lost before an answer came ({cause(error)})")
