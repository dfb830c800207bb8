"""Faults, armed and counted; and the bad answers they give."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace

from evalkit.sandbox.behaviour import Endpoint, Fault
from evalkit.sandbox.call import Call
from evalkit.sandbox.wire import HTML_TYPE, JSON_TYPE, Answer, ApiError, Ending, Headers

SPEND_CAP = (
    "You have reached your API usage limits: your organization has crossed its monthly API usage threshold, set "
    "based on your organization's API tier. You will regain access on 2026-12-01 at 00:00 UTC."
)
_HTML = b"<html>\r\n<head><title>%s</title></head>\r\n<body><center><h1>%s</h1></center></body>\r\n</html>\r\n"


class FaultSchedule:
    """The faults that are still to come, each counting the calls of its endpoint."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._armed: list[tuple[Fault, int]] = []
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault) -> None:
        """Arm a fault; its first call is the next one."""
        with self._lock:
            self._armed.append((fault, 0))

    def replace(self, faults: Iterable[Fault]) -> None:
        """Disarm everything and arm these."""
        with self._lock:
            self._armed = [(fault, 0) for fault in faults]

    def due(self, endpoint: Endpoint) -> list[Fault]:
        """Count a call of an endpoint and give the faults it meets."""
        due: list[Fault] = []
        with self._lock:
            left: list[tuple[Fault, int]] = []
            for fault, calls in self._armed:
                counts = fault.endpoint in (endpoint, "any") and fault.kind != "list-lag"
                now = calls + counts
                if counts and fault.at <= now < fault.at + fault.times:
                    due.append(fault)
                if now < fault.at + fault.times - 1 or not counts:
                    left.append((fault, now))
            self._armed = left
        return due

    def list_lag(self) -> float:
        """Seconds for which a new batch is not listed."""
        with self._lock:
            return max((fault.seconds for fault, _ in self._armed if fault.kind == "list-lag"), default=0.0)


def takes_effect(fault: Fault) -> bool:
    """Whether the call is carried out before its fault answers."""
    return fault.committed or fault.kind.startswith("commit-")


def spoilt_answer(fault: Fault, call: Call, answer: Answer | None) -> Answer | None:
    """What the client gets instead of `answer`; None for a fault that leaves the answer to others."""
    bodies = {
        "commit-then-hang": replace(answer or Answer(), wait=fault.seconds),
        "hang": Answer(wait=fault.seconds, ending=Ending.RESET),
        "reset": Answer(ending=Ending.RESET),
        "commit-then-reset": Answer(ending=Ending.RESET),
        "413-html": _html(413, b"413 Request Entity Too Large"),
        "200-html": _html(200, b"Welcome to the gateway"),
        "200-broken-json": Answer(headers=(JSON_TYPE,), body=b'{"id": "msgbatch_0'),
        "redirect": Answer(status=307, headers=(("Location", f"{call.origin}{call.target}"),)),
    }
    error = _error(fault)
    return error.answer(call.request_id) if error else bodies.get(fault.kind)


def _html(status: int, title: bytes) -> Answer:
    return Answer(status=status, headers=(HTML_TYPE,), body=_HTML % (title, title))


def _error(fault: Fault) -> ApiError | None:
    if fault.kind == "spend-cap":
        return ApiError(429, SPEND_CAP, code="enforced_spend_limit_reached")
    errors = {
        "500": (500, "Internal server error"),
        "commit-then-500": (500, "Internal server error"),
        "529": (529, "Overloaded"),
        "404": (404, "Not found"),
        "429": (429, "This request would exceed your organization's rate limit for message batches."),
        "status": (fault.status, f"The sandbox was told to answer {fault.status}."),
    }
    if fault.kind not in errors:
        return None
    headers: Headers = (("retry-after", fault.retry_after),) if fault.retry_after is not None else ()
    if fault.kind == "529":
        headers = (*headers, ("x-should-retry", "true"))
    status, message = errors[fault.kind]
    return ApiError(status, message, headers=headers)
