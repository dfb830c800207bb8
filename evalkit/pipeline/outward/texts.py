"""Cases in the words of other tools: what is no text there is written as its JSON, and counted."""

from __future__ import annotations

import json
from typing import Any, Final, cast

from evalkit.dataset import Case
from evalkit.dataset.case import Json
from evalkit.pipeline.outward.losses import Losses

_ROLES: Final = ("system", "user", "assistant", "tool")


def as_text(value: object) -> str:
    """A text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def messages_of(case: Case) -> list[dict[str, Any]] | None:
    """The input as chat messages, where it is some whose content is text."""
    if not isinstance(case.input, list):
        return None
    found: list[dict[str, Any]] = []
    for item in case.input:
        message = cast("dict[str, Json]", item)
        if message.get("role") not in _ROLES or not isinstance(message.get("content"), str):
            return None
        found.append({"role": message["role"], "content": message["content"]})
    return found


def input_text(case: Case, losses: Losses) -> str:
    """The input as one text."""
    if not isinstance(case.input, str):
        losses.add("input that is no text, written as JSON")
    return as_text(case.input)


def targets(case: Case, losses: Losses) -> list[str]:
    """The accepted answers; none where the case has no reference."""
    if case.expected is None:
        return []
    items = case.expected if isinstance(case.expected, list) else [case.expected]
    if any(not isinstance(item, str) for item in items):
        losses.add("expected value that is no text, written as JSON")
    return [as_text(item) for item in items]
