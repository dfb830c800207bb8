"""YAML to plain values, with the line of each: by YAML 1.2, where `no` and `on` are texts, as JavaScript's tools read.

No tag makes an object, and no alias a bomb: the nodes are walked here, and counted.
"""

from __future__ import annotations

import re
from typing import Any, Final

from evalkit.errors import UsageError
from evalkit.foreign.source import At, Document, as_dict, as_list, wrong

_MOST_REPEATED: Final = 20_000
"""Nodes that aliases may bring in again."""
_DEEPEST: Final = 60
_TAG: Final = "tag:yaml.org,2002:"
_INT: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CONSTANTS: Final = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    word: value for value, words in ((True, "true True TRUE"), (False, "false False FALSE")) for word in words.split()
}


def load(text: str, name: str) -> Document:
    """The value of a YAML text.

    Raises:
        UsageError: the library that reads YAML is not installed.
        DatasetError: it is not YAML, holds a tag, repeats a key, or unfolds beyond reason.
    """
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError
    except ImportError:
        raise UsageError("YAML needs ruamel.yaml: pip install 'evalkit-batch[import]'") from None
    reader: Any = YAML(typ="safe", pure=True)
    try:
        root = reader.compose(text)
    except (YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = name if mark is None else f"{name}:{mark.line + 1}"
        raise wrong(where, f"is not valid YAML: {getattr(error, 'problem', None) or error}", "mend it") from error
    builder = _Builder(name)
    value = None if root is None else builder.build(root, (), 0)
    return Document(value, name, builder.lines)


class _Builder:
    """Makes values of nodes."""

    def __init__(self, name: str) -> None:
        self.lines: dict[At, int] = {}
        self._name, self._seen, self._repeated = name, set[int](), 0

    def build(self, node: Any, at: At, depth: int) -> Any:
        """The value of a node."""
        self._repeated += id(node) in self._seen
        self._seen.add(id(node))
        where = f"{self._name}:{node.start_mark.line + 1}"
        if self._repeated > _MOST_REPEATED or depth > _DEEPEST:
            raise wrong(where, "unfolds to too much, or refers to itself", "write it out, or split it")
        self.lines[at] = node.start_mark.line + 1
        if isinstance(node.value, str):
            return self._scalar(node, where)
        if str(node.tag) not in {f"{_TAG}map", f"{_TAG}seq"}:
            raise wrong(where, f"has the tag {str(node.tag)[:60]!r}", "write plain values")
        if str(node.tag) == f"{_TAG}seq":
            return [self.build(item, (*at, index), depth + 1) for index, item in enumerate(node.value)]
        return self._mapping(node, at, depth)

    def _mapping(self, node: Any, at: At, depth: int) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            where = f"{self._name}:{key_node.start_mark.line + 1}"
            if not isinstance(key_node.value, str):
                raise wrong(where, "a key is no text", "write a text as key")
            key = key_node.value
            if key == "<<" and key_node.style is None:
                merged |= self._merged(value_node, at, depth)
                continue
            if key in own:
                raise wrong(where, f"the key {key[:60]!r} stands twice", "keep one of them")
            own[key] = self.build(value_node, (*at, key), depth + 1)
            self.lines[*at, key] = key_node.start_mark.line + 1
        return merged | own

    def _merged(self, node: Any, at: At, depth: int) -> dict[str, Any]:
        """What `<<` brings in: a mapping, or several of which the first binds."""
        found = self.build(node, (*at, "<<"), depth + 1)
        merged: dict[str, Any] = {}
        for one in as_list(found):
            merged = {**as_dict(one), **merged}
        return merged

    def _scalar(self, node: Any, where: str) -> Any:
        tag, text = str(node.tag), str(node.value)
        if node.style is not None or tag == f"{_TAG}str":
            if tag not in {f"{_TAG}str", "!"}:
                raise wrong(where, f"has the tag {tag[:60]!r}", "write plain values")
            return text
        if not tag.startswith(_TAG):
            raise wrong(where, f"has the tag {tag[:60]!r}", "write plain values")
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _INT.fullmatch(text) and len(text) < 300:
            return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
        return float(text) if _FLOAT.fullmatch(text) else text
