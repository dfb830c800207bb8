"""The params of one request, judged the way the API judges them: late, and only for their own row.

Rows of a batch differ in their messages and share the rest, so everything but the messages is judged once per
distinct text of it: that is a `Shape`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from evalkit.sandbox.messages import Message, MisfitError, read_messages
from evalkit.sandbox.prefix import Breakpoint, Prefix, read_prefix
from evalkit.sandbox.schema import Json, as_array, as_object, schema_error

NEW_VERSION: Final = "2026-10-21"
VERSIONS: Final = frozenset({"2023-06-01", NEW_VERSION})
EFFORTS: Final = ("low", "medium", "high", "xhigh", "max")
MAX_BREAKPOINTS: Final = 4
_MAX_TOKENS: Final = 128_000
_KNOWN_FIELDS: Final = (
    "cache_control container diagnostics inference_geo max_tokens messages metadata model output_config service_tier"
    " stop_sequences stream system temperature thinking tool_choice tools top_k top_p user_profile_id"
)
_KNOWN: Final = frozenset(_KNOWN_FIELDS.split())
_NOT_IN_BATCH: Final = ("speed", "store", "previous_thread_event_id", "cache_hint", "context_hint", "fallbacks")
_SAMPLING: Final = ("temperature", "top_p", "top_k")
_NO_FORCED_TOOLS: Final = re.compile(r"claude-(opus-5-5|sonnet-5-5|fable-5-[12]|mythos-5-[12])")
_ALWAYS_THINKS: Final = re.compile(r"claude-(opus-5-5|fable|mythos)")
_MANUAL_THINKING: Final = re.compile(r"claude-(3|(opus|sonnet|haiku)-4(-[156])?(-\d{8})?$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Everything of a request but its messages, with what is wrong with it."""

    error: str | None
    kind: str = "invalid_request_error"
    model: str = ""
    max_tokens: int = 0
    schema: Json | None = None
    prefix: Prefix


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as the sandbox understands it; with an `error`, nothing else of it counts."""

    shape: Shape
    messages: list[Message]
    error: str | None = None
    kind: str = "invalid_request_error"

    def breakpoints(self) -> list[Breakpoint]:
        """Its cache breakpoints, shortest prefix first."""
        return self.shape.prefix.with_messages(self.messages)

    def input_tokens(self) -> int:
        """Estimated tokens of the whole prompt."""
        return self.shape.prefix.tokens + sum(message.tokens for message in self.messages)


class _Slim(msgspec.Struct):
    messages: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_SLIM: Final = msgspec.json.Decoder(_Slim)
_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])


class Shapes:
    """Reads requests; remembers the shapes it has judged."""

    capacity = 256

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, bytes, str, bool], Shape] = {}

    def read(self, params: bytes | msgspec.Raw, *, version: str, batch: bool = True) -> Request:
        """The request in a `params` text; never fails, but may carry an error."""
        text = bytes(params)
        try:
            raw = _SLIM.decode(text).messages
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _broken("params: Input should be valid JSON")
        messages = b"" if raw is msgspec.UNSET else bytes(raw)
        head, _, tail = text.partition(messages) if messages else (text, b"", b"")
        key = (head, tail, version, batch)
        shape = self._known.get(key)
        if shape is None:
            shape = _judge(text, version=version, batch=batch)
            if len(self._known) >= self.capacity:
                self._known.clear()
            self._known[key] = shape
        return _with_messages(shape, messages)


def _with_messages(shape: Shape, raw: bytes) -> Request:
    if shape.error is not None:
        return Request(shape=shape, messages=[], error=shape.error, kind=shape.kind)
    if not raw:
        return Request(shape=shape, messages=[], error="messages: Field required")
    try:
        messages = read_messages(raw)
    except MisfitError as error:
        return Request(shape=shape, messages=[], error=str(error))
    return Request(shape=shape, messages=messages, error=_messages_error(shape, messages))


def _messages_error(shape: Shape, messages: list[Message]) -> str | None:
    if messages[0].role != "user":
        return 'messages: first message must use the "user" role'
    if messages[-1].role != "user":
        return "This model does not support assistant message prefill. The conversation must end with a user message."
    count = shape.prefix.marks + sum(
        "cache_control" in block
        for message in messages
        if isinstance(message.content, list)
        for block in message.content
    )
    if count > MAX_BREAKPOINTS:
        return f"A maximum of {MAX_BREAKPOINTS} blocks with cache_control may be provided. Found {count}."
    return None


def _broken(error: str) -> Request:
    return Request(shape=Shape(error=error, prefix=Prefix()), messages=[], error=error)


def _judge(text: bytes, *, version: str, batch: bool) -> Shape:
    try:
        params = _OBJECT.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Shape(error="params: Input should be valid JSON", prefix=Prefix())
    error = next(_field_errors(params, version=version, batch=batch), None)
    model = params.get("model")
    if error is None and isinstance(model, str) and not model.startswith("claude-"):
        return Shape(error=f"model: {model}", kind="not_found_error", prefix=Prefix())
    if error is not None:
        return Shape(error=error, prefix=Prefix())
    try:
        prefix = read_prefix(params)
    except MisfitError as misfit:
        return Shape(error=str(misfit), prefix=Prefix())
    return Shape(
        error=None,
        model=str(model),
        max_tokens=int(params["max_tokens"]),
        schema=as_object(_format(params).get("schema")),
        prefix=prefix,
    )


def _field_errors(params: Json, *, version: str, batch: bool) -> Iterator[str]:
    if batch:
        for name in _NOT_IN_BATCH:
            if name in params:
                yield f"{name}: `{name}` is not supported in message batches"
        if params.get("stream"):
            yield "stream: streaming is not supported in message batches"
    for name in sorted(params.keys() - _KNOWN - set(_NOT_IN_BATCH)):
        yield f"{name}: Extra inputs are not permitted"
    if not isinstance(params.get("model"), str):
        yield "model: Field required" if "model" not in params else "model: Input should be a valid string"
    yield from _max_tokens_errors(params, batch=batch)
    for name in _SAMPLING:
        if name in params and version == NEW_VERSION:
            yield f"{name}: `{name}` is not supported in API version {NEW_VERSION} and later"
    yield from _output_errors(params)
    yield from _thinking_errors(params)
    yield from _tool_errors(params)


def _max_tokens_errors(params: Json, *, batch: bool) -> Iterator[str]:
    value = params.get("max_tokens")
    if "max_tokens" not in params:
        yield "max_tokens: Field required"
    elif not isinstance(value, int) or isinstance(value, bool):
        yield "max_tokens: Input should be a valid integer"
    elif value < 1 and (batch or value < 0):
        yield "max_tokens: Input should be greater than or equal to 1"
    elif value > _MAX_TOKENS:
        yield f"max_tokens: {value} > {_MAX_TOKENS}, which is the maximum allowed number of output tokens"


def _format(params: Json) -> Json:
    return as_object((as_object(params.get("output_config")) or {}).get("format")) or {}


def _output_errors(params: Json) -> Iterator[str]:
    if "output_config" not in params:
        return
    config = as_object(params["output_config"])
    if config is None:
        yield "output_config: Input should be a valid dictionary"
        return
    for name in sorted(config.keys() - {"format", "effort", "task_budget"}):
        yield f"output_config.{name}: Extra inputs are not permitted"
    if config.get("effort", "low") not in (None, *EFFORTS):
        yield "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'"
    if config.get("format") is None:
        return
    layout = _format(params)
    if layout.get("type") != "json_schema":
        yield "output_config.format.type: Input should be 'json_schema'"
    error = schema_error(layout.get("schema"))
    if error is not None:
        yield error if error.startswith("Schema is too") else f"output_config.format.schema: {error}"


def _thinking_errors(params: Json) -> Iterator[str]:
    thinking, model = params.get("thinking"), str(params.get("model"))
    if thinking is None:
        return
    kind = (as_object(thinking) or {}).get("type")
    if kind not in {"enabled", "disabled", "adaptive", "between_tools"}:
        yield "thinking.type: Input should be 'enabled', 'disabled', 'adaptive' or 'between_tools'"
    if kind == "enabled" and not _MANUAL_THINKING.match(model):
        yield "thinking.type: `enabled` is not supported for this model; use `adaptive`"
    if kind == "disabled" and _ALWAYS_THINKS.match(model):
        yield "thinking.type: thinking cannot be disabled for this model"


def _tool_errors(params: Json) -> Iterator[str]:
    if "tools" in params and as_array(params["tools"]) is None:
        yield "tools: Input should be a valid list"
    choice = (as_object(params.get("tool_choice")) or {}).get("type")
    if choice in {"any", "tool"} and _NO_FORCED_TOOLS.match(str(params.get("model"))):
        yield 'tool_choice: type "tool" and "any" are not supported for this model.'
