"""A paid API: the sandbox behind a server that says of every reply what it used and who served it, as a test wishes."""

from __future__ import annotations

import http.client
import json
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from evalkit import api
from evalkit.sandbox import Sandbox

Said = dict[str, Any]
"""What is to be said of one reply: `usage`, `model`, or a `result` in place of it."""


@dataclass
class Paid:
    """A server that is no sandbox as far as evalkit can see."""

    url: str
    says: Callable[[str, int], Said] = field(default=lambda _case, _attempt: {})
    """By the end of the custom_id, and how often that was asked for."""
    asked: list[str] = field(default_factory=list)
    """Method and path of every call."""
    batches: list[str] = field(default_factory=list)
    model: dict[str, str] = field(default_factory=dict)
    """What is to be said of every model."""
    lock: Any = field(default_factory=threading.Lock)

    def changed(self, path: str, said: bytes) -> bytes:
        """An answer of the sandbox, as the test wishes."""
        if path.endswith("/results"):
            with self.lock:
                if path not in self.batches:
                    self.batches.append(path)
                nth = self.batches.index(path)
            return b"".join(self._result(json.loads(line), nth) for line in said.splitlines() if line.strip())
        if path.startswith("/v1/models/"):
            return json.dumps(json.loads(said) | self.model).encode()
        if path == "/v1/messages":
            return json.dumps(_message(json.loads(said), self.says("", 0))).encode()
        return said

    def _result(self, line: dict[str, Any], nth: int) -> bytes:
        said = self.says(line["custom_id"].partition("-")[2], nth)
        if "result" in said:
            line["result"] = said["result"]
        elif "message" in line["result"]:
            line["result"]["message"] = _message(line["result"]["message"], said)
        return json.dumps(line).encode() + b"\n"


def _message(message: dict[str, Any], said: Said) -> dict[str, Any]:
    return {**message, **{name: said[name] for name in ("usage", "model") if name in said}}


@pytest.fixture
def paid(sandbox: Sandbox) -> Iterator[Paid]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(f"{self.command} {self.path}")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
            own = ("host", "content-length", "connection", "accept-encoding", "transfer-encoding")
            headers = {name: value for name, value in self.headers.items() if name.lower() not in own}
            line = http.client.HTTPConnection(sandbox.url.removeprefix("http://"), timeout=30)
            line.request(self.command, self.path, body=body, headers=headers)
            answer = line.getresponse()
            status, said, kind = answer.status, answer.read(), answer.headers["Content-Type"]
            line.close()
            said = found.changed(self.path, said) if status == 200 else said
            self.send_response(status)
            self.send_header("Content-Type", kind or "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_POST = do_GET  # noqa: N815 - named by http.server

        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = Paid(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


@dataclass
class Ledger:
    """One suite and one store before that server."""

    folder: Path
    url: str
    paid: Paid
    start: Callable[..., Any]

    def configure(self, toml: str) -> None:
        """Add a table to the config."""
        path = self.folder / "evalkit.toml"
        path.write_text(f"{path.read_text()}\n{toml}\n", encoding="utf-8")

    def submit(self, **options: Any) -> Any:
        return api.submit(self.folder, store=self.url, **options)

    def collect(self, **options: Any) -> Any:
        return api.collect(self.folder, store=self.url, **{"wait": True, "poll": 0.02, **options})

    def run(self, **options: Any) -> str:
        """Submit and collect; the id of the first run."""
        found = self.submit(**options)
        self.collect()
        return found[0].run

    def evalkit(self, *words: object, **variables: str) -> Any:
        """Start the command line in a process of its own."""
        options = ("--config", self.folder, "--store", self.url)
        return self.start("-m", "evalkit", *words, *options, base_url=self.paid.url, **variables)

    def ended(self, *words: object, **variables: str) -> tuple[int, str, str]:
        process = self.evalkit(*words, **variables)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def killed(self, *words: object, at: str) -> None:
        assert self.ended(*words, EVALKIT_FAIL_AT=at)[0] == -signal.SIGKILL


@pytest.fixture
def ledger(
    paid: Paid,
    suite_folder: Callable[..., Path],
    either_url: str,
    start: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Ledger]:
    """Builds a suite before a paid API."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", paid.url)

    def build(cases: Any = 6, **suite: Any) -> Ledger:
        return Ledger(suite_folder(cases, **suite), either_url, paid, start)

    return build
