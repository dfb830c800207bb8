"""Requests weighed as they are encoded: what is billed of each, and not the bytes that carry it."""

from __future__ import annotations

import base64
import binascii
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self, cast

import msgspec

from evalkit.pipeline.forecast.pictures import picture_tokens
from evalkit.pipeline.forecast.tokens import NOTHING, Spread, Text, Tokenizer

_MESSAGES: Final = b'"messages":'
_CARRIED: Final = b'"type":"base64"'


def _lengths() -> array[int]:
    return array("q")


@dataclass(slots=True, kw_only=True)
class Weighed:
    """The requests of one part, or of several."""

    prefix: Text = field(default_factory=Text)
    """What every request shares, and the cache may keep: the form of the reply, and the system prompt."""
    ttl: str | None = None
    """How long the prefix is asked to stay cached; None where it is not."""
    ascii_of: array[int] = field(default_factory=_lengths)
    """Of each request, in the order in which they are sent, the bytes of its messages that are ASCII."""
    other_of: array[int] = field(default_factory=_lengths)
    """The bytes that are not."""
    pictures_of: dict[int, Spread] = field(default_factory=dict[int, Spread])
    """The tokens of its images and PDFs, by the place of the request."""

    @classmethod
    def sharing(cls, params: Mapping[str, object]) -> Self:
        """Nothing yet, of requests that share all but their messages."""
        config = cast("Mapping[str, Any]", params.get("output_config") or {})
        form = msgspec.json.encode(config["format"]) if config.get("format") else b""
        blocks = cast("list[Mapping[str, Any]]", params.get("system") or [])
        ttls = [block["cache_control"].get("ttl", "5m") for block in blocks if "cache_control" in block]
        prefix = sum((Text.of(str(block["text"]).encode()) for block in blocks), Text.of(form))
        return cls(prefix=prefix, ttl=ttls[-1] if ttls else None)

    @classmethod
    def together(cls, parts: Iterable[Self]) -> Self:
        """The requests of several parts, in their order."""
        whole = cls()
        for part in parts:
            whole.prefix, whole.ttl = part.prefix, part.ttl
            whole.pictures_of |= {len(whole) + place: one for place, one in part.pictures_of.items()}
            whole.ascii_of += part.ascii_of
            whole.other_of += part.other_of
        return whole

    @classmethod
    def by_size(cls, requests: int, size: int) -> Self:
        """Requests of which only the bytes of their bodies are known."""
        each = size // max(requests, 1)
        return cls(ascii_of=array("q", [each]) * requests, other_of=array("q", [0]) * requests)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.ascii_of)

    def add(self, row: bytes, *, tail: int, model: str) -> None:
        """Weigh one request.

        Args:
            row: as the body of a batch holds it.
            tail: bytes behind its messages, which every request has.
            model: that reads it.
        """
        start = row.find(_MESSAGES) + len(_MESSAGES)
        messages = row[start : len(row) - tail]
        if _CARRIED in messages:
            found, self.pictures_of[len(self)] = _without_pictures(messages, Tokenizer.of(model))
        else:
            found = Text.of(messages)
        self.ascii_of.append(found.ascii)
        self.other_of.append(found.other)

    def text_of(self, place: int) -> Text:
        """The messages of one request."""
        return Text(ascii=self.ascii_of[place], other=self.other_of[place])

    @property
    def rows(self) -> Text:
        """The messages of all of them."""
        return Text(ascii=sum(self.ascii_of), other=sum(self.other_of))

    @property
    def text(self) -> Text:
        """All text, the prefix in each request."""
        return Text(ascii=self.prefix.ascii * len(self), other=self.prefix.other * len(self)) + self.rows

    def estimates(self, tokenizer: Tokenizer) -> Iterator[float]:
        """The tokens of each request beside the prefix, by what is usual of a family of models."""
        for place in range(len(self)):
            yield self.text_of(place).tokens(tokenizer).usual + self.pictures_of.get(place, NOTHING).usual

    @property
    def pictures(self) -> Spread:
        """The tokens of all images and PDFs."""
        return sum(self.pictures_of.values(), NOTHING)


def _without_pictures(messages: bytes, tokenizer: Tokenizer) -> tuple[Text, Spread]:
    """The text of messages, and the tokens of the files that they carry."""
    text, pictures = Text(), NOTHING
    for turn in msgspec.json.decode(messages, type=list[dict[str, Any]]):
        content = turn["content"]
        blocks = cast("list[dict[str, Any]]", content if isinstance(content, list) else [{"text": content}])
        for block in blocks:
            source = block.get("source")
            if source is None:
                text += Text.of(msgspec.json.encode(block.get("text", "")))
            else:
                pictures += picture_tokens(_decoded(source["data"]), source["media_type"], tokenizer)
    return text, pictures


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data)
    except binascii.Error:
        return b""
