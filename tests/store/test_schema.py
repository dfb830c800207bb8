"""The schema: what the migrations make is what the code means, and its constraints hold against anyone."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from evalkit.errors import StoreError
from evalkit.run import IntentState
from evalkit.store import Store, engine
from evalkit.store.schema import HEAD, intents, metadata, scores


@pytest.fixture
def postgres_url(postgres_server: Any) -> str:
    """The URL of an empty database: here it is opening that makes the tables."""
    return postgres_server.new_database()


@pytest.fixture(autouse=True)
def migrates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every new store is made by the migrations, which other tests do not wait for."""
    monkeypatch.setattr(engine, "_migrate", engine._migrate_as_shipped)


def insert(store: Store, table: sa.Table, **row: Any) -> None:
    with store.database.writing() as connection:
        connection.execute(sa.insert(table), [row])


def test_the_migrations_make_exactly_the_tables_of_the_schema(store: Store) -> None:
    with store.database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_migrations_make_every_constraint_of_the_schema(store: Store) -> None:
    # The comparison above does not look at check constraints, and they are what guards money.
    with store.database.reading() as connection:
        inspector = sa.inspect(connection)
        found = {(name, item["name"]) for name in metadata.tables for item in inspector.get_check_constraints(name)}
    wanted = {
        (table.name, item.name)
        for table in metadata.sorted_tables
        for item in table.constraints
        if isinstance(item, sa.CheckConstraint)
    }
    assert wanted <= found


def test_a_new_store_is_at_the_newest_migration_and_opening_it_again_changes_nothing(
    store_url: str, everything: Any
) -> None:
    with Store.open(store_url) as store:
        before = everything(store)
    with Store.open(store_url) as store, store.database.reading() as connection:
        assert connection.execute(sa.text("select version_num from alembic_version")).scalars().all() == [HEAD]
        assert everything(store) == before


def test_a_part_has_one_living_try_at_most(plant: Any, everything: Any) -> None:
    run = plant()
    again = {"run": run.run.id, "part": 0, "attempt": 2, "state": "planned", "requests": 4}
    for state in (IntentState.PLANNED, IntentState.INTENDED, IntentState.UNKNOWN, IntentState.CREATED):
        if state is IntentState.INTENDED:
            claimed = run.claim()
        elif state is IntentState.UNKNOWN:
            run.store.intents.unknown(claimed, reason="lost")
        elif state is IntentState.CREATED:
            run.created(run.intent())
        assert run.intent().state is state
        with pytest.raises(StoreError):
            insert(run.store, intents, **again)
    assert len(run.everything()["intents"]) == 1


def test_a_dead_try_makes_room_for_a_new_one(plant: Any) -> None:
    run = plant()
    run.store.intents.not_created(run.claim(), reason="refused", now=run.suite.planned("")[0].run.created_at)
    assert [(intent.attempt, intent.state) for intent in run.store.intents.of(run.run.id)] == [
        (1, IntentState.NOT_CREATED),
        (2, IntentState.PLANNED),
    ]


@pytest.mark.parametrize(
    "row",
    [
        {"state": "created", "intended_at": "2026"},
        {"state": "unknown", "intended_at": "2026", "batch": "msgbatch_1"},
        {"state": "intended"},
        {"state": "not_created"},
        {"state": "sent", "intended_at": "2026"},
    ],
    ids=["created without a batch", "a batch not created", "intended never", "refused before sent", "no such state"],
)
def test_an_intent_that_cannot_be_is_refused(store: Store, row: dict[str, Any]) -> None:
    with pytest.raises(StoreError):
        insert(store, intents, run="r" * 12, part=0, attempt=1, requests=1, **row)


def test_two_intents_cannot_hold_one_batch(plant: Any) -> None:
    run = plant((2, 2))
    run.batch("msgbatch_1", part=0)
    with pytest.raises(StoreError):
        run.batch("msgbatch_1", part=1)
    assert run.intent(1).state is IntentState.INTENDED


@pytest.mark.parametrize(
    ("status", "value"), [("scored", None), ("missing", 0.0), ("refused", 1.0), ("zero", None)], ids=str
)
def test_a_score_has_a_value_exactly_when_it_is_scored(store: Store, status: str, value: float | None) -> None:
    with pytest.raises(StoreError):
        insert(store, scores, run="r" * 12, case_id="c", criterion="x", suffix="", status=status, value=value)
