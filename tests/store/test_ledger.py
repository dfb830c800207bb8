"""The ledger: what a batch comes to is written with its end, taken back by what comes later, and carried along."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from evalkit import transfer
from evalkit.pricing import Usage
from evalkit.store import Estimate, LedgerEntry, Store
from evalkit.store.schema import ledger

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)


def rows(store: Store) -> list[tuple[Any, ...]]:
    with store.database.reading() as connection:
        return [tuple(row) for row in connection.execute(sa.select(ledger).order_by(*ledger.primary_key))]


def collected(planted: Any, line: Callable[..., Any], *, costs: tuple[float | None, ...] = (0.25, None, 0.5)) -> Any:
    """A run of which one batch is collected: of three replies, and a request that got none."""
    batch = planted.batch(ended=True)
    served = ("claude-haiku-5-5", "claude-unheard-of", "claude-haiku-5-5")
    lines = [
        line(request.custom_id, cost_usd=cost, served_model=model, usage=Usage(input_tokens=100, cache_read_tokens=7))
        for request, cost, model in zip(planted.requests, costs, served, strict=False)
    ]
    planted.store.results.keep(batch, lines, now=NOW)
    planted.store.scores.put([planted.score(one, batch) for one in planted.requests[:3]], batch=batch.id)
    planted.store.finish(batch, ["correctness"], [], now=NOW, price_date="2026-11-22", price_source="a list")
    return batch


def shown(entries: list[LedgerEntry]) -> list[tuple[Any, ...]]:
    return [(one.served_model, one.results, one.priced, one.cost_usd, one.cache_read_tokens) for one in entries]


TOLD = [("claude-haiku-5-5", 2, 2, 0.75, 14), ("claude-unheard-of", 1, 0, 0.0, 7)]


def test_a_batch_is_added_up_when_it_is_collected_by_the_model_that_served(
    plant: Callable[..., Any], result_line: Callable[..., Any]
) -> None:
    planted = plant()

    collected(planted, result_line)

    found = planted.store.ledger.entries()
    assert shown(found) == TOLD
    assert len(rows(planted.store)) == 2
    assert {(one.price_date, one.created_at, one.collected_at) for one in found} == {("2026-11-22", NOW, NOW)}
    assert planted.store.ledger.scored([planted.run.id]) == {planted.run.id: 3}


def test_a_result_that_comes_after_the_end_takes_the_sum_back(
    plant: Callable[..., Any], result_line: Callable[..., Any]
) -> None:
    planted = plant()
    batch = collected(planted, result_line)

    planted.store.results.keep(batch, [result_line(planted.requests[3].custom_id, cost_usd=1.0)], now=NOW)

    assert rows(planted.store) == []
    (haiku, unheard) = planted.store.ledger.entries()
    assert (haiku.results, haiku.cost_usd, unheard.results) == (3, 1.75, 1)


def test_what_was_collected_before_there_was_a_ledger_is_added_up_by_the_migration(
    plant: Callable[..., Any], result_line: Callable[..., Any]
) -> None:
    planted = plant()
    collected(planted, result_line)
    before = rows(planted.store)
    migration = importlib.import_module("evalkit.store.migrations.versions.0004_money")

    with planted.store.database.writing() as connection:
        connection.execute(sa.delete(ledger))
        connection.execute(sa.text(migration._FILL))

    assert rows(planted.store) == before


def test_entries_are_narrowed_by_time_suite_and_label_and_an_until_is_not_within(
    plant: Callable[..., Any], result_line: Callable[..., Any]
) -> None:
    planted = plant(label="monday")
    collected(planted, result_line)
    found = planted.store.ledger.entries

    assert len(found(since=NOW, until=NOW + timedelta(seconds=1), suite="sums", label="monday")) == 2
    assert found(until=NOW) == []
    assert found(since=NOW + timedelta(microseconds=1)) == []
    assert found(suite="other") == found(label="tuesday") == found(simulated=True) == []


@pytest.mark.parametrize("twice", [False, True], ids=["into nothing", "over itself"])
def test_a_ledger_and_an_estimate_go_with_a_bundle(
    plant: Callable[..., Any], result_line: Callable[..., Any], tmp_path: Path, store_url: str, twice: bool
) -> None:
    planted = plant(add=False)
    told = {"made_at": NOW, "requests": 4, "low_usd": 0.1, "high_usd": 0.5, "at_most_usd": None}
    listed = {"price_date": "2026-11-22", "price_source": "a list", "basis": {"hits": 0.5}}
    planted.add(estimate=Estimate(run=planted.run.id, **told, **listed))
    collected(planted, result_line)
    path, elsewhere = tmp_path / "runs.evalkit", f"sqlite:///{tmp_path / 'elsewhere.db'}"

    transfer.export_bundle([planted.run.id], path, store=store_url)
    for _ in range(1 + twice):
        transfer.import_bundle(path, store=elsewhere)

    with Store.open(elsewhere) as other:
        assert rows(other) == rows(planted.store)
        assert shown(other.ledger.entries()) == TOLD
        found = other.estimates.of([planted.run.id])
        assert found == planted.store.estimates.of([planted.run.id])
        assert found[planted.run.id].high_usd == 0.5
