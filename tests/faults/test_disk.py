"""A disk that is full, a store that is locked, read-only or lost: said clearly, and made good by the next pass."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

PROVIDER: Final = 6
STICKS: Final = 400_000
LOCKED: Final = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("begin immediate")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("rollback")
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("this user may not mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize("verb", ["submit", "collect"])
@pytest.mark.parametrize("room", [0, 40_000])
def test_a_file_that_cannot_grow_is_said_so_and_the_next_pass_goes_on(
    faults: Any, nest: Any, verb: str, room: int
) -> None:
    """As on a disk that has no room left."""
    place = faults.new()
    if verb == "collect":
        assert place.evalkit("submit").code == 0
    else:
        place.evalkit("runs")

    full = place.hatch(nest, verb, room=room).wait()

    assert full.code == PROVIDER, full
    assert "Traceback" not in full.err
    assert "evalkit: " in full.err
    place.again()
    faults.kept_promises(place)
    assert faults.creates(place) == 6


@pytest.mark.parametrize("verb", ["submit", "collect"])
def test_a_full_disk_is_said_so_and_the_next_pass_goes_on(faults: Any, nest: Any, small_disk: Path, verb: str) -> None:
    place = faults.new()
    place.db = small_disk / "evalkit.db"
    if verb == "collect":
        assert place.evalkit("submit").code == 0
    _fill(small_disk / "other")

    full = place.hatch(nest, verb).wait()

    assert full.code == PROVIDER, full
    assert str(small_disk) in full.err
    assert "Traceback" not in full.err
    (small_disk / "other").unlink()
    place.again()
    faults.kept_promises(place)
    assert faults.creates(place) == 6


def test_a_store_that_may_not_be_written_is_said_so(faults: Any, nest: Any, small_disk: Path) -> None:
    place = faults.new()
    place.db = small_disk / "evalkit.db"
    place.evalkit("submit")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

    refused = [place.hatch(nest, verb).wait() for verb in ("submit", "collect")]
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)

    for one in refused:
        assert one.code == PROVIDER, one
        assert str(place.db) in one.err
    place.again()
    faults.kept_promises(place)


@pytest.mark.parametrize("verb", ["submit", "collect"])
def test_a_locked_store_is_said_so_and_nothing_is_sent_meanwhile(
    faults: Any, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evalkit.store.engine._BUSY_MS", 200)
    place = faults.new()
    if verb == "collect":
        assert place.evalkit("submit").code == 0
    else:
        place.evalkit("collect")
    sent = faults.creates(place)

    with _locked(place.db):
        refused = place.evalkit(verb)

    assert refused.code == PROVIDER, refused
    assert "the store" in refused.err
    assert "locked" in refused.err
    assert faults.creates(place) == sent
    place.again()
    faults.kept_promises(place)


def test_a_lost_store_is_rebuilt_from_the_api_without_a_second_create(faults: Any) -> None:
    place = faults.new()
    place.again()
    for path in place.db.parent.glob("evalkit.db*"):
        path.unlink()

    empty = place.evalkit("collect")
    recovered = place.evalkit("recover")

    assert empty.code in (0, PROVIDER)
    assert recovered.code == 0, recovered
    place.again()
    assert faults.creates(place) == 6
    assert place.export() == list(faults.reference)
    faults.counted_as_billed(place)


def test_a_store_that_is_no_database_is_said_so_and_left_alone(faults: Any) -> None:
    place = faults.new()
    place.db.write_text("These are my notes, not a database. " * 40)

    refused = place.evalkit("submit")

    assert refused.code == PROVIDER
    assert "file is not a database" in refused.err
    assert place.db.read_text().startswith("These are my notes")
    assert faults.creates(place) == 0


@contextlib.contextmanager
def _locked(db: Path) -> Iterator[None]:
    """Another process holds the writer's lock."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", LOCKED, str(db)], text=True, **pipes) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        yield
        other.communicate("\n", timeout=20)


def _fill(path: Path) -> None:
    """Write until the file system has no room."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(os.urandom(4096))
    assert shutil.disk_usage(path.parent).free < 4096
