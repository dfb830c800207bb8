"""The six endpoints of the Message Batches API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from evalkit.sandbox.batch import Batch
from evalkit.sandbox.behaviour import Behaviour, Fault
from evalkit.sandbox.call import Call
from evalkit.sandbox.envelope import read_envelope
from evalkit.sandbox.results import body, cut, spoilt_lines
from evalkit.sandbox.shelf import Shelf
from evalkit.sandbox.wire import Answer, ApiError, Ending, encode
from evalkit.sandbox.witness import custom_ids_digest


class BatchEndpoints:
    """Answers calls about batches from what stands on the shelf."""

    def __init__(self, shelf: Shelf, *, clock: Callable[[], datetime]) -> None:
        self._shelf = shelf
        self._clock = clock

    def create(self, call: Call, behaviour: Behaviour) -> Answer:
        """Check the envelope at once and take the batch in."""
        if call.spool is None:
            raise ApiError(400, "The request body is not valid JSON")
        rows, custom_ids = read_envelope(call.spool, limit=behaviour.max_requests)
        batch = self._shelf.add(rows, account=call.account, version=call.version, behaviour=behaviour)
        # From here on the file belongs to the batch, whatever becomes of the call.
        call.spool = None
        call.requests, call.custom_ids_digest = len(rows), custom_ids_digest(custom_ids)
        return self._described(batch, call)

    def retrieve(self, call: Call, behaviour: Behaviour) -> Answer:
        """The batch as it stands, with a hint when to ask again while it is not final."""
        batch = self._shelf.look(call.name, call.account, behaviour)
        answer = self._described(batch, call)
        hint = behaviour.retry_after
        if batch.ended_at is not None or hint is None:
            return answer
        return replace(answer, headers=(*answer.headers, ("retry-after", f"{hint:g}")))

    def list(self, call: Call, behaviour: Behaviour, *, lag: float) -> Answer:
        """One page of the account's batches, newest first."""
        batches = self._shelf.newest_first(call.account, behaviour, lag=lag)
        first, last, has_more = _page(call, [batch.id for batch in batches], behaviour)
        now = self._clock()
        data = [batch.describe(call.origin, now) for batch in batches[first:last]]
        ends = (data[0]["id"], data[-1]["id"]) if data else (None, None)
        return Answer(body=encode({"data": data, "has_more": has_more, "first_id": ends[0], "last_id": ends[1]}))

    def cancel(self, call: Call, behaviour: Behaviour) -> Answer:
        """Begin to cancel; the answer already says `canceling`."""
        return self._described(self._shelf.cancel(call.name, call.account, behaviour), call)

    def delete(self, call: Call, behaviour: Behaviour) -> Answer:
        """Forget a batch that has ended."""
        self._shelf.delete(call.name, call.account, behaviour)
        call.batch = call.name
        return Answer(body=encode({"id": call.name, "type": "message_batch_deleted"}))

    def results(self, call: Call, behaviour: Behaviour, faults: list[Fault]) -> Answer:
        """The results, made while they are sent."""
        batch = self._shelf.look(call.name, call.account, behaviour)
        call.batch = batch.id
        if batch.ended_at is None:
            raise ApiError(400, f"Message Batch {batch.id} has not ended yet: it has no results.")
        if batch.archived(self._clock()):
            raise ApiError(404, f"Message Batch {batch.id} is archived: its results are no longer available.")
        return self._download(batch, behaviour, faults)

    def _described(self, batch: Batch, call: Call) -> Answer:
        call.batch = batch.id
        return Answer(body=encode(batch.describe(call.origin, self._clock())))

    def _download(self, batch: Batch, behaviour: Behaviour, faults: list[Fault]) -> Answer:
        polluted = [*(Fault("results", kind) for kind in behaviour.pollution), *faults]
        # The API sends no content-type here.
        whole = Answer(headers=(("content-disposition", f'attachment; filename="{batch.id}_results.jsonl"'),))
        cuts = [fault for fault in faults if fault.kind == "cut"]
        if not cuts:
            return replace(whole, body=self._pieces(batch, behaviour, polluted))
        part = cut(self._pieces(batch, behaviour, polluted), cuts[0].byte)
        match cuts[0].framing:
            case "terminated":
                return replace(whole, body=part)
            case "chunked":
                return replace(whole, body=part, unterminated=True, ending=Ending.CLOSE)
            case "eof":
                return replace(whole, body=part, until_eof=True, ending=Ending.CLOSE)
            case "length":
                size = sum(len(piece) for piece in self._pieces(batch, behaviour, polluted))
                return replace(whole, body=part, length=size, ending=Ending.CLOSE)

    def _pieces(self, batch: Batch, behaviour: Behaviour, faults: list[Fault]) -> Iterator[bytes]:
        lines = self._shelf.lines(batch, position_bias=behaviour.position_bias)
        if faults:
            lines = spoilt_lines(lines, faults)
        return body(lines, trailing_newline=behaviour.trailing_newline)


def _page(call: Call, ids: list[str], behaviour: Behaviour) -> tuple[int, int, bool]:
    """Where a page begins and ends among the ids, and whether more lie beyond it in the direction of its cursor."""
    limit = _limit(call.query("limit"), behaviour)
    after, before = call.query("after_id"), call.query("before_id")
    if after and before:
        raise ApiError(400, "after_id, before_id: only one of the two may be given")
    if before:
        end = _position(ids, "before_id", before)
        return max(0, end - limit), end, end > limit
    start = _position(ids, "after_id", after) + 1 if after else 0
    return start, start + limit, len(ids) > start + limit


def _limit(text: str | None, behaviour: Behaviour) -> int:
    if text is None:
        return behaviour.page_default
    if not text.isdecimal():
        raise ApiError(400, "limit: Input should be a valid integer, unable to parse string as an integer")
    if int(text) < 1:
        raise ApiError(400, "limit: Input should be greater than or equal to 1")
    if int(text) > behaviour.page_max:
        raise ApiError(400, f"limit: Input should be less than or equal to {behaviour.page_max}")
    return int(text)


def _position(ids: list[str], name: str, cursor: str) -> int:
    if cursor not in ids:
        raise ApiError(400, f"{name}: no Message Batch with id {cursor}")
    return ids.index(cursor)
