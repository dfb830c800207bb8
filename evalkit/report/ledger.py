"""The ledger of cases: read once, numbers kept as columns, texts spilled to a file, regressed cases first.

    Page.cases --add--> columns (values, statuses, ids)   in memory, a few bytes per cell
                    --> texts as JSON                     in a temporary file, found by offset
                    --> the ten worst regressions         as they were given

So a dataset of 100,000 cases is never held as objects.
"""

from __future__ import annotations

import json
import math
import tempfile
from array import array
from bisect import insort
from dataclasses import dataclass
from typing import Final

from evalkit.errors import IntegrityError
from evalkit.report import visible
from evalkit.report.page import CaseRow, Cell, CellKey, ComparisonRow, Page
from evalkit.score import Status

SAME: Final = 1e-9
"""Values that differ by less are a tie, here and in the page's script."""
WORST: Final = 10
HEAD_LENGTH: Final = 90
_IN_MEMORY: Final = 64 << 20

STATUSES: Final = (*(status.value for status in Status), "pending", "absent")
"""What the status column's codes mean, in order."""
_CODES: Final[dict[Status | None, int]] = {status: code for code, status in enumerate(Status)} | {None: len(Status)}
ABSENT: Final = len(Status) + 1
CHANGED: Final = 64
"""Added to a code: the run scored another content under this case id, so the cell is never paired."""
_MASK: Final = CHANGED - 1
_SCORED: Final = _CODES[Status.SCORED]


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """A case on which a candidate run scored lower than its baseline."""

    case: CaseRow
    comparison: ComparisonRow
    baseline: float
    delta: float


@dataclass(slots=True, kw_only=True)
class Tally:
    """What the cases themselves say of one comparison."""

    wins: int = 0
    ties: int = 0
    losses: int = 0


class Ledger:
    """Every case of a page as columns; `add` each case once, then read `order`.

    Raises:
        IntegrityError: a row or comparison names an unknown run, or two cases share an id.
    """

    def __init__(self, page: Page) -> None:
        self.keys = [row.key for row in page.runs]
        self._columns = {key: number for number, key in enumerate(self.keys)}
        if len(self._columns) != len(self.keys):
            raise IntegrityError("the page has two rows for one run and criterion; give each run once")
        self.candidate_of = {row.run: row.candidate for row in page.runs}
        self.candidates = list(dict.fromkeys(self.candidate_of.values()))
        self.comparisons = [row for row in page.comparisons if not row.refused]
        self.pairs = [
            (self._column(row.baseline, row.criterion), self._column(row.candidate, row.criterion))
            for row in self.comparisons
        ]
        self.values = [array("d") for _ in self.keys]
        self.statuses = [bytearray() for _ in self.keys]
        self.ids: list[str] = []
        self.heads: list[str] = []
        self.tagsets: dict[tuple[str, ...], int] = {}
        self.tagset = array("I")
        self.tallies = [Tally() for _ in self.comparisons]
        self._seen: set[str] = set()
        self._rank: list[tuple[int, float, int]] = []
        self._worst: list[tuple[float, int, int, Regression]] = []
        # Lives as long as the ledger; `close` gives it back.
        self._texts = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self._offsets = array("q", [0])
        self.text_bytes = 0

    def _column(self, run: str, criterion: str) -> int:
        number = self._columns.get(CellKey(run, criterion))
        if number is None:
            raise IntegrityError(
                f"the page names run {run!r} with criterion {criterion!r} but has no row for it; add the row"
            )
        return number

    def __len__(self) -> int:
        """Cases added so far."""
        return len(self.ids)

    def add(self, case: CaseRow) -> None:
        """Take one case in: its numbers to the columns, its texts to the file."""
        if case.case_id in self._seen:
            raise IntegrityError(f"the page has case {case.case_id!r} twice; give each case once")
        self._seen.add(case.case_id)
        cells = self._row(case)
        for number, cell in enumerate(cells):
            value = cell.value if cell is not None else None
            self.values[number].append(math.nan if value is None else value)
            self.statuses[number].append(self._code(case, self.keys[number], cell))
        deltas = [self._delta(case, cells, pair) for pair in range(len(self.pairs))]
        self._rank.append(self._interest(deltas, cells))
        self._keep_worst(case, cells, deltas)
        self.ids.append(case.case_id)
        self.heads.append(visible.head(case.input, HEAD_LENGTH))
        self.tagset.append(self.tagsets.setdefault(case.tags, len(self.tagsets)))
        self._spill(case, cells)

    def _row(self, case: CaseRow) -> list[Cell | None]:
        row: list[Cell | None] = [None] * len(self.keys)
        for key, cell in case.cells.items():
            row[self._column(*key)] = cell
        return row

    def _code(self, case: CaseRow, key: CellKey, cell: Cell | None) -> int:
        if cell is None:
            return ABSENT
        return _CODES[cell.status] + (CHANGED if key.run in case.changed_in else 0)

    def _delta(self, case: CaseRow, cells: list[Cell | None], pair: int) -> float | None:
        before, after = (cells[number] for number in self.pairs[pair])
        comparison = self.comparisons[pair]
        if before is None or after is None or before.value is None or after.value is None:
            return None
        if comparison.baseline in case.changed_in or comparison.candidate in case.changed_in:
            return None
        delta = after.value - before.value
        tally = self.tallies[pair]
        if abs(delta) < SAME:
            tally.ties += 1
            return 0.0
        if delta > 0:
            tally.wins += 1
        else:
            tally.losses += 1
        return delta

    def _interest(self, deltas: list[float | None], cells: list[Cell | None]) -> tuple[int, float, int]:
        """Where the case stands in the file: regressed, unscored, improved, the rest; lowest values first."""
        known = [delta for delta in deltas if delta is not None]
        if known and min(known) < 0:
            return 0, min(known), len(self)
        if any(cell is not None and cell.status is not Status.SCORED for cell in cells):
            return 1, 0.0, len(self)
        if known and max(known) > 0:
            return 2, -max(known), len(self)
        values = [cell.value for cell in cells if cell is not None and cell.value is not None]
        return 3, min(values, default=0.0), len(self)

    def _keep_worst(self, case: CaseRow, cells: list[Cell | None], deltas: list[float | None]) -> None:
        for pair, delta in enumerate(deltas):
            before = cells[self.pairs[pair][0]]
            if delta is None or delta >= 0 or before is None or before.value is None:
                continue
            if len(self._worst) == WORST and delta >= self._worst[-1][0]:
                continue
            found = Regression(case=case, comparison=self.comparisons[pair], baseline=before.value, delta=delta)
            insort(self._worst, (delta, len(self), pair, found))
            del self._worst[WORST:]

    def _spill(self, case: CaseRow, cells: list[Cell | None]) -> None:
        content = {
            "input": case.input,
            "expected": case.expected,
            "metadata": dict(case.metadata),
            "cluster": case.cluster,
            "outputs": [case.outputs.get(name, 0) for name in self.candidates],
            "cells": [None if cell is None else _texts(cell) for cell in cells],
        }
        # Lone surrogates are legal in JSON and in Python, not in UTF-8: they go through and become U+FFFD.
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        self.text_bytes += self._texts.write(text.encode("utf-8", "surrogatepass"))
        self._offsets.append(self.text_bytes)

    def order(self) -> list[int]:
        """The cases' positions as the page shows them: regressed first, then unscored, improved, the rest."""
        return sorted(range(len(self)), key=self._rank.__getitem__)

    def text(self, position: int) -> bytes:
        """One case's texts as JSON in UTF-8."""
        self._texts.seek(self._offsets[position])
        return self._texts.read(self._offsets[position + 1] - self._offsets[position])

    @property
    def worst(self) -> list[Regression]:
        """The largest regressions over all comparisons, worst first."""
        return [entry[3] for entry in self._worst]

    def tally_of(self, comparison: ComparisonRow) -> Tally | None:
        """What the cases say of this comparison; None for a refused one."""
        for row, tally in zip(self.comparisons, self.tallies, strict=True):
            if row is comparison:
                return tally
        return None

    def scored_in(self, column: int) -> int:
        """How many cases have a value in this column."""
        return sum(1 for code in self.statuses[column] if code & _MASK == _SCORED)

    def close(self) -> None:
        """Give the temporary file back."""
        self._texts.close()


def _texts(cell: Cell) -> list[str | None]:
    return [cell.label, cell.reason, cell.custom_id, cell.batch, cell.served_model, cell.stop_reason]
