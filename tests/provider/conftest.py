"""Providers pointed at real sockets: a sandbox, and small servers that answer what they are told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from evalkit.provider import Provider
from evalkit.sandbox import Sandbox

KEY = "sk-test-0123456789-never-shown"


@dataclass
class Host:
    """A server with fixed answers, by method and path, that remembers what it was asked."""

    url: str
    answers: dict[str, tuple[int, Mapping[str, str], bytes]] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path and all headers of each request."""


@pytest.fixture
def host() -> Iterator[Callable[[], Host]]:
    """Starts such a server."""
    running: list[ThreadingHTTPServer] = []

    def start() -> Host:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found.asked.append((self.command, self.path, str(self.headers)))
                status, headers, body = found.answers.get(f"{self.command} {self.path}", (404, {}, b"{}"))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - named by http.server

            def log_message(self, *words: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        found = Host(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        running.append(server)
        return found

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture
def connect() -> Iterator[Callable[..., Provider]]:
    """Connects to a URL under a key."""
    opened: list[Provider] = []

    def connected(url: str, *, key: str | None = KEY, timeout: float | None = None) -> Provider:
        provider = Provider(base_url=url, api_key=key)
        opened.append(provider)
        if timeout is not None:
            # The SDK's own waits ten minutes; everything else about the client stays.
            provider.__dict__["client"] = provider.client.with_options(timeout=timeout)
        return provider

    yield connected
    for provider in opened:
        provider.close()


@pytest.fixture
def provider(sandbox: Sandbox, connect: Callable[..., Provider]) -> Provider:
    """The sandbox, under a key."""
    return connect(sandbox.url)
