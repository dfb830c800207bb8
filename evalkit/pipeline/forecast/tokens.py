"""Tokens told from bytes: how many a text takes is not known before a model reads it, but within what it lies is.

The shares are of UTF-8 bytes. English prose takes about a token per 4.2 bytes with the tokenizers up to 4.6, and 30 %
more with those from 4.7 on; numbers, code and lists take more. Other scripts take two to four bytes a letter, and
between a token per letter (Chinese, Japanese, Korean) and one per two or three (Cyrillic, Greek). No text takes more
than a token per byte, and none in ASCII is known to take more than one per two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

_VERSION: Final = re.compile(r"claude-[a-z]+-(\d+)(?:-(\d{1,2}))?(?!\d)")
_NEWER: Final = (4, 7)


class Tokenizer(StrEnum):
    """A family of models that split text alike."""

    #: Claude up to 4.6.
    OLD = "up to 4.6"
    #: Claude from 4.7 on: about 30 % more tokens of the same text.
    NEW = "from 4.7 on"

    @classmethod
    def of(cls, model: str) -> Tokenizer:
        """The family of a model; one that is not known is taken for a new one."""
        found = _VERSION.match(model)
        if found is None:
            return cls.NEW
        return cls.NEW if (int(found[1]), int(found[2] or 0)) >= _NEWER else cls.OLD


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """An amount that is not known: what is usual, between what it is expected to lie, and what it cannot exceed."""

    low: float
    usual: float
    high: float
    most: float

    @classmethod
    def exactly(cls, amount: float) -> Self:
        """An amount that is known."""
        return cls(low=amount, usual=amount, high=amount, most=amount)

    def __add__(self, other: Spread) -> Spread:
        return Spread(
            low=self.low + other.low,
            usual=self.usual + other.usual,
            high=self.high + other.high,
            most=self.most + other.most,
        )

    def times(self, factor: float) -> Spread:
        """So many of it."""
        return Spread(
            low=self.low * factor, usual=self.usual * factor, high=self.high * factor, most=self.most * factor
        )

    def within(self, *, usual: float, error: float) -> Spread:
        """Another expectation, `usual` with a relative error to both sides of it; the bound stays, if it can."""
        low, high = usual * max(0.0, 1.0 - error), usual * (1.0 + error)
        return Spread(low=low, usual=usual, high=high, most=max(self.most, high))


NOTHING: Final = Spread.exactly(0.0)

_ASCII: Final = {
    Tokenizer.OLD: Spread(low=1 / 5.2, usual=1 / 4.2, high=1 / 3.2, most=1 / 2),
    Tokenizer.NEW: Spread(low=1 / 4.6, usual=1 / 3.3, high=1 / 2.5, most=1 / 2),
}
_OTHER: Final = {
    Tokenizer.OLD: Spread(low=0.18, usual=0.35, high=0.55, most=1.0),
    Tokenizer.NEW: Spread(low=0.2, usual=0.42, high=0.65, most=1.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Bytes of UTF-8, by the two kinds that differ in tokens."""

    ascii: int = 0
    other: int = 0
    """Bytes of letters beyond ASCII."""

    @classmethod
    def of(cls, text: bytes) -> Self:
        """The bytes of a text."""
        if text.isascii():
            return cls(ascii=len(text))
        plain = len(text.translate(None, _BEYOND))
        return cls(ascii=plain, other=len(text) - plain)

    @classmethod
    def kept(cls, counts: Mapping[str, int]) -> Self:
        """The bytes that `json` wrote."""
        return cls(ascii=counts["ascii"], other=counts["other"])

    def json(self) -> dict[str, int]:
        """As the store keeps it."""
        return {"ascii": self.ascii, "other": self.other}

    def __add__(self, more: Text) -> Text:
        return Text(ascii=self.ascii + more.ascii, other=self.other + more.other)

    @property
    def size(self) -> int:
        """All bytes."""
        return self.ascii + self.other

    def tokens(self, tokenizer: Tokenizer) -> Spread:
        """What they take, by what is known of the family."""
        return _ASCII[tokenizer].times(self.ascii) + _OTHER[tokenizer].times(self.other)


_BEYOND: Final = bytes(range(0x80, 0x100))
