"""Lists of messages that another tool keeps as a prompt, as one template of evalkit's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.foreign.project import Project
from evalkit.foreign.source import as_dict, as_list, is_dict, is_list, text_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A message of a prompt; its text is a template."""

    role: str
    text: str
    fixed: bool
    """Whether it prints nothing of a case."""


def turns_of(value: Any) -> list[tuple[str, str]]:
    """The role and the text of each message; empty where these are no messages."""
    messages = [as_dict(turn) for turn in as_list(value)]
    if not messages or not all("role" in message and "content" in message for message in messages):
        return []
    return [(text_of(message["role"]), content(message)) for message in messages]


def assembled(turns: Sequence[Turn], project: Project, where: str) -> str:
    """The prompt: what is fixed and comes first is its system prompt, the rest is what is asked of each case."""
    first = 0
    while first < len(turns) and turns[first].role in {"system", "developer"} and turns[first].fixed:
        first += 1
    system = "\n\n".join(turn.text.strip() for turn in turns[:first])
    rest = "\n\n".join(turn.text.strip() for turn in turns[first:])
    if len(turns) - first > 1:
        project.change(where, "prompt", "its messages are joined into one of the user, in their order")
    if not system or not rest:
        return f"{system or rest}\n"
    return f"{{% block system %}}\n{system}\n{{% endblock %}}\n{{% block case %}}\n{rest}\n{{% endblock %}}\n"


def content(message: Any) -> str:
    """The text of a message, whose content is a text or a list of parts."""
    found = as_dict(message).get("content")
    if is_dict(found):
        found = [found]
    if is_list(found):
        parts = [as_dict(part) for part in as_list(found)]
        return "\n".join(text_of(part.get("text", part)) for part in parts)
    return text_of(found)
