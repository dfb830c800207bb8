"""The blocks of a rubric's source: where each begins and ends, and what is lost because it stands outside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import jinja2
from jinja2 import nodes

BLOCKS: Final = ("rubric", "case")


def block_source(environment: jinja2.Environment, source: str, name: str) -> str:
    """The source between `{% block name %}` and its `{% endblock %}`; empty where there is none."""
    depth, inside, kept = 0, False, list[str]()
    for words, text in _statements(environment, source):
        if words[:1] == ["endblock"]:
            depth -= 1
            inside = inside and depth > 0
        if inside:
            kept.append(text)
        if words[:1] == ["block"]:
            inside = inside or (depth == 0 and words[1:2] == [name])
            depth += 1
    return "".join(kept)


def stray(
    environment: jinja2.Environment, source: str, names: Sequence[str] = BLOCKS, reader: str = "judge"
) -> tuple[int, str] | None:
    """Line and nature of the first thing that no reader would see: text beside the blocks, or a block of another name.

    A source without blocks is shown whole, so nothing of it is lost.
    """
    body = environment.parse(source).body
    if not any(isinstance(node, nodes.Block) for node in body):
        return None
    for node in body:
        if isinstance(node, nodes.Block) and node.name not in names:
            return node.lineno, f"block {node.name!r} is none of {' and '.join(map(repr, names))}"
        if isinstance(node, nodes.Output) and (lost := _first_line(node, reader)):
            return lost
    return None


def _first_line(node: nodes.Output, reader: str) -> tuple[int, str] | None:
    for item in node.nodes:
        if not isinstance(item, nodes.TemplateData):
            return item.lineno, f"an expression stands outside the blocks, where no {reader} sees it"
        if item.data.strip():
            before = len(item.data) - len(item.data.lstrip())
            line = item.lineno + item.data.count("\n", 0, before)
            return line, f"text stands outside the blocks, where no {reader} sees it"
    return None


def _statements(environment: jinja2.Environment, source: str) -> Iterator[tuple[list[str], str]]:
    """The source cut into `{% ... %}` statements, with their words, and what stands between, without words."""
    words: list[str] = []
    text, within = "", False
    for _, kind, value in environment.lex(source):
        within = within or kind == "block_begin"
        text += value
        if within and kind == "name":
            words.append(value)
        if kind == "block_end" or not within:
            yield words, text
            words, text, within = [], "", False
