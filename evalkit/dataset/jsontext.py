"""JSON text to values: fast where it is right, exact about column and field where it is wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Final

import msgspec

from evalkit.dataset.case import Json
from evalkit.dataset.encoding import is_surrogate, not_utf8
from evalkit.dataset.problems import Refused

DEEPEST: Final = 100
"""Levels of nesting that a value may have."""

_DECODER: Final = msgspec.json.Decoder()
_SHOWN: Final = 20


def decode(raw: bytes) -> Json:
    """The value of a JSON text in UTF-8; rejects NaN, infinities and halves of surrogate pairs.

    Raises:
        Refused: with the column or the member that is wrong.
    """
    try:
        return _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # The fast decoder counts bytes and does not say which member; the slow one is asked only now.
        raise _diagnosis(raw) from None


def _diagnosis(raw: bytes) -> Refused:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if not is_surrogate(raw, error.start):
            return not_utf8(raw, error)
        text = raw.decode("utf-8", "surrogatepass" if _only_surrogates(raw) else "replace")
    try:
        faults = list(_faults(json.loads(text), ""))
        return _first_of(faults) if faults else Refused("is not valid JSON", "write it with a JSON library")
    except json.JSONDecodeError as error:
        return _broken(text, error)
    except RecursionError:
        return too_deep()
    except ValueError:
        return Refused("holds an integer of thousands of digits", "write it as text")


def too_deep() -> Refused:
    """What is wrong with a value of too many levels."""
    return Refused(f"is nested more than {DEEPEST} levels deep", "flatten it, or write it as text")


def _first_of(faults: list[Refused]) -> Refused:
    first = faults[0]
    more = f" (and {len(faults) - 1} more in the row)" if len(faults) > 1 else ""
    return Refused(first.what + more, first.mend, field=first.field)


def _only_surrogates(raw: bytes) -> bool:
    try:
        raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _broken(text: str, error: json.JSONDecodeError) -> Refused:
    """The place where JSON breaks, with what stands there."""
    line = f"line {error.lineno}, " if text.count("\n", 0, len(text.rstrip())) else ""
    rest = text[error.pos : error.pos + _SHOWN].rstrip()
    near = f"near {rest!r}" if rest else "where the text breaks off"
    mend = "write each row with a JSON library"
    if "'" in text[error.pos : error.pos + 2]:
        mend = "JSON needs double quotes: write each row with a JSON library"
    return Refused(f"is not valid JSON at {line}column {error.colno}, {near}", mend)


def _faults(value: Json, path: str) -> Iterator[Refused]:
    """What the fast decoder refuses though it is grammatical: by member, in the order of the text."""
    if isinstance(value, str):
        if not _encodable(value):
            yield Refused("holds half of a surrogate pair", "write the whole character", field=path or None)
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield not_a_number(path or None)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not _encodable(key):
                yield Refused(f"holds half of a surrogate pair in the key {key!a}", "write the whole character")
            yield from _faults(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _faults(item, f"{path}[{index}]")


def not_a_number(field: str | None) -> Refused:
    """What is wrong with NaN and the infinities."""
    what = "is NaN, infinite or beyond the range of a double"
    return Refused(what, "leave the member out, or write it as text", field=field)


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
