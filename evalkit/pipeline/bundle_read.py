"""Read a bundle into a store: whole or not at all, and nothing of it is taken on trust.

No member is ever written to a path. Sizes are limited before and while anything is read, digests are those of the
manifest, every row is held against its columns, and identities are worked out again from what they are made of: a
bundle that says a run, a case, a dataset, a grader or a calibration is what it is not is refused.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from evalkit.errors import UsageError
from evalkit.pipeline.bundle import (
    FORMAT,
    LONGEST_MANIFEST,
    LONGEST_ROW,
    MANIFEST,
    MOST_BYTES,
    VERSION,
    Manifest,
    member_of,
)
from evalkit.pipeline.bundle_proof import Proof, Unproven
from evalkit.store import CARRIED, HEAD, BadRowError, Standing, Store, checked

_FIRST: Final = ("runs", "intents", "batches")
_LATER: Final = frozenset({"reused"})
"""Tables that bundles of an older evalkit do not hold: nothing of that kind was there."""
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBundle:
    """A bundle that was taken in."""

    runs: tuple[str, ...]
    standing: Mapping[str, Standing]
    given_back: frozenset[str]
    """Runs that this store had handed over, and has again."""


def read_bundle(store: Store, path: Path) -> ReadBundle:
    """Take in every run of a bundle, in one transaction.

    Raises:
        UsageError: the file is no bundle, is damaged, or is of a newer evalkit.
        IntegrityError: a run has gone another way in this store, or a row here says something else.
    """
    with _opened(path) as archive:
        return _take_in(store, _Bundle(path=path, archive=archive, manifest=_manifest(archive, path)))


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; name a bundle") from error
    except _BROKEN as error:
        raise UsageError(f"{path} is no bundle ({error}); `evalkit export RUN --bundle FILE` writes one") from error


def _take_in(store: Store, bundle: _Bundle) -> ReadBundle:
    first = {table: list(bundle.rows(table)) for table in _FIRST}
    with store.incoming() as coming:
        coming.weigh(first["runs"], first["intents"], first["batches"])
        for table in CARRIED:
            if table not in _FIRST:
                coming.put(table, bundle.rows(table))
        bundle.proven()
        coming.settle(bundle.manifest.runs)
    return ReadBundle(
        runs=tuple(row["run"] for row in first["runs"]),
        standing=dict(coming.standing),
        given_back=frozenset(coming.given_back),
    )


def _manifest(archive: zipfile.ZipFile, path: Path) -> Manifest:
    """The manifest, once the archive is known to hold what a bundle holds and no more."""
    infos = {info.filename: info for info in archive.infolist()}
    if MANIFEST not in infos or infos[MANIFEST].file_size > LONGEST_MANIFEST:
        raise UsageError(f"{path} is no bundle: it has no {MANIFEST}; `evalkit export RUN --bundle FILE` writes one")
    try:
        with archive.open(infos[MANIFEST]) as member:
            text = member.read(LONGEST_MANIFEST)
        head: Any = msgspec.json.decode(text)
        _refuse_newer(head, path)
        manifest = msgspec.json.decode(text, type=Manifest)
    except _BROKEN as error:
        raise UsageError(f"{path} is damaged: its {MANIFEST} cannot be read ({error})") from error
    wanted = {member_of(table) for table in manifest.tables} | {MANIFEST}
    lacking = set(CARRIED) ^ set(manifest.tables)
    if len(archive.infolist()) != len(infos) or set(infos) != wanted or not lacking <= _LATER:
        raise UsageError(f"{path} is no bundle: it holds other members than its tables")
    if sum(info.file_size for info in infos.values()) > MOST_BYTES:
        raise UsageError(f"{path} is refused: it would unpack to more than {MOST_BYTES // 1024**3} GiB")
    for table, member in manifest.tables.items():
        if infos[member_of(table)].file_size != member.bytes:
            raise UsageError(f"{path} is damaged: {member_of(table)} has not the size that its manifest says")
    return manifest


def _refuse_newer(head: Any, path: Path) -> None:
    """Say that a bundle is newer before anything else of it is judged.

    Raises:
        UsageError: it is of a newer evalkit, or no bundle.
    """
    if not isinstance(head, dict) or head.get("format") != FORMAT:  # pyright: ignore[reportUnknownMemberType]
        raise UsageError(f"{path} is no bundle; `evalkit export RUN --bundle FILE` writes one")
    version, schema, written_by = (str(head.get(key)) for key in ("version", "schema", "evalkit"))  # pyright: ignore[reportUnknownArgumentType,reportUnknownMemberType]
    if version != str(VERSION) or schema > HEAD:
        raise UsageError(
            f"{path} was written by evalkit {written_by}, which is newer than this one (its schema is {schema}, this "
            f"evalkit knows {HEAD}); upgrade evalkit"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bundle:
    path: Path
    archive: zipfile.ZipFile
    manifest: Manifest
    proof: Proof = field(default_factory=Proof)

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """The rows of a table; the last of them is followed by its digest being found right, or an error."""
        if table not in self.manifest.tables:
            return
        declared, name = self.manifest.tables[table], member_of(table)
        digest, number = hashlib.sha256(), 0
        for line in self._lines(name):
            number += 1
            digest.update(line)
            yield self._row(table, name, number, line)
        if digest.hexdigest() != declared.sha256 or number != declared.rows:
            raise UsageError(f"{self.path} is damaged: {name} is not what its manifest says")

    def proven(self) -> None:
        """Hold together what only shows when all rows are read.

        Raises:
            UsageError: something is not what it says.
        """
        try:
            self.proof.complete(self.manifest.runs)
        except Unproven as error:
            raise UsageError(f"{self.path} is refused: {error}") from error

    def _lines(self, name: str) -> Iterator[bytes]:
        try:
            with self.archive.open(name) as member:
                while line := member.readline(LONGEST_ROW):
                    if not line.endswith(b"\n"):
                        raise UsageError(f"{self.path} is refused: a row of {name} is too long or cut off")
                    yield line
        except _BROKEN as error:
            raise UsageError(f"{self.path} is damaged: {name} cannot be read ({error})") from error

    def _row(self, table: str, name: str, number: int, line: bytes) -> dict[str, Any]:
        try:
            row = checked(table, msgspec.json.decode(line))
            self.proof.row(table, row)
        except (BadRowError, Unproven, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{self.path} is refused: {name}, row {number}: {error}") from error
        return row
