"""The members of an Inspect `.eval` archive, one at a time, each of bounded size; nothing is ever written to a path.

Inspect 0.3.285 writes members that are compressed with zstd (method 93 of the zip format), which Python can unpack by
itself from 3.14 on; before, pyarrow or zstandard does it where one of them is installed.
"""

from __future__ import annotations

import importlib
import importlib.util
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from evalkit.errors import UsageError

LARGEST: Final = 512 * 1024**2
"""Bytes that one member may unpack to."""
_ZSTD: Final = 93
_LOCAL: Final = 30
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


class Archive:
    """An archive that is read."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            UsageError: it is no archive.
        """
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except _BROKEN as error:
            raise UsageError(f"{path} is no Inspect log: it is a zip file that cannot be read ({error})") from error
        # Of a member that was written again, the last counts, as for every reader of zip files.
        self._members = {info.filename: info for info in self._zip.infolist()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._zip.close()

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def names(self) -> Iterator[str]:
        """The names of the members, in order."""
        yield from self._members

    def read(self, name: str) -> bytes:
        """A member, unpacked.

        Raises:
            UsageError: it is damaged, larger than a log's member is, or packed in a way that cannot be read here.
        """
        info = self._members[name]
        if info.file_size > LARGEST:
            raise UsageError(f"{self._path}: {name} would unpack to more than {LARGEST // 1024**2} MiB")
        try:
            found = self._zstd(info) if info.compress_type == _ZSTD else self._zip.read(info)
        except _BROKEN as error:
            raise UsageError(f"{self._path} is damaged: {name} cannot be read ({error})") from error
        if len(found) != info.file_size or zlib.crc32(found) != info.CRC:
            raise UsageError(f"{self._path} is damaged: {name} is not what the archive says")
        return found

    def _zstd(self, info: zipfile.ZipInfo) -> bytes:
        unpack = _unpacker()
        if unpack is None:
            raise UsageError(
                f"{self._path} is packed with zstd, which this Python cannot read: pip install "
                "'evalkit-batch[parquet]' (pyarrow reads it) or zstandard; or have Inspect write JSON: "
                f"inspect log convert --to json --output-dir json {self._path}"
            )
        with self._path.open("rb") as file:
            file.seek(info.header_offset)
            name_length, extra_length = struct.unpack("<HH", file.read(_LOCAL)[26:30])
            file.seek(info.header_offset + _LOCAL + name_length + extra_length)
            return unpack(file.read(info.compress_size), info.file_size + 1)


def _unpacker() -> Callable[[bytes, int], bytes] | None:
    """What unpacks zstd here, to at most so many bytes."""
    for name, unpack in (("compression.zstd", _standard), ("zstandard", _zstandard), ("pyarrow", _pyarrow)):
        if _there(name):
            return unpack
    return None


def _there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # of the package that it would be in
        return False


def _standard(packed: bytes, most: int) -> bytes:
    zstd: Any = importlib.import_module("compression.zstd")
    return zstd.ZstdDecompressor().decompress(packed, most)


def _zstandard(packed: bytes, most: int) -> bytes:
    zstandard: Any = importlib.import_module("zstandard")
    return zstandard.ZstdDecompressor().stream_reader(packed).read(most)


def _pyarrow(packed: bytes, most: int) -> bytes:
    pyarrow: Any = importlib.import_module("pyarrow")
    with pyarrow.CompressedInputStream(pyarrow.BufferReader(packed), "zstd") as stream:
        return stream.read(most)
