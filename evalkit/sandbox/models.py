"""What the sandbox says of a model; any id that begins with `claude-` is one."""

from __future__ import annotations

import re
from typing import Any, Final

from evalkit.sandbox.wire import ApiError

_LINES: Final = ("haiku", "sonnet", "opus", "fable", "mythos")
_OLD: Final = re.compile(r"claude-(3|(opus|sonnet)-4(-1)?(-\d{8})?$)")
_YES: Final = {"supported": True}


def model_info(model: str) -> dict[str, object]:
    """The ModelInfo object of a model.

    Raises:
        ApiError: 404 for an id that is no model's.
    """
    if not re.fullmatch(r"claude-[a-z0-9-]+", model):
        raise ApiError(404, f"model: {model}")
    words = model.removeprefix("claude-").split("-")
    line = next((name for name in _LINES if name in words), None)
    retired = bool(_OLD.match(model))
    return {
        "id": model,
        "type": "model",
        "display_name": "Claude " + " ".join(word.capitalize() for word in words),
        "created_at": "1970-01-01T00:00:00Z",
        "max_input_tokens": 1_000_000,
        "max_tokens": 128_000,
        "lifecycle": "retired" if retired else "active",
        "line": line,
        "deprecated_at": "1970-01-01T00:00:00Z" if retired else None,
        "retires_at": "1970-01-01T00:00:00Z" if retired else None,
        "capabilities": _capabilities(structured=not retired),
    }


def _capabilities(*, structured: bool) -> dict[str, Any]:
    levels = ("low", "medium", "high", "xhigh", "max")
    plain = ("batch", "citations", "code_execution", "image_input", "pdf_input")
    return {
        **dict.fromkeys(plain, _YES),
        "structured_outputs": {"supported": structured},
        "effort": {"supported": True, **dict.fromkeys(levels, _YES)},
        "thinking": {
            "supported": True,
            "types": dict.fromkeys(("adaptive", "between_tools", "disabled", "enabled"), _YES),
        },
        "server_tools": {"supported": True, "web_search": _YES, "code_execution": _YES},
        "context_management": {"supported": False},
    }
