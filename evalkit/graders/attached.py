"""Attachments of a case in the messages that show it: before the text of the user's last turn."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from evalkit.dataset import Attachment, Case, Refused
from evalkit.graders.fields import CannotAskError


def with_attachments(turns: Sequence[dict[str, object]], case: Case) -> list[dict[str, object]]:
    """The messages with the case's attachments, where it has any.

    Raises:
        CannotAskError: a file is gone, or holds other bytes than when the case was read.
    """
    if not case.attachments:
        return list(turns)
    try:
        blocks = [_block(attachment) for attachment in case.attachments]
    except Refused as refused:
        raise CannotAskError(f"{refused.what}: {refused.mend}") from refused
    *before, last = turns
    return [*before, {**last, "content": [*blocks, {"type": "text", "text": last["content"]}]}]


def _block(attachment: Attachment) -> dict[str, object]:
    kind = "document" if attachment.media_type == "application/pdf" else "image"
    data = base64.standard_b64encode(attachment.read()).decode("ascii")
    return {"type": kind, "source": {"type": "base64", "media_type": attachment.media_type, "data": data}}
