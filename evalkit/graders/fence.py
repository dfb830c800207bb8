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

_NOT_NAME: Final = re.compile(r"[^A-Za-z0-9_]+")
_UNSEEN: Final = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e01ef"
)
_BLANK: Final = rf"[\s{_UNSEEN}]*+"  # possessive here and below: no text may cost more than one look
"""What may stand in a look-alike unseen: white space, zero-width and tag characters, fillers, direction marks."""
_CLOSING: Final = "|".join(f"[{_UNSEEN}]*".join(name) for name in ("input", "expected", "output"))
_HYPHEN: Final = r"[-\u2010-\u2015\u2212\ufe63\uff0d]"
# With a tag any name is a look-alike; without one only a closing field of every prompt: `</text>` is honest SVG.
_LOOKALIKE: Final = re.compile(
    rf"[<\uff1c\ufe64](?={_BLANK}(?:/{_BLANK})?[a-z_][a-z0-9_{_UNSEEN}]*+{_BLANK}{_HYPHEN}{_BLANK}[0-9a-f]{{8}}(?![0-9a-z_])"
    rf"|{_BLANK}/{_BLANK}(?:{_CLOSING})\b)",
    re.IGNORECASE,
)


_PAIR: Final = ("first", "second")
_PAIR_LOOKALIKE: Final = re.compile(
    rf"[<\uff1c\ufe64](?={_BLANK}/{_BLANK}(?:{'|'.join(f'[{_UNSEEN}]*'.join(name) for name in _PAIR)})\b)",
    re.IGNORECASE,
)
"""Closes a field of a prompt that shows two outputs; in any other one `</first>` is honest XML."""


class CaseText(str):
    """Text of a case or an output, which knows the name of its fence."""

    __slots__ = ("fence_name",)
    fence_name: str

    def __new__(cls, text: str, name: str) -> CaseText:
        """Text that is fenced as `name` where it is printed."""
        self = super().__new__(cls, text)
        self.fence_name = name
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
    return _LOOKALIKE.sub("‹", text)


def fence(text: str, name: str, tag: str) -> Fenced:
    """The neutralised text in its fence, each on lines of their own."""
    return wrapped(neutralise(text), name, tag)


def wrapped(text: str, name: str, tag: str) -> Fenced:
    """A text that was neutralised, in its fence; for a field that holds fences of its own."""
    name = _NOT_NAME.sub("_", name).strip("_") or "text"
    name = f"_{name}" if name[0].isdigit() else name
    harmless = _PAIR_LOOKALIKE.sub("‹", text) if name in _PAIR else text
    return Fenced(f"<{name}-{tag}>\n{harmless}\n</{name}-{tag}>")
