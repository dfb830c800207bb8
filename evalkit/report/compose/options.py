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
    prices: Prices | None = None
    """What tokens cost; None where the page is to say nothing that a price list tells."""
    force: bool = False
    config: Config | None = None
    """The config of the suite, whose gate is judged and whose file is named; None where there is none."""
