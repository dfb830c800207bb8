"""Progress on stderr: a live line on a terminal, a plain line per step elsewhere, nothing with `--quiet`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status
from rich.text import Text

from evalkit.cli.screen import visible
from evalkit.pipeline.progress import Progress
from evalkit.run import Batch, Run


class Terminal(Progress):
    """Tells what a command is doing."""

    def __init__(self) -> None:
        """Speak on stderr, so that stdout holds only what was asked for."""
        self._console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        self._status: Status | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def rendering(self, run: Run, done: int, total: int) -> None:
        """How many cases are rendered."""
        self._now(f"{_name(run)}: rendering {done:,} of {total:,} cases")

    def sending(self, run: Run, size: int) -> None:
        """How much is being sent."""
        self._now(f"{_name(run)}: sending {_size(size)}")

    def submitted(self, run: Run, batch: str, requests: int) -> None:
        """A batch exists."""
        self._say(f"submitted  {_name(run)}: {requests:,} requests as {batch}")

    def attached(self, run: Run) -> None:
        """The run is there already."""
        self._say(f"attached   {_name(run)}: run {run.id} is there already, nothing is sent")

    def chained(self, run: Run, needs: Sequence[str]) -> None:
        """The run waits for others."""
        are = "is" if len(needs) == 1 else "are"
        self._say(f"waits      {_name(run)}: until {', '.join(needs)} {are} collected, then it goes on by itself")

    def checked(self, run: Run) -> None:
        """A check has scored its cases."""
        self._say(f"checked    {_name(run)}: {run.cases:,} cases, here and free")

    def waiting(self, batches: list[Batch], elapsed: timedelta, usual: timedelta | None) -> None:
        """How long it has taken; the API tells no more until the end."""
        if not batches:
            self._now("waiting until it is known what became of a create; Ctrl-C only detaches")
            return
        usually = f", usually {duration(usual)}" if usual else ""
        plural = "batch" if len(batches) == 1 else "batches"
        self._now(f"waiting for {len(batches)} {plural}: {duration(elapsed)} so far{usually}; Ctrl-C only detaches")

    def reading(self, batch: Batch, done: int) -> None:
        """How many results are read."""
        self._now(f"reading {batch.id}: {done:,} of {batch.requests:,} results")

    def collected(self, batch: Batch, missing: int) -> None:
        """A batch is collected."""
        lost = f", {missing:,} without a result" if missing else ""
        self._say(f"collected  {batch.id}: {batch.requests:,} requests{lost}")

    def note(self, message: str) -> None:
        """Something a user should know."""
        self._say(f"note       {message}")

    def _say(self, line: str) -> None:
        self._stop()
        self._console.print(visible(line), soft_wrap=True)

    def _now(self, line: str) -> None:
        if not self._console.is_terminal:
            return
        text = Text(visible(line), no_wrap=True, overflow="ellipsis")
        if self._status is None:
            self._status = self._console.status(text)
            self._status.start()
        else:
            self._status.update(text)

    def _stop(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


def duration(time: timedelta) -> str:
    """A time span as people say it: `40 s`, `12 min`, `3 h 05 min`."""
    seconds = round(time.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"


def _name(run: Run) -> str:
    return f"{run.candidate} × {run.grader}"


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"
