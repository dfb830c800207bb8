"""The calls beside the batches: one message at once, and a count of tokens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from evalkit.sandbox.behaviour import Behaviour
from evalkit.sandbox.cache import NO_CACHE, CacheRun
from evalkit.sandbox.call import Call
from evalkit.sandbox.outcome import result_type
from evalkit.sandbox.params import Request
from evalkit.sandbox.reply import Replier, message, row_error
from evalkit.sandbox.shelf import Shelf
from evalkit.sandbox.wire import Answer, ApiError, encode

_STATUS = {"not_found_error": 404, "api_error": 500, "overloaded_error": 529}


class Realtime:
    """Answers single requests with the judge and the cache that the batches use."""

    def __init__(self, shelf: Shelf, *, clock: Callable[[], datetime], replier: Replier) -> None:
        self._shelf = shelf
        self._clock = clock
        self._replier = replier

    def create(self, call: Call, behaviour: Behaviour) -> Answer:
        """`POST /v1/messages`: the message, or the error that a batch would give the row."""
        if _params(call.body).get("stream"):
            raise ApiError(400, "stream: the sandbox does not stream")
        request = self._read(call.body, call.version)
        name, model = f"message-{call.body_sha256}", request.shape.model
        if not self._replier.knows(name, model):
            raise ApiError(404, row_error(request, "unrecorded", name)[1])
        fate = self._shelf.chooser.choose(behaviour, call.account, name, max_tokens=request.shape.max_tokens)
        if result_type(fate) == "errored":
            kind, why = row_error(request, fate, name)
            raise ApiError(_STATUS.get(kind, 400), why, kind=kind)
        fate = "ok" if fate == "expired" else fate
        text = self._replier.text(request, name, position_bias=behaviour.position_bias)
        reads = self._reads(request, call, behaviour) if behaviour.cache else NO_CACHE
        seed = f"{call.request_id} {name}"
        call.requests = 1
        body = encode(message(request, fate, text=text, reads=reads, seed=seed, tier="standard"))
        return Answer(body=body, wait=behaviour.message_seconds)

    def count_tokens(self, call: Call) -> Answer:
        """`POST /v1/messages/count_tokens`: the estimate that usage will show."""
        params = {"max_tokens": 1, **_params(call.body)}
        request = self._read(encode(params), call.version)
        return Answer(body=encode({"input_tokens": request.input_tokens()}))

    def _read(self, body: bytes, version: str) -> Request:
        request = self._shelf.shapes.read(body, version=version, batch=False)
        if request.error is not None:
            raise ApiError(_STATUS.get(request.kind, 400), request.error, kind=request.kind)
        return request

    def _reads(self, request: Request, call: Call, behaviour: Behaviour) -> int:
        now = self._clock()
        run = CacheRun(self._shelf.cache, call.account, started=now, behaviour=behaviour)
        reads = run.hit(request.breakpoints(), request.shape.model, call.request_id)
        run.finish(now)
        return reads


def _params(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(400, "The request body is not valid JSON") from error
