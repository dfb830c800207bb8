"""Fills in the schema of a request from what the judge found; keys come in schema order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from evalkit.sandbox.schema import Json, as_array, as_object, resolve

_BLIND: Final = frozenset({"cannot_tell", "unknown"})
_TIES: Final = re.compile(r"tie|equal|same|both|neither|draw", re.IGNORECASE)
_DEPTH: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the judge found: a score in 0..1, one sentence, and the winner where two outputs were shown."""

    score: float
    sentence: str
    blind: bool = False
    """There was no reference."""
    names: tuple[str, ...] = ()
    winner: str | None = None


def fill(schema: Json, finding: Finding) -> object:
    """A value that fits the schema: every required property, or all of them where none is required."""
    return _value(schema, schema, finding, _DEPTH)


def _value(root: Json, node: Json, finding: Finding, depth: int) -> object:
    if depth == 0:
        return None
    target = resolve(root, node["$ref"]) if "$ref" in node else None
    if target is not None:
        return _value(root, target, finding, depth - 1)
    if "const" in node:
        return node["const"]
    choices = as_array(node.get("enum"))
    if choices:
        return _choice(choices, finding)
    branches = [
        branch for one in as_array(node.get("anyOf")) or as_array(node.get("allOf")) or [] if (branch := as_object(one))
    ]
    if branches:
        best = next((branch for branch in branches if branch.get("type") != "null"), branches[0])
        return _value(root, best, finding, depth - 1)
    return _typed(root, node, finding, depth)


def _typed(root: Json, node: Json, finding: Finding, depth: int) -> object:
    kind = node.get("type")
    kinds = as_array(kind) or [kind]
    if "object" in kinds:
        return _object(root, node, finding, depth)
    if "array" in kinds:
        item = as_object(node.get("items"))
        return [_value(root, item, finding, depth - 1)] if item and node.get("minItems") else []
    if "string" in kinds:
        return finding.sentence
    if "boolean" in kinds:
        return finding.score >= 0.5
    if "number" in kinds:
        return round(finding.score, 4)
    return int(finding.score >= 0.5) if "integer" in kinds else None


def _object(root: Json, node: Json, finding: Finding, depth: int) -> dict[str, object]:
    properties = as_object(node.get("properties")) or {}
    wanted = as_array(node.get("required")) or list(properties)
    filled: dict[str, object] = {}
    for name, child in properties.items():
        described = as_object(child)
        if name in wanted and described is not None:
            filled[name] = _value(root, described, finding, depth - 1)
    return filled


def _choice(choices: list[Any], finding: Finding) -> object:
    """The enum value for a finding; enums run from worst to best."""
    if finding.names:
        for value in choices:
            if _names(value, finding):
                return value
    blind = [value for value in choices if str(value).lower() in _BLIND]
    if finding.blind and blind:
        return blind[0]
    scale = [value for value in choices if value not in blind] or choices
    return scale[min(len(scale) - 1, int(finding.score * len(scale)))]


def _names(value: object, finding: Finding) -> bool:
    """Whether an enum value says what the comparison of two outputs came to."""
    text = str(value).lower()
    if finding.winner is None:
        return bool(_TIES.search(text))
    return finding.winner in re.split(r"[\W_]+", text)
