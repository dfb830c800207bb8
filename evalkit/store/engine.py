"""Opening the store: the database behind a URL, with its schema at the newest migration."""

from __future__ import annotations

import logging
import os
import re
import sqlite3
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from evalkit.errors import StoreError
from evalkit.store.schema import HEAD

_BUSY_MS: Final = 30_000
_SWITCH_WAIT: Final = 0.02
_PASSWORD: Final = re.compile(r":[^:@/]*@")

# The pool logs a traceback where Ctrl-C meets a connection that is given back, and then raises the same.
logging.getLogger("sqlalchemy.pool").addHandler(logging.NullHandler())


class Database:
    """A database and the two ways to use it: reading, and writing in one transaction."""

    def __init__(self, engine: Engine) -> None:
        """Wrap an engine; `open_database` makes one."""
        self._engine = engine
        self._together = threading.local()
        self.sqlite = engine.dialect.name == "sqlite"

    @property
    def url(self) -> str:
        """The store's address, without its password."""
        return self._engine.url.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """A connection to read with.

        Raises:
            StoreError: the database cannot be read.
        """
        with self._named("read"), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Generator[Connection]:
        """A connection on which every query reads the same moment, its rows in pieces.

        Raises:
            StoreError: the database cannot be read.
        """
        options = {} if self.sqlite else {"isolation_level": "REPEATABLE READ"}
        reader = self._engine.execution_options(yield_per=1000, **options)
        with self._named("read"), reader.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """A transaction that is committed whole, or not at all.

        Raises:
            StoreError: the database cannot be written; nothing of the transaction is kept.
        """
        joined = getattr(self._together, "connection", None)
        if joined is not None:
            yield joined
            return
        writer = self._engine.execution_options(writes=True)
        with self._named("written"), writer.begin() as connection:
            yield connection

    @contextmanager
    def together(self) -> Generator[Connection]:
        """One transaction of all that this thread writes within it: it is committed whole, or not at all.

        What is read meanwhile is as it was before, but on the connection itself.

        Raises:
            StoreError: the database cannot be written; nothing of the transaction is kept.
        """
        with self.writing() as connection:
            self._together.connection = connection
            try:
                yield connection
            finally:
                self._together.connection = None

    def insert_new(self, connection: Connection, table: sa.Table, rows: list[dict[str, Any]]) -> int:
        """Insert the rows that are not there yet; returns how many were.

        A row is known by its primary key; one that is there stays as it is.
        """
        if not rows:
            return 0
        # Without being told to, SQLAlchemy asks the driver for the count of an UPDATE or DELETE alone.
        insert = self._insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
        return max(connection.execute(insert, _in_order(table, rows)).rowcount, 0)

    def upsert(self, connection: Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
        """Insert the rows, replacing those of the same primary key."""
        statement = self._insert(table)
        key = [column.name for column in table.primary_key]
        values = {column.name: statement.excluded[column.name] for column in table.c if column.name not in key}
        connection.execute(statement.on_conflict_do_update(index_elements=key, set_=values), _in_order(table, rows))

    def _insert(self, table: sa.Table) -> Any:
        if self.sqlite:
            from sqlalchemy.dialects import sqlite as dialect
        else:
            from sqlalchemy.dialects import postgresql as dialect
        return dialect.insert(table)

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    @contextmanager
    def _named(self, done: str) -> Generator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
            raise StoreError(f"the store {self.url} cannot be {done}: {_first_line(cause)}") from error


def open_database(url: str) -> Database:
    """Open the database, making it and its tables where they are not there yet.

    Args:
        url: `sqlite:///path` or `postgresql://...`.

    Raises:
        StoreError: the URL cannot be meant, or the database cannot be opened.
    """
    engine = _engine(_parse(url))
    database = Database(engine)
    try:
        with database._named("read"):  # pyright: ignore[reportPrivateUsage]
            if _version(engine) != HEAD:
                _migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return database


def _in_order(table: sa.Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows by primary key: writers that lock the same rows in one order never wait for each other in a circle."""
    key = [column.name for column in table.primary_key]
    return sorted(rows, key=lambda row: tuple(row[name] for name in key))


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # a port that is no number is a ValueError
        shown = _PASSWORD.sub(":***@", url)
        raise StoreError(
            f"{shown!r} is no store URL; use sqlite:///path/to/file.db or postgresql://host/database"
        ) from error
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise StoreError(
            f"a store is SQLite or PostgreSQL, not {parsed.drivername!r}; use sqlite:///... or postgresql://..."
        )
    return parsed


def _engine(url: URL) -> Engine:
    if url.drivername.startswith("sqlite"):
        if url.database and url.database != ":memory:":
            _own_file(Path(url.database))
        engine = sa.create_engine(url, connect_args={"timeout": _BUSY_MS / 1000})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        return sa.create_engine(url, pool_pre_ping=True)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise StoreError("PostgreSQL needs the extra: pip install 'evalkit-batch[postgres]'") from error


def _own_file(path: Path) -> None:
    """Make the database file readable to its owner alone, before anything is in it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreError(f"the store {path} cannot be opened: {error.strerror}; choose another with --store") from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by evalkit, not guessed by the driver
    for pragma in (f"busy_timeout={_BUSY_MS}", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    _write_ahead(connection)


def _write_ahead(connection: Any) -> None:
    """Switch the file to write-ahead logging; SQLite does not wait while another process does the same."""
    until = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(_SWITCH_WAIT)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once, so that no two of them read the same state and both act on it.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("select version_num from alembic_version")).scalar()


def _migrate(engine: Engine) -> None:
    """Bring the schema to the newest migration; several processes may try at once."""
    from evalkit.store.migrate import upgrade

    upgrade(engine)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
