"""One call as it came in: which endpoint it means, who makes it, and what the witness will say of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from evalkit.sandbox.behaviour import Endpoint
from evalkit.sandbox.wire import ApiError, new_id

_BATCHES: Final = "/v1/messages/batches"
_ROUTES: Final[tuple[tuple[str, re.Pattern[str], Endpoint], ...]] = (
    ("POST", re.compile(_BATCHES), "create"),
    ("GET", re.compile(_BATCHES), "list"),
    ("GET", re.compile(_BATCHES + "/([^/]+)"), "retrieve"),
    ("DELETE", re.compile(_BATCHES + "/([^/]+)"), "delete"),
    ("POST", re.compile(_BATCHES + "/([^/]+)/cancel"), "cancel"),
    ("GET", re.compile(_BATCHES + "/([^/]+)/results"), "results"),
    ("POST", re.compile("/v1/messages"), "messages"),
    ("POST", re.compile("/v1/messages/count_tokens"), "count_tokens"),
    ("GET", re.compile("/v1/models/([^/]+)"), "models"),
)


@dataclass(slots=True, kw_only=True)
class Call:
    """One HTTP request with the body already read; the fields from `account` on are filled in as it is answered."""

    method: str
    target: str
    headers: Mapping[str, str]
    """Names in lower case."""
    origin: str
    endpoint: Endpoint | None = field(init=False, default=None)
    name: str = field(init=False, default="")
    """The batch or model the path names."""
    request_id: str = field(init=False, default_factory=lambda: new_id("req"))
    body: bytes = b""
    spool: Path | None = None
    """The file that holds the body of a create."""
    body_sha256: str | None = None
    account: str = ""
    version: str = ""
    batch: str | None = None
    requests: int | None = None
    custom_ids_digest: str | None = None
    faults: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        for method, pattern, endpoint in _ROUTES:
            found = pattern.fullmatch(self.path)
            if found and method == self.method:
                self.endpoint = endpoint
                self.name = unquote(found[1]) if found.groups() else ""

    @property
    def path(self) -> str:
        """The path without its query."""
        return urlsplit(self.target).path

    def query(self, name: str) -> str | None:
        """One parameter of the query; the last of several."""
        values = parse_qs(urlsplit(self.target).query).get(name)
        return values[-1] if values else None

    def key(self) -> str:
        """The API key of the call, from either header.

        Raises:
            ApiError: 401 where neither is there.
        """
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        key = token.strip() if scheme.lower() == "bearer" else self.headers.get("x-api-key", "").strip()
        if not key:
            raise ApiError(401, "x-api-key header is required")
        return key
