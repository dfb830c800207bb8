"""The problems of one file, collected so that all are told at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from evalkit.errors import DatasetError, Problem

KEPT: Final = 1_000
"""Problems kept of one file; the rest are counted."""


class Refused(ValueError):  # noqa: N818  (an answer of a converter, not an error of the program)
    """A value cannot be what it should be; becomes a `Problem` where its row is known."""

    def __init__(self, what: str, mend: str, *, field: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend
        self.field = field


class ProblemLog:
    """Problems of one file in the order of its rows."""

    def __init__(self, path: Path, *, by_line: bool) -> None:
        self.path = path
        self.by_line = by_line
        self.n = 0
        self.notes: list[str] = []
        self._kept: list[tuple[int, Problem]] = []

    def where(self, number: int | None = None) -> str:
        """The address of a line or row, or of the whole file."""
        if number is None:
            return str(self.path)
        return f"{self.path}:{number}" if self.by_line else f"{self.path} row {number}"

    def add(self, number: int | None, what: str, mend: str, *, field: str | None = None) -> None:
        """Record one problem; `number` is its line or row, `None` for the file as a whole."""
        self.n += 1
        if len(self._kept) < KEPT:
            problem = Problem(where=self.where(number), field=field, what=what, mend=mend)
            self._kept.append((number or 0, problem))

    def refuse(self, number: int | None, refused: Refused, *, field: str | None = None) -> None:
        """Record what a converter refused, under its own field where it names one."""
        self.add(number, refused.what, refused.mend, field=refused.field or field)

    def raise_if_any(self) -> None:
        """Raise every problem at once.

        Raises:
            DatasetError: there is at least one problem.
        """
        if not self.n:
            return
        self._kept.sort(key=lambda numbered: numbered[0])
        problems = [problem for _, problem in self._kept]
        if self.n > len(problems):
            what = f"{self.n:,} problems, of which the first {len(problems):,} are kept"
            problems.insert(0, Problem(where=str(self.path), field=None, what=what, mend=""))
        raise DatasetError(problems)


def one_problem(path: Path, what: str, mend: str) -> DatasetError:
    """The error of a file that cannot be read at all."""
    return DatasetError([Problem(where=str(path), field=None, what=what, mend=mend)])


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean 'x'? `, or nothing where no name is near; case and spaces at the ends do not count."""
    names = {candidate.strip().casefold(): candidate for candidate in known}
    near = difflib.get_close_matches(name.strip().casefold(), names, n=1)
    return f"did you mean {names[near[0]]!r}? " if near else ""


def listed(names: Iterable[str], *, at_most: int = 20) -> str:
    """Names in one line, cut after `at_most`."""
    every = list(names)
    more = f" and {len(every) - at_most} more" if len(every) > at_most else ""
    return ", ".join(repr(name) for name in every[:at_most]) + more
