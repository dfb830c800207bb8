"""The report: one HTML file that compares runs; the caller fills a `Page`, `render` writes it."""

from evalkit.report.html import RenderedPage, render
from evalkit.report.page import (
    Agreement,
    CaseRow,
    Cell,
    CellKey,
    ComparisonRow,
    DatasetHead,
    Notice,
    Page,
    RunRow,
    Severity,
    SliceRow,
)

__all__ = [
    "Agreement",
    "CaseRow",
    "Cell",
    "CellKey",
    "ComparisonRow",
    "DatasetHead",
    "Notice",
    "Page",
    "RenderedPage",
    "RunRow",
    "Severity",
    "SliceRow",
    "render",
]
