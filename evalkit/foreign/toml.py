"""Values as TOML, one line each: what a config needs to say, and nothing that another file could slip in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def toml(value: Any) -> str:
    """A value as it stands behind `=`; texts with backslashes in single quotes where that is possible."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml(item) for item in cast('list[Any]', value))}]"
    if isinstance(value, Mapping):
        pairs = (f"{_key(str(key))} = {toml(item)}" for key, item in cast("Mapping[str, Any]", value).items())
        return f"{{ {', '.join(pairs)} }}"
    return _text(str(value))


def comment(text: str) -> str:
    """A text as comment lines, whatever stands in it."""
    lines = ("".join(letter for letter in line if letter.isprintable()) for line in text.splitlines())
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    if "\\" in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    # JSON's escapes are TOML's; but JSON leaves the control character 127 as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
