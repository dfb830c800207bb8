"""Text of any characters, on databases that take none of them for granted."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import types

_MARK: Final = "\x1a"


class Text(types.TypeDecorator[str]):
    """A text column that keeps every character: PostgreSQL's own refuse NUL, which models and people do write."""

    impl = types.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:  # noqa: ARG002 # SQLAlchemy gives it
        """NUL as two characters that it takes; the first of them, wherever it stands, as two as well."""
        if value is None or ("\0" not in value and _MARK not in value):
            return value
        return value.replace(_MARK, f"{_MARK}1").replace("\0", f"{_MARK}0")

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:  # noqa: ARG002 # SQLAlchemy gives it
        """The text as it was."""
        if value is None or _MARK not in value:
            return value
        return value.replace(f"{_MARK}0", "\0").replace(f"{_MARK}1", _MARK)
