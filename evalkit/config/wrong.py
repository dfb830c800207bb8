"""What is said of a value of the wrong type or outside its range."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from evalkit.config.words import closest, described, either, key_text, quoted

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

NOT_A_TABLE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "model_type": "a table",
        "model_attributes_type": "a table",
        "dict_type": "a table",
        "mapping_type": "a table",
        "tuple_type": "a list of tables",
        "list_type": "a list of tables",
    }
)
_NOT_A_SCALAR: Final = {
    "string_type": "text",
    "path_type": "text",
    "is_instance_of": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
}
_BOUNDS: Final = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than_equal": ("le", "at most"),
}


def wrong_value(key: str, detail: ErrorDetails) -> tuple[str, str]:
    """The sentence and the mend for a value of `key`."""
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind in _NOT_A_SCALAR:
        wanted = _NOT_A_SCALAR[kind]
        return f"must be {wanted}, not {described(value)}", _respelt(key, value, wanted)
    if kind == "literal_error":
        return _not_allowed(value, re.findall(r"'([^']*)'", str(context["expected"])))
    if kind == "finite_number":
        return f"must be a finite number, not {value}", ""
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        return f"must be {words} {context[bound]:g}, not {value}", _scaled(detail)
    return f"is not valid: {described(value)}", ""


def _respelt(key: str, value: object, wanted: str) -> str:
    """The value as it was probably meant: quoted, or without its quotes."""
    if wanted == "text":
        return "" if isinstance(value, list | dict) else "put text in quotes"
    if isinstance(value, bool) and wanted == "a number":
        return f"write {key_text(key)} = {int(value)}"
    if not isinstance(value, str):
        return f"write {key_text(key)} = {value:.0f}" if wanted == "a whole number" and _is_whole(value) else ""
    bare = value.strip().lower()
    pattern = {"a whole number": r"[+-]?\d+", "a number": r"[+-]?\d+(\.\d+)?", "true or false": "true|false"}[wanted]
    return f"write {key_text(key)} = {bare}" if re.fullmatch(pattern, bare, re.ASCII) else ""


def _is_whole(value: object) -> bool:
    return isinstance(value, float) and value.is_integer()


def _not_allowed(value: object, allowed: list[str]) -> tuple[str, str]:
    meant = closest(value, allowed) if isinstance(value, str) else None
    mend = f"did you mean {quoted(meant)}?" if meant else ""
    return f"must be {either(map(quoted, allowed))}, not {described(value)}", mend


def _scaled(detail: ErrorDetails) -> str:
    value = detail["input"]
    if detail["type"] != "less_than_equal" or detail.get("ctx", {}).get("le", 2) > 1 or not 1 < value <= 100:
        return ""
    if "labels" in detail["loc"]:
        return "scale the values so that the best is 1"
    return f"write {value:g} % as {value / 100:g}"
