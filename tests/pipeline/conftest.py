"""A bench: one suite, one store, one sandbox, and the verbs between them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from evalkit import api
from evalkit.sandbox import Behaviour, Fault, Sandbox
from evalkit.store import Store

KEY = "key"


@dataclass
class Bench:
    """What the tests of the pipeline work with; every call is one a user can make."""

    folder: Path
    url: str
    sandbox: Sandbox
    start: Callable[..., Any]
    monkeypatch: pytest.MonkeyPatch
    said: list[str] = field(default_factory=list)

    def account(self, key: str | None = KEY) -> None:
        """Use the sandbox under a key."""
        self.monkeypatch.setenv("ANTHROPIC_BASE_URL", self.sandbox.url)
        self.monkeypatch.setenv("ANTHROPIC_API_KEY", key or "")

    def submit(self, **options: Any) -> Any:
        return api.submit(self.folder, store=self.url, **options)

    def collect(self, **options: Any) -> Any:
        return api.collect(self.folder, store=self.url, **{"wait": True, "poll": 0.02, **options})

    def evalkit(self, *words: object, key: str | None = KEY, **variables: str) -> Any:
        """Start the command line in a process of its own."""
        options = ("--config", self.folder, "--store", self.url)
        return self.start("-m", "evalkit", *words, *options, base_url=self.sandbox.url, key=key, **variables)

    def ended(self, *words: object, **options: Any) -> tuple[int, str, str]:
        """Run the command line to its end: exit code, stdout, stderr."""
        process = self.evalkit(*words, **options)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def creates(self) -> list[Any]:
        """Every create that reached the sandbox."""
        return [entry for entry in self.sandbox.witness() if entry.endpoint == "create"]

    def batches(self) -> list[str]:
        """Every batch that was made, whatever its client heard."""
        return [entry.batch for entry in self.creates() if entry.accepted_create]

    def faults(self, *faults: Fault, **behaviour: Any) -> None:
        self.sandbox.behaviour = Behaviour(faults=faults, **behaviour)

    def rows(self, run: str | None = None) -> list[dict[str, Any]]:
        """The exported scores of a run, or of the only one."""
        ids = [run] if run else list(api.runs(self.folder, store=self.url).runs)
        file = io.StringIO()
        for one in ids:
            api.export(one, file, store=self.url)
        return [json.loads(line) for line in file.getvalue().splitlines()]

    def verdicts(self) -> dict[tuple[str, str, str], Any]:
        """What was scored: (candidate, criterion, case) -> status, value and reason."""
        return {
            (row["candidate"], row["criterion"], row["case"]): (row["status"], row["value"], row["reason"])
            for row in self.rows()
        }

    def view(self) -> Any:
        """The only run as it stands."""
        (view,) = api.runs(self.folder, store=self.url)
        return view

    def store(self) -> Store:
        return Store.open(self.url)


@pytest.fixture
def open_bench(
    suite_folder: Callable[..., Path], sandbox: Sandbox, start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Bench]:
    """Makes a bench with a suite and a store of the test's own."""

    def opened(url: str, cases: Any = 6, **suite: Any) -> Bench:
        made = Bench(suite_folder(cases, **suite), url, sandbox, start, monkeypatch)
        made.account()
        return made

    return opened


@pytest.fixture
def bench(open_bench: Callable[..., Bench], either_url: str) -> Bench:
    """A bench of six cases on SQLite, and in the sweeps on PostgreSQL."""
    return open_bench(either_url)


@pytest.fixture
def each(open_bench: Callable[..., Bench], store_url: str) -> Bench:
    """The same on each database, for what its locks and transactions decide."""
    return open_bench(store_url)


@pytest.fixture
def small(open_bench: Callable[..., Bench], sqlite_url: str) -> Bench:
    """The same on SQLite alone, for what does not depend on the database."""
    return open_bench(sqlite_url)
