"""The body of a results download: lines joined as the API joins them, spoilt where a fault says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from evalkit.sandbox.behaviour import RESULTS_FAULTS, Fault
from evalkit.sandbox.wire import encode

PIECE: Final = 65_536
"""Bytes per write; small writes make a reader's work several times as dear."""

_GARBAGE: Final = b'{"custom_id": <<<'
_STRANGER: Final = encode({"custom_id": "stranger-0", "result": {"type": "expired"}})


def spoilt_lines(lines: Iterator[bytes], faults: list[Fault]) -> Iterator[bytes]:
    """The lines with every row fault done to the line it names, or to the last line if there are fewer."""
    wanted = [fault for fault in faults if fault.kind in RESULTS_FAULTS]
    for number, (line, is_last) in enumerate(_with_last(lines)):
        hit = [fault for fault in wanted if fault.row == number or (is_last and fault.row > number)]
        yield from _spoilt(line, hit)


def body(lines: Iterator[bytes], *, trailing_newline: bool) -> Iterator[bytes]:
    """The lines in pieces of at least 64 KiB, with a newline between each two."""
    piece = bytearray()
    for line, is_last in _with_last(lines):
        piece += line
        if trailing_newline or not is_last:
            piece += b"\n"
        if len(piece) >= PIECE:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


def cut(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The first `size` bytes."""
    left = size
    for piece in pieces:
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return


def _with_last(lines: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each line with whether it is the last one."""
    held = next(lines, None)
    if held is None:
        return
    for line in lines:
        yield held, False
        held = line
    yield held, True


def _spoilt(line: bytes, faults: list[Fault]) -> Iterator[bytes]:
    kinds = {fault.kind for fault in faults}
    if "blank-line" in kinds:
        yield b""
    if "garbage-line" in kinds:
        yield _GARBAGE
    if "stranger" in kinds:
        yield _STRANGER
    if "invalid-utf8" in kinds:
        yield b'"\xff\xfe"'
    if "missing-row" in kinds:
        return
    if "unknown-type" in kinds:
        row: dict[str, Any] = msgspec.json.decode(line, type=dict[str, Any])
        line = encode({"custom_id": row["custom_id"], "result": {"type": "paused", "until": None}})
    yield line
    if "duplicate-row" in kinds:
        yield line
