"""The ten worst regressions as static rows: readable without the script, on paper, and in a mail."""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.report import figures, visible
from evalkit.report.ledger import Ledger, Regression
from evalkit.report.names import criterion_name
from evalkit.report.page import CellKey

_INPUT_LENGTH = 280
_REASON_LENGTH = 400
_OUTPUT_LENGTH = 1200


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstRow:
    """One regressed case as text."""

    case_id: str
    criterion: str
    delta: str
    before: str
    after: str
    before_name: str
    after_name: str
    input: str
    reason: str
    expected: str
    before_output: str
    after_output: str


def worst_rows(ledger: Ledger, names: dict[str, str]) -> list[WorstRow]:
    """The largest regressions over all comparisons, worst first."""
    return [_row(found, names, ledger.candidate_of) for found in ledger.worst]


def _row(found: Regression, names: dict[str, str], candidates: dict[str, str]) -> WorstRow:
    row, case = found.comparison, found.case
    cell = case.cells[CellKey(row.candidate, row.criterion)]
    return WorstRow(
        case_id=case.case_id,
        criterion=criterion_name(row.grader, row.criterion),
        delta=figures.signed(found.delta),
        before=figures.value(found.baseline),
        after=figures.value(found.baseline + found.delta),
        before_name=names[row.baseline],
        after_name=names[row.candidate],
        input=visible.head(case.input, _INPUT_LENGTH),
        reason=visible.head(cell.reason or "", _REASON_LENGTH),
        expected=visible.head(case.expected or "", _INPUT_LENGTH),
        before_output=visible.head(case.outputs.get(candidates[row.baseline]) or "", _OUTPUT_LENGTH),
        after_output=visible.head(case.outputs.get(candidates[row.candidate]) or "", _OUTPUT_LENGTH),
    )
