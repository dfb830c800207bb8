"""A line: one suite, one store and one sandbox, asked one request at a time."""

from __future__ import annotations

import io
import json
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from evalkit import api, operations
from evalkit.pipeline.progress import Progress
from evalkit.sandbox import Behaviour, Fault, Sandbox
from evalkit.store import Store


class Notes(Progress):
    """Keeps what a user is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, message: str) -> None:
        self.said.append(message)


@dataclass
class Line:
    """Every call is one that a user can make."""

    folder: Path
    url: str
    sandbox: Sandbox
    start: Callable[..., Any]
    monkeypatch: pytest.MonkeyPatch
    notes: Notes = field(default_factory=Notes)

    def submit(self, **options: Any) -> Any:
        return api.submit(self.folder, store=self.url, progress=self.notes, **options)

    def run(self, **options: Any) -> str:
        """Ask all of it in realtime; the id of the one run."""
        return self.submit(realtime=True, **options)[0].run

    def collect(self, **options: Any) -> Any:
        options = {"wait": True, "poll": 0.02, **options}
        return api.collect(self.folder, store=self.url, progress=self.notes, **options)

    def cancel(self, run: str) -> tuple[str, ...]:
        return operations.cancel(run, config=self.folder, store=self.url)

    def evalkit(self, *words: object, **variables: str) -> Any:
        """Start the command line in a process of its own."""
        options = ("--config", self.folder, "--store", self.url)
        return self.start("-m", "evalkit", *words, *options, base_url=self.sandbox.url, **variables)

    def ended(self, *words: object, **variables: str) -> tuple[int, str, str]:
        process = self.evalkit(*words, **variables)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def killed(self, *words: object, at: str) -> None:
        assert self.ended(*words, EVALKIT_FAIL_AT=at)[0] == -signal.SIGKILL

    def faults(self, *faults: Fault, **behaviour: Any) -> None:
        self.sandbox.behaviour = Behaviour(faults=faults, **behaviour)

    def calls(self) -> list[Any]:
        """Every call for a message that reached the sandbox."""
        return [entry for entry in self.sandbox.witness() if entry.endpoint == "messages"]

    def paid(self) -> Counter[str]:
        """How often each body was answered with a message."""
        return Counter(entry.body_sha256 for entry in self.sandbox.witness() if entry.paid_message)

    def beside(self) -> list[str]:
        """Calls of the batches API."""
        return [entry.endpoint for entry in self.sandbox.witness() if entry.endpoint != "messages"]

    def view(self) -> Any:
        (view,) = api.runs(self.folder, store=self.url)
        return view

    def rows(self) -> dict[str, dict[str, Any]]:
        """The exported scores of the one run, by case."""
        file = io.StringIO()
        api.export(self.view().run, file, store=self.url)
        return {row["case"]: row for row in map(json.loads, file.getvalue().splitlines())}

    def statuses(self) -> Counter[str]:
        return Counter(row["status"] for row in self.rows().values())

    def store(self) -> Store:
        return Store.open(self.url)

    def edit(self, *settings: str) -> None:
        """Add settings to the config's `[submit]`."""
        config = self.folder / "evalkit.toml"
        config.write_text(config.read_text() + "\n[submit]\n" + "\n".join(settings) + "\n")


@pytest.fixture
def open_line(
    suite_folder: Callable[..., Path], sandbox: Sandbox, start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Line]:
    def opened(url: str, cases: Any = 6, **suite: Any) -> Line:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
        return Line(suite_folder(cases, **suite), url, sandbox, start, monkeypatch)

    return opened


@pytest.fixture
def line(open_line: Callable[..., Line], sqlite_url: str) -> Line:
    """Six cases on SQLite."""
    return open_line(sqlite_url)


@pytest.fixture
def each(open_line: Callable[..., Line], store_url: str) -> Line:
    """Twenty cases on each database."""
    return open_line(store_url, 20)
