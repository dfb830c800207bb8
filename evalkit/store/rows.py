"""How values are written into rows: times, JSON, and long lists in bounded pieces."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final, TypeVar

_T = TypeVar("_T")

CHUNK: Final = 1000
"""Rows per statement: enough to be quick, few enough to hold."""


def stamp(time: datetime) -> str:
    """A time as the store writes it: UTC, microseconds, of fixed width."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def stamp_or_none(time: datetime | None) -> str | None:
    """The same, where there may be no time."""
    return stamp(time) if time else None


def unstamp(text: str) -> datetime:
    """The time that `stamp` wrote."""
    return datetime.fromisoformat(text)


def unstamp_or_none(text: str | None) -> datetime | None:
    """The same, where there may be no time."""
    return unstamp(text) if text else None


def to_json(value: object) -> str:
    """A value as the store's JSON: compact, raw UTF-8, keys as given."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> Any:
    """The value that `to_json` wrote."""
    return json.loads(text)


def chunks(rows: Iterable[_T], size: int = CHUNK) -> Iterator[list[_T]]:
    """The rows in lists of at most `size`."""
    iterator = iter(rows)
    while chunk := list(islice(iterator, size)):
        yield chunk
