"""Columns for a terminal: what is empty is left out, what is too wide is shortened in its middle, never wrapped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, set_cell_size

_GAP: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column with one text per row."""

    name: str
    cells: Sequence[str]
    right: bool = False
    least: int | None = None
    """The width it may be shortened to; None for what is worth nothing unless whole, such as a run id."""
    drop: int = 0
    """The first to go where the terminal is too narrow is 1, then 2; 0 stays."""

    @property
    def width(self) -> int:
        """The width it would like."""
        return max(cell_len(text) for text in (self.name, *self.cells))

    @property
    def narrowest(self) -> int:
        """The width it can do with."""
        return self.width if self.least is None else min(self.width, self.least)

    def line(self, text: str, width: int) -> str:
        """A text in its place."""
        shown = shorten(text, width)
        space = " " * (width - cell_len(shown))
        return space + shown if self.right else shown + space


def lines(columns: Sequence[Column], width: int) -> list[str]:
    """The header and the rows, in `width` columns of a terminal wherever the columns can be made to fit."""
    kept = _kept([column for column in columns if any(column.cells)], width)
    widths = _widths(kept, width)
    rows = [[column.name for column in kept], *zip(*(column.cells for column in kept), strict=True)]
    gap = " " * _GAP
    return [
        gap.join(column.line(text, wide) for column, text, wide in zip(kept, row, widths, strict=True)).rstrip()
        for row in rows
    ]


def shorten(text: str, width: int) -> str:
    """A text cut in its middle to `width` cells, because names that differ often differ at their ends."""
    if cell_len(text) <= width:
        return text
    head = (width - 1 + 1) // 2
    tail = width - 1 - head
    return set_cell_size(text, head).rstrip() + "…" + _end(text, tail)


def _end(text: str, width: int) -> str:
    start = len(text)
    while start and cell_len(text[start - 1 :]) <= width:
        start -= 1
    return text[start:]


def _kept(columns: list[Column], width: int) -> list[Column]:
    order = sorted({column.drop for column in columns if column.drop})
    for rank in order:
        if sum(column.narrowest + _GAP for column in columns) - _GAP <= width:
            break
        columns = [column for column in columns if column.drop != rank]
    return columns


def _widths(columns: Sequence[Column], width: int) -> list[int]:
    """The widest of those that may be shortened gives first."""
    widths = [column.width for column in columns]
    left = sum(widths) + _GAP * (len(widths) - 1) - width
    while left > 0:
        slack = [wide if wide > column.narrowest else 0 for column, wide in zip(columns, widths, strict=True)]
        if not any(slack):
            break
        widths[slack.index(max(slack))] -= 1
        left -= 1
    return widths
