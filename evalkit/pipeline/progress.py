"""What long work tells of itself; the command line shows it, a library call keeps it to itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from evalkit.run import Batch, Run


class Progress(Protocol):
    """Told of each step; never asked for anything."""

    def rendering(self, run: Run, done: int, total: int) -> None:
        """Cases of a run are being rendered."""

    def sending(self, run: Run, size: int) -> None:
        """A batch body of `size` bytes is about to be sent."""

    def submitted(self, run: Run, batch: str, requests: int) -> None:
        """A batch exists."""

    def attached(self, run: Run) -> None:
        """The run is there already; nothing is sent."""

    def checked(self, run: Run) -> None:
        """A check has scored its cases."""

    def waiting(self, batches: list[Batch], elapsed: timedelta, usual: timedelta | None) -> None:
        """Batches are under way; the API tells nothing of how far, until the end."""

    def reading(self, batch: Batch, done: int) -> None:
        """Results of a batch are being read."""

    def collected(self, batch: Batch, missing: int) -> None:
        """A batch is collected."""

    def note(self, message: str) -> None:
        """Something a user should know."""


class Quiet:
    """Says nothing."""

    def rendering(self, run: Run, done: int, total: int) -> None:
        """Nothing."""

    def sending(self, run: Run, size: int) -> None:
        """Nothing."""

    def submitted(self, run: Run, batch: str, requests: int) -> None:
        """Nothing."""

    def attached(self, run: Run) -> None:
        """Nothing."""

    def checked(self, run: Run) -> None:
        """Nothing."""

    def waiting(self, batches: list[Batch], elapsed: timedelta, usual: timedelta | None) -> None:
        """Nothing."""

    def reading(self, batch: Batch, done: int) -> None:
        """Nothing."""

    def collected(self, batch: Batch, missing: int) -> None:
        """Nothing."""

    def note(self, message: str) -> None:
        """Nothing."""
