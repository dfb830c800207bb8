"""Fences: how case text enters a prompt as data and cannot leave its place.

Every printed field stands between `<name-tag>` and `</name-tag>`, where the tag is drawn from the digest of the
case and the output: who writes the text cannot know the tag of a prompt that holds it. Look-alikes of the fence
inside the text are neutralised all the same, so that the judge sees exactly one fence per field.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

TAG_LENGTH: Final = 8

_NAME: Final = re.compile(r"[^A-Za-z0-9_]+")
_LOOKALIKE: Final = re.compile(
    r"<(?=[\s\u200b-\u200f\u2060\ufeff]*/?[\s\u200b-\u200f\u2060\ufeff]*[A-Za-z_][A-Za-z0-9_]*-[0-9a-fA-F]{8}\b)"
    r"|<(?=[\s\u200b-\u200f\u2060\ufeff]*/[\s\u200b-\u200f\u2060\ufeff]*(?:input|expected|output|text)\b)",
    re.IGNORECASE,
)


class CaseText(str):
    """Text of a case or an output, which knows the name of its fence."""

    __slots__ = ("name",)
    name: str

    def __new__(cls, text: str, name: str) -> CaseText:
        """Text that is fenced as `name` where it is printed."""
        self = super().__new__(cls, text)
        self.name = _NAME.sub("_", name).strip("_") or "text"
        return self


class Fenced(str):
    """Text that already stands in its fence."""

    __slots__ = ()


def fence_tag(case_digest: str, output: str) -> str:
    """The tag of one prompt: 8 hex digits that follow from what the prompt holds, and cannot be foreseen."""
    content = f"{case_digest}\n{output}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(content).hexdigest()[:TAG_LENGTH]


def neutralise(text: str) -> str:
    """The text with the `<` of every look-alike of a fence made harmless; doing it twice changes nothing."""
    return _LOOKALIKE.sub("‹", text) if "<" in text else text


def fence(text: str, name: str, tag: str) -> Fenced:
    """The neutralised text in its fence, each on lines of their own."""
    return Fenced(f"<{name}-{tag}>\n{neutralise(text)}\n</{name}-{tag}>")
