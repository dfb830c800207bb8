"""What `rank` gives back: candidates by their strength, one ranking for each question that was asked of pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.tables.rows import Rows, frame, html_table

if TYPE_CHECKING:
    from evalkit.pipeline.ranking import Rated
    from evalkit.tables.rows import DataFrame

_COLUMNS = ("rank", "candidate", "strength", "low", "high", "win_rate", "wins", "ties", "losses")


@dataclass(frozen=True, slots=True)
class RankTable(Rows["Rated"]):
    """Rankings."""

    rows: tuple[Rated, ...]

    @property
    def items(self) -> tuple[Rated, ...]:
        """What the table is a sequence of."""
        return self.rows

    def json(self) -> dict[str, object]:
        """The document of `rank --json`."""
        return {"rankings": [row.json() for row in self.rows]}

    def to_frame(self) -> DataFrame:
        """A data frame with a row per ranking and candidate."""
        return frame(list(self._ranked()))

    def _ranked(self) -> Iterator[dict[str, object]]:
        for rated in self.rows:
            for row in rated.ranking.rows:
                yield {"graders": ", ".join(rated.graders), "judge": rated.judge, **row.json()}

    def _repr_html_(self) -> str:
        rows = [[row[column] for column in _COLUMNS] for row in self._ranked()]
        return html_table(_COLUMNS, rows, said=[note for rated in self.rows for note in rated.notes])
