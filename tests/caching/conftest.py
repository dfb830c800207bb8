"""A place: one suite, one store and one sandbox, judged by what the sandbox took in."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from evalkit import api
from evalkit.pipeline.progress import Progress
from evalkit.sandbox import Behaviour, Sandbox
from evalkit.store import Store

GRACE = "0.2"


class Notes(Progress):
    """Keeps what a user is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, message: str) -> None:
        self.said.append(message)


@dataclass
class Place:
    """Every call is one that a user can make."""

    folder: Path
    url: str
    sandbox: Sandbox
    start: Callable[..., Any]
    notes: Notes = field(default_factory=Notes)

    def submit(self, **options: Any) -> Any:
        return api.submit(self.folder, store=self.url, progress=self.notes, **options)

    def collect(self, **options: Any) -> Any:
        options = {"wait": True, "poll": 0.02, **options}
        return api.collect(self.folder, store=self.url, progress=self.notes, **options)

    def run(self, **options: Any) -> Any:
        return api.run(self.folder, store=self.url, progress=self.notes, poll=0.02, **options)[0]

    def ended(self, verb: str, *words: object, **variables: str) -> tuple[int, str]:
        options = ("--config", self.folder, "--store", self.url)
        variables = {"EVALKIT_RECONCILE_GRACE": GRACE, **variables}
        process = self.start("-m", "evalkit", verb, *words, *options, base_url=self.sandbox.url, **variables)
        _, err = process.communicate(timeout=120)
        return process.returncode, err

    def killed(self, verb: str, *words: object, at: str) -> None:
        assert self.ended(verb, *words, EVALKIT_FAIL_AT=at)[0] == -signal.SIGKILL

    def behave(self, **behaviour: Any) -> None:
        self.sandbox.behaviour = Behaviour(**behaviour)

    def sent(self) -> list[int]:
        """How many requests each batch had that the sandbox made, in their order."""
        return [entry.requests for entry in self.sandbox.witness() if entry.accepted_create]

    def views(self) -> Any:
        return api.runs(self.folder, store=self.url)

    def statuses(self) -> Counter[str]:
        return sum((Counter(view.unscored) + Counter(scored=view.scored) for view in self.views()), Counter[str]())

    def store(self) -> Store:
        return Store.open(self.url)

    def edit(self, *settings: str) -> None:
        """The settings of the config's `[submit]`."""
        config = self.folder / "evalkit.toml"
        before = config.read_text().partition("\n[submit]")[0]
        config.write_text("\n".join([before, "[submit]", *settings, ""]))


@pytest.fixture
def open_place(
    suite_folder: Callable[..., Path], sandbox: Sandbox, start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Place]:
    """Makes a place with a suite and a store of the test's own; `submit` are lines of its `[submit]`."""

    def opened(url: str, cases: Any = 12, *, submit: tuple[str, ...] = (), **suite: Any) -> Place:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
        monkeypatch.setenv("EVALKIT_RECONCILE_GRACE", GRACE)
        place = Place(suite_folder(cases, **suite), url, sandbox, start)
        place.edit(*submit)
        return place

    return opened


@pytest.fixture
def warm(open_place: Callable[..., Place], sqlite_url: str) -> Place:
    """Twelve cases on SQLite, to be warmed up."""
    return open_place(sqlite_url, submit=("warm_up = true",))


@pytest.fixture
def two(suite_folder: Callable[..., Path]) -> dict[str, dict[str, str]]:
    """The outputs of two candidates for twelve cases."""
    return {name: {f"case-{i:04}": f"{name} {i}" for i in range(12)} for name in ("one", "two")}
