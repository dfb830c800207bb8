"""Batches on disk: a sandbox that is given a directory goes on where the one before it left off.

Beside each spooled body lies a note of its batch. What became of the rows is decided again, and alike, because it
depends on their content; that a batch was canceled is not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from evalkit.sandbox.batch import Batch
from evalkit.sandbox.envelope import read_envelope
from evalkit.sandbox.wire import ApiError

_SUFFIX: Final = ".batch"


class Note(msgspec.Struct):
    """What of a batch does not follow from its body."""

    id: str
    account: str
    version: str
    created_at: datetime
    seconds: float


def keep(batch: Batch) -> None:
    """Write the note of a batch beside its body."""
    note = Note(
        id=batch.id,
        account=batch.account,
        version=batch.version,
        created_at=batch.created_at,
        seconds=batch.seconds,
    )
    _note_path(batch.rows.path).write_bytes(msgspec.json.encode(note))


def forget(batch: Batch) -> None:
    """Remove the note of a batch, and its body."""
    _note_path(batch.rows.path).unlink(missing_ok=True)
    batch.rows.path.unlink(missing_ok=True)


def kept_batches(directory: Path, *, limit: int) -> Iterator[Batch]:
    """The batches of a directory, oldest first; what cannot be read is passed over.

    Args:
        directory: where bodies are spooled.
        limit: the most rows that a batch may have.
    """
    notes = [(note, path) for path in directory.glob(f"*{_SUFFIX}") if (note := _read(path)) is not None]
    for note, path in sorted(notes, key=lambda pair: pair[0].created_at):
        try:
            rows, _ = read_envelope(path.with_suffix(".json"), limit=limit)
        except (OSError, ApiError):
            continue
        yield Batch(
            id=note.id,
            account=note.account,
            version=note.version,
            created_at=note.created_at,
            seconds=note.seconds,
            rows=rows,
        )


def _note_path(body: Path) -> Path:
    return body.with_suffix(_SUFFIX)


def _read(path: Path) -> Note | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Note)
    except (OSError, msgspec.DecodeError):
        return None
