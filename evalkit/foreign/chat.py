"""Lists of messages that another tool keeps as a prompt, as one template."""

from __future__ import annotations

from typing import Any

from evalkit.foreign.project import Project
from evalkit.foreign.source import as_dict, as_list, is_dict, is_list, text_of


def from_messages(turns: Any, project: Project, where: str) -> str | None:
    """The messages as one prompt; None where these are no messages."""
    messages = [as_dict(turn) for turn in as_list(turns)]
    if not messages or not all("role" in message and "content" in message for message in messages):
        return None
    if len(messages) == 1:
        return content(messages[0])
    project.change(where, "prompt", "its messages are joined into one, in their order")
    return "\n\n".join(content(message) for message in messages)


def content(message: Any) -> str:
    """The text of a message, whose content is a text or a list of parts."""
    found = as_dict(message).get("content")
    if is_dict(found):
        found = [found]
    if is_list(found):
        parts = [as_dict(part) for part in as_list(found)]
        return "\n".join(text_of(part.get("text", part)) for part in parts)
    return text_of(found)
