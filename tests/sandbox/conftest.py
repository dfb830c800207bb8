"""A running sandbox, the real SDK pointed at it, and builders of requests."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import anthropic
import pytest

from evalkit.sandbox import Behaviour, Sandbox

MODEL = "claude-haiku-5-5"
HEADERS = {"authorization": "Bearer k", "anthropic-version": "2026-10-21"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "reasoning": {"type": "string"},
        "verdict": {"type": "string", "enum": ["incorrect", "partial", "correct"]},
    },
    "required": ["reasoning", "verdict"],
}


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Bench:
    """One sandbox and ways to talk to it."""

    sandbox: Sandbox
    transport: Any
    """Shared by all tests: setting up TLS for every client would cost more than all of them do."""

    def client(self, key: str = "k", **settings: Any) -> anthropic.Anthropic:
        options = {"max_retries": 0, "http_client": self.transport, **settings}
        return anthropic.Anthropic(api_key=key, base_url=self.sandbox.url, **options)

    def params(self, *, output: str = "Paris", expected: str = "Paris", **extra: Any) -> dict[str, Any]:
        text = (
            f"<input-3fa91c2e>\nThe capital of France?\n</input-3fa91c2e>\n"
            f"<expected-3fa91c2e>\n{expected}\n</expected-3fa91c2e>\n"
            f"<output-3fa91c2e>\n{output}\n</output-3fa91c2e>"
        )
        base = {
            "model": MODEL,
            "max_tokens": 1024,
            "messages": [{"role": "user", "content": text}],
            "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
        }
        return {name: value for name, value in {**base, **extra}.items() if value is not None}

    def request(self, custom_id: str, **extra: Any) -> Any:
        return {"custom_id": custom_id, "params": self.params(**extra)}

    def create(self, *requests: Any, client: anthropic.Anthropic | None = None) -> str:
        return (client or self.client()).messages.batches.create(requests=requests).id

    def create_many(self, count: int, **extra: Any) -> str:
        return self.create(*(self.request(f"run-{number}", **extra) for number in range(count)))

    def ended(self, *requests: Any) -> str:
        batch = self.create(*requests)
        assert self.client().messages.batches.retrieve(batch).processing_status == "ended"
        return batch

    def rows(self, batch: str, client: anthropic.Anthropic | None = None) -> dict[str, Any]:
        """Each result of an ended batch as plain data, by custom_id."""
        (client or self.client()).messages.batches.retrieve(batch)
        lines = self.raw("GET", f"/v1/messages/batches/{batch}/results")[2].split(b"\n")
        return {row["custom_id"]: row["result"] for row in map(json.loads, lines)}

    def row(self, **extra: Any) -> Any:
        """What becomes of one request alone in its batch."""
        return self.rows(self.create(self.request("run-1", **extra)))["run-1"]

    def raw(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """One exchange without the SDK: status, headers in lower case, body."""
        connection = http.client.HTTPConnection(self.sandbox.url.removeprefix("http://"), timeout=20)
        try:
            connection.request(method, path, body, HEADERS if headers is None else headers)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return response.status, found, response.read()
        finally:
            connection.close()

    def posted(self, body: object, headers: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
        """Status and JSON of a create with any body."""
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        status, _, answer = self.raw("POST", "/v1/messages/batches", text, headers)
        return status, json.loads(answer)

    def refusal(self, body: object) -> str:
        """The message of a create that is refused with 400."""
        status, answer = self.posted(body)
        assert (status, answer["error"]["type"]) == (400, "invalid_request_error")
        return answer["error"]["message"]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def transport() -> Iterator[Any]:
    with anthropic.DefaultHttpxClient(trust_env=False) as client:
        yield client


@pytest.fixture
def open_bench(clock: Clock, transport: Any) -> Iterator[Callable[..., Bench]]:
    """Starts sandboxes with settings of the test's own; all stop at its end."""
    running: list[Sandbox] = []

    def start(**settings: Any) -> Bench:
        options = {name: settings.pop(name) for name in ("replay", "directory") if name in settings}
        sandbox = Sandbox(behaviour=Behaviour(**settings), clock=clock, **options).start()
        running.append(sandbox)
        return Bench(sandbox, transport)

    yield start
    for sandbox in running:
        sandbox.stop()


@pytest.fixture
def bench(open_bench: Callable[..., Bench]) -> Bench:
    """A sandbox that behaves well."""
    return open_bench()
