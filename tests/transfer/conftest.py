"""Two stores, each with what its users would call, and one sandbox that remembers every call of both."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from evalkit import api, operations, transfer
from evalkit.pipeline.progress import Progress
from evalkit.pipeline.reconcile import GRACE_VARIABLE
from evalkit.sandbox import Behaviour, Fault, Sandbox
from evalkit.store import Store


class Notes(Progress):
    """Keeps what a user is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, message: str) -> None:
        self.said.append(message)


@dataclass
class Place:
    """One store, and the calls of those who work with it."""

    folder: Path
    url: str

    def submit(self, **options: Any) -> str:
        return api.submit(self.folder, store=self.url, **options)[0].run

    def collect(self, *runs: str, wait: bool = True) -> Any:
        return api.collect(self.folder, store=self.url, runs=runs or None, wait=wait, poll=0.02)

    def export(self, out: Path, *runs: str, **options: Any) -> Any:
        return transfer.export_bundle(runs, out, store=self.url, **options)

    def take(self, path: Path) -> tuple[Any, list[str]]:
        """Import a bundle; the runs, and what was said."""
        notes = Notes()
        return transfer.import_bundle(path, store=self.url, progress=notes), notes.said

    def view(self, run: str) -> Any:
        return api.show(run, store=self.url)[0]

    def rows(self, run: str) -> list[dict[str, Any]]:
        file = io.StringIO()
        api.export(run, file, store=self.url)
        return [json.loads(line) for line in file.getvalue().splitlines()]

    def statuses(self, run: str) -> list[str]:
        return [row["status"] for row in self.rows(run)]

    def retry(self, run: str) -> Any:
        return operations.retry(run, config=self.folder, store=self.url)

    def store(self) -> Any:
        return closing(Store.open(self.url))


@dataclass
class World:
    """The places and the one API behind them."""

    a: Place
    b: Place
    sandbox: Sandbox
    folder: Path

    def behave(self, *faults: Fault, **behaviour: Any) -> None:
        self.sandbox.behaviour = replace(Behaviour(), faults=faults, **behaviour)

    def creates(self) -> int:
        return sum(entry.accepted_create for entry in self.sandbox.witness())

    def calls(self) -> int:
        return len(self.sandbox.witness())

    def bundle(self, name: str = "runs") -> Path:
        return self.folder / f"{name}.evalkit"


@pytest.fixture
def open_world(
    suite_folder: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., World]]:
    """Makes a world; `b` is the URL of its second store."""
    with ExitStack() as stack:

        def opened(cases: Any = 6, *, a: str | None = None, b: str | None = None, **suite: Any) -> World:
            folder = suite_folder(cases, **suite)
            sandbox = stack.enter_context(Sandbox(directory=tmp_path / "shelf"))
            monkeypatch.setenv("ANTHROPIC_BASE_URL", sandbox.url)
            monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
            monkeypatch.setenv(GRACE_VARIABLE, "0")
            urls = (a or f"sqlite:///{tmp_path / 'a.db'}", b or f"sqlite:///{tmp_path / 'b.db'}")
            return World(Place(folder, urls[0]), Place(folder, urls[1]), sandbox, tmp_path)

        yield opened


@pytest.fixture
def world(open_world: Callable[..., World]) -> World:
    return open_world()


@pytest.fixture
def forge() -> Callable[..., Path]:
    """Makes a bundle of another: members replaced, and the manifest made to agree with them unless it is given."""

    def forged(
        source: Path,
        out: Path,
        change: Callable[[str, list[dict[str, Any]]], Sequence[Mapping[str, Any]]] | None = None,
        manifest: Callable[[dict[str, Any]], None] | None = None,
        extra: Mapping[str, bytes] | None = None,
    ) -> Path:
        import hashlib

        with zipfile.ZipFile(source) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        head = json.loads(members.pop("manifest.json"))
        for name, text in members.items():
            table = name.removesuffix(".jsonl")
            rows = [json.loads(line) for line in text.splitlines()]
            changed = change(table, rows) if change else rows
            members[name] = b"".join(json.dumps(row).encode() + b"\n" for row in changed)
            head["tables"][table] = {
                "rows": len(changed),
                "bytes": len(members[name]),
                "sha256": hashlib.sha256(members[name]).hexdigest(),
            }
        if manifest:
            manifest(head)
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in {**members, "manifest.json": json.dumps(head).encode(), **(extra or {})}.items():
                archive.writestr(name, text)
        return out

    return forged


@pytest.fixture
def everything_of() -> Callable[[Place], dict[str, list[tuple[Any, ...]]]]:
    """Every row of every table of a place's store."""

    def rows(place: Place) -> dict[str, list[tuple[Any, ...]]]:
        import sqlalchemy as sa

        from evalkit.store.schema import metadata

        with place.store() as store, store.database.reading() as connection:
            return {
                table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
                for table in metadata.sorted_tables
            }

    return rows


@pytest.fixture
def place_at(tmp_path: Path) -> Callable[[str], Place]:
    """A place by its store's URL, without a suite."""
    return lambda url: Place(tmp_path, url)
