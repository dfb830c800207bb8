"""The record of a collector: written down for those who watch that collectors are alive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from evalkit.errors import EvalkitError
from evalkit.pipeline.holder import holder
from evalkit.store import Store

_RECORDED: Final = timedelta(seconds=20)
"""How often a collector that goes well says so."""


class Record:
    """Writes down that a collector is alive, at most now and then, and always how its last pass went."""

    def __init__(self, store: Store | None, now: Callable[[], datetime]) -> None:
        """Record that a collector begins; nothing without a store."""
        self._store, self._now = store, now
        self._number = store.passes.began(holder(), now()) if store else 0
        self._written: datetime | None = None
        self._failure: str | None = None

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, EvalkitError):
            self._write(str(error))

    def note(self, troubles: Sequence[EvalkitError]) -> None:
        """How a pass went."""
        failure = str(troubles[0]) if troubles else None
        due = self._written is None or self._now() - self._written > _RECORDED
        if due or failure != self._failure:
            self._write(failure)

    def _write(self, failure: str | None) -> None:
        if self._store is not None:
            self._store.passes.ended(self._number, self._now(), failure=failure)
        self._written, self._failure = self._now(), failure
