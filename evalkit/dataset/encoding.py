"""Text is UTF-8; whatever else it looks like is named, so that the user knows what to save it as."""

from __future__ import annotations

from typing import Final

from evalkit.dataset.problems import Refused

UTF8_BOM: Final = b"\xef\xbb\xbf"
HEAD: Final = 8
"""Bytes of a file that tell what it is."""

_SAVE_AS_UTF8: Final = "save the file as UTF-8"
_UTF16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_MAGICS: Final = (
    (b"\x1f\x8b", "the file is gzip-compressed, but its name does not say so", "add .gz to its name"),
    (b"PAR1", "the file is Parquet, but its name says otherwise", "name it .parquet"),
    (
        b"PK\x03\x04",
        "the file is a zip archive (a spreadsheet?), not text",
        "export it as .csv, saved as UTF-8",
    ),
)


def check_head(head: bytes) -> None:
    """Refuse a file whose first bytes show that it is not UTF-8 text.

    Raises:
        Refused: another encoding, or another kind of file.
    """
    if head.startswith(_UTF16_BOMS) or _looks_like_bare_utf16(head):
        raise Refused("the file is UTF-16, not UTF-8", _SAVE_AS_UTF8)
    for magic, what, mend in _MAGICS:
        if head.startswith(magic):
            raise Refused(what, mend)


def not_utf8(raw: bytes, error: UnicodeDecodeError) -> Refused:
    """What is wrong with one line of bytes that is not UTF-8."""
    byte, at = raw[error.start], error.start - raw.rfind(b"\n", 0, error.start)
    before = raw.count(b"\n", 0, error.start)
    place = f"byte {at} of line {before + 1}" if before else f"byte {at} of the line"
    if is_surrogate(raw, error.start):
        return Refused(f"holds half of a surrogate pair at {place}", "write the whole character as UTF-8")
    guess = "breaks off inside a character" if error.end >= len(raw.rstrip()) and byte >= 0xC2 else ""
    guess = guess or "looks like Latin-1 or Windows-1252"
    return Refused(f"0x{byte:02X} at {place} is not UTF-8; {guess}", _SAVE_AS_UTF8)


def is_surrogate(raw: bytes, start: int) -> bool:
    """Whether the bytes at `start` are one half of a surrogate pair, encoded as if it were a character."""
    return raw[start] == 0xED and 0xA0 <= raw[start + 1 : start + 2].ljust(1)[0] <= 0xBF


def _looks_like_bare_utf16(head: bytes) -> bool:
    """Latin text in UTF-16 without a byte order mark: every other byte is NUL."""
    pairs = len(head) // 2
    return pairs >= 2 and any(
        head[first::2][:pairs] == bytes(pairs) and 0 not in head[1 - first :: 2][:pairs] for first in (0, 1)
    )
