"""The cases as the page carries them: one block of numbers, one of names, and texts in chunks of 64 cases.

Each is gzip in base64 inside a `<script type="text/plain">`, which no content can close. The script decodes
the numbers at start and a chunk when one of its cases is opened: the page is ready before its texts are parsed.
"""

from __future__ import annotations

import base64
import gzip
import json
import sys
from array import array
from collections.abc import Iterator
from typing import Final

from evalkit.report.ledger import Ledger

CASES_PER_CHUNK: Final = 64
_FAST_ABOVE: Final = 10 << 20


def packed(content: bytes, *, level: int = 6) -> str:
    """Gzip in base64, the same bytes for the same content."""
    return base64.b64encode(gzip.compress(content, compresslevel=level, mtime=0)).decode("ascii")


def numbers(ledger: Ledger, order: list[int]) -> bytes:
    """The columns as little-endian bytes, widest first so that each starts aligned.

    Layout for n cases and k runs: k x n float64 values; n uint32 each of id lengths, head lengths (both in
    UTF-16 units), tag sets and dataset positions; k x n uint8 status codes.
    """
    wide = [_little(array("d", [column[position] for position in order])) for column in ledger.values]
    lengths = [
        array("I", [_utf16_length(texts[position]) for position in order]) for texts in (ledger.ids, ledger.heads)
    ]
    places = [array("I", [ledger.tagset[position] for position in order]), array("I", order)]
    narrow = [bytes(column[position] for position in order) for column in ledger.statuses]
    return b"".join([*wide, *(_little(column) for column in (*lengths, *places)), *narrow])


def names(ledger: Ledger, order: list[int]) -> bytes:
    """All case ids, then the beginnings of all inputs, joined; the lengths tell them apart."""
    joined = [texts[position] for texts in (ledger.ids, ledger.heads) for position in order]
    # A lone surrogate has no UTF-8; it becomes one character, so that the lengths stay true.
    return "".join(joined).encode("utf-8", "replace")


def texts(ledger: Ledger, order: list[int], *, limit: int | None) -> Iterator[str]:
    """Chunks of 64 cases' texts, packed, until `limit` bytes are reached; at least the first."""
    # Level 6 gains 8 % over level 3 and costs 2.5 times the time: worth it only while it takes no time.
    level = 6 if ledger.text_bytes < _FAST_ABOVE else 3
    size = 0
    for start in range(0, len(order), CASES_PER_CHUNK):
        parts = [ledger.text(position) for position in order[start : start + CASES_PER_CHUNK]]
        chunk = packed(b"[" + b",".join(parts) + b"]", level=level)
        size += len(chunk)
        if limit is not None and size > limit and start > 0:
            return
        yield chunk


def inline_json(content: object) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _utf16_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _little(column: array[int] | array[float]) -> bytes:
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()
