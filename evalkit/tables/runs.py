"""Runs as a table: one row per run and criterion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.tables.rows import Rows, frame, html_table

if TYPE_CHECKING:
    from evalkit.pipeline.view import RunView
    from evalkit.tables.rows import DataFrame


@dataclass(frozen=True, slots=True)
class RunTable(Rows["RunView"]):
    """Runs, one row per run and criterion."""

    rows: tuple[RunView, ...]

    @property
    def items(self) -> tuple[RunView, ...]:
        """What the table is a sequence of."""
        return self.rows

    @property
    def runs(self) -> tuple[str, ...]:
        """The run ids, each once."""
        return tuple(dict.fromkeys(row.run for row in self.rows))

    def to_frame(self) -> DataFrame:
        """A data frame with the columns of `runs --json`."""
        return frame([row.json() for row in self.rows])

    def _repr_html_(self) -> str:
        columns = ("run", "candidate", "grader", "judge", "label", "status", "scored", "pending", "mean", "low", "high")
        rows = [row.json() for row in self.rows]
        return html_table(columns, [[row[column] for column in columns] for row in rows])
