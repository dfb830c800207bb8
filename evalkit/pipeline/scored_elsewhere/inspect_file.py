"""Inspect logs as they are on disk: `.eval` archives and JSON, of log format 2 as inspect_ai 0.3.285 writes it.

What evalkit has no use for (events, messages, the store) is never built, only passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from evalkit.errors import UsageError
from evalkit.pipeline.scored_elsewhere.archive import Archive
from evalkit.pipeline.scored_elsewhere.tidy import read_json

_MOST_JSON: Final = 1024**3
_SAMPLE: Final = re.compile(r"samples/.+_epoch_\d+(?:/sample)?\.json", re.DOTALL)
_START: Final = "_journal/start.json"


class Sample(msgspec.Struct, kw_only=True):
    """What of a sample is read."""

    id: int | str
    epoch: int = 1
    input: Any = ""
    choices: list[Any] | None = None
    target: Any = ""
    output: dict[str, Any] = {}
    scores: dict[str, Any] | None = None
    score: Any = None
    metadata: dict[str, Any] = {}
    model_usage: dict[str, Any] = {}
    working_time: float | None = None
    total_time: float | None = None
    error: Any = None
    invalidation: Any = None
    limit: Any = None
    attachments: dict[str, Any] = {}


class Head(msgspec.Struct, kw_only=True):
    """What of the head of a log is read."""

    version: int = 2
    status: str = "started"
    eval: dict[str, Any]
    results: dict[str, Any] | None = None


class _Whole(Head, kw_only=True):
    samples: list[Sample] | None = None
    reductions: list[dict[str, Any]] | None = None


class Log:
    """An Inspect log."""

    def __init__(self, path: Path) -> None:
        """Open a log.

        Raises:
            UsageError: it cannot be read.
        """
        self.path = path
        self._archive: Archive | None = None
        self._samples: list[Sample] = []
        if path.suffix == ".eval" or _is_zip(path):
            self._archive = Archive(path)
            self.head, self.reductions = self._read_head(self._archive)
        else:
            if path.stat().st_size > _MOST_JSON:
                raise UsageError(f"{path} is larger than 1 GiB; convert it: inspect log convert --to eval {path}")
            whole = read_json(path.read_bytes(), _Whole, path)
            self.head, self._samples, self.reductions = whole, whole.samples or [], whole.reductions or []
        if self.head.version not in (1, 2):
            raise UsageError(f"{path} is an Inspect log of version {self.head.version}; evalkit reads versions 1 and 2")

    def samples(self) -> Iterator[Sample]:
        """The samples, in the order of the file.

        Raises:
            UsageError: one cannot be read.
        """
        if self._archive is None:
            yield from self._samples
            return
        with self._archive as archive:
            for name in archive.names():
                if _SAMPLE.fullmatch(name):
                    yield read_json(archive.read(name), Sample, f"{self.path}: {name}")

    def _read_head(self, archive: Archive) -> tuple[Head, list[dict[str, Any]]]:
        """The head, or where the log has not ended what it began with; and the reductions over epochs."""
        name = "header.json" if "header.json" in archive else _START
        if name not in archive:
            raise UsageError(f"{self.path} is no Inspect log: it has neither header.json nor {_START}")
        head = read_json(archive.read(name), Head, f"{self.path}: {name}")
        if "reductions.json" not in archive:
            return head, []
        return head, read_json(archive.read("reductions.json"), list[dict[str, Any]], f"{self.path}: reductions.json")


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"
