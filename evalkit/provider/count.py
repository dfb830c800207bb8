"""Counting tokens: free, with a limit of its own, and nothing that it asks makes anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from evalkit.provider.faults import cause, plain

if TYPE_CHECKING:
    import anthropic

_SECONDS: Final = 15.0
_NOT_COUNTED: Final = ("max_tokens", "metadata", "service_tier", "stop_sequences", "stream", "inference_geo")
"""What the Messages API takes and a count does not."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The tokens of a prompt."""

    tokens: int


@dataclass(frozen=True, slots=True)
class NotCounted:
    """Why a prompt was not counted."""

    reason: str


def count_tokens(client: anthropic.Anthropic, params: bytes) -> Counted | NotCounted:
    """The tokens of the prompt in the params of a request; asked once, whatever happens."""
    import anthropic

    asked: dict[str, Any] = {
        name: value
        for name, value in msgspec.json.decode(params, type=dict[str, Any]).items()
        if name not in _NOT_COUNTED
    }
    try:
        once = client.with_options(max_retries=0, timeout=_SECONDS)
        return Counted(once.messages.count_tokens(**asked).input_tokens)
    except anthropic.APIStatusError as error:
        return NotCounted(plain(error))
    except anthropic.APIConnectionError as error:
        return NotCounted(cause(error))
    except (anthropic.AnthropicError, ValueError, TypeError, AttributeError) as error:
        return NotCounted(f"the answer was not readable ({type(error).__name__})")
