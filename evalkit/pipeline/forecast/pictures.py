"""What images and PDFs cost in tokens: by their pixels and pages, never by the base64 that carries them.

An image costs a token per patch of 28 x 28 pixels. One that is larger than a model sees is scaled down before: models
from 4.7 on see 2,576 pixels on the long side and 4,784 patches, earlier ones 1,568 of both. A page of a PDF costs its
image, and its text beside it, which the documentation puts at 1,500 to 3,000 tokens.
"""

from __future__ import annotations

import re
import struct
import zlib
from math import ceil, sqrt
from typing import Final

from evalkit.pipeline.forecast.tokens import Spread, Tokenizer

_PATCH: Final = 28
_SEEN: Final = {Tokenizer.NEW: (2576, 4784), Tokenizer.OLD: (1568, 1568)}
"""Pixels on the long side, and patches."""
_PAGE_TEXT: Final = (0, 800, 3000)
"""Tokens of the text of a page: of a scan, of a usual one, of a dense one."""
_PAGE_IMAGE: Final = 1600
"""Tokens of the image of a page, as it is usually drawn."""
_MOST_PAGES: Final = 600
"""Of one request."""
_BYTES_PER_PAGE: Final = 50_000
"""Of a PDF that hides its pages."""
_PAGE: Final = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")
_PACKED: Final = re.compile(rb"/Type\s*/ObjStm.*?stream\r?\n(.*?)endstream", re.DOTALL)
_LARGEST: Final = 1 << 24
"""Bytes that a packed part of a PDF may grow to."""


def picture_tokens(data: bytes, media_type: str, tokenizer: Tokenizer) -> Spread:
    """Tokens of an attachment.

    Args:
        data: its bytes.
        media_type: what it is.
        tokenizer: the family of the model that sees it.
    """
    if media_type == "application/pdf":
        return _pdf(data, tokenizer)
    most = _SEEN[tokenizer][1]
    pixels = pixels_of(data)
    if pixels is None:
        return Spread(low=1, usual=_PAGE_IMAGE, high=most, most=most)
    return Spread.exactly(patches(*pixels, tokenizer))


def patches(width: int, height: int, tokenizer: Tokenizer) -> int:
    """Tokens of an image of some pixels, scaled down where it is larger than the model sees."""
    long_side, most = _SEEN[tokenizer]
    scale = min(1.0, long_side / max(width, height, 1))
    while (found := _patches(width * scale, height * scale)) > most:
        scale *= min(0.999, sqrt(most / found))
    return found


def pixels_of(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG, JPEG, GIF or WebP from its header; None where it has none that can be read."""
    try:
        if data.startswith(b"\x89PNG"):
            return struct.unpack(">II", data[16:24])
        if data.startswith(b"GIF8"):
            return struct.unpack("<HH", data[6:10])
        if data.startswith(b"RIFF"):
            return _webp(data)
        return _jpeg(data)
    except (struct.error, IndexError):
        return None


def pages_of(data: bytes) -> int | None:
    """Pages of a PDF; None where they cannot be counted."""
    found = len(_PAGE.findall(data))
    for packed in _PACKED.findall(data):
        try:
            found += len(_PAGE.findall(zlib.decompressobj().decompress(packed, _LARGEST)))
        except zlib.error:
            continue
    return found or None


def _pdf(data: bytes, tokenizer: Tokenizer) -> Spread:
    counted = pages_of(data)
    pages = counted or ceil(len(data) / _BYTES_PER_PAGE)
    scan, usual, dense = _PAGE_TEXT
    most = counted or _MOST_PAGES
    return Spread(
        low=(_PAGE_IMAGE * 0.9 + scan) * (pages if counted else 1),
        usual=(_PAGE_IMAGE + usual) * pages,
        high=(_PAGE_IMAGE + dense) * (pages if counted else 4 * pages),
        most=(_SEEN[tokenizer][1] + dense) * most,
    )


def _patches(width: float, height: float) -> int:
    return max(1, ceil(round(width, 6) / _PATCH)) * max(1, ceil(round(height, 6) / _PATCH))


def _jpeg(data: bytes) -> tuple[int, int] | None:
    place = 2
    while data[place] == 0xFF:
        marker = data[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        place += 2 + struct.unpack(">H", data[place + 2 : place + 4])[0]
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None
