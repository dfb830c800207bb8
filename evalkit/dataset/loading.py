"""One pass over the files of a dataset: every row validated, every problem of every file told at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evalkit.dataset.case import Case
from evalkit.dataset.cases import DISTINCT, SECTION, case_of, claim
from evalkit.dataset.columns import CANONICAL, Columns
from evalkit.dataset.filter import Member, Sieve
from evalkit.dataset.part import Part
from evalkit.dataset.problems import ProblemLog, did_you_mean
from evalkit.dataset.reading import walk
from evalkit.dataset.source import find
from evalkit.errors import DatasetError, Problem


@dataclass(slots=True, kw_only=True)
class Loading:
    """One pass over the files of a dataset, as far as it has come."""

    fields: Mapping[str, str]
    outputs: tuple[str, ...]
    labels: tuple[str, ...]
    sieve: Sieve
    files: int
    parts: list[Part] = field(default_factory=list[Part])
    members: list[Member] = field(default_factory=list[Member])
    """The cases that meet every condition of the filter."""
    mapping: dict[str, str] = field(default_factory=dict[str, str])
    extra: dict[str, None] = field(default_factory=dict[str, None])
    notes: list[str] = field(default_factory=list[str])
    with_expected: set[str] = field(default_factory=set[str])
    with_output: set[str] = field(default_factory=set[str])
    _first: dict[str, str] = field(default_factory=dict[str, str])
    """Id -> where it was first seen."""
    _problems: list[DatasetError] = field(default_factory=list[DatasetError])
    _seen: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """File -> its columns."""

    def read(self, path: Path) -> None:
        """Read one file; what is wrong with it is kept for later, so that all is told at once."""
        try:
            source = find(path)
            stamp = source.stamp()
        except DatasetError as error:
            self._problems.append(error)
            return
        log = ProblemLog(path, by_line=source.by_line)
        columns = Columns(
            log,
            wanted=CANONICAL,
            fields=self.fields,
            section=SECTION,
            outputs=self.outputs,
            labels=self.labels,
            several=self.files > 1,
        )
        numbers: dict[str, int] = {}
        read = 0
        for number, row in walk(source, log, columns):
            case = case_of(row, number, columns, log)
            if case.id and claim(case.id, number, numbers, log):
                self._claim_among_files(case.id, number, log)
            if not log.n:
                self._take(case)
                read += 1
        columns.finish()
        self._take_columns(columns, log, path)
        self.parts.append(Part(source=source, stamp=stamp, n=read))
        try:
            log.raise_if_any()
        except DatasetError as error:
            self._problems.append(error)

    def _claim_among_files(self, case_id: str, number: int, log: ProblemLog) -> None:
        """An id is distinct over all files; a duplicate is told with both."""
        here = log.where(number)
        if self.files > 1 and (first := self._first.setdefault(case_id, here)) != here:
            log.add(number, f"{case_id!r} is already the id of {first}", DISTINCT, field="id")

    def _take(self, case: Case) -> None:
        if case.expected is not None:
            self.with_expected.add(case.id)
        if case.output is not None:
            self.with_output.add(case.id)
        if self.sieve.meets(case):
            self.members.append(self.sieve.member(case))

    def _take_columns(self, columns: Columns, log: ProblemLog, path: Path) -> None:
        self.mapping.update({name: column for name, column in columns.used.items() if name not in self.mapping})
        self.extra.update(dict.fromkeys(columns.extra))
        self._seen[str(path)] = columns.known
        told = log.notes + columns.notes(extra="columns kept as metadata")
        self.notes += [f"{path.name}: {note}" for note in told] if self.files > 1 else told

    def raise_if_any(self, paths: Sequence[Path]) -> None:
        """Raise the problems of every file at once.

        Raises:
            DatasetError: there is at least one.
        """
        problems = [problem for error in self._problems for problem in error.problems]
        everywhere = {column for columns in self._seen.values() for column in columns}
        for name, column in self.fields.items() if self.files > 1 and not problems else ():
            if column not in everywhere:
                what = f"none of the {len(paths)} files has a column {column!r}"
                mend = f"{did_you_mean(column, everywhere)}set {name} in {SECTION} to a column of theirs"
                problems.append(Problem(where=str(paths[0]), field=name, what=what, mend=mend))
        if problems:
            raise DatasetError(problems)
