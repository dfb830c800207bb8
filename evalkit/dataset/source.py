"""The file behind a dataset: found, known by its suffix, opened, and noticed when it changes."""

from __future__ import annotations

import gzip
import io
import shutil
import tempfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal, cast

from evalkit.dataset.encoding import HEAD, UTF8_BOM, check_head
from evalkit.dataset.problems import ProblemLog, Refused, did_you_mean, listed, one_problem
from evalkit.errors import DatasetError

Kind = Literal["jsonl", "json", "csv", "tsv", "parquet"]
KINDS: Final[dict[str, Kind]] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
}
_BUFFER: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What tells that a file is still the one that was loaded."""

    size: int
    modified: int
    """Nanoseconds."""
    inode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file of rows: where it is and how it is written."""

    path: Path
    kind: Kind
    gzipped: bool

    @property
    def by_line(self) -> bool:
        """Whether rows have line numbers."""
        return self.kind in {"jsonl", "csv", "tsv"}

    def stamp(self) -> Stamp:
        """The file's stamp as it is now.

        Raises:
            DatasetError: the file is gone or cannot be looked at.
        """
        try:
            state = self.path.stat()
        except OSError as error:
            refused = unreadable(error)
            raise one_problem(self.path, refused.what, refused.mend) from error
        return Stamp(size=state.st_size, modified=state.st_mtime_ns, inode=state.st_ino)

    @contextmanager
    def open(self) -> Generator[BinaryIO]:
        """The decompressed bytes, buffered."""
        with self.path.open("rb", buffering=_BUFFER) as file:
            if not self.gzipped:
                yield file
                return
            with gzip.GzipFile(fileobj=file) as unzipped, io.BufferedReader(unzipped, _BUFFER) as buffered:
                yield buffered


def find(path: Path) -> Source:
    """The source at a path, known by its suffix.

    Raises:
        DatasetError: no such file, not a file, or an unknown suffix.
    """
    try:
        return _find(path)
    except OSError as error:
        refused = unreadable(error)
        raise one_problem(path, refused.what, refused.mend) from error


def _find(path: Path) -> Source:
    if path.is_dir():
        data = sorted(child.name for child in path.iterdir() if _kind_of(child) and child.is_file())
        mend = f"name one of its files: {listed(data)}" if data else "name a file"
        raise one_problem(path, "is a directory", mend)
    if not path.exists():
        raise _not_found(path)
    if not path.is_file():
        raise one_problem(path, "is not a regular file", "copy it to a file: it is read more than once")
    kind = _kind_of(path)
    if kind is None:
        what = f"unknown suffix {path.suffix!r}" if path.suffix else "the name has no suffix"
        raise one_problem(path, what, f"use one of {' '.join(KINDS)}, each also with .gz")
    return Source(path=path, kind=kind, gzipped=path.suffix.lower() == ".gz")


def without_bom(stream: BinaryIO, log: ProblemLog) -> BinaryIO:
    """The stream past its UTF-8 byte order mark, if it has one.

    Raises:
        Refused: the first bytes are not those of UTF-8 text.
    """
    head = cast("io.BufferedReader", stream).peek(HEAD)[:HEAD]
    check_head(head)
    if head.startswith(UTF8_BOM):
        stream.read(len(UTF8_BOM))
        log.notes.append("a UTF-8 byte order mark at the start is skipped")
    return stream


@contextmanager
def seekable(stream: BinaryIO, *, gzipped: bool) -> Generator[BinaryIO]:
    """The stream as a file that can be read from its end: decompressed to disk where needed."""
    if not gzipped:
        yield stream
        return
    with tempfile.TemporaryFile() as spool:
        shutil.copyfileobj(stream, spool, _BUFFER)
        spool.seek(0)
        yield cast("BinaryIO", spool)


def _kind_of(path: Path) -> Kind | None:
    name = Path(path.stem) if path.suffix.lower() == ".gz" else path
    return KINDS.get(name.suffix.lower())


def _not_found(path: Path) -> DatasetError:
    if not path.parent.is_dir():
        return one_problem(path, f"no such directory: {path.parent}", "check the path; it is relative to where you are")
    guess = did_you_mean(path.name, sorted(child.name for child in path.parent.iterdir()))
    return one_problem(path, "no such file", guess.strip() or "check the path")


def unreadable(error: OSError | EOFError | zlib.error) -> Refused:
    """What is wrong with a file whose bytes cannot be had."""
    if isinstance(error, gzip.BadGzipFile) and "Not a gzipped" in str(error):
        return Refused("the file is not gzip, though its name says so", "drop .gz from its name, or compress it")
    if isinstance(error, gzip.BadGzipFile | EOFError | zlib.error):
        return Refused("the gzip stream is broken or cut off", "compress or copy the file again")
    return Refused(f"cannot be read: {error.strerror}", "check the file and its permissions")
