"""A conversation as a judge reads it: each turn in a fence of its own, so that no turn can pretend to be two."""

from __future__ import annotations

from typing import Final, cast

from evalkit.graders.fence import Fenced, fence, wrapped
from evalkit.graders.fields import as_text, spoken, turns_of

_NAME: Final = "turn_{place}_{role}"


def fenced_value(value: object, name: str, tag: str) -> Fenced:
    """A value in its fence; a conversation with each of its turns in one within.

    Raises:
        RenderError: it is nothing of the case's, such as a method.
    """
    turns = turns_of(value)
    if not turns:
        return fence(as_text(value), name, tag)
    within = [
        fence(spoken(turn), _NAME.format(place=place, role=cast("str", turn["role"])), tag)
        for place, turn in enumerate(turns, start=1)
    ]
    return wrapped("\n\n".join(within), name, tag)
