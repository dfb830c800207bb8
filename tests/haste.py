"""What tests do not wait for, since it proves nothing: the disk, migrations and a command line made anew, the SDK."""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, Final

_SHIPPED: Final = "_as_shipped"
_MIGRATE: Final = "_migrate_as_shipped"


def hasten() -> None:
    """Patch what has been imported so far, once.

    What a process has written to SQLite outlives its end, however it ends: only a machine that goes down could tell
    whether a commit waited for the disk. A new SQLite store has the tables that the migrations made once in this
    process. The SDK asks again as often as ever, but at once; so
    does a call for a message. And the commands that typer makes of functions stay the
    same for as long as a process lives.
    """
    engine: Any = sys.modules.get("evalkit.store.engine")
    if engine is not None and not hasattr(engine, _SHIPPED):
        setattr(engine, _SHIPPED, engine._prepare_sqlite)
        engine._prepare_sqlite = _unsynced(engine._prepare_sqlite)
        setattr(engine, _MIGRATE, engine._migrate)
        engine._migrate = _copied(engine)
    sdk: Any = sys.modules.get("anthropic._base_client")
    if sdk is not None:
        sdk.INITIAL_RETRY_DELAY = 0.01
    door: Any = sys.modules.get("evalkit.provider.door")
    if door is not None:
        door.MESSAGE_PAUSES = (0.01, 0.01)
    pace: Any = sys.modules.get("evalkit.pipeline.pace")
    if pace is not None:
        pace.FIRST_PAUSE = 0.01
    typer: Any = sys.modules.get("typer.main")
    if typer is not None and not hasattr(typer.get_command, "cache_info"):
        typer.get_command = cache(typer.get_command)


def migrate_once() -> None:
    """Make the tables that new stores have, for the processes that will be forked from this one."""
    sys.modules["evalkit.store.engine"]._migrate.statements()


def _unsynced(prepare: Callable[[Any, object], None]) -> Callable[[Any, object], None]:
    def prepared(connection: Any, record: object) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA synchronous=OFF")

    return prepared


def _copied(module: Any) -> Callable[[Any], None]:
    """A store without tables gets those of one that was migrated; any other is migrated itself."""

    @cache
    def statements() -> tuple[str, ...]:
        with tempfile.TemporaryDirectory(prefix="evalkit-schema-") as folder:
            path = Path(folder) / "schema.db"
            made = module._engine(module._parse(f"sqlite:///{path}"))
            module._migrate_as_shipped(made)
            made.dispose()
            with closing(sqlite3.connect(path)) as schema:
                # Tables before their indexes, which is the order in which they were made.
                made_of = schema.execute(
                    "select sql from sqlite_master where sql is not null order by rowid"
                ).fetchall()
                versions = schema.execute("select version_num from alembic_version").fetchall()
        insert = "insert into alembic_version (version_num) values ('{}')".format
        return (*(sql for (sql,) in made_of), *(insert(version) for (version,) in versions))

    def migrated(engine: Any) -> None:
        if engine.dialect.name == "sqlite":
            # The statements are made before the lock is taken: they take one of their own.
            wanted = statements()
            with engine.connect().execution_options(writes=True) as connection, connection.begin():
                if not connection.exec_driver_sql("select count(*) from sqlite_master").scalar():
                    for statement in wanted:
                        connection.exec_driver_sql(statement)
                    return
        module._migrate_as_shipped(engine)

    migrated.statements = statements  # type: ignore[attr-defined]
    return migrated
