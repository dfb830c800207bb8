"""Values of foreign files, made such as every part of evalkit takes: whole text, finite numbers, nothing null."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import msgspec

from evalkit.dataset.case import Json
from evalkit.errors import UsageError

_DEEPEST: Final = 100
T = TypeVar("T")


def text(value: object) -> str:
    """A text without halves of surrogate pairs; anything else as JSON."""
    if not isinstance(value, str):
        return json.dumps(tidy(value), ensure_ascii=False)
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def tidy(value: object, depth: int = 0) -> Json:
    """A JSON value without nulls in objects, with numbers that are not finite as text.

    Raises:
        UsageError: it is nested too deep.
    """
    if depth > _DEEPEST:
        raise UsageError(f"a value is nested more than {_DEEPEST} levels deep")
    if isinstance(value, str):
        return text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        found = cast("Mapping[object, object]", value)
        return {text(str(key)): tidy(item, depth + 1) for key, item in found.items() if item is not None}
    if isinstance(value, list | tuple):
        return [tidy(item, depth + 1) for item in cast("Sequence[object]", value)]
    return text(str(value))


def _whole(value: object) -> object:
    """The value with every half of a surrogate pair in it replaced."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        return [_whole(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {text(key): _whole(item) for key, item in cast("dict[str, object]", value).items()}
    return value


def table(value: object) -> dict[str, Any]:
    """An object as it is; anything else as an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def reference(value: object) -> str | list[Json] | dict[str, Json] | None:
    """A value as the reference of a case; none where it is empty."""
    found = tidy(value)
    if found is None or found in ("", [], {}):
        return None
    return found if isinstance(found, str | list | dict) else text(found)


def given(value: object) -> str | list[Json] | dict[str, Json]:
    """A value as the input of a case."""
    found = tidy(value)
    return found if isinstance(found, str | list | dict) else text(found)


def rows(value: object) -> list[Any]:
    """A list as it is; anything else as an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def read_json(raw: bytes, kind: type[T], where: Path | str) -> T:
    """A JSON document of a type, where numbers may be NaN or infinite as Python writes them.

    Raises:
        UsageError: it is no JSON, or not of the type.
    """
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    try:
        found = json.loads(raw)
        # Halves of surrogate pairs, which no store takes, come in as escapes alone.
        return msgspec.convert(_whole(found) if b"\\ud" in raw.lower() else found, type=kind)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} cannot be read as what it seems to be: {error}") from error
