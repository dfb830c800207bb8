"""Opening a store: private, safe to do at once, and clear about what is wrong."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from evalkit.errors import ExitCode, StoreError
from evalkit.store import Store, engine
from evalkit.store.schema import HEAD, metadata


@pytest.fixture
def postgres_url(postgres_server: Any) -> str:
    """The URL of an empty database: here it is opening that makes the tables."""
    return postgres_server.new_database()


@pytest.fixture(autouse=True)
def migrates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every new store is made by the migrations, which other tests do not wait for."""
    monkeypatch.setattr(engine, "_migrate", engine._migrate_as_shipped)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def refusal(url: str) -> str:
    with pytest.raises(StoreError) as caught:
        Store.open(url).close()
    assert caught.value.exit_code is ExitCode.PROVIDER
    assert "\n" not in str(caught.value)
    return str(caught.value)


@contextmanager
def no_rights() -> Iterator[None]:
    """As a user whom permissions bind."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everyone may enter, unlike those of pytest."""
    path = Path(tempfile.mkdtemp(prefix="evalkit-store-"))
    path.chmod(0o755)
    yield path
    path.chmod(0o755)
    shutil.rmtree(path)


def test_the_file_and_its_companions_are_for_their_owner_alone(tmp_path: Path, plant: Any) -> None:
    path = tmp_path / "new" / "deep" / "evalkit.db"
    before = os.umask(0)
    try:
        with Store.open(f"sqlite:///{path}") as store:
            plant(into=store)
            files = {file.name: mode(file) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert files == {"evalkit.db": 0o600, "evalkit.db-wal": 0o600, "evalkit.db-shm": 0o600}


def test_sqlite_writes_ahead_and_syncs_every_commit(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_prepare_sqlite", engine._as_shipped)  # which other tests do not wait for
    with Store.open(sqlite_url) as store, store.database.reading() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 30_000}


OPENER = """
import sys
from evalkit.store import Store, engine
engine._migrate = engine._migrate_as_shipped
print("ready", flush=True)
sys.stdin.readline()
with Store.open(sys.argv[1]) as store:
    print(len(store.runs.select()))
"""


def test_four_processes_open_one_new_store_at_once(store_url: str, start: Callable[..., Any]) -> None:
    processes = [start("-c", OPENER, store_url) for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    assert [(*process.communicate(), process.returncode) for process in processes] == [("0\n", "", 0)] * 4


def test_a_store_of_a_newer_evalkit_is_refused_and_left_alone(store_url: str) -> None:
    with Store.open(store_url) as store, store.database.writing() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '9999'"))
    said = refusal(store_url)
    assert "9999" in said
    assert "upgrade" in said


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("evalkit.db", "sqlite:///"),
        ("", "sqlite:///"),
        ("mysql://host/db", "SQLite or PostgreSQL"),
        ("sqlite+nothing:///x.db", "SQLite or PostgreSQL"),
        ("postgresql+nothing://host/db", "SQLite or PostgreSQL"),
    ],
)
def test_a_url_that_is_none_is_refused_with_those_that_are(url: str, said: str) -> None:
    assert said in refusal(url)


def test_a_url_that_is_none_does_not_print_its_password() -> None:
    assert "hunter2" not in refusal("postgresql//me:hunter2@host/db")


def test_a_server_that_is_not_there_is_named_without_the_password(tmp_path: Path) -> None:
    said = refusal(f"postgresql://me:hunter2@/db?host={tmp_path}")
    assert str(tmp_path) in said
    assert "hunter2" not in said


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    said = refusal(f"sqlite:///{tmp_path}")
    assert str(tmp_path) in said
    assert "directory" in said
    assert "--store" in said


def test_a_folder_that_may_not_be_written_is_named(folder: Path) -> None:
    folder.chmod(0o555)
    with no_rights():
        said = refusal(f"sqlite:///{folder / 'evalkit.db'}")
    assert str(folder) in said
    assert "denied" in said


def test_a_file_that_may_not_be_written_is_named(folder: Path) -> None:
    path = folder / "evalkit.db"
    Store.open(f"sqlite:///{path}").close()
    path.chmod(0o444)
    with no_rights():
        assert str(path) in refusal(f"sqlite:///{path}")


def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database " * 100)
    assert "not a database" in refusal(f"sqlite:///{path}")
    assert path.read_text() == "not a database " * 100


def test_a_damaged_database_is_named(tmp_path: Path, plant: Any) -> None:
    path = tmp_path / "damaged.db"
    with Store.open(f"sqlite:///{path}") as store:
        plant(into=store)
    damaged = bytearray(path.read_bytes())
    damaged[100:] = b"\x5a" * (len(damaged) - 100)
    path.write_bytes(damaged)
    said = refusal(f"sqlite:///{path}")
    assert str(path) in said
    assert "malformed" in said


def test_a_database_of_something_else_is_not_touched_by_reading(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("create table mine (x)")
    other.close()
    with Store.open(f"sqlite:///{path}") as store, store.database.reading() as connection:
        assert set(metadata.tables) < set(sa.inspect(connection).get_table_names())
        assert connection.execute(sa.text("select version_num from alembic_version")).scalar() == HEAD
