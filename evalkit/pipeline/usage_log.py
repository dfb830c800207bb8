"""The usage log: a line of JSON for every request, as instrumented code writes one for every call.

A batch is meant for a file from the moment that it is collected, in the same transaction. Before its first line is
written the store keeps where in the file they begin, so that whoever finds it unwritten, because a collector died,
reads from there on which of them are in the file, and writes the others. One process at a time writes to a file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO

from evalkit.failpoint import step
from evalkit.pipeline.whole import whole_text_file
from evalkit.store import Store, UsageRow
from evalkit.store.rows import chunks

_MODE: Final = 0o600
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageLog:
    """A file that grows by the usage of every batch that is collected."""

    path: Path

    @property
    def name(self) -> str:
        """The file as the store calls it."""
        return str(self.path)

    def write(self, store: Store) -> str | None:
        """Append what is to be written and is not; a sentence where the file cannot be written, which loses nothing."""
        if not store.usage_logs.unwritten(self.name):
            return None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _alone(self.path) as file:
                # Read again: another process may have written them while this one waited.
                for batch, begins_at in store.usage_logs.unwritten(self.name).items():
                    _append(store, file, batch, begins_at)
        except OSError as error:
            return (
                f"the usage log {self.path} cannot be written: {error.strerror}; what is missing in it is written by "
                "the next collect that can"
            )
        return None


def write_all(store: Store, batch_ids: Sequence[str], out: Path | TextIO) -> int:
    """Write the usage of batches, whatever was written before; a file whole or not at all. Returns how many requests.

    Raises:
        UsageError: the file cannot be written.
    """
    if isinstance(out, Path):
        with whole_text_file(out) as file:
            return write_all(store, batch_ids, file)
    n = 0
    for row in store.usage_logs.rows(batch_ids):
        out.write(usage_line(row))
        n += 1
    return n


def usage_line(row: UsageRow) -> str:
    """A request as one line of JSON, in ASCII: no text of a case can end it, and nothing in it was said by a model."""
    document = {
        "ts": (row.received_at if row.realtime else row.created_at).isoformat(),
        "feature": feature(row.suite, row.grader),
        "model": row.served_model,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "cache_read_tokens": row.cache_read_tokens,
        "cache_write_5m_tokens": row.cache_write_5m_tokens,
        "cache_write_1h_tokens": row.cache_write_1h_tokens,
        "cost_usd": row.cost_usd,
        "stop_reason": row.stop_reason,
        "type": row.type,
        "batch": not row.realtime,
        "batch_id": row.batch,
        "custom_id": row.custom_id,
        "run": row.run,
        "case": row.case_id,
        "candidate": row.candidate,
        "label": row.label,
        "simulated": row.simulated,
    }
    return f"{json.dumps(document, ensure_ascii=True, separators=(',', ':'))}\n"


def feature(suite: str, grader: str) -> str:
    """What the money was spent on: the suite, and the grader where there is one."""
    return f"{suite}/{grader}" if grader else suite


def _append(store: Store, file: int, batch: str, begins_at: int | None) -> None:
    """Write the lines of a batch that are not in the file, and keep that they all are."""
    there: set[str] = set()
    if begins_at is None:
        store.usage_logs.begin(batch, os.fstat(file).st_size)
        step("usage_begun")
    else:
        there = _mend(file, batch, begins_at)
    rows = (row for row in store.usage_logs.rows([batch]) if row.custom_id not in there)
    _end_line(file)
    for some in chunks(rows):
        _write(file, "".join(map(usage_line, some)).encode())
        step("usage_lines")
    os.fsync(file)
    step("usage_written")
    store.usage_logs.written(batch, now=datetime.now(UTC))


def _mend(file: int, batch: str, begins_at: int) -> set[str]:
    """Cut off half a line that a dead collector left; the requests of a batch whose lines are in the file."""
    size = os.fstat(file).st_size
    start = begins_at if begins_at <= size else 0  # a file that was rotated begins anew
    there: set[str] = set()
    whole = start
    for line in _lines(file, start):
        if not line.endswith(b"\n"):
            # Ours if it begins as ours do: who else writes to the file may be about to end its line.
            if line.startswith(b'{"ts":"'[: len(line)]):
                os.ftruncate(file, whole)
            break
        whole += len(line)
        if (found := _read(line)) and found[0] == batch:
            there.add(found[1])
    return there


def _read(line: bytes) -> tuple[str, str] | None:
    """The batch and the request of a line; None for a line of somebody else's."""
    try:
        document = json.loads(line)
        return str(document["batch_id"]), str(document["custom_id"])
    except (ValueError, KeyError, TypeError):
        return None


def _lines(file: int, start: int) -> Iterator[bytes]:
    """The lines of the file from a place on; the last may have no end."""
    left, place = b"", start
    while block := os.pread(file, _BLOCK, place):
        place += len(block)
        *lines, left = (left + block).split(b"\n")
        yield from (line + b"\n" for line in lines)
    if left:
        yield left


def _end_line(file: int) -> None:
    """Begin on a line of its own, whatever stands before."""
    size = os.fstat(file).st_size
    if size and os.pread(file, 1, size - 1) != b"\n":
        _write(file, b"\n")


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


@contextmanager
def _alone(path: Path) -> Generator[int]:
    """The file, for this process alone."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, _MODE)
    try:
        _lock(file)
        yield file
    finally:
        os.close(file)  # which lets go of the lock


def _lock(file: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows, where collectors of one machine are not to share a log
        return
    fcntl.flock(file, fcntl.LOCK_EX)
