"""What a report is asked for, beside its runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalkit.config import Config
    from evalkit.pricing import Prices


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """What a report is asked for."""

    title: str
    baseline: str | None = None
    """A candidate's name, a run id, or `label:` and a label; the first candidate where None."""
    margin: float | None = None
    min_coverage: float = 0.98
    command: str = "evalkit report"
    price_date: str | None = None
    price_source: str = "the list that evalkit carries"
    """Where the prices come from: that list, or a file in its place."""
    prices: Prices | None = None
    """The list, for outputs whose tokens are known and no cost."""
    force: bool = False
    config: Config | None = None
    """The config of the suite, whose gate is judged and whose file is named; None where there is none."""
