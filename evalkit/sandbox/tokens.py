"""Token estimates: about a token per four bytes of UTF-8; the same text always costs the same."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

MESSAGE_TOKENS: Final = 4
"""What the frame around one message costs."""

_MINIMUMS: Final = (
    (512, ("haiku-5-5", "opus-5-5", "opus-5", "fable-5", "mythos-5", "sonnet-5-5")),
    (1024, ("opus-4-8", "sonnet-5", "sonnet-4-6", "sonnet-4-5")),
    (2048, ("opus-4-7", "mythos-preview")),
    (4096, ("opus-4-6", "opus-4-5", "haiku-4-5")),
)


def tokens_of(text: str) -> int:
    """Estimated tokens of a text; 0 for an empty one."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    return (size + 3) // 4


@lru_cache(maxsize=256)
def minimum_prefix(model: str) -> int:
    """Tokens below which a prefix is silently not cached; 1024 for a model that is not known."""
    name = model.removeprefix("claude-")
    matches = [
        (len(stem), least)
        for least, stems in _MINIMUMS
        for stem in stems
        if name == stem or name.startswith(stem + "-")
    ]
    return max(matches)[1] if matches else 1024
