"""A bundle: everything that a store knows of some runs, in one file that another store takes in.

It is a zip archive of one member per table, `<table>.jsonl`, a row a line, and a `manifest.json` that names the runs,
the schema, and every member's rows, bytes and SHA-256. Raw results are base64. The same runs, as they stand, give the
same bytes: rows go by their keys, and no time is written but those of the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

FORMAT: Final = "evalkit-bundle"
VERSION: Final = 1
MANIFEST: Final = "manifest.json"
MOST_BYTES: Final = 16 * 1024**3
"""What a bundle may hold, unpacked; it is never unpacked as a whole."""
LONGEST_ROW: Final = 64 * 1024**2
LONGEST_MANIFEST: Final = 16 * 1024**2


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One member of a bundle."""

    rows: int
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle says of itself."""

    format: str
    version: int
    schema: str
    """The newest migration of the store it comes from."""
    evalkit: str
    runs: Mapping[str, int]
    """Run -> how often it has been handed over from store to store, this time included."""
    tables: Mapping[str, Member]


def member_of(table: str) -> str:
    """The name of a table's member."""
    return f"{table}.jsonl"
