"""The endpoints: a call in, an answer out, and a word to the witness between."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from evalkit.sandbox.batch import Batch
from evalkit.sandbox.behaviour import Behaviour, Endpoint, Fault
from evalkit.sandbox.call import Call
from evalkit.sandbox.endpoints import BatchEndpoints
from evalkit.sandbox.faults import FaultSchedule, spoilt_answer, takes_effect
from evalkit.sandbox.models import model_info
from evalkit.sandbox.params import VERSIONS
from evalkit.sandbox.realtime import Realtime
from evalkit.sandbox.reply import Replier
from evalkit.sandbox.shelf import Shelf, account_of
from evalkit.sandbox.wire import Answer, ApiError, Ending, encode, timestamp
from evalkit.sandbox.witness import Witness, WitnessEntry


class Api:
    """The Message Batches API, and the few calls beside it that a harness makes."""

    def __init__(
        self,
        *,
        behaviour: Behaviour,
        clock: Callable[[], datetime],
        replier: Replier,
        witness: Witness,
        kept: Iterable[Batch] | None = None,
    ) -> None:
        self.faults = FaultSchedule(behaviour.faults)
        self.witness = witness
        self.clock = clock
        self._behaviour = behaviour
        self._shelf = Shelf(clock=clock, replier=replier, kept=kept)
        self._batches = BatchEndpoints(self._shelf, clock=clock)
        self._realtime = Realtime(self._shelf, clock=clock, replier=replier)

    @property
    def behaviour(self) -> Behaviour:
        """How it behaves now."""
        return self._behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        if behaviour.faults != self._behaviour.faults:
            self.faults.replace(behaviour.faults)
        self._behaviour = behaviour

    def handle(self, call: Call) -> Answer:
        """Answer a call, and tell the witness before anybody else."""
        faults = self.faults.due(call.endpoint) if call.endpoint else []
        call.faults.extend(fault.kind for fault in faults)
        answer = self._answer(call, faults)
        self.note(call, "reset" if answer.ending is Ending.RESET else answer.status)
        return answer

    def note(self, call: Call, status: int | str) -> None:
        """Tell the witness of a call."""
        self.witness.note(
            WitnessEntry(
                time=timestamp(self.clock()) or "",
                method=call.method,
                path=call.target,
                endpoint=call.endpoint or "none",
                status=status,
                request_id=call.request_id,
                account=call.account,
                batch=call.batch,
                requests=call.requests,
                body_sha256=call.body_sha256,
                custom_ids_digest=call.custom_ids_digest,
                retry_count=_whole_number(call.headers.get("x-stainless-retry-count")),
                faults=tuple(call.faults),
            )
        )

    def _answer(self, call: Call, faults: list[Fault]) -> Answer:
        for fault in faults:
            if not takes_effect(fault) and (early := spoilt_answer(fault, call, None)):
                return early
        try:
            self._admit(call)
            answer = self._route(call, faults)
        except ApiError as error:
            answer = error.answer(call.request_id)
        for fault in faults:
            if takes_effect(fault) and (late := spoilt_answer(fault, call, answer)):
                return late
        return answer

    def _route(self, call: Call, faults: list[Fault]) -> Answer:
        behaviour, batches, realtime = self._behaviour, self._batches, self._realtime
        routes: dict[Endpoint | None, Callable[[], Answer]] = {
            "create": lambda: batches.create(call, behaviour),
            "retrieve": lambda: batches.retrieve(call, behaviour),
            "list": lambda: batches.list(call, behaviour, lag=self.faults.list_lag()),
            "cancel": lambda: batches.cancel(call, behaviour),
            "delete": lambda: batches.delete(call, behaviour),
            "results": lambda: batches.results(call, behaviour, faults),
            "messages": lambda: realtime.create(call, behaviour),
            "count_tokens": lambda: realtime.count_tokens(call),
            "models": lambda: Answer(body=encode(model_info(call.name))),
        }
        if call.endpoint not in routes:
            raise ApiError(404, "Not Found")
        return routes[call.endpoint]()

    def _admit(self, call: Call) -> None:
        key = call.key()
        if self._behaviour.keys and key not in self._behaviour.keys:
            raise ApiError(401, "invalid x-api-key")
        call.account = account_of(key, call.headers.get("anthropic-workspace-id", ""))
        call.version = call.headers.get("anthropic-version", "")
        if not call.version:
            raise ApiError(400, "anthropic-version: header is required")
        if call.version not in VERSIONS:
            raise ApiError(400, f'anthropic-version: "{call.version}" is not a valid version')


def _whole_number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else 0
