"""The connection to the API: every call that evalkit makes."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, Final, Self

import msgspec

from evalkit.errors import ProviderError
from evalkit.provider.count import Counted, NotCounted, count_tokens
from evalkit.provider.faults import cause, mend, no_credentials, plain
from evalkit.provider.message import Answered, MessageOutcome, answered, failed, lost
from evalkit.provider.outcome import CreateOutcome, created, disconnected, refused
from evalkit.provider.wire import (
    SANDBOX_HEADER,
    Page,
    Polled,
    RemoteBatch,
    RemoteModel,
    read_batch,
    seconds,
    split_lines,
)

if TYPE_CHECKING:
    import anthropic
    import httpx2

MESSAGES: Final = "/v1/messages"
BATCHES: Final = "/v1/messages/batches"
MODELS: Final = "/v1/models"
# The SDK's own switch for an unread response; `anthropic` is pinned to the major version it was checked on.
_RAW_RESPONSE: Final = "X-Stainless-Raw-Response"
_CHUNK: Final = 1 << 18
MESSAGE_PAUSES = (0.5, 1.0)
"""Seconds before a call for a message that failed is made again."""


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
            raise ProviderError(no_credentials(str(error))) from error
        if not (client.api_key or client.auth_token or os.environ.get("ANTHROPIC_PROFILE")):
            raise ProviderError(no_credentials("no API key is set"))
        if any(secret and not _fits_header(secret) for secret in (client.api_key, client.auth_token)):
            client.close()
            # Were it sent, the connection would fail in a way that shows the key and looks like a lost answer.
            raise ProviderError(no_credentials("the key holds a space, a line end or another odd character"))
        return client

    @property
    def base_url(self) -> str:
        """The API's origin, without a trailing slash and without a password that may stand in it."""
        url = self.client.base_url
        return str(url.copy_with(userinfo=b"") if url.userinfo else url).rstrip("/")

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
            return refused(error)
        except anthropic.APIConnectionError as error:
            return disconnected(error)
        return created(response)

    def message(self, body: bytes) -> MessageOutcome:
        """Ask for one message, from the bytes of its params; a failure in passing is tried again. For threads too.

        An API that wants fewer calls is left in peace at once: all calls are to slow down by it, and the SDK would
        let this one sleep as long as the API says, deaf to an interrupt.

        Args:
            body: the params of one request, as JSON.
        """
        for pause in MESSAGE_PAUSES:
            outcome = self._message(body)
            if not isinstance(outcome, Answered) or outcome.succeeded or outcome.refused is not None:
                return outcome
            time.sleep(pause)
        return self._message(body)

    def _message(self, body: bytes) -> MessageOutcome:
        import anthropic
        import httpx2

        headers = {"Content-Type": "application/json"}
        try:
            response = self.client.post(
                MESSAGES,
                cast_to=httpx2.Response,
                content=body,
                options={"headers": headers, "follow_redirects": False, "max_retries": 0},
            )
        except anthropic.APIStatusError as error:
            return failed(error)
        except anthropic.APIConnectionError as error:
            return lost(error)
        return answered(response)

    def count_tokens(self, params: bytes) -> Counted | NotCounted:
        """The tokens of the prompt in the params of a request, as JSON; free, and nothing is made. For threads too.

        Raises:
            ProviderError: there are no credentials.
        """
        return count_tokens(self.client, params)

    def retrieve(self, batch_id: str) -> Polled:
        """Where a batch stands.

        Raises:
            ProviderError: the API does not answer, or does not know the batch.
        """
        response = self._get(f"{BATCHES}/{batch_id}", f"batch {batch_id}")
        return Polled(
            batch=read_batch(response, f"batch {batch_id}"),
            retry_after=seconds(response.headers.get("retry-after")),
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
                page = msgspec.json.decode(response.content, type=Page)
            except msgspec.DecodeError as error:
                raise ProviderError(f"the list of batches is not readable ({error}); {_mend_url(self)}") from error
            yield from page.data
            if not page.has_more or not page.data:
                return
            after = f"&after_id={page.data[-1].id}"

    def model(self, model: str) -> RemoteModel | None:
        """What the API says of a model; None where it has none of that id.

        Raises:
            ProviderError: the API does not answer.
        """
        from urllib.parse import quote

        try:
            response = self._get(f"{MODELS}/{quote(model, safe='')}", f"model {model}")
        except ProviderError as error:
            if error.status == 404:
                return None
            raise
        try:
            return msgspec.json.decode(response.content, type=RemoteModel)
        except msgspec.DecodeError as error:
            raise ProviderError(f"model {model} is not readable ({error}); {_mend_url(self)}") from error

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
            raise ProviderError(f"batch {batch_id} was not canceled: {plain(error)}") from error
        return read_batch(response, f"batch {batch_id}")

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
            raise ProviderError(f"batch {batch_id} was not deleted: {plain(error)}") from error

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
            refused = ProviderError(f"{what}: the API answered {plain(error)}; {mend(error.status_code)}")
            refused.status = error.status_code
            raise refused from error
        except anthropic.APIConnectionError as error:
            raise ProviderError(f"{what}: {self.base_url} cannot be reached ({cause(error)}); try again") from error


def _mend_url(provider: Provider) -> str:
    return f"is {provider.base_url} the API?"


def _fits_header(secret: str) -> bool:
    return secret.isascii() and secret.isprintable() and " " not in secret
