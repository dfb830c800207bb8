"""A till: one suite, one store and one sandbox, whose witness says what was created and whose bill is what it cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from evalkit import api
from evalkit.pipeline.progress import Progress
from evalkit.sandbox import Sandbox
from evalkit.store import Store


class Notes(Progress):
    """Keeps what a user is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, message: str) -> None:
        self.said.append(message)


@dataclass
class Till:
    folder: Path
    url: str
    sandbox: Sandbox
    notes: Notes = field(default_factory=Notes)

    def submit(self, label: str = "", **words: Any) -> list[Any]:
        return list(api.submit(self.folder, store=self.url, label=label, fresh=True, progress=self.notes, **words))

    def collect(self, **words: Any) -> list[Any]:
        """Without the config, as a collector elsewhere would."""
        return list(api.collect(store=self.url, wait=True, poll=0.05, timeout=30, progress=self.notes, **words))

    def price(self) -> float:
        """What a run may cost at most."""
        (run,) = api.plan(self.folder, store=self.url).runs
        assert run.at_most_usd
        return run.at_most_usd

    def budget(self, month_usd: float) -> None:
        """Write a budget into the config."""
        self.more(f"[budget]\nmonth_usd = {month_usd}")

    def more(self, toml: str) -> None:
        path = self.folder / "evalkit.toml"
        path.write_text(f"{path.read_text()}\n{toml}\n")

    def created(self) -> list[int]:
        """The sizes of the batches that exist, as the server saw it."""
        return [entry.requests or 0 for entry in self.sandbox.witness() if entry.accepted_create]

    def bill(self) -> float:
        """What everything that was collected has cost."""
        costs = {row.run: row.spending.cost_usd for row in api.runs(store=self.url)}
        return sum(cost or 0.0 for cost in costs.values())

    def open(self) -> Store:
        return Store.open(self.url)


@pytest.fixture
def till(
    suite_folder: Callable[..., Path], either_url: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Till]:
    """Makes a till: `till(cases=4)`."""
    monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")

    def made(cases: int = 4, **suite: Any) -> Till:
        return Till(suite_folder(cases, **suite), either_url, sandbox)

    return made
