"""The spool: batch bodies on disk, written row by row, each part below the API's limits and with its digest."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from evalkit.pipeline.forecast.weighed import Weighed

_HEAD: Final = b'{"requests":['
_TAIL: Final = b"]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where a run is split into several batches."""

    requests: int = 100_000
    bytes: int = 240_000_000
    """Of the serialized body; the API's 256 MB, with a margin for not knowing whose megabytes they are."""

    @classmethod
    def none(cls) -> Self:
        """No limit: everything in one part."""
        return cls(requests=sys.maxsize, bytes=sys.maxsize)


@dataclass(slots=True, kw_only=True)
class Part:
    """One part of a run: a batch body on disk."""

    path: Path
    requests: int = 0
    size: int = 0
    digest: str = ""
    weighed: Weighed | None = None
    """What its requests hold; None where they were not weighed."""


class Spool:
    """Writes rows into parts, each below the limits.

    No two parts of a run have the same number of requests where that costs nothing: a lost batch is looked for by
    its size, and the size should tell it.
    """

    def __init__(self, directory: Path, name: str, limits: Limits) -> None:
        """Spool into `directory`; files are named after the run and the part."""
        self._directory, self._name, self._limits = directory, name, limits
        self._file: IO[bytes] | None = None
        self._hash = hashlib.sha256()
        self.parts: list[Part] = []

    def add(self, row: bytes) -> int:
        """Write a row, to a new part where it would not fit; returns its part."""
        if self._file is None or self._is_full(row):
            self._close()
            self._open()
        elif self.parts[-1].requests:
            self._write(b",")
        self._write(row)
        self.parts[-1].requests += 1
        return len(self.parts) - 1

    def part_ends(self) -> None:
        """What is added from now on goes to a new part."""
        self._close()

    def done(self) -> list[Part]:
        """Close the last part; all parts, with their digests."""
        self._close()
        return self.parts

    def _is_full(self, row: bytes) -> bool:
        last = self.parts[-1]
        most = max(1, self._limits.requests - len(self.parts) + 1)
        return last.requests >= most or last.size + len(row) + 1 + len(_TAIL) > self._limits.bytes

    def _open(self) -> None:
        path = self._directory / f"{self._name}.{len(self.parts)}.json"
        self._file = path.open("wb", buffering=1 << 20)
        self._hash = hashlib.sha256()
        self.parts.append(Part(path=path))
        self._write(_HEAD)

    def _write(self, data: bytes) -> None:
        assert self._file is not None  # noqa: S101 # an open part is what add() made
        self._file.write(data)
        self._hash.update(data)
        self.parts[-1].size += len(data)

    def _close(self) -> None:
        if self._file is None:
            return
        self._write(_TAIL)
        self._file.close()
        self._file = None
        self.parts[-1].digest = self._hash.hexdigest()
