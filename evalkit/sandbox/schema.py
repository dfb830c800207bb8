"""The subset of JSON Schema that `output_config.format` accepts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, cast

TYPES: Final = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})
MAX_OPTIONAL: Final = 24
MAX_UNIONS: Final = 16
_BANNED: Final = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "patternProperties",
    "oneOf",
    "not",
    "if",
)

Json = dict[str, Any]


def schema_error(schema: object) -> str | None:
    """What the API would refuse in an output schema, or None."""
    root = as_object(schema)
    if root is None:
        return "Input should be a valid dictionary"
    tally = _Tally()
    for message in _errors(root, root, (), tally):
        return message
    if tally.optional > MAX_OPTIONAL or tally.unions > MAX_UNIONS:
        return "Schema is too complex for compilation."
    return None


def as_object(value: object) -> Json | None:
    """The value as a JSON object, or None if it is something else."""
    return cast("Json", value) if isinstance(value, dict) else None


def as_array(value: object) -> list[Any] | None:
    """The value as a JSON array, or None if it is something else."""
    return cast("list[Any]", value) if isinstance(value, list) else None


def resolve(root: Json, reference: object) -> Json | None:
    """What an internal `$ref` points at, or None."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    node: object = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        parent = as_object(node)
        if part and (parent is None or part not in parent):
            return None
        node = parent[part] if part and parent is not None else node
    return as_object(node)


@dataclass(slots=True)
class _Tally:
    optional: int = 0
    unions: int = 0
    seen: set[str] = field(default_factory=set[str])


def _errors(root: Json, node: Json, trail: tuple[str, ...], tally: _Tally) -> Iterator[str]:
    if "$ref" in node:
        yield from _reference_errors(root, node["$ref"], trail, tally)
        return
    kinds = _kinds(node)
    tally.unions += len(kinds) > 1
    yield from _own_errors(node, kinds)
    for name in ("anyOf", "allOf"):
        branches = as_array(node.get(name)) or []
        tally.unions += name == "anyOf" and bool(branches)
        for branch in branches:
            yield from _child_errors(root, branch, trail, tally)
    if "object" in kinds:
        yield from _object_errors(root, node, trail, tally)
    if "items" in node:
        yield from _child_errors(root, node["items"], trail, tally)


def _kinds(node: Json) -> list[str]:
    kind = node.get("type")
    return [str(one) for one in (as_array(kind) or ([] if kind is None else [kind]))]


def _own_errors(node: Json, kinds: list[str]) -> Iterator[str]:
    for kind in kinds:
        if kind not in TYPES:
            yield f"Invalid schema type {kind!r}"
    banned = [name for name in _BANNED if name in node]
    if banned:
        kind = kinds[0] if kinds else "any"
        plural = "property" if len(banned) == 1 else "properties"
        yield f"For {kind!r} type, {plural} {', '.join(banned)} not supported"
    if node.get("minItems", 0) not in (0, 1):
        yield "For 'array' type, 'minItems' values other than 0 or 1 are not supported"
    choices = as_array(node.get("enum"))
    if "enum" in node and (not choices or any(isinstance(one, dict | list) for one in choices)):
        yield "'enum' must be a non-empty list of scalar values"
    if not kinds and not {"enum", "const", "anyOf", "allOf"} & node.keys():
        yield "Schema must have a 'type', 'enum', 'const', 'anyOf', 'allOf' or '$ref'"


def _object_errors(root: Json, node: Json, trail: tuple[str, ...], tally: _Tally) -> Iterator[str]:
    if node.get("additionalProperties") is not False:
        yield "For 'object' type, 'additionalProperties' must be explicitly set to false"
    properties = as_object(node.get("properties")) or {}
    required: list[Any] = as_array(node.get("required")) or []
    tally.optional += sum(name not in required for name in properties)
    for name in required:
        if name not in properties:
            yield f"Required property {name!r} is not in 'properties'"
    for child in properties.values():
        yield from _child_errors(root, child, trail, tally)


def _child_errors(root: Json, child: object, trail: tuple[str, ...], tally: _Tally) -> Iterator[str]:
    node = as_object(child)
    if node is None:
        yield "Schema nodes must be objects"
    else:
        yield from _errors(root, node, trail, tally)


def _reference_errors(root: Json, reference: object, trail: tuple[str, ...], tally: _Tally) -> Iterator[str]:
    target = resolve(root, reference)
    if target is None:
        yield f"Reference {reference!r} is external or points nowhere"
    elif str(reference) in trail or target is root:
        yield f"Recursive reference {reference!r} is not supported"
    elif str(reference) not in tally.seen:
        yield from _errors(root, target, (*trail, str(reference)), tally)
        tally.seen.add(str(reference))
