"""Tokens of images and documents: by pixels and pages, as the API's documentation tells them of current models."""

from __future__ import annotations

import base64
import binascii
import re
import struct
from math import ceil, sqrt
from typing import Final

from evalkit.sandbox.schema import Json, as_object

PAGE_TOKENS: Final = 1500
"""Of a page; and of an image whose size cannot be told."""
_PATCH: Final = 28
_LONG_SIDE: Final = 2576
_MOST: Final = 4784
_HEAD: Final = 1 << 18
"""Characters of base64 that hold the header of an image."""
_PAGE: Final = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")


def picture_tokens(block: Json) -> int:
    """Estimated tokens of an image or document block."""
    source = as_object(block.get("source")) or {}
    data = source.get("data")
    if source.get("type") != "base64" or not isinstance(data, str):
        return PAGE_TOKENS
    if block.get("type") == "document":
        return PAGE_TOKENS * max(1, len(_PAGE.findall(_decoded(data))))
    size = _pixels(_decoded(data[:_HEAD]))
    return _patches(*size) if size else PAGE_TOKENS


def _patches(width: int, height: int) -> int:
    scale = min(1.0, _LONG_SIDE / max(width, height, 1))
    scale = min(scale, sqrt(_MOST / max(1.0, width * height / _PATCH**2)))
    return min(_MOST, max(1, ceil(width * scale / _PATCH)) * max(1, ceil(height * scale / _PATCH)))


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data[: len(data) // 4 * 4])
    except (binascii.Error, ValueError):
        return b""


def _pixels(data: bytes) -> tuple[int, int] | None:
    """Width and height from the header of a PNG, GIF or JPEG."""
    try:
        if data.startswith(b"\x89PNG"):
            return struct.unpack(">II", data[16:24])
        if data.startswith(b"GIF8"):
            return struct.unpack("<HH", data[6:10])
        place = 2 if data.startswith(b"\xff\xd8") else len(data)
        while data[place] == 0xFF:
            if 0xC0 <= data[place + 1] <= 0xCF and data[place + 1] not in (0xC4, 0xC8, 0xCC):
                height, width = struct.unpack(">HH", data[place + 5 : place + 9])
                return width, height
            place += 2 + struct.unpack(">H", data[place + 2 : place + 4])[0]
    except (struct.error, IndexError):
        return None
    return None
