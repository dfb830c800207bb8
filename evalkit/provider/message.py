"""What a call for one message came to: a result in the shape of a batch's, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from evalkit.provider.faults import cause, mend, plain
from evalkit.provider.wire import SANDBOX_HEADER, seconds

if TYPE_CHECKING:
    import anthropic
    import httpx2

_ACCOUNT: Final = frozenset({401, 402, 403})
_BUSY: Final = frozenset({429, 503, 529})
_LIMITS: Final = ("usage limits", "credit balance is too low", "billing_error")
"""What the API says where the account has no money, as an error of the request or of the rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The call has a result: `{"type": "succeeded", "message": ...}` or `{"type": "errored", "error": ...}`."""

    result: bytes
    simulated: bool = False
    refused: str | None = None
    """Why the API refuses this request, as it would every time."""

    @property
    def succeeded(self) -> bool:
        """Whether there is a message."""
        return self.result.startswith(_SUCCEEDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """No result for now: the API wants fewer calls, or was not reached."""

    reason: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """No call has a result before a person has mended something: the key, the money, the address."""

    reason: str


MessageOutcome = Answered | Busy | Barred

_SUCCEEDED: Final = b'{"type":"succeeded"'


class _Kind(msgspec.Struct):
    type: str = ""


def answered(response: httpx2.Response) -> MessageOutcome:
    """By the body of a good answer: only a message is a reply."""
    body = response.content
    try:
        kind = msgspec.json.decode(body, type=_Kind).type
    except (msgspec.DecodeError, UnicodeDecodeError):
        kind = ""
    if kind != "message":
        said = response.headers.get("content-type", "no content type")
        return Barred(reason=f"the answer is no message but {said}; is ANTHROPIC_BASE_URL the API?")
    return Answered(result=_SUCCEEDED + b',"message":' + body + b"}", simulated=SANDBOX_HEADER in response.headers)


def failed(error: anthropic.APIStatusError) -> MessageOutcome:
    """By the status."""
    status, said = error.status_code, f"the API answered {plain(error)}"
    if status in _ACCOUNT or 300 <= status < 400 or any(word in said for word in _LIMITS):
        return Barred(reason=f"{said}; {mend(status)}")
    if status in _BUSY:
        return Busy(reason=said, retry_after=seconds(error.response.headers.get("retry-after")))
    lasting = status < 500 and status not in (408, 409)
    return Answered(
        result=_errored(_body(error)),
        simulated=SANDBOX_HEADER in error.response.headers,
        refused=said if lasting else None,
    )


def lost(error: anthropic.APIConnectionError) -> MessageOutcome:
    """By where the connection was lost: only a call that cannot have been answered is surely not paid."""
    import httpx2

    said = f"no answer came ({cause(error)})"
    if isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.UnsupportedProtocol):
        return Busy(reason=said)
    return Answered(result=_errored({"type": "error", "error": {"type": "timeout_error", "message": said}}))


def _body(error: anthropic.APIStatusError) -> object:
    """The API's own error, or one of its shape where a gateway answered in its place."""
    body: Any = error.body
    if isinstance(body, dict) and isinstance(body.get("error"), dict):  # pyright: ignore[reportUnknownMemberType]
        return body  # pyright: ignore[reportUnknownVariableType]
    kind = {400: "invalid_request_error", 404: "not_found_error", 413: "request_too_large"}
    said = {"type": kind.get(error.status_code, "api_error"), "message": plain(error)}
    return {"type": "error", "error": said}


def _errored(error: object) -> bytes:
    return b'{"type":"errored","error":' + msgspec.json.encode(error) + b"}"
