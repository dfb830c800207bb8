"""The one door to the Anthropic API: batches are created, polled, listed and read here and nowhere else.

Bodies go out as bytes through the SDK's own client, which keeps its authentication, headers, errors and timeouts
but not its cost per object. Creating a batch is not idempotent, so `create` never retries and never follows a
redirect, and says one of three things: `Created`, `NotCreated`, `Unknown`.

Results are read from the documented path of the client's own base URL, never from the `results_url` that an answer
names: the key is sent to no other host.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, Final, Self

import msgspec

from evalkit.errors import ProviderError
from evalkit.reply import error_text

if TYPE_CHECKING:
    import anthropic
    import httpx2

BATCHES: Final = "/v1/messages/batches"
SANDBOX_HEADER: Final = "evalkit-sandbox"
"""A server that answers with this header is a simulation, and says so."""

# The SDK's own switch for an unread response; `anthropic` is pinned to the major version it was checked on.
_RAW_RESPONSE: Final = "X-Stainless-Raw-Response"
_CHUNK: Final = 1 << 18
_REDIRECTS: Final = frozenset({301, 302, 307, 308})
_MAY_HAVE_LANDED: Final = frozenset({303, 408, 409})


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """A batch's state now, and how long the server would like us to wait."""

    batch: RemoteBatch
    retry_after: float | None
    simulated: bool


class Provider:
    """A connection to the API under one account."""

    def __init__(self, *, base_url: str | None = None, api_key: str | None = None, account: str | None = None) -> None:
        """Name the account; nothing is sent and the SDK is not imported yet.

        Args:
            base_url: the API's origin; the SDK's own settings (`ANTHROPIC_BASE_URL`) where None.
            api_key: the key; the SDK's own settings (`ANTHROPIC_API_KEY` and others) where None.
            account: a name for the account, where key and base URL do not tell it.
        """
        self._given_account = account
        self._given_url = base_url
        self._given_key = api_key

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, if any were opened."""
        if "client" in self.__dict__:
            self.client.close()

    @cached_property
    def client(self) -> anthropic.Anthropic:
        """The SDK's client.

        Raises:
            ProviderError: there are no credentials.
        """
        import anthropic

        try:
            client = anthropic.Anthropic(base_url=self._given_url, api_key=self._given_key)
        except anthropic.AnthropicError as error:
            raise ProviderError(_no_credentials(str(error))) from error
        if not (client.api_key or client.auth_token or os.environ.get("ANTHROPIC_PROFILE")):
            raise ProviderError(_no_credentials("no API key is set"))
        if any(secret and not _fits_header(secret) for secret in (client.api_key, client.auth_token)):
            client.close()
            # Were it sent, the connection would fail in a way that shows the key and looks like a lost answer.
            raise ProviderError(_no_credentials("the key holds a space, a line end or another odd character"))
        return client

    @property
    def base_url(self) -> str:
        """The API's origin, without a trailing slash."""
        return str(self.client.base_url).rstrip("/")

    @property
    def account(self) -> str:
        """Digest of key and base URL; a batch is bound to it. The key cannot be had from it."""
        if self._given_account is not None:
            return self._given_account
        secret = self.client.api_key or self.client.auth_token or os.environ.get("ANTHROPIC_PROFILE", "")
        return hashlib.sha256(f"evalkit account\n{secret}\n{self.base_url}".encode()).hexdigest()[:16]

    def create(self, body: IO[bytes]) -> CreateOutcome:
        """Create a batch from a serialized body; sent once, whatever happens.

        Args:
            body: an open binary file at its start: `{"requests":[...]}`.
        """
        import anthropic
        import httpx2

        try:
            response = self.client.with_options(max_retries=0).post(
                BATCHES,
                cast_to=httpx2.Response,
                content=body,
                options={"headers": {"Content-Type": "application/json"}, "follow_redirects": False},
            )
        except anthropic.APIStatusError as error:
            return _refused(error)
        except anthropic.APIConnectionError as error:
            return _disconnected(error)
        return _created(response)

    def retrieve(self, batch_id: str) -> Polled:
        """Where a batch stands.

        Raises:
            ProviderError: the API does not answer, or does not know the batch.
        """
        response = self._get(f"{BATCHES}/{batch_id}", f"batch {batch_id}")
        return Polled(
            batch=_read_batch(response, f"batch {batch_id}"),
            retry_after=_seconds(response.headers.get("retry-after")),
            simulated=SANDBOX_HEADER in response.headers,
        )

    def list_batches(self) -> Iterator[RemoteBatch]:
        """Every batch of the workspace, newest first, a page at a time.

        Raises:
            ProviderError: the API does not answer.
        """
        after = ""
        while True:
            response = self._get(f"{BATCHES}?limit=100{after}", "the list of batches")
            try:
                page = msgspec.json.decode(response.content, type=_Page)
            except msgspec.DecodeError as error:
                raise ProviderError(f"the list of batches is not readable ({error}); {_mend_url(self)}") from error
            yield from page.data
            if not page.has_more or not page.data:
                return
            after = f"&after_id={page.data[-1].id}"

    def cancel(self, batch_id: str) -> RemoteBatch:
        """Ask for a batch to be canceled; what was under way may still be answered and billed.

        Raises:
            ProviderError: the API does not answer, or the batch has ended.
        """
        import anthropic
        import httpx2

        try:
            response = self.client.post(f"{BATCHES}/{batch_id}/cancel", cast_to=httpx2.Response)
        except anthropic.APIError as error:
            raise ProviderError(f"batch {batch_id} was not canceled: {_plain(error)}") from error
        return _read_batch(response, f"batch {batch_id}")

    def delete(self, batch_id: str) -> None:
        """Delete an ended batch with its results at the provider; one that is gone already is no error.

        Raises:
            ProviderError: the API refuses.
        """
        import anthropic

        try:
            self.client.messages.batches.delete(batch_id)
        except anthropic.NotFoundError:
            return
        except anthropic.APIError as error:
            raise ProviderError(f"batch {batch_id} was not deleted: {_plain(error)}") from error

    def results(self, batch_id: str) -> Iterator[bytes]:
        """The lines of an ended batch's results, as bytes, in the order they come; blank lines are left out.

        Raises:
            ProviderError: the download could not be opened, or broke off; what was yielded is whole lines.
        """
        import httpx2

        headers = {_RAW_RESPONSE: "stream", "Accept": "application/binary"}
        response = self._get(f"{BATCHES}/{batch_id}/results", f"the results of batch {batch_id}", headers)
        try:
            yield from split_lines(response.iter_bytes(_CHUNK))
        except httpx2.HTTPError as error:
            raise ProviderError(
                f"the results of batch {batch_id} broke off ({type(error).__name__}: {error}); collect again"
            ) from error
        finally:
            response.close()

    def _get(self, path: str, what: str, headers: dict[str, str] | None = None) -> httpx2.Response:
        import anthropic
        import httpx2

        try:
            options: Any = {"headers": headers or {}, "follow_redirects": False}
            return self.client.get(path, cast_to=httpx2.Response, options=options)
        except anthropic.APIStatusError as error:
            raise ProviderError(f"{what}: the API answered {_plain(error)}; {_mend(error.status_code)}") from error
        except anthropic.APIConnectionError as error:
            raise ProviderError(f"{what}: {self.base_url} cannot be reached ({_cause(error)}); try again") from error


class _Page(msgspec.Struct):
    data: list[RemoteBatch] = []
    has_more: bool = False


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


def _created(response: httpx2.Response) -> CreateOutcome:
    try:
        batch = _read_batch(response, "the answer to the create")
    except ProviderError as error:
        return Unknown(reason=str(error))
    return Created(batch=batch, simulated=SANDBOX_HEADER in response.headers)


def _read_batch(response: httpx2.Response, what: str) -> RemoteBatch:
    try:
        batch = msgspec.json.decode(response.content, type=RemoteBatch)
    except msgspec.DecodeError as error:
        kind = response.headers.get("content-type", "no content type")
        raise ProviderError(f"{what} is not a batch but {kind} ({error})") from error
    if not batch.id or batch.type != "message_batch":
        raise ProviderError(f"{what} is not a batch: type {batch.type!r}")
    return batch


def _refused(error: anthropic.APIStatusError) -> CreateOutcome:
    """By the status: what a client may know of a create that was answered with an error."""
    status = error.status_code
    if status in _MAY_HAVE_LANDED or status >= 500:
        return Unknown(reason=f"the API answered {_plain(error)}")
    if status in _REDIRECTS:
        place = error.response.headers.get("location", "another place")
        return NotCreated(reason=f"redirected to {place}; set ANTHROPIC_BASE_URL to where the API is")
    wait = _seconds(error.response.headers.get("retry-after")) if status == 429 else None
    return NotCreated(reason=f"the API answered {_plain(error)}; {_mend(status)}", retry_after=wait)


def _disconnected(error: anthropic.APIConnectionError) -> CreateOutcome:
    import httpx2

    cause = error.__cause__
    if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.UnsupportedProtocol):
        return NotCreated(reason=f"no connection ({_cause(error)}); check the network and ANTHROPIC_BASE_URL")
    return Unknown(reason=f"the connection was lost before an answer came ({_cause(error)})")


def _cause(error: BaseException) -> str:
    cause = error.__cause__ or error
    return f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__


def _plain(error: anthropic.APIError) -> str:
    """The status and the API's own sentence; never a whole HTML page."""
    status = getattr(error, "status_code", None)
    body: Any = error.body
    said = error_text(body) if isinstance(body, dict) else _first_words(str(body or error.message))  # pyright: ignore[reportUnknownArgumentType]
    return f"{status} {said}" if status else said


def _first_words(text: str) -> str:
    return "with an HTML page" if text.lstrip()[:1] == "<" else " ".join(text.split())[:200]


def _mend(status: int) -> str:
    if status in _REDIRECTS:
        return "set ANTHROPIC_BASE_URL to where the API is"
    return {
        401: "check ANTHROPIC_API_KEY",
        402: "check the billing of the account",
        403: "the key may not do this: check its workspace and permissions",
        404: "check ANTHROPIC_BASE_URL, and that the key belongs to the workspace that made the batch",
        413: "the batch is too large for this server: submit fewer or shorter cases",
        429: "wait, or raise the limit of the account",
    }.get(status, "try again; if it stays, see the status page of the API")


def _mend_url(provider: Provider) -> str:
    return f"is {provider.base_url} the API?"


def _fits_header(secret: str) -> bool:
    return secret.isascii() and secret.isprintable() and " " not in secret


def _no_credentials(said: str) -> str:
    return (
        f"no credentials for the API ({said.splitlines()[0]}); set ANTHROPIC_API_KEY, or use --sandbox to try offline"
    )


def _seconds(header: str | None) -> float | None:
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None
