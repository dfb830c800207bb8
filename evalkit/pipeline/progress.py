"""What long work tells of itself; the command line shows it, a library call keeps it to itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from evalkit.run import Batch, Run


class Progress:
    """Told of each step, and never asked for anything; says nothing by itself, and a subclass says what it likes."""

    def rendering(self, run: Run, done: int, total: int) -> None:
        """Cases of a run are being rendered."""

    def sending(self, run: Run, size: int) -> None:
        """A batch body of `size` bytes is about to be sent."""

    def submitted(self, run: Run, batch: str, requests: int) -> None:
        """A batch exists."""

    def attached(self, run: Run) -> None:
        """The run is there already; nothing is sent."""

    def chained(self, run: Run, needs: Sequence[str]) -> None:
        """The run waits for others, and is sent by itself when they are collected."""

    def checked(self, run: Run) -> None:
        """A check has scored its cases."""

    def waiting(self, batches: list[Batch], elapsed: timedelta, usual: timedelta | None) -> None:
        """Batches are under way, or none is and a create is unknown; the API tells no more before the end."""

    def reading(self, batch: Batch, done: int) -> None:
        """Results of a batch are being read."""

    def collected(self, batch: Batch, missing: int) -> None:
        """A batch is collected."""

    def note(self, message: str) -> None:
        """Something a user should know."""
