"""A desk: one suite, one store and one sandbox, with the verbs of operation as functions and as commands."""

from __future__ import annotations

import io
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from evalkit import api, operations
from evalkit.pipeline.progress import Progress
from evalkit.pipeline.reconcile import GRACE_VARIABLE
from evalkit.sandbox import Behaviour, Fault, Sandbox
from evalkit.store import Store


class Notes(Progress):
    """Keeps what a user is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, message: str) -> None:
        self.said.append(message)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Desk:
    """Every call is one that a user can make."""

    folder: Path
    url: str
    sandbox: Sandbox
    shelf: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    notes: Notes = field(default_factory=Notes)

    def key(self, key: str) -> None:
        self.monkeypatch.setenv("ANTHROPIC_API_KEY", key)

    def grace(self, seconds: float) -> None:
        self.monkeypatch.setenv(GRACE_VARIABLE, str(seconds))

    def submit(self, **options: Any) -> str:
        """Submit the one run of the suite; its id."""
        return api.submit(self.folder, store=self.url, progress=self.notes, **options)[0].run

    def collect(self, *runs: str, wait: bool = True, **options: Any) -> Any:
        return api.collect(
            self.folder, store=self.url, runs=runs or None, wait=wait, poll=0.02, progress=self.notes, **options
        )

    def retry(self, run: str, *statuses: Any) -> Any:
        return operations.retry(run, statuses=statuses or None, config=self.folder, store=self.url)

    def resolve(self, run: str, **what: Any) -> Any:
        return operations.resolve(run, config=self.folder, store=self.url, **what)

    def cancel(self, run: str) -> tuple[str, ...]:
        return operations.cancel(run, config=self.folder, store=self.url)

    def recover(self, **what: Any) -> Any:
        return operations.recover(self.folder, store=self.url, progress=self.notes, **what)

    def prune(self, **what: Any) -> Any:
        return operations.prune(config=self.folder, store=self.url, **what)

    def command(self, *words: object) -> Ended:
        """A command line, in this process."""
        from evalkit.cli import exits

        args = [*map(str, words), "--config", str(self.folder), "--store", self.url]
        self.monkeypatch.setattr(sys, "argv", ["evalkit", *args])
        self.capsys.readouterr()
        code = exits.run(args)
        said = self.capsys.readouterr()
        return Ended(code, said.out, said.err)

    def behave(self, *faults: Fault, **behaviour: Any) -> None:
        self.sandbox.behaviour = replace(Behaviour(), faults=faults, **behaviour)

    def batches(self) -> list[str]:
        """Every batch that was made, whatever its client heard, oldest first."""
        return [entry.batch for entry in self.sandbox.witness() if entry.accepted_create and entry.batch]

    def calls(self, *endpoints: str) -> list[Any]:
        return [entry for entry in self.sandbox.witness() if not endpoints or entry.endpoint in endpoints]

    def max_tokens(self) -> list[set[int]]:
        """The `max_tokens` of every body that the sandbox got, oldest first."""
        return [{row["params"]["max_tokens"] for row in rows} for rows in self.bodies()]

    def bodies(self) -> list[list[dict[str, Any]]]:
        """The requests of every body that the sandbox took in, oldest first."""
        found = sorted(self.shelf.glob("body_*.json"), key=lambda path: path.stat().st_mtime_ns)
        return [json.loads(path.read_bytes())["requests"] for path in found]

    def rows(self, run: str) -> dict[str, dict[str, Any]]:
        """The exported scores of a run, by case."""
        file = io.StringIO()
        api.export(run, file, store=self.url)
        return {row["case"]: row for row in map(json.loads, file.getvalue().splitlines())}

    def statuses(self, run: str) -> list[str]:
        return [row["status"] for _, row in sorted(self.rows(run).items())]

    def view(self, run: str) -> Any:
        return api.show(run, store=self.url)[0]

    def store_views(self) -> list[Any]:
        """Every run as it stands."""
        return list(api.runs(store=self.url))

    def store(self) -> Store:
        return Store.open(self.url)

    def edit(self, *settings: str) -> None:
        """Add settings to the config's `[submit]`."""
        config = self.folder / "evalkit.toml"
        config.write_text(config.read_text() + "\n[submit]\n" + "\n".join(settings) + "\n")

    def lose_store(self) -> None:
        """Delete the store, as a lost machine would."""
        for path in Path(self.url.removeprefix("sqlite:///")).parent.glob("evalkit.db*"):
            path.unlink()

    def sql(self, statement: str, *values: object) -> None:
        """The test's own reach into the store, for what would take another machine or hours to come about."""
        with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as connection, connection:
            connection.execute(statement, values)


@pytest.fixture
def open_desk(
    suite_folder: Callable[..., Path],
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Callable[..., Desk]]:
    """Makes a desk with a suite of the test's own; grace 0, so that nothing waits for a list that does not lag."""
    with ExitStack() as stack:

        def opened(cases: int | Sequence[Any] = 6, **suite: Any) -> Desk:
            shelf = tmp_path / "shelf"
            sandbox = stack.enter_context(Sandbox(directory=shelf))
            desk = Desk(suite_folder(cases, **suite), sqlite_url, sandbox, shelf, monkeypatch, capsys)
            monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
            desk.key("key")
            desk.grace(0)
            return desk

        yield opened


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    """A desk with one run of six cases."""
    return open_desk()
