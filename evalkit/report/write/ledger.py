"""The ledger of cases: what the columns say of every comparison, and the order in which a page shows its cases."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nsmallest
from typing import Final

from evalkit.errors import IntegrityError
from evalkit.report.page import CellColumn, CellKey, ComparisonRow, Page
from evalkit.score import Status
from evalkit.stats import TIE

SAME: Final = TIE
"""Values that differ by less are a tie, here and in the page's script."""
WORST: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """A case on which a candidate run scored lower than its baseline."""

    position: int
    comparison: ComparisonRow
    baseline: float
    delta: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What the cases themselves say of one comparison."""

    wins: int
    ties: int
    losses: int


class Ledger:
    """Every case of a page as columns, with the differences of every comparison.

    Raises:
        IntegrityError: a row or comparison names an unknown run, two cases share an id, or columns differ in length.
    """

    def __init__(self, page: Page) -> None:
        self.rows = page.runs
        self.keys = [row.key for row in page.runs]
        self._numbers = {key: number for number, key in enumerate(self.keys)}
        if len(self._numbers) != len(self.keys):
            raise IntegrityError("the page has two rows for one run and criterion; give each run once")
        self.candidate_of = {row.run: row.candidate for row in page.runs}
        self.candidates = list(dict.fromkeys(self.candidate_of.values()))
        self.runs = list(self.candidate_of)
        self.comparisons = [row for row in page.comparisons if not row.refused]
        self.pairs = [
            (self._number(row.baseline, row.criterion), self._number(row.candidate, row.criterion))
            for row in self.comparisons
        ]
        self.cases = page.cases.columns()
        self.columns = self._columns()
        self._refuse_doubles()
        self.deltas = [self._deltas(self.columns[before], self.columns[after]) for before, after in self.pairs]
        self.tallies = [_tally(deltas) for deltas in self.deltas]

    def _number(self, run: str, criterion: str) -> int:
        number = self._numbers.get(CellKey(run, criterion))
        if number is None:
            raise IntegrityError(
                f"the page names run {run!r} with criterion {criterion!r} but has no row for it; add the row"
            )
        return number

    def _columns(self) -> list[CellColumn]:
        for key in self.cases.cells:
            self._number(*key)
        empty = CellColumn()
        found = [self.cases.cells.get(key, empty) for key in self.keys] if len(self) else [empty for _ in self.keys]
        for key, column in zip(self.keys, found, strict=True):
            if len(column.values) != len(self):
                raise IntegrityError(f"run {key.run}: {len(column.values)} cells for {len(self)} cases of the page")
        return found

    def _refuse_doubles(self) -> None:
        if len(set(self.cases.ids)) == len(self):
            return
        seen: set[str] = set()
        for case_id in self.cases.ids:
            if case_id in seen:
                raise IntegrityError(f"the page has case {case_id!r} twice; give each case once")
            seen.add(case_id)

    def __len__(self) -> int:
        """How many cases the page has."""
        return len(self.cases)

    def _deltas(self, before: CellColumn, after: CellColumn) -> array[float]:
        """The difference of each case; NaN where it is not paired, exactly 0 for a tie."""
        deltas = array("d", map(_delta, before.values, after.values))
        for position in before.changed | after.changed:
            deltas[position] = math.nan
        return deltas

    def order(self) -> list[int]:
        """The cases' positions as the page shows them: regressed first, then unscored, improved, the rest."""
        ranks = list(self._ranks())
        return sorted(range(len(self)), key=ranks.__getitem__)

    def _ranks(self) -> Iterator[tuple[int, float]]:
        missing = self._missing()
        for position in range(len(self)):
            known = [deltas[position] for deltas in self.deltas if not math.isnan(deltas[position])]
            if known and min(known) < 0:
                yield 0, min(known)
            elif missing[position]:
                yield 1, 0.0
            elif known and max(known) > 0:
                yield 2, -max(known)
            else:
                values = [column.values[position] for column in self.columns]
                yield 3, min((value for value in values if not math.isnan(value)), default=0.0)

    def _missing(self) -> bytearray:
        """1 for each case that lacks a score in a run that has the case."""
        missing = bytearray(len(self))
        for column in self.columns:
            for position, status in enumerate(column.statuses):
                if status is not Status.SCORED and position not in column.absent:
                    missing[position] = 1
        return missing

    def worst(self) -> list[Regression]:
        """The largest regressions over all comparisons, worst first."""
        found = (
            (delta, position, pair)
            for pair, deltas in enumerate(self.deltas)
            for position, delta in enumerate(deltas)
            if delta < 0
        )
        return [self._regression(*one) for one in nsmallest(WORST, found)]

    def _regression(self, delta: float, position: int, pair: int) -> Regression:
        before = self.columns[self.pairs[pair][0]].values[position]
        return Regression(position=position, comparison=self.comparisons[pair], baseline=before, delta=delta)

    def tally_of(self, comparison: ComparisonRow) -> Tally | None:
        """What the cases say of this comparison; None for a refused one."""
        for row, tally in zip(self.comparisons, self.tallies, strict=True):
            if row is comparison:
                return tally
        return None

    def scored_in(self, column: int) -> int:
        """How many cases have a value in this column."""
        return sum(1 for status in self.columns[column].statuses if status is Status.SCORED)

    def elsewhere(self, column: int) -> int:
        """How many cases the run of this column has that the page has not."""
        return max(0, self.rows[column].n - (len(self) - len(self.columns[column].absent)))

    def lacks_pairs_of(self, comparison: ComparisonRow) -> bool:
        """Whether both runs may have scored cases alike that the page has not, or has with another content."""
        columns = [self._number(run, comparison.criterion) for run in (comparison.baseline, comparison.candidate)]
        before, after = (self.columns[column] for column in columns)
        return all(map(self.elsewhere, columns)) or bool(before.changed & after.changed)


def _delta(before: float, after: float) -> float:
    delta = after - before
    return 0.0 if abs(delta) < SAME else delta


def _tally(deltas: array[float]) -> Tally:
    return Tally(
        wins=sum(1 for delta in deltas if delta > 0),
        ties=sum(1 for delta in deltas if delta == 0),
        losses=sum(1 for delta in deltas if delta < 0),
    )
