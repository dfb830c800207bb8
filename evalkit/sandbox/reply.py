"""Messages and result lines: what one request comes back as, byte for byte the same every time."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from evalkit.sandbox.cache import CacheBill, bill
from evalkit.sandbox.judge import judge
from evalkit.sandbox.outcome import Fate, result_type
from evalkit.sandbox.params import Request
from evalkit.sandbox.replay import Replay
from evalkit.sandbox.schema import Json, as_array, as_object
from evalkit.sandbox.tokens import tokens_of
from evalkit.sandbox.wire import derived_id, encode, error_body

THINKING_TOKENS: Final = 48
_PROSE: Final = "Offline sandbox: this row answers in prose instead of JSON, because it was told to."
_ERRORS: Final[dict[str, tuple[str, str]]] = {
    "api_error": ("api_error", "Internal server error"),
    "overloaded_error": ("overloaded_error", "Overloaded"),
    "invalid_request_error": ("invalid_request_error", "the sandbox was told to refuse the params of this row"),
}


class Replier:
    """Says what a model would have said: from recorded replies where there are any, else by the offline judge."""

    def __init__(self, replay: Replay | None) -> None:
        self._replay = replay

    def knows(self, custom_id: str, model: str) -> bool:
        """Whether there is anything to say; a replay has no words for a case that was not recorded."""
        return self._replay is None or self._replay.text(custom_id, model) is not None

    def text(self, request: Request, custom_id: str, *, position_bias: float = 0.0) -> str:
        """The text of the message, before any outcome is done to it."""
        if self._replay is not None:
            return self._replay.text(custom_id, request.shape.model) or ""
        return judge(request.messages[-1].text, request.shape.schema, position_bias=position_bias)


def result_line(custom_id: str, request: Request, fate: Fate, *, text: str, reads: int, seed: str) -> bytes:
    """One line of a results file, without its newline."""
    kind = result_type(fate)
    if kind == "succeeded":
        body = message(request, fate, text=text, reads=reads, seed=f"{seed} {custom_id}", tier="batch")
        result: dict[str, object] = {"type": kind, "message": body}
    elif kind == "errored":
        error, why = row_error(request, fate, custom_id)
        request_id = derived_id("req", f"{seed} {custom_id}")
        result = {"type": kind, "error": error_body(error, why, request_id)}
    else:
        result = {"type": kind}
    return encode({"custom_id": custom_id, "result": result})


def row_error(request: Request, fate: Fate, custom_id: str) -> tuple[str, str]:
    """Type and text of an errored row."""
    if fate == "invalid":
        return request.kind, request.error or "params: invalid"
    if fate == "unrecorded":
        return "not_found_error", f"no recorded reply for {custom_id!r} and model {request.shape.model!r}"
    return _ERRORS[fate]


def message(request: Request, fate: Fate, *, text: str, reads: int, seed: str, tier: str) -> Json:
    """The message object of a request that succeeded, with its usage."""
    content, stop, output, thinking = _content(request, fate, text)
    refused = {"type": "refusal", "category": None, "explanation": "The sandbox was told to decline this row."}
    marks = request.breakpoints()
    split = bill(marks, request.shape.model, tokens=request.input_tokens(), reads=reads)
    return {
        "id": derived_id("msg", seed),
        "type": "message",
        "role": "assistant",
        "model": request.shape.model,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "stop_details": refused if stop == "refusal" else None,
        "usage": _usage(split, output, thinking, tier),
    }


def _content(request: Request, fate: Fate, text: str) -> tuple[list[Json], str, int, int]:
    """Content blocks, stop reason, output tokens and thinking tokens of an outcome."""
    limit = request.shape.max_tokens
    thought = {"type": "thinking", "thinking": "", "signature": "c2FuZGJveA=="}
    if fate == "refusal":
        return [], "refusal", 0, 0
    if fate == "refusal_partial":
        part = text[: len(text) // 2]
        return [_text(part)], "refusal", tokens_of(part), 0
    if fate == "thinking_only":
        return [thought], "max_tokens", limit, limit
    if fate == "truncated":
        return [_text(text[: len(text) // 2])], "max_tokens", limit, 0
    if fate == "capitals":
        text = _capitals(text, request.shape.schema)
    elif fate == "fooled":
        text = _fooled(text, request.shape.schema)
    elif fate == "prose":
        text = _PROSE
    thinking = THINKING_TOKENS if fate == "thinking" else 0
    output = tokens_of(text) + thinking
    if output > limit:
        # The limit cuts real replies wherever it falls, and thinking is spent first.
        shown = text.encode("utf-8", "replace")[: max(0, limit - thinking) * 4].decode("utf-8", "ignore")
        return [*([thought] if thinking else []), *([_text(shown)] if shown else [])], "max_tokens", limit, thinking
    return [*([thought] if thinking else []), _text(text)], "end_turn", output, thinking


def _text(text: str) -> Json:
    return {"type": "text", "text": text}


def _fooled(text: str, schema: Json | None) -> str:
    """The JSON text with the best value of every enum, as of a judge that obeys what it reads."""
    properties = as_object((schema or {}).get("properties")) or {}
    try:
        filled = as_object(msgspec.json.decode(text))
    except msgspec.DecodeError:
        return text
    if filled is None:
        return text
    for name in filled:
        if values := as_array((as_object(properties.get(name)) or {}).get("enum")):
            filled[name] = values[-1]
    return encode(filled).decode()


def _capitals(text: str, schema: Json | None) -> str:
    """The JSON text with its string enum values in other capitals."""
    properties = as_object((schema or {}).get("properties")) or {}
    try:
        filled: Any = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    found = as_object(filled)
    if found is None:
        return text
    for name, value in found.items():
        if isinstance(value, str) and as_array((as_object(properties.get(name)) or {}).get("enum")):
            found[name] = value.upper() if value != value.upper() else value.lower()
    return encode(found).decode()


def _usage(split: CacheBill, output: int, thinking: int, tier: str) -> Json:
    return {
        "input_tokens": split.fresh,
        "cache_creation_input_tokens": split.written_5m + split.written_1h,
        "cache_read_input_tokens": split.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": split.written_5m,
            "ephemeral_1h_input_tokens": split.written_1h,
        },
        "output_tokens": output,
        "output_tokens_details": {"thinking_tokens": thinking},
        "server_tool_use": None,
        "service_tier": tier,
        "inference_geo": None,
    }
