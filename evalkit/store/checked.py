"""Checked: rows that come from outside, held against the columns they are to go into before any database sees them."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, cast

import sqlalchemy as sa

from evalkit.store.schema import metadata
from evalkit.store.schema.base import Time

_INT32: Final = 2**31
_INT64: Final = 2**63


class BadRowError(ValueError):
    """A row that no store has written; says which column, and why."""


def checked(table: str, row: object) -> dict[str, Any]:
    """The row of a table that a decoded JSON object is.

    Raises:
        BadRowError: a column is missing, unknown, or holds what it cannot.
    """
    if not isinstance(row, dict):
        raise BadRowError("is no object")
    given = cast("dict[str, Any]", row)
    columns = metadata.tables[table].c
    if unknown := sorted(given.keys() - set(columns.keys())):
        raise BadRowError(f"has an unknown column {unknown[0]!r}")
    return {column.name: _value(column, given) for column in columns}


def _value(column: sa.Column[Any], row: Mapping[str, Any]) -> Any:
    value = row.get(column.name)
    if value is None:
        if not column.nullable:
            raise BadRowError(f"lacks {column.name!r}")
        return None
    try:
        return _BY_TYPE[_kind(column)](column, value)
    except (ValueError, TypeError) as error:
        raise BadRowError(f"holds in {column.name!r} {error or 'what it cannot'}") from None


def _kind(column: sa.Column[Any]) -> str:
    if column.type is Time:
        return "time"
    return type(column.type).__name__


def _text(column: sa.Column[Any], value: Any) -> str:
    longest = getattr(column.type, "length", None)
    if not isinstance(value, str):
        raise TypeError("no text")
    if longest is not None and len(value) > longest:
        raise ValueError(f"more than {longest} characters")
    if longest is not None and "\0" in value:
        raise ValueError("a NUL")
    return value


def _time(column: sa.Column[Any], value: Any) -> str:
    text = _text(column, value)
    if datetime.fromisoformat(text).utcoffset() is None:
        raise ValueError("a time without its offset")
    return text


def _whole(limit: int) -> Callable[[sa.Column[Any], Any], int]:
    def whole(_column: sa.Column[Any], value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not -limit <= value < limit:
            raise TypeError("no whole number of its size")
        return value

    return whole


def _real(_column: sa.Column[Any], value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise TypeError("no finite number")
    return float(value)


def _truth(_column: sa.Column[Any], value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("neither true nor false")
    return value


def _bytes(_column: sa.Column[Any], value: Any) -> bytes:
    if not isinstance(value, str):
        raise TypeError("no base64")
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        raise ValueError("no base64") from None


_BY_TYPE: Final[Mapping[str, Callable[[sa.Column[Any], Any], Any]]] = {
    "Text": _text,
    "String": _text,
    "time": _time,
    "Integer": _whole(_INT32),
    "BigInteger": _whole(_INT64),
    "Float": _real,
    "Boolean": _truth,
    "LargeBinary": _bytes,
}
