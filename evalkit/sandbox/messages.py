"""The messages of one request: their shape, their text, and how they go wrong."""

from __future__ import annotations

import re
from typing import Any, Final, Literal

import msgspec

from evalkit.sandbox.pictures import picture_tokens
from evalkit.sandbox.schema import Json
from evalkit.sandbox.tokens import MESSAGE_TOKENS, tokens_of

BLOCK_TYPES: Final = frozenset(
    {"text", "image", "document", "search_result", "tool_use", "tool_result", "thinking", "redacted_thinking"}
)


class Message(msgspec.Struct):
    """One message as sent."""

    role: Literal["user", "assistant"]
    content: str | list[dict[str, Any]]

    @property
    def text(self) -> str:
        """The text of all its text blocks."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(str(block["text"]) for block in self.content if block.get("type") == "text")

    @property
    def tokens(self) -> int:
        """Estimated tokens with the frame of a message."""
        if isinstance(self.content, str):
            return MESSAGE_TOKENS + tokens_of(self.content)
        return MESSAGE_TOKENS + sum(block_tokens(block) for block in self.content)


_DECODER: Final = msgspec.json.Decoder(list[Message])
_PLACE: Final = re.compile(r" - at `\$?(.*)`$")


class MisfitError(Exception):
    """A value does not fit; the text is the API's, with its path."""


def read_messages(raw: bytes | msgspec.Raw) -> list[Message]:
    """The messages of one request.

    Raises:
        MisfitError: they do not have the shape the API asks for.
    """
    try:
        messages = _DECODER.decode(raw)
    except msgspec.ValidationError as error:
        raise MisfitError(misfit_text("messages", error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MisfitError("messages: Input should be valid JSON") from error
    if not messages:
        raise MisfitError("messages: at least one message is required")
    for index, message in enumerate(messages):
        if not message.content:
            raise MisfitError(f"messages.{index}: all messages must have non-empty content")
        if isinstance(message.content, list):
            _check_blocks(message, index)
    return messages


def misfit_text(name: str, error: msgspec.ValidationError) -> str:
    """A decoder's complaint in the API's way: `messages.0.role: ...`."""
    text = str(error)
    found = _PLACE.search(text)
    place = found.group(1).replace("[", ".").replace("]", "") if found else ""
    text = _PLACE.sub("", text)
    missing = re.fullmatch(r"Object missing required field `(.*)`", text)
    if missing:
        return f"{name}{place}.{missing.group(1)}: Field required"
    return f"{name}{place}: {text}"


def block_tokens(block: Json) -> int:
    """Estimated tokens of one content block."""
    if block.get("type") in {"image", "document"}:
        return picture_tokens(block)
    text = block.get("text")
    return tokens_of(text) if isinstance(text, str) else tokens_of(str(block.get("content", "")))


def _check_blocks(message: Message, index: int) -> None:
    for number, block in enumerate(message.content):
        where = f"messages.{index}.content.{number}"
        if not isinstance(block, dict):
            raise MisfitError(f"{where}: Input should be a valid dictionary")
        kind = block.get("type")
        if not isinstance(kind, str):
            raise MisfitError(f"{where}.type: Field required")
        if kind == "text" and not isinstance(block.get("text"), str):
            raise MisfitError(f"{where}.text.text: Field required")
        if kind == "text" and not str(block["text"]).strip():
            raise MisfitError("messages: text content blocks must contain non-whitespace text")
        if kind not in BLOCK_TYPES:
            raise MisfitError(f"{where}: Input tag {kind!r} found using 'type' does not match any of the expected tags")
