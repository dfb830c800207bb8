"""What a rubric's case block sees of a case: texts that know their fence, objects and lists that can be walked.

Every value is text in the end, the same for every file format it may come from; so `{% if metadata.n == "3" %}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

import jinja2

from evalkit import ids
from evalkit.dataset import Case
from evalkit.graders.fence import CaseText

_SAYS: Final = {"content", "tool_calls"}


class RenderError(ValueError):
    """A case lacks what the template prints, or the template does with it what cannot be done."""


class CannotAskError(RenderError):
    """A case cannot be put to a candidate's model."""


class Fields:
    """An object of the case, read in a template as `metadata.name` or `metadata["name"]`; any name is a key."""

    __slots__ = ("_name", "_values")

    def __init__(self, name: str, values: Mapping[str, object]) -> None:
        self._name, self._values = name, values

    def __getitem__(self, key: str) -> object:
        if key not in self._values:
            return jinja2.StrictUndefined(f"{self._name} has no field {key!r}")
        return shown(key, self._values[key])

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[CaseText]:
        # Sorted, because the order of keys is no part of a case's digest.
        return (CaseText(key, "field") for key in sorted(self._values))

    def __len__(self) -> int:
        return len(self._values)


class Items:
    """A list of the case, which a template can print whole or item by item."""

    __slots__ = ("_name", "_values")

    def __init__(self, name: str, values: Sequence[object]) -> None:
        self._name, self._values = name, values

    def __getitem__(self, index: int) -> object:
        return shown(self._name, self._values[index])

    def __iter__(self) -> Iterator[object]:
        return (shown(self._name, value) for value in self._values)

    def __len__(self) -> int:
        return len(self._values)


def case_fields(case: Case, output: str) -> dict[str, object]:
    """The variables of a case block."""
    values = {"id": case.id, "input": case.input, "expected": case.expected, "cluster": case.cluster}
    seen = {name: shown(name, value) for name, value in values.items()}
    seen["tags"] = [CaseText(tag, "tag") for tag in case.tags]
    seen["metadata"] = Fields("metadata", case.metadata)
    return {
        "case": seen,
        "input": seen["input"],
        "expected": seen["expected"],
        "metadata": seen["metadata"],
        "output": CaseText(output, "output"),
    }


def shown(name: str, value: object) -> object:
    """A value of the case as a template sees it; `None` stays `None`."""
    if value is None:
        return None
    if isinstance(value, dict):
        return Fields(name, cast("dict[str, object]", value))
    if isinstance(value, list):
        return Items(name, cast("list[object]", value))
    return CaseText(as_text(value), name)


def name_of(value: object) -> str:
    """The name of the fence that a printed value stands in."""
    if isinstance(value, Fields | Items):
        return value._name  # pyright: ignore[reportPrivateUsage] # no public name, which would hide a key of the case
    return value.fence_name if isinstance(value, CaseText) else "text"


def as_text(value: object) -> str:
    """A value as the judge reads it: text as it is, a conversation turn by turn, the rest as JSON.

    Raises:
        RenderError: it is nothing of the case's, such as a method.
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | int | float):
        return ids.scalar_text(value)
    if turns := turns_of(value):
        return "\n\n".join(f"{turn['role']}:\n{spoken(turn)}" for turn in turns)
    plain = _plain(value) if isinstance(value, Fields | Items) else value
    return to_json(plain, indent=2, sort_keys=True)


def spoken(turn: Mapping[str, object]) -> str:
    """What is said in a turn: its text, parts of text one below the other, and all else as JSON."""
    content = turn.get("content")
    parts = cast("list[object]", content) if isinstance(content, list) else [] if content is None else [content]
    said = [_part(part) for part in parts]
    if "tool_calls" in turn:
        said.append(to_json({"tool_calls": turn["tool_calls"]}, indent=2, sort_keys=True))
    return "\n".join(said)


def _part(part: object) -> str:
    members = cast("dict[str, object]", part) if isinstance(part, dict) else {}
    text = members.get("text")
    return text if isinstance(text, str) else as_text(cast("object", part))


def to_json(value: object, *, indent: int | None = None, sort_keys: bool = False) -> str:
    """JSON of a value that may hold fields and items.

    Raises:
        RenderError: it holds something else that JSON cannot say.
    """
    return json.dumps(value, ensure_ascii=False, indent=indent, sort_keys=sort_keys, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, Fields | Items):
        return value._values  # pyright: ignore[reportPrivateUsage] # as above
    raise RenderError(f"a {type(value).__name__} is printed, which is nothing of the case's")


def turns_of(value: object) -> list[dict[str, object]]:
    """The turns of a conversation; none where the value is something else."""
    plain = _plain(value) if isinstance(value, Items) else value
    items = cast("list[object]", plain) if isinstance(plain, list) else []
    turns = [cast("dict[str, object]", item) for item in items if isinstance(item, dict)]
    whole = len(turns) == len(items) and all("role" in turn and turn.keys() & _SAYS for turn in turns)
    return turns if whole else []
