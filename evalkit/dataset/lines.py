"""JSON lines: one object a line, split on line feeds only, never on the other line ends of Unicode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from evalkit.dataset.case import Json
from evalkit.dataset.jsontext import decode
from evalkit.dataset.problems import ProblemLog, Refused
from evalkit.dataset.rows import NO_ROWS, Rows


def read(stream: BinaryIO, log: ProblemLog) -> Rows:
    """The rows of a JSON lines file, a line at a time."""
    return Rows(numbered=_rows(stream, log))


def _rows(stream: BinaryIO, log: ProblemLog) -> Iterator[tuple[int, dict[str, Json]]]:
    empty = True
    for number, line in enumerate(stream, start=1):
        if line.isspace():
            continue
        if empty and line.lstrip().startswith(b"["):
            raise Refused("the file is a JSON array, not JSON lines", "name it .json, or write one object a line")
        empty = False
        try:
            row = decode(line)
        except Refused as refused:
            log.refuse(number, refused)
            continue
        if isinstance(row, dict):
            yield number, row
        else:
            log.add(number, "the row is not an object", 'write {"id": ..., "input": ...}')
    if empty:
        raise Refused("the file is empty", NO_ROWS)
