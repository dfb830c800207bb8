"""Cells to the fields of a case: one converter a field, each refusing what the field cannot be."""

from __future__ import annotations

import re
from typing import Final, cast

from evalkit.dataset.case import Json
from evalkit.dataset.jsontext import DEEPEST, decode, too_deep
from evalkit.dataset.problems import Refused
from evalkit.ids import scalar_text

_OBJECT_MEND: Final = 'write an object, for instance {"topic": "billing"}'
_LIST_MEND: Final = 'write a list, for instance ["billing", "en"]'
_JSON_LIST: Final = re.compile(r'\s*\[\s*["{\]]')
"""A text that is meant as a JSON list of texts or objects; `[1] as they say` is none."""
_JSON_MESSAGES: Final = re.compile(r'\s*\[\s*\{\s*"(?:role|content)"\s*:')
"""A text that is a JSON list of messages, as a CSV cell holds a conversation."""
_CONTEXTS_MEND: Final = 'write a list of texts, or of {"id", "text"}'
_MESSAGE_MEND: Final = "write a list of {role, content} messages"


def case_id(value: Json) -> str:
    """The id as text; a number counts as its text."""
    if isinstance(value, bool | list | dict):
        raise Refused(f"is {_kind(value)}, not a text or a number", "give every row a text or number as id")
    text = "" if value is None else scalar_text(value)
    if not text or text.isspace():
        raise Refused("is missing or empty", "give every row an id of its own")
    return text


def case_input(value: Json) -> str | list[Json] | dict[str, Json]:
    """The input: a text that is not blank, messages, or an object; a number counts as its text."""
    if isinstance(value, str) and _JSON_MESSAGES.match(value):
        value = _json_cell(value, _MESSAGE_MEND)
    if isinstance(value, str):
        if value and not value.isspace():
            return value
    elif isinstance(value, bool):
        raise Refused("is a boolean", 'write it as text, "true" or "false"')
    elif isinstance(value, int | float):
        return scalar_text(value)
    elif isinstance(value, list):
        return _messages(value)
    elif value:
        return plain_object(value)
    raise Refused("is missing or empty", "every row needs an input, or leave the row out")


def expected(value: Json) -> str | list[Json] | dict[str, Json] | None:
    """The reference; scalars as text, lists and objects kept, `None` where there is none."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list | dict):
        return cast("list[Json] | dict[str, Json]", plain(value))
    return scalar_text(value)


def metadata(value: Json) -> dict[str, Json]:
    """The metadata: an object, or the JSON text of one (as a CSV cell holds it)."""
    if isinstance(value, str) and value and not value.isspace():
        value = _json_cell(value, _OBJECT_MEND)
    if value is None or isinstance(value, str):
        return {}
    if not isinstance(value, dict):
        raise Refused(f"is {_kind(value)}, not an object", _OBJECT_MEND)
    return plain_object(value)


def tags(value: Json) -> tuple[str, ...]:
    """Distinct tags in order: a list of texts, the JSON text of one, or one text split on `;` and `,`."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _json_cell(value, _LIST_MEND)
    if value is None:
        return ()
    if isinstance(value, str):
        value = cast("list[Json]", value.replace(";", ",").split(","))
    if not isinstance(value, list):
        raise Refused(f"is {_kind(value)}, not a list of texts", _LIST_MEND)
    return tuple(dict.fromkeys(tag for item in value if item is not None and (tag := _tag(item))))


def cluster(value: Json) -> str | None:
    """The cluster's name as text; empty is none."""
    if isinstance(value, list | dict):
        raise Refused(f"is {_kind(value)}, not a text", "name one cluster by a text or a number")
    return None if value is None else scalar_text(value).strip() or None


def output(value: Json) -> str | None:
    """A recorded output as text; an empty text is an output, `None` is none."""
    if isinstance(value, list | dict):
        raise Refused(f"is {_kind(value)}, not a text", "write the text that the candidate answered")
    return None if value is None else scalar_text(value)


def contexts(value: Json) -> Json:
    """Passages: a list of texts or of objects with a `text` (and `id`), the JSON text of one, or one text."""
    if isinstance(value, str) and _JSON_LIST.match(value):
        value = _json_cell(value, _CONTEXTS_MEND)
    for place, item in enumerate(value if isinstance(value, list) else ()):
        if not isinstance(item, str | dict):
            raise Refused(f"passage {place} is {_kind(item)}, not a text", _CONTEXTS_MEND)
    return plain(value)


def plain(value: Json, depth: int = 0) -> Json:
    """The value without members that are null."""
    if isinstance(value, dict):
        return plain_object(value, depth)
    if isinstance(value, list):
        if depth >= DEEPEST:
            raise too_deep()
        return [plain(item, depth + 1) for item in value]
    return value


def plain_object(value: dict[str, Json], depth: int = 0) -> dict[str, Json]:
    """The object without members that are null, at every depth."""
    if depth >= DEEPEST:
        raise too_deep()
    return {key: plain(item, depth + 1) for key, item in value.items() if item is not None}


def _messages(value: list[Json]) -> list[Json]:
    if not value:
        raise Refused("is an empty list", _MESSAGE_MEND)
    return [_message(item, index) for index, item in enumerate(value)]


def _message(value: Json, index: int) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise Refused(f"message {index} is {_kind(value)}, not an object", _MESSAGE_MEND)
    role = value.get("role")
    if not isinstance(role, str) or not role:
        raise Refused(f"message {index} has no role", _MESSAGE_MEND)
    content = value.get("content")
    if not isinstance(content, str | list) and not value.get("tool_calls"):
        raise Refused(f"message {index} has no content", _MESSAGE_MEND)
    for place, part in enumerate(content if isinstance(content, list) else ()):
        if not isinstance(part, str) and not (isinstance(part, dict) and isinstance(part.get("type"), str)):
            what = f"part {place} of message {index} is {_kind(part)} without a type"
            raise Refused(what, 'write a text, or a part such as {"type": "text", "text": "..."}')
    return plain_object(value)


def _json_cell(text: str, mend: str) -> Json:
    try:
        return decode(text.encode("utf-8"))
    except Refused as refused:
        raise Refused(refused.what, mend) from None


def _tag(item: Json) -> str:
    if isinstance(item, bool | list | dict):
        raise Refused(f"holds {_kind(item)}", "write every tag as text")
    return "" if item is None else scalar_text(item).strip()


def _kind(value: Json) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "null" if value is None else "a list" if isinstance(value, list) else "an object"
