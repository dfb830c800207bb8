"""What numbers rest on: policies, noise runs and calibrations, in stores of any age."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from evalkit.calibration import Calibration, Pair
from evalkit.errors import StoreError
from evalkit.store import Store
from evalkit.store.schema import HEAD, metadata

NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
NEW_TABLES = {"policies", "noise_runs", "calibrations", "hand_overs", "waits", "reused", "sentinels"} | {
    "estimates",
    "budgets",
}
NEW_COLUMNS = {
    "runs": ("submitted_at", "cache_ttl"),
    "datasets": ("spec",),
    "cases": ("attachments",),
    "intents": ("realtime", "size", "at_most_usd"),
    "batches": ("realtime", "price_date", "price_source"),
}


def calibration(**changed: Any) -> Calibration:
    base = Calibration(
        run="r" * 12,
        candidate_digest="c" * 64,
        dataset="d" * 64,
        grader_digest="g" * 64,
        judge_digest="j" * 64,
        criterion="correctness",
        source="labels.csv",
        labels_digest="e" * 64,
        sampled=True,
        measured_at=NOW,
        pairs=(Pair(case_id="one\0", human=1.0, judge=0.5), Pair(case_id="two", human=0.0, judge=None)),
    )
    return replace(base, **changed)


@pytest.fixture(params=["sqlite", "postgres"])
def first_store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a store as the first version of the schema left it."""
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'first.db'}" if sqlite else request.getfixturevalue("postgres_server").new_database()
    config = Config()
    config.set_main_option("script_location", str(resources.files("evalkit.store").joinpath("migrations")))
    with connected(url) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    return url


@contextmanager
def connected(url: str) -> Iterator[sa.Connection]:
    """A transaction that evalkit knows nothing of."""
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def test_a_store_of_the_first_schema_is_brought_up_and_loses_nothing(
    first_store: str, tmp_path: Path, plant: Any, everything: Any
) -> None:
    # What the first schema held is written by today's code into a store of its own, and carried over row by row.
    with Store.open(f"sqlite:///{tmp_path / 'source.db'}") as source:
        planted = plant((2, 2), into=source)
        planted.batch("msgbatch_1", part=0, ended=True)
        planted.claim(planted.intent(1))
        with source.database.writing() as connection:
            connection.execute(sa.update(metadata.tables["datasets"]).values(spec=None))  # the first schema has none
        before = everything(source)
        old = {table for table in metadata.tables if table not in NEW_TABLES}
        with connected(first_store) as connection:
            assert set(sa.inspect(connection).get_table_names()) == old | {"alembic_version"}
            for name in sorted(old):
                table = metadata.tables[name]
                new = NEW_COLUMNS.get(name, ())
                names = [column for column in table.columns.keys() if column not in new]  # noqa: SIM118  # of SQLAlchemy
                rows = [dict(zip(table.columns.keys(), row, strict=True)) for row in before[name]]
                rows = [{column: row[column] for column in names} for row in rows]
                if rows:
                    connection.execute(sa.insert(table), rows)

    with Store.open(first_store) as store:
        after = everything(store)
        with store.database.reading() as connection:
            assert connection.execute(sa.text("select version_num from alembic_version")).scalar() == HEAD
        assert {name: after[name] for name in old} == {name: before[name] for name in old}
        assert len(before["requests"]) == 4
        assert {name for name in after if not after[name]} >= NEW_TABLES
        assert store.calibrations.add(calibration())


def test_a_store_of_the_first_schema_that_cannot_be_brought_up_is_left_as_it_was(first_store: str) -> None:
    with connected(first_store) as connection:
        connection.execute(sa.text("create table noise_runs (mine text)"))

    with pytest.raises(StoreError, match="noise_runs"):
        Store.open(first_store)

    with connected(first_store) as connection:
        assert connection.execute(sa.text("select version_num from alembic_version")).scalar() == "0001"
        assert "policies" not in sa.inspect(connection).get_table_names()


def test_a_policy_is_kept_with_its_run_and_never_replaced(plant: Any) -> None:
    run = plant(add=False)
    assert run.add(policy={"margin": 0.02, "baseline": "production"})
    assert not run.add(policy={"margin": 0.5})
    assert run.store.policies.of(run.run.id) == {"margin": 0.02, "baseline": "production"}
    assert run.store.policies.of("r" * 12) is None


def test_a_run_that_is_not_kept_leaves_no_policy(plant: Any) -> None:
    run = plant(add=False)

    def torn() -> Any:
        yield run.requests[0]
        raise RuntimeError("torn")

    with pytest.raises(RuntimeError, match="torn"):
        run.add(requests=torn(), policy={"margin": 0.02})
    assert not run.everything()["policies"]


def test_the_newest_noise_run_of_a_grader_and_a_judge_is_found(plant: Any) -> None:
    first, second, other = plant(label="one"), plant(label="two"), plant(label="three")
    noise = first.store.noise
    for place, run in enumerate((first, second)):
        assert noise.add(
            run=run.run.id,
            of_run=other.run.id,
            grader_digest="g",
            judge_digest="j",
            created_at=NOW + timedelta(hours=place),
        )
    assert not noise.add(run=first.run.id, of_run="x" * 12, grader_digest="h", judge_digest="j")
    assert noise.newest("g", "j") == second.run.id
    assert noise.newest("h", "j") is None
    assert noise.newest("g", "k") is None
    assert noise.runs() == {first.run.id, second.run.id}
    found = noise.of(first.run.id)
    assert found is not None
    assert (found.of_run, found.grader_digest, found.created_at) == (other.run.id, "g", NOW)
    assert noise.of(other.run.id) is None


def test_a_noise_run_that_was_noted_and_never_added_is_not_the_newest(plant: Any) -> None:
    run = plant()
    for name, when in ((run.run.id, NOW), ("n" * 12, NOW + timedelta(days=1))):
        run.store.noise.add(run=name, of_run="x" * 12, grader_digest="g", judge_digest="j", created_at=when)
    assert run.store.noise.newest("g", "j") == run.run.id


def test_the_newest_calibration_is_found_by_what_it_is_bound_to(store: Store) -> None:
    old, new = calibration(), calibration(measured_at=NOW + timedelta(days=1), run="s" * 12)
    assert store.calibrations.add(new)
    assert store.calibrations.add(old)
    assert not store.calibrations.add(old)
    assert store.calibrations.newest("g" * 64, "j" * 64, "correctness") == new
    assert store.calibrations.of_run("r" * 12, "correctness") == old
    assert store.calibrations.of_run("r" * 12, "tone") is None
    assert store.calibrations.newest("g" * 64, "k" * 64, "correctness") is None
    assert store.calibrations.newest("h" * 64, "j" * 64, "correctness") is None


def test_a_calibration_is_known_by_everything_that_it_says() -> None:
    changes: list[dict[str, Any]] = [
        {"run": "s" * 12}, {"criterion": "tone"}, {"sampled": False}, {"measured_at": NOW + timedelta(seconds=1)},
        {"pairs": (Pair(case_id="one\0", human=1.0, judge=0.5),)}, {"judge_digest": "k" * 64},
    ]  # fmt: skip
    found = {calibration().id, *(calibration(**change).id for change in changes)}
    assert len(found) == len(changes) + 1
    east = NOW.astimezone(datetime.fromisoformat("2026-11-22T18:00:00+05:00").tzinfo)
    assert calibration(measured_at=east).id == calibration().id
