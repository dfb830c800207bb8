"""Scores as a table: one row per score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from evalkit.tables.rows import Rows, frame, html_table

if TYPE_CHECKING:
    from evalkit.tables.rows import DataFrame

_SHOWN_ROWS: Final = 50
"""Of a long table in a notebook."""


@dataclass(frozen=True, slots=True)
class ScoreTable(Rows[Mapping[str, object]]):
    """Scores, one row each, with the keys of `export`."""

    rows: tuple[Mapping[str, object], ...]

    @property
    def items(self) -> tuple[Mapping[str, object], ...]:
        """What the table is a sequence of."""
        return self.rows

    def to_frame(self) -> DataFrame:
        """A data frame with the columns of `export`."""
        return frame(self.rows)

    def _repr_html_(self) -> str:
        columns = ("run", "case", "suffix", "criterion", "candidate", "grader", "status", "value", "label", "reason")
        left = len(self.rows) - _SHOWN_ROWS
        said = [f"{left:,} more rows; to_frame() has all of them"] if left > 0 else []
        shown = self.rows[:_SHOWN_ROWS]
        return html_table(columns, [[row[column] for column in columns] for row in shown], said=said)
