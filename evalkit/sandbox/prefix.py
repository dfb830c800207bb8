"""What stands before the messages of a request: tools, output format, system; and its cache breakpoints."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final, Literal

from evalkit.sandbox.messages import Message, MisfitError, block_tokens
from evalkit.sandbox.schema import Json, as_array, as_object
from evalkit.sandbox.tokens import MESSAGE_TOKENS, tokens_of
from evalkit.sandbox.wire import encode

Ttl = Literal["5m", "1h"]
TTL_SECONDS: Final[dict[Ttl, int]] = {"5m": 300, "1h": 3600}


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """The end of a cacheable prefix: its identity, its length in tokens, and how long it lives."""

    key: bytes
    tokens: int
    ttl: Ttl


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """The part before the messages: its tokens, and the breakpoints inside it."""

    identity: bytes = b""
    tokens: int = 0
    breakpoints: tuple[Breakpoint, ...] = ()
    automatic: Ttl | None = None
    """Top-level `cache_control`: a breakpoint on the last block of the last message."""
    marks: int = 0
    """`cache_control`s seen, as they count toward the limit."""

    def with_messages(self, messages: list[Message]) -> list[Breakpoint]:
        """All breakpoints of the request, shortest prefix first."""
        found = list(self.breakpoints)
        if self.automatic is None and all(isinstance(message.content, str) for message in messages):
            return found
        walk = _Walk(self.identity, self.tokens)
        for message in messages:
            walk.tokens += MESSAGE_TOKENS
            blocks = (
                [{"type": "text", "text": message.content}] if isinstance(message.content, str) else message.content
            )
            for block in blocks:
                walk.add(block, f"{message.role}")
        found.extend(walk.breakpoints)
        if self.automatic is not None:
            found.append(Breakpoint(walk.identity, walk.tokens, self.automatic))
        return found


class _Walk:
    """Adds blocks to a prefix one by one and notes the breakpoints."""

    def __init__(self, identity: bytes, tokens: int) -> None:
        self.identity = identity
        self.tokens = tokens
        self.breakpoints: list[Breakpoint] = []

    def add(self, block: Json, place: str) -> None:
        bare = {name: value for name, value in block.items() if name != "cache_control"}
        self.identity = _digest(self.identity, place.encode(), encode(bare))
        self.tokens += block_tokens(block) if "type" in bare and bare["type"] == "text" else tokens_of(str(bare))
        if block.get("cache_control") is not None:
            self.breakpoints.append(Breakpoint(self.identity, self.tokens, ttl_of(block["cache_control"], place)))


def read_prefix(params: Json) -> Prefix:
    """The prefix of well-formed params.

    Raises:
        MisfitError: tools, system or a cache_control does not have the shape the API asks for.
    """
    config: Json = as_object(params.get("output_config")) or {}
    # The format is rendered into the prompt, and effort and thinking shape it: all three part the caches.
    layout: Any = config.get("format")
    walk = _Walk(
        _digest(encode([params["model"], layout, config.get("effort"), params.get("thinking")])),
        tokens_of(encode(layout).decode()) if layout else 0,
    )
    for index, tool in enumerate(as_array(params.get("tools")) or []):
        walk.add(_block(tool, f"tools.{index}"), f"tools.{index}")
    for index, block in enumerate(_system_blocks(params.get("system"))):
        walk.add(_block(block, f"system.{index}"), f"system.{index}")
    automatic = params.get("cache_control")
    _check_order([mark.ttl for mark in walk.breakpoints])
    return Prefix(
        identity=walk.identity,
        tokens=walk.tokens,
        breakpoints=tuple(walk.breakpoints),
        automatic=None if automatic is None else ttl_of(automatic, ""),
        marks=len(walk.breakpoints) + (automatic is not None),
    )


def ttl_of(control: object, place: str) -> Ttl:
    """The life of a breakpoint from its `cache_control`.

    Raises:
        MisfitError: it is not an ephemeral cache_control.
    """
    where = f"{place}.cache_control".lstrip(".")
    given = as_object(control)
    if given is None or given.get("type") != "ephemeral":
        raise MisfitError(f"{where}.type: Input should be 'ephemeral'")
    ttl = given.get("ttl", "5m")
    if ttl == "5m":
        return "5m"
    if ttl == "1h":
        return "1h"
    raise MisfitError(f"{where}.ephemeral.ttl: Input should be '5m' or '1h'")


def _system_blocks(system: object) -> list[Any]:
    if system is None or system == "":
        return []
    if isinstance(system, str):
        return [{"type": "text", "text": system}]
    blocks = as_array(system)
    if blocks is None:
        raise MisfitError("system: Input should be a valid string or list")
    for index, block in enumerate(blocks):
        found = as_object(block) or {}
        if found.get("type") != "text":
            raise MisfitError(f"system.{index}.type: Input should be 'text'")
        if not isinstance(found.get("text"), str):
            raise MisfitError(f"system.{index}.text: Field required")
        if not found["text"]:
            raise MisfitError(f"system.{index}: text content blocks must be non-empty")
    return blocks


def _block(value: object, where: str) -> Json:
    block = as_object(value)
    if block is None:
        raise MisfitError(f"{where}: Input should be a valid dictionary")
    return block


def _check_order(ttls: list[Ttl]) -> None:
    if "1h" in ttls[ttls.index("5m") :] if "5m" in ttls else False:
        raise MisfitError("a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block")


def _digest(*parts: bytes) -> bytes:
    total = hashlib.blake2b(digest_size=16)
    for part in parts:
        total.update(len(part).to_bytes(8, "big"))
        total.update(part)
    return total.digest()
