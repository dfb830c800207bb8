"""Admission: the runs of one command are written within their limits all together, or none of them is.

Where a limit is in force, every run is rendered first, and all are written in one transaction that holds the limits: it
sums what counts with them, and is not kept where there is no room. So nothing of what is refused is there afterwards,
and two that submit at the same time cannot both take the same room.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from evalkit.pipeline.spool import Part
from evalkit.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A run that a command has written, or found there."""

    is_new: bool
    bodies: dict[int, Part] | None = None
    """Of its parts, where they are those of the store."""
    tell: Callable[[], None] = lambda: None
    """Tells of it, when it is sure to stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What a command's runs are to keep within, if anything."""

    store: Store
    max_usd: float | None
    """What the command may cost with all that comes of it."""
    suites: frozenset[str]
    runs: frozenset[str]
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    @property
    def in_force(self) -> bool:
        """Whether there is a limit to keep within, or one to lift."""
        return self.max_usd is not None or self.store.budgets.in_force(self.suites, self.runs)

    def write(self, writes: Mapping[str, Callable[[], Written]]) -> dict[str, Written]:
        """Write runs, all or none, and let go what is to be sent of them.

        Raises:
            NoRoomError: a limit has no room for them; nothing is written.
        """
        with self.store.database.together() as connection:
            self.store.budgets.lock(connection, self.suites)
            written = {run: write() for run, write in writes.items()}
            new = [run for run, one in written.items() if one.is_new]
            there = [run for run, one in written.items() if not one.is_new]
            self.store.budgets.let_go_whole(connection, new, there, max_usd=self.max_usd, now=self.now())
        return written
