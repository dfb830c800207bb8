"""A JSON document: an array of rows, or an object that holds one; read whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from evalkit.dataset.case import Json
from evalkit.dataset.jsontext import decode
from evalkit.dataset.problems import ProblemLog, Refused, listed
from evalkit.dataset.rows import NO_ROWS, Rows

HOLDERS: Final = ("cases", "data", "examples", "rows")
_WRAP: Final = 'write an array of rows, or {"cases": [...]}'


def read(stream: BinaryIO, log: ProblemLog) -> Rows:
    """The rows of a JSON document, all in memory at once.

    Raises:
        Refused: the text is not JSON, or holds no array of rows.
    """
    raw = stream.read()
    if not raw or raw.isspace():
        raise Refused("the file is empty", NO_ROWS)
    array = _array(_decoded(raw), log)
    if not array:
        raise Refused("the array holds no rows", NO_ROWS)
    return Rows(numbered=_rows(array, log))


def _decoded(raw: bytes) -> Json:
    try:
        return decode(raw)
    except Refused:
        if _is_lines(raw):
            raise Refused("the file is JSON lines, not one JSON document", "name it .jsonl") from None
        raise


def _is_lines(raw: bytes) -> bool:
    """Whether the first two lines are objects of their own."""
    first, second = ([line for line in raw.split(b"\n", 2)[:2] if line.strip()] + [b"", b""])[:2]
    try:
        return isinstance(decode(first), dict) and isinstance(decode(second), dict)
    except Refused:
        return False


def _array(value: Json, log: ProblemLog) -> list[Json]:
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        raise Refused("the document is neither an array nor an object", _WRAP)
    holders = [name for name in HOLDERS if isinstance(value.get(name), list)]
    if len(holders) != 1:
        which = f"holds several arrays of rows: {listed(holders)}" if holders else "holds no array of rows"
        raise Refused(f"the object {which}", _WRAP)
    beside = [name for name in value if name != holders[0]]
    if beside:
        log.notes.append(f"members beside {holders[0]!r} are left out: {listed(beside)}")
    array = value[holders[0]]
    return array if isinstance(array, list) else []


def _rows(array: list[Json], log: ProblemLog) -> Iterator[tuple[int, dict[str, Json]]]:
    for number, row in enumerate(array, start=1):
        if isinstance(row, dict):
            yield number, row
        else:
            log.add(number, "the row is not an object", 'write {"id": ..., "input": ...}')
