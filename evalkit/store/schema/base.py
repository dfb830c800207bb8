"""What every table is made with: the metadata that they are in, and the types that several of them have."""

from __future__ import annotations

from typing import Final

from sqlalchemy import MetaData, String

HEAD: Final = "0004"
"""The newest migration."""

metadata = MetaData()

Digest = String(64)
RunId = String(12)
Time = String(32)  # ISO 8601 in UTC, of fixed width: sorts as text, and reads the same on every database
