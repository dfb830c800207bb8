"""A call for one message: tried again where that helps, and left to whoever paces the calls where it does not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from evalkit.provider import Answered, Busy, Provider


@pytest.mark.parametrize("status", [429, 503, 529])
def test_an_api_that_wants_fewer_calls_is_not_asked_again_and_nobody_sleeps(
    host: Any, connect: Callable[..., Provider], monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    where = host()
    where.answers["POST /v1/messages"] = (status, {"Retry-After": "50"}, b'{"error":{"type":"x","message":"later"}}')

    outcome = connect(where.url).message(b"{}")

    assert isinstance(outcome, Busy)
    assert (outcome.retry_after, len(where.asked), slept) == (50.0, 1, [])


def test_a_failure_in_passing_is_tried_three_times(host: Any, connect: Callable[..., Provider]) -> None:
    where = host()
    where.answers["POST /v1/messages"] = (500, {"Retry-After": "50"}, b'{"error":{"type":"api_error","message":"x"}}')

    outcome = connect(where.url).message(b"{}")

    assert isinstance(outcome, Answered)
    assert (outcome.succeeded, outcome.refused, len(where.asked)) == (False, None, 3)


def test_a_request_that_is_refused_is_not_tried_again(host: Any, connect: Callable[..., Provider]) -> None:
    where = host()
    where.answers["POST /v1/messages"] = (400, {}, b'{"error":{"type":"invalid_request_error","message":"no"}}')

    outcome = connect(where.url).message(b"{}")

    assert isinstance(outcome, Answered)
    assert outcome.refused
    assert len(where.asked) == 1
