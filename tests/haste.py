"""What tests do not wait for, since it proves nothing: the disk, the patience of the SDK, a command line made anew."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any, Final

_SHIPPED: Final = "_as_shipped"


def hasten() -> None:
    """Patch what has been imported so far, once.

    What a process has written to SQLite outlives its end, however it ends: only a machine that goes down could tell
    whether a commit waited for the disk. The SDK asks again as often as ever, but at once. And the commands that
    typer makes of functions stay the same for as long as a process lives.
    """
    engine: Any = sys.modules.get("evalkit.store.engine")
    if engine is not None and not hasattr(engine, _SHIPPED):
        setattr(engine, _SHIPPED, engine._prepare_sqlite)
        engine._prepare_sqlite = _unsynced(engine._prepare_sqlite)
    sdk: Any = sys.modules.get("anthropic._base_client")
    if sdk is not None:
        sdk.INITIAL_RETRY_DELAY = 0.01
    pace: Any = sys.modules.get("evalkit.pipeline.pace")
    if pace is not None:
        pace.FIRST_PAUSE = 0.01
    typer: Any = sys.modules.get("typer.main")
    if typer is not None and not hasattr(typer.get_command, "cache_info"):
        typer.get_command = cache(typer.get_command)


def _unsynced(prepare: Callable[[Any, object], None]) -> Callable[[Any, object], None]:
    def prepared(connection: Any, record: object) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA synchronous=OFF")

    return prepared
