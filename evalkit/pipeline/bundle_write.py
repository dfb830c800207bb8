"""Write a bundle, and hand over the runs in it that are still open.

A run with open batches belongs to one store, because two that collect it would both send its follow-ups. The bundle
is written beside its place from one snapshot; then, in one transaction, the runs must stand as they did and are marked
as handed over; then the bundle is moved to its place. A process that dies leaves a store that has the runs, or one
that says where they went; never two that send.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import msgspec

from evalkit.errors import StoreError, UsageError
from evalkit.pipeline.bundle import (
    FORMAT,
    LONGEST_MANIFEST,
    LONGEST_ROW,
    MANIFEST,
    MOST_BYTES,
    VERSION,
    Manifest,
    Member,
    member_of,
)
from evalkit.run import IntentState, Run
from evalkit.store import CARRIED, HEAD, Outgoing, Store
from evalkit.version import __version__

_TRIES: Final = 5
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_OWNER_ONLY: Final = 0o600 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBundle:
    """A bundle that was written."""

    path: Path
    runs: tuple[str, ...]
    handed_over: tuple[str, ...]
    """Runs that had open batches: the store that takes the bundle in collects them."""
    bytes: int


def write_bundle(store: Store, runs: Sequence[Run], path: Path) -> WrittenBundle:
    """Write everything of some runs into one file; those with open batches are handed over with it.

    Raises:
        UsageError: a run is not sent yet, or not known to be, or was handed over; or the file cannot be written.
        StoreError: collectors move the runs on faster than they can be written.
    """
    ids = sorted({run.id for run in runs})
    if not ids:
        raise UsageError("there is no run to bundle; `evalkit runs` lists them")
    _refuse_waiting(store, ids)
    with _beside(path) as file:
        for _ in range(_TRIES):
            file.seek(0)
            file.truncate()
            with store.outgoing(ids) as found:
                _refuse(found)
                numbers = _numbers(found)
                _write(file, found, numbers)
                given = {run: numbers[run] for run in sorted(found.open)}
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
            if store.hand_overs.give(given, _only(found.standing, given), to=str(path), now=datetime.now(UTC)):
                _move(store, Path(file.name), path, given)
                return WrittenBundle(path=path, runs=tuple(ids), handed_over=tuple(given), bytes=size)
    raise StoreError(f"the runs are being collected and moved on while {path} was written; try again")


def _move(store: Store, written: Path, path: Path, given: Mapping[str, int]) -> None:
    try:
        written.replace(path)
    except OSError:
        store.hand_overs.take_back(given)  # nobody has the bundle
        raise


def _refuse_waiting(store: Store, ids: Sequence[str]) -> None:
    """A run that waits, and one that is waited for, stay in one store: two would both go on with them."""
    waiting = store.waits.all()
    for run, needs in waiting.items():
        if run in ids or set(needs) & set(ids):
            raise UsageError(
                f"run {run} waits for {', '.join(needs)}, and goes on in the store that has both; bundle them when "
                "it is collected: evalkit collect --wait"
            )


def _refuse(found: Outgoing) -> None:
    for run, bundle in found.away.items():
        raise UsageError(
            f"run {run} was handed over to {bundle}; import the bundle that comes back, or say that no other store has "
            f"it: evalkit resolve {run} --take-back"
        )
    for run, state in found.unsettled.items():
        if state is IntentState.PLANNED:
            raise UsageError(
                f"run {run} has a part that is not sent yet, and a bundle of it could be sent twice; submit it first "
                f"(`evalkit submit` or `evalkit collect`), or give the part up: evalkit cancel {run}"
            )
        raise UsageError(
            f"run {run} has a create whose outcome is not known, and a bundle of it could be paid twice; resolve it "
            f"first: `evalkit collect` looks again, `evalkit resolve {run}` takes your word for it"
        )
    for run in sorted(found.conversing):
        raise UsageError(
            f"run {run} is asked in realtime and not through, which only the process that asks can hand on; let it end "
            f"(`evalkit collect {run}`), or give up what is not answered: evalkit cancel {run}"
        )


def _numbers(found: Outgoing) -> dict[str, int]:
    """The number that each run goes with: one more wherever a store that knows it must see that it came back."""
    before = {run: found.numbers.get(run, 0) for run in found.runs}
    return {run: n + 1 if n or run in found.open else 0 for run, n in before.items()}


def _only(standing: Mapping[str, object], given: Mapping[str, int]) -> dict[str, object]:
    return {run: standing[run] for run in given}


@contextmanager
def _beside(path: Path) -> Generator[BinaryIO]:
    """A file beside a place, for its owner alone, that is gone at the end unless it was moved there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                yield cast("BinaryIO", file)
            finally:
                Path(file.name).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}; choose another place") from error


def _write(file: BinaryIO, found: Outgoing, numbers: Mapping[str, int]) -> None:
    members: dict[str, Member] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for table in CARRIED:
            members[table] = _write_rows(archive, table, found.rows(table))
        if sum(member.bytes for member in members.values()) + LONGEST_MANIFEST > MOST_BYTES:
            raise UsageError("these runs are more than a bundle can hold; bundle fewer at once")
        manifest = Manifest(
            format=FORMAT, version=VERSION, schema=HEAD, evalkit=__version__, runs=numbers, tables=members
        )
        archive.writestr(_info(MANIFEST), msgspec.json.format(msgspec.json.encode(manifest), indent=1))


def _write_rows(archive: zipfile.ZipFile, table: str, rows: Iterable[Mapping[str, Any]]) -> Member:
    digest, n, size = hashlib.sha256(), 0, 0
    encoder = msgspec.json.Encoder()  # bytes become base64
    with archive.open(_info(member_of(table)), "w", force_zip64=True) as member:
        for row in rows:
            line = encoder.encode(row) + b"\n"
            digest.update(line)
            member.write(line)
            n, size = n + 1, size + len(line)
            if len(line) > LONGEST_ROW or size > MOST_BYTES:
                raise UsageError(f"{table} of these runs are more than a bundle can hold; bundle fewer runs at once")
    return Member(rows=n, bytes=size, sha256=digest.hexdigest())


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, date_time=_EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = _OWNER_ONLY
    info.create_system = 3
    return info
