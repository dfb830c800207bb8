"""The objects of the platform's Evals API, wherever in the files they are: lists, pages, lines, one file or many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalkit.foreign.source import as_dict, as_list, document, is_dict, is_list

_DEEPEST = 5
Found = tuple[dict[str, Any], str]
"""An object, and the file and line that it is from."""


@dataclass(slots=True, kw_only=True)
class Objects:
    """What was found, by kind."""

    evals: list[Found] = field(default_factory=list[Found])
    runs: list[Found] = field(default_factory=list[Found])
    output_items: list[Found] = field(default_factory=list[Found])
    items: list[Found] = field(default_factory=list[Found])
    """Rows of `{item}` or `{item, sample}`, as runs take them."""


def collected(paths: Iterable[Path]) -> Objects:
    """Every object of the API in these files; each once, by its id."""
    found = Objects()
    seen: set[tuple[str, str]] = set()
    for path in paths:
        read = document(path)
        rows = [read.value] if not is_list(read.value) else as_list(read.value)
        for index, row in enumerate(rows):
            where = read.at(index) if is_list(read.value) else read.name
            for one in _walk(row, 0):
                _sort(one, where, found, seen)
    return found


def _walk(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if depth > _DEEPEST:
        return
    if is_list(value):
        for one in as_list(value):
            yield from _walk(one, depth + 1)
    elif is_dict(value):
        fields = as_dict(value)
        if _kind(fields):
            yield fields
        else:
            for one in fields.values():
                yield from _walk(one, depth + 1)


def _kind(fields: dict[str, Any]) -> str:
    """The kind of an object; empty where it is none of the API."""
    named = {"eval": "evals", "eval.run": "runs", "eval.run.output_item": "output_items"}
    kind = named.get(str(fields.get("object")), "")
    if not kind and "testing_criteria" in fields:
        return "evals"
    if not kind and "datasource_item" in fields:
        return "output_items"
    if not kind and is_dict(fields.get("item")):
        return "items"
    return kind


def _sort(one: dict[str, Any], where: str, found: Objects, seen: set[tuple[str, str]]) -> None:
    kind = _kind(one)
    identity = (kind, str(one.get("id") or ""))
    if identity[1] and identity in seen:
        return
    seen.add(identity)
    getattr(found, kind).append((one, where))
