"""The fenced fields of a judge prompt: `<output-3fa91c2e>` ... `</output-3fa91c2e>`, with or without a tag."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_OPENING: Final = re.compile(r"<([A-Za-z_][A-Za-z0-9_]*)(-[0-9a-f]{4,64})?>(?:\r?\n)?")
_CONTESTANT: Final = re.compile(r"(?:(?:output|answer|response|candidate)_?)?(a|b|1|2|first|second)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What a judge prompt shows: its fields by their role."""

    output: str
    input: str | None = None
    expected: str | None = None
    sources: str | None = None
    """All other fields joined."""
    contestants: tuple[tuple[str, str], ...] = ()
    """Two outputs to choose between, each with its short name (`a`, `b`, `1`, `first`, ...)."""


def read_fields(text: str) -> Fields | None:
    """The fenced fields of a prompt; None where nothing is fenced.

    Where any fence carries a tag, only tagged ones count: markup inside a prompt is not a fence.
    """
    found = list(_fences(text))
    tagged = [fence for fence in found if fence[1]]
    bodies: dict[str, str] = {}
    for name, _, body in tagged or found:
        bodies.setdefault(name.lower(), body)
    if not bodies:
        return None
    contestants = [(short[1].lower(), body) for name, body in bodies.items() if (short := _CONTESTANT.fullmatch(name))]
    aside = {"input", "output", "expected"}
    others = [body for name, body in bodies.items() if name not in aside and not _CONTESTANT.fullmatch(name)]
    return Fields(
        output=bodies.get("output", ""),
        input=bodies.get("input"),
        expected=bodies.get("expected"),
        sources="\n".join(others) if others else None,
        contestants=tuple(contestants) if len(contestants) == 2 else (),
    )


def _fences(text: str) -> Iterator[tuple[str, str, str]]:
    """Name, tag and body of every fence, in order; nothing inside a fence is looked at."""
    position = 0
    while opening := _OPENING.search(text, position):
        name, tag = opening[1], opening[2] or ""
        end = text.find(f"</{name}{tag}>", opening.end())
        if end < 0:
            position = opening.end()
            continue
        position = end + len(name) + len(tag) + 3
        yield name, tag, text[opening.end() : end].removesuffix("\n").removesuffix("\r")
