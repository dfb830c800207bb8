"""Rows of a file, the same type for every format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from evalkit.dataset.case import Json

NO_ROWS: Final = "write at least one row"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows with the number of each (its line, or its place from 1), and the header where there is one."""

    numbered: Iterator[tuple[int, dict[str, Json]]]
    header: tuple[str, ...] = ()
    header_number: int | None = None
