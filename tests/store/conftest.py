"""Runs planted into a real store, and the moves that intents and batches make in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from evalkit import ids
from evalkit.pricing import Usage
from evalkit.run import Batch, Intent, IntentState, Request, Run
from evalkit.score import Score, Status, Verdict
from evalkit.store import ResultLine, Store

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)


@dataclass
class Planted:
    """A run in a store, with the steps that lead it on."""

    store: Store
    suite: Any
    planned: Any
    parts: Sequence[int]
    requests: list[Request]

    @property
    def run(self) -> Run:
        return self.planned.run

    def add(self, **changed: Any) -> bool:
        """Add the run once more, with some of it changed."""
        whole: dict[str, Any] = {
            "dataset": self.suite.dataset,
            "candidate": self.planned.candidate,
            "grader": self.planned.grader,
            "requests": self.requests,
            "parts": self.parts,
            "scores": (),
        }
        return self.store.add_run(changed.pop("run", self.run), **{**whole, **changed})

    def intent(self, part: int = 0) -> Intent:
        """The newest try of a part."""
        return [intent for intent in self.store.intents.of(self.run.id) if intent.part == part][-1]

    def claim(self, intent: Intent | None = None, holder: str = "here:1") -> Intent:
        return self.store.intents.claim(
            intent or self.intent(),
            body_digest="b" * 64,
            account="a" * 16,
            base_url="http://api",
            holder=holder,
            now=NOW,
        )

    def created(self, intent: Intent, batch: str = "msgbatch_1", *, simulated: bool = False) -> None:
        self.store.intents.created(
            intent, batch=batch, simulated=simulated, created_at=NOW, expires_at=NOW + timedelta(hours=24), now=NOW
        )

    def intent_in(self, state: IntentState) -> Intent:
        """The first part's intent, led to a state by the moves there are."""
        planned = self.intent()
        if state is IntentState.PLANNED:
            return planned
        claimed = self.claim(planned)
        if state is IntentState.CREATED:
            self.created(claimed)
        elif state is IntentState.NOT_CREATED:
            self.store.intents.not_created(claimed, reason="refused", now=NOW)
        elif state is IntentState.UNKNOWN:
            self.store.intents.unknown(claimed, reason="lost")
        (found,) = [one for one in self.store.intents.of(self.run.id) if one.state is state and not one.part]
        return found

    def batch(self, name: str = "msgbatch_1", part: int = 0, *, ended: bool = False) -> Batch:
        """A batch of a part."""
        self.created(self.claim(self.intent(part)), name)
        if ended:
            self.store.batches.ended(name, ended_at=NOW)
        (found,) = [batch for batch in self.store.batches.open() if batch.id == name]
        return found

    def score(self, request: Request, batch: Batch, status: Status = Status.SCORED, value: float | None = 1.0) -> Score:
        kept = value if status is Status.SCORED else None
        verdict = Verdict(criterion="correctness", status=status, value=kept, label="correct", reason="because")
        return Score(
            run=self.run.id, case_id=request.case_id, verdict=verdict, custom_id=request.custom_id, batch=batch.id
        )

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table of the store."""
        return rows_of(self.store)


def rows_of(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    from evalkit.store.schema import metadata

    with store.database.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for table in metadata.sorted_tables
        }


@pytest.fixture
def everything() -> Callable[[Store], dict[str, list[tuple[Any, ...]]]]:
    """Every row of every table of a store."""
    return rows_of


@pytest.fixture
def plant(store: Store, suite_folder: Callable[..., Path], load: Callable[[Path], Any]) -> Callable[..., Planted]:
    """Plants a run: `plant(parts=(2, 2))` is a run of four cases in two parts."""

    def planted(
        parts: Sequence[int] = (4,), *, label: str = "", into: Store | None = None, add: bool = True, **suite: Any
    ) -> Planted:
        folder = suite_folder(suite.pop("cases", sum(parts)), folder=f"suite{label}", **suite)
        loaded = load(folder)
        one = loaded.planned(label)[0]
        places = [part for part, n in enumerate(parts) for _ in range(n)]
        requests = [
            Request(custom_id=ids.custom_id(one.run.id, case.id), case_id=case.id, part=part)
            for case, part in zip(loaded.dataset, places, strict=True)
        ]
        made = Planted(into or store, loaded, one, parts, requests)
        if add:
            assert made.add()
        return made

    return planted


@pytest.fixture
def result_line() -> Callable[..., ResultLine]:
    """Builds a result line as the collector does."""

    def line(custom_id: str, raw: bytes = b"{}", **changed: Any) -> ResultLine:
        base = ResultLine(
            custom_id=custom_id,
            raw=raw,
            type="succeeded",
            served_model="claude-haiku-5-5",
            stop_reason="end_turn",
            usage=Usage(input_tokens=100, output_tokens=10),
            cost_usd=0.25,
        )
        return replace(base, **changed)

    return line
