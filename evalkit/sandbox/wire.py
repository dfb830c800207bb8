"""What goes over the wire: answers, errors in the API's shape, request ids, timestamps."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

import msgspec

ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
JSON_TYPE: Final = ("Content-Type", "application/json")
HTML_TYPE: Final = ("Content-Type", "text/html; charset=UTF-8")
ERROR_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    411: "invalid_request_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}

Headers = tuple[tuple[str, str], ...]


class Ending(Enum):
    """What happens to the connection."""

    KEEP = "keep"
    CLOSE = "close"
    RESET = "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP response, or the lack of one."""

    status: int = 200
    headers: Headers = (JSON_TYPE,)
    body: bytes | Iterator[bytes] = b""
    """An iterator is streamed: chunked, or raw with `length` or `until_eof`."""
    length: int | None = None
    until_eof: bool = False
    unterminated: bool = False
    """The chunked body is left without its last chunk."""
    ending: Ending = Ending.KEEP
    wait: float = 0.0
    """Seconds of silence before anything is sent."""


class ApiError(Exception):
    """An error answer of the API: status, type, message, and an error code in its details."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, headers: Headers = (), kind: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers
        self.kind = kind or ERROR_TYPES.get(status, "api_error")

    def answer(self, request_id: str) -> Answer:
        """The error as an answer that carries the request id of its exchange."""
        body = encode(error_body(self.kind, self.message, request_id, code=self.code))
        return Answer(status=self.status, headers=(JSON_TYPE, *self.headers), body=body)


def error_body(kind: str, message: str, request_id: str, *, code: str | None = None) -> dict[str, object]:
    """The API's standard error shape, as an error answer and as the error of a row."""
    details = {"error_code": code} if code else None
    return {
        "type": "error",
        "error": {"type": kind, "message": message, "details": details},
        "request_id": request_id,
    }


def encode(value: object) -> bytes:
    """Compact JSON in raw UTF-8."""
    return msgspec.json.encode(value)


def new_id(prefix: str) -> str:
    """A fresh id such as `req_01...`."""
    return f"{prefix}_01" + "".join(secrets.choice(ALPHABET) for _ in range(22))


def derived_id(prefix: str, seed: str) -> str:
    """An id that follows from a text: the same text, the same id."""
    return f"{prefix}_01{hashlib.blake2b(seed.encode(), digest_size=11).hexdigest()}"


def timestamp(moment: datetime | None) -> str | None:
    """`2025-04-11T17:18:57.044758+00:00`, always with microseconds."""
    return None if moment is None else moment.isoformat(timespec="microseconds")
