"""What `budget` gives back: each suite's budget of this month, and how much of it is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.tables.rows import Rows, frame, html_table

if TYPE_CHECKING:
    from evalkit.store import Budget
    from evalkit.tables.rows import DataFrame

_COLUMNS = ("suite", "month", "limit_usd", "spent_usd", "reserved_usd", "left_usd", "held_usd")


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetTable(Rows["Budget"]):
    """The budgets of a store."""

    budgets: tuple[Budget, ...]

    @property
    def items(self) -> tuple[Budget, ...]:
        """What the table is a sequence of."""
        return self.budgets

    def json(self) -> dict[str, object]:
        """The document of `budget --json`."""
        return {"budgets": [_row(one) for one in self.budgets]}

    def to_frame(self) -> DataFrame:
        """A data frame with a row per budget."""
        return frame([{key: value for key, value in _row(one).items() if key in _COLUMNS} for one in self.budgets])

    def _repr_html_(self) -> str:
        rows = [_row(one) for one in self.budgets]
        return html_table(_COLUMNS, [[row[column] for column in _COLUMNS] for row in rows])


def _row(one: Budget) -> dict[str, object]:
    counted, limit = one.counted, one.limit
    return {
        "suite": limit.suite,
        "simulated": limit.simulated,
        "month": f"{limit.month:%Y-%m}" if limit.month else None,
        "limit_usd": limit.max_usd,
        "spent_usd": counted.spent_usd,
        "reserved_usd": counted.reserved_usd,
        "left_usd": one.left_usd,
        "held_usd": counted.held_usd,
        "held_requests": counted.held_requests,
        "unknown": list(dict.fromkeys(counted.unknown)),
        "above": list(counted.above),
    }
