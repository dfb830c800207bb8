"""From cases to the bytes of a batch: rendered once, encoded once, and split at the API's limits.

What every row shares (model, system prompt, schema) is encoded once and spliced, so a row costs what its own text
costs. The bytes go to a spool file per part, and the intent of the part holds the digest of exactly these bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import msgspec

from evalkit import ids
from evalkit.dataset import Case
from evalkit.errors import DatasetError, Problem
from evalkit.graders import CacheTtl, RenderError, RubricGrader
from evalkit.pipeline.suite import PlannedRun, Suite
from evalkit.run import Judge, Request
from evalkit.score import Score, Status, Verdict

_HEAD: Final = b'{"requests":['
_TAIL: Final = b"]}"
_MAX_ROW: Final = 32_000_000
"""Bytes of one request that the Messages API takes."""
_MAX_PROBLEMS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where a run is split into several batches."""

    requests: int = 100_000
    bytes: int = 240_000_000
    """Of the serialized body; the API's 256 MB, with a margin for not knowing whose megabytes they are."""


@dataclass(slots=True, kw_only=True)
class Part:
    """One part of a run: a batch body on disk."""

    path: Path
    requests: int = 0
    size: int = 0
    digest: str = ""


@dataclass(slots=True, kw_only=True)
class Encoded:
    """A run, ready to be sent."""

    parts: list[Part] = field(default_factory=list[Part])
    requests: list[Request] = field(default_factory=list[Request])
    missing: list[Score] = field(default_factory=list[Score])
    """Scores of the cases that the candidate has no output for."""


class RowEncoder:
    """Encodes the rows of one run: `{"custom_id":...,"params":{"messages":[...],...shared...}}`."""

    def __init__(self, shared: dict[str, object]) -> None:
        """Encode what every row shares.

        Args:
            shared: the Messages parameters without `messages`.
        """
        self._tail = b"}]," + msgspec.json.encode(shared)[1:] + b"}"

    def row(self, custom_id: str, prompt: str) -> bytes:
        """One row of the body."""
        content = msgspec.json.encode(prompt)
        head = f'{{"custom_id":"{custom_id}","params":{{"messages":[{{"role":"user","content":'
        return head.encode("ascii") + content + self._tail


class Spool:
    """Writes rows into parts, each below the limits."""

    def __init__(self, directory: Path, name: str, limits: Limits) -> None:
        """Spool into `directory`; files are named after the run and the part."""
        self._directory, self._name, self._limits = directory, name, limits
        self._file: IO[bytes] | None = None
        self._hash = hashlib.sha256()
        self.parts: list[Part] = []

    def add(self, row: bytes, *, part: int | None = None) -> int:
        """Write a row, to a new part where it would not fit or where `part` says so; returns its part."""
        if self._file is None or self._is_next(row, part):
            self._close()
            self._open()
        elif self.parts[-1].requests:
            self._write(b",")
        self._write(row)
        self.parts[-1].requests += 1
        return len(self.parts) - 1

    def done(self) -> list[Part]:
        """Close the last part; all parts, with their digests."""
        self._close()
        return self.parts

    def _is_next(self, row: bytes, part: int | None) -> bool:
        if part is not None:
            return part != len(self.parts) - 1
        last = self.parts[-1]
        size = last.size + len(row) + 1 + len(_TAIL)
        return last.requests >= self._limits.requests or size > self._limits.bytes

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


def encode(
    planned: PlannedRun,
    suite: Suite,
    directory: Path,
    *,
    limits: Limits | None = None,
    parts: Mapping[str, int] | None = None,
    rendered: Callable[[int], None] = lambda _: None,
) -> Encoded:
    """Render and encode every case of a run.

    Args:
        planned: a run with a rubric grader.
        suite: the suite it belongs to.
        directory: where the parts are written.
        limits: where to split.
        parts: custom_id -> part, where the run was split before and must be split the same way.
        rendered: told the number of cases done, now and then.

    Raises:
        DatasetError: cases lack what the rubric prints, or are too large; all of them at once.
    """
    grader, judge = _rubric(planned)
    encoder = RowEncoder(grader.params(judge, cache_ttl(suite.dataset.n)))
    spool = Spool(directory, planned.run.id, limits or Limits())
    encoded, problems = Encoded(), list[Problem]()
    for number, (case, output) in enumerate(_pairs(planned, suite), start=1):
        if output is None:
            encoded.missing += no_output(planned, case)
            continue
        try:
            custom_id, data = _row(planned, encoder, case, output)
        except RenderError as error:
            _note(problems, suite, case, str(error))
        else:
            part = spool.add(data, part=parts.get(custom_id) if parts else None)
            encoded.requests.append(Request(custom_id=custom_id, case_id=case.id, part=part))
        if number % 500 == 0:
            rendered(number)
    encoded.parts = spool.done()
    if problems:
        raise DatasetError(problems)
    return encoded


def cache_ttl(n_requests: int) -> CacheTtl | None:
    """How long the shared prefix should stay cached; a single request has nobody to share with."""
    return "1h" if n_requests > 1 else None


def _pairs(planned: PlannedRun, suite: Suite) -> Iterator[tuple[Case, str | None]]:
    return ((case, planned.candidate.output(case)) for case in suite.dataset)


def _rubric(planned: PlannedRun) -> tuple[RubricGrader, Judge]:
    if not isinstance(planned.grader, RubricGrader) or planned.run.judge is None:
        raise TypeError(f"run {planned.run.id} has no judge")
    return planned.grader, planned.run.judge


def _row(planned: PlannedRun, encoder: RowEncoder, case: Case, output: str) -> tuple[str, bytes]:
    """The case's custom_id and row.

    Raises:
        RenderError: the case lacks what the rubric prints, or is too large.
    """
    grader, _ = _rubric(planned)
    custom_id = ids.custom_id(planned.run.id, case.id)
    row = encoder.row(custom_id, grader.prompt(case, output))
    if len(row) > _MAX_ROW:
        raise RenderError(f"its request has {len(row):,} bytes, and the API takes {_MAX_ROW:,}: shorten the case")
    return custom_id, row


def _note(problems: list[Problem], suite: Suite, case: Case, what: str) -> None:
    if len(problems) < _MAX_PROBLEMS:
        where = f"{suite.dataset.path.name}, case {case.id!r}"
        problems.append(Problem(where, None, what, "give the case that field, or guard it in the rubric's case block"))


def no_output(planned: PlannedRun, case: Case) -> list[Score]:
    """The scores of a case that the candidate has no output for: one per criterion, all missing."""
    reason = f"candidate {planned.candidate.name!r} has no output for this case"
    return [
        Score(
            run=planned.run.id,
            case_id=case.id,
            verdict=Verdict(criterion=criterion.name, status=Status.MISSING, reason=reason),
        )
        for criterion in planned.grader.criteria
    ]
