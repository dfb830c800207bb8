"""The rows of one create, kept on disk; memory holds their offsets only."""

from __future__ import annotations

import os
from array import array
from dataclasses import dataclass, field
from pathlib import Path

import msgspec


class Row(msgspec.Struct, forbid_unknown_fields=True):
    """One request of a create: its custom_id and its still undecoded params."""

    custom_id: str
    params: msgspec.Raw


_DECODER = msgspec.json.Decoder(Row)


def _offsets() -> array[int]:
    return array("Q")


@dataclass(slots=True)
class Rows:
    """Offsets and lengths of the rows inside a spooled body, in the order sent."""

    path: Path
    starts: array[int] = field(default_factory=_offsets)
    lengths: array[int] = field(default_factory=_offsets)

    def __len__(self) -> int:
        return len(self.starts)

    def reader(self) -> RowReader:
        """A reader of its own, so that downloads do not disturb each other."""
        return RowReader(self)


class RowReader:
    """Reads rows by index; close it, or use it as a context manager."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._handle = os.open(rows.path, os.O_RDONLY)

    def __enter__(self) -> RowReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the file handle back."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def __getitem__(self, index: int) -> Row:
        raw = os.pread(self._handle, self._rows.lengths[index], self._rows.starts[index])
        return _DECODER.decode(raw)
