"""CSV and TSV: a header, then one row of as many cells; an empty cell is absent."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

from evalkit.dataset.case import Json
from evalkit.dataset.encoding import not_utf8
from evalkit.dataset.problems import ProblemLog, Refused, listed
from evalkit.dataset.rows import NO_ROWS, Rows

if TYPE_CHECKING:
    from _csv import Reader

_LARGEST_CELL: Final = 2**31 - 1
_NO_RECORD: Final[tuple[int, list[str]]] = (0, [])
_FAULTS: Final = (
    ("unexpected end of data", "a quoted cell starts here and is never closed", 'close it with "'),
    (
        "new-line character",
        "a bare carriage return ends a line",
        "save the file with line feeds (\\n or \\r\\n)",
    ),
    (
        "expected after",
        "text follows the closing quote of a cell",
        'write a quote inside a quoted cell as ""',
    ),
)


def read(stream: BinaryIO, log: ProblemLog, *, delimiter: str) -> Rows:
    """The rows of a delimited file, a record at a time; cells are texts, `None` where empty.

    Raises:
        Refused: there is no header, or it is not divided by the delimiter.
    """
    # The limit of 128 KiB a cell is process-wide; raising it refuses nothing that was accepted before.
    csv.field_size_limit(_LARGEST_CELL)
    reader = csv.reader(_decoded(stream, log), delimiter=delimiter, strict=True)
    records = _records(reader, log)
    number, header = next(records, _NO_RECORD)
    if not header and log.n:
        return Rows(numbered=iter(()))
    if not header:
        raise Refused("the file is empty", NO_ROWS)
    _check_header(header, number, log, delimiter)
    return Rows(numbered=_rows(records, header, log), header=tuple(header), header_number=number)


def _decoded(stream: BinaryIO, log: ProblemLog) -> Iterator[str]:
    """Lines split on line feeds only, so that a quoted cell keeps every other kind of line end."""
    for number, line in enumerate(stream, start=1):
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as error:
            log.refuse(number, not_utf8(line, error))
            yield line.decode("utf-8", "replace")


def _records(reader: Reader, log: ProblemLog) -> Iterator[tuple[int, list[str]]]:
    """Records that are not blank, each with the line it starts on."""
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            log.refuse(number, _fault(str(error)))
            continue
        if cells:
            yield number, cells


def _rows(
    records: Iterator[tuple[int, list[str]]], header: list[str], log: ProblemLog
) -> Iterator[tuple[int, dict[str, Json]]]:
    width = len(header)
    empty = True
    for number, cells in records:
        empty = False
        if len(cells) == width:
            yield number, {name: cell or None for name, cell in zip(header, cells, strict=True)}
        else:
            count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
            what = f"the row has {count}, the header names {width}"
            log.add(number, what, "quote cells that hold the delimiter or a line end")
    if empty and not log.n:
        raise Refused("the file has a header and no rows", NO_ROWS)


def _check_header(header: list[str], number: int, log: ProblemLog, delimiter: str) -> None:
    if len(header) == 1:
        other = next((mark for mark in ";\t|," if mark != delimiter and mark in header[0]), None)
        if other is not None:
            mend = "save it as .tsv" if other == "\t" else "save it with commas as .csv"
            raise Refused(f"the header is divided by {other!r}, not by {delimiter!r}", mend)
    twice = [name for name, count in Counter(header).items() if count > 1 and name]
    if twice:
        log.add(number, f"the header names {listed(twice)} more than once", "rename or drop one of them")
    unnamed = [str(place) for place, name in enumerate(header, start=1) if not name]
    if unnamed:
        what = f"the header has no name for column {', '.join(unnamed)}"
        log.add(number, what, "name it or drop it (a data frame: index=False)")


def _fault(text: str) -> Refused:
    for part, what, mend in _FAULTS:
        if part in text:
            return Refused(what, mend)
    return Refused("the row is not well-formed", "write the file with a CSV library")
