"""Reading: results line by line as bytes, from the API's own host and from no other."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import ProviderError
from evalkit.provider import Created, Provider, split_lines
from evalkit.sandbox import Behaviour, Fault, Sandbox

RESULTS = "GET /v1/messages/batches/msgbatch_1/results"


def submitted(provider: Provider, n: int) -> str:
    params = {"model": "claude-haiku-5-5", "max_tokens": 64, "messages": [{"role": "user", "content": "Hello"}]}
    rows = [{"custom_id": f"run-{i}", "params": params} for i in range(n)]
    outcome = provider.create(io.BytesIO(json.dumps({"requests": rows}).encode()))
    assert isinstance(outcome, Created)
    assert provider.retrieve(outcome.batch.id).batch.ended
    return outcome.batch.id


def test_lines_end_at_newlines_only(host: Any, connect: Callable[..., Provider]) -> None:
    lines = [f'{{"custom_id":"a{end}b"}}'.encode() for end in ("\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1e")]
    api = host()
    api.answers[RESULTS] = (200, {}, b"\n\n".join(lines) + b"\r\n \n")
    assert list(connect(api.url).results("msgbatch_1")) == lines


@given(st.lists(st.binary().map(lambda raw: raw.replace(b"\n", b"")), max_size=8), st.integers(1, 9))
def test_lines_are_the_same_however_the_stream_is_cut(lines: list[bytes], size: int) -> None:
    body = b"\n".join(lines)
    chunks = iter([body[at : at + size] for at in range(0, len(body), size)])
    assert list(split_lines(chunks)) == [line.strip() for line in body.split(b"\n") if line.strip()]


def test_blank_and_garbage_lines_do_not_hide_the_others(sandbox: Sandbox, provider: Provider) -> None:
    batch = submitted(provider, 3)
    faults = (Fault("results", "blank-line"), Fault("results", "garbage-line"), Fault("results", "invalid-utf8", row=1))
    sandbox.behaviour = Behaviour(faults=faults)
    lines = list(provider.results(batch))
    assert len(lines) == 5
    assert sum(line.endswith(b"}") for line in lines) == 3


@pytest.mark.parametrize("framing", ["chunked", "length"])
def test_a_download_that_breaks_off_is_an_error_after_its_whole_lines(
    sandbox: Sandbox, provider: Provider, framing: Any
) -> None:
    batch = submitted(provider, 2000)
    whole = set(provider.results(batch))
    sandbox.behaviour = Behaviour(faults=(Fault("results", "cut", byte=300_000, framing=framing),))
    came: list[bytes] = []
    with pytest.raises(ProviderError, match="collect again"):
        came.extend(provider.results(batch))
    assert came
    assert set(came) < whole
    assert set(provider.results(batch)) == whole


def test_a_results_url_of_another_host_is_never_asked(host: Any, connect: Callable[..., Provider]) -> None:
    api, other = host(), host()
    batch = {
        "id": "msgbatch_1",
        "type": "message_batch",
        "processing_status": "ended",
        "results_url": f"{other.url}/v1/messages/batches/msgbatch_1/results",
    }
    api.answers["GET /v1/messages/batches/msgbatch_1"] = (200, {}, json.dumps(batch).encode())
    api.answers[RESULTS] = (200, {}, b'{"custom_id":"run-1"}')
    provider = connect(api.url)
    assert provider.retrieve("msgbatch_1").batch.ended
    assert list(provider.results("msgbatch_1")) == [b'{"custom_id":"run-1"}']
    assert other.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_results_that_redirect_to_another_host_are_not_followed(
    host: Any, connect: Callable[..., Provider], status: int
) -> None:
    api, other = host(), host()
    api.answers[RESULTS] = (status, {"Location": f"{other.url}/steal"}, b"")
    other.answers["GET /steal"] = (200, {}, b'{"custom_id":"run-1"}')
    with pytest.raises(ProviderError):
        list(connect(api.url).results("msgbatch_1"))
    assert other.asked == []


def test_an_unknown_processing_status_is_not_the_end(host: Any, connect: Callable[..., Provider]) -> None:
    api = host()
    for status, ended in (("ended", True), ("in_progress", False), ("canceling", False), ("archiving", False)):
        body = json.dumps({"id": "msgbatch_1", "type": "message_batch", "processing_status": status}).encode()
        api.answers["GET /v1/messages/batches/msgbatch_1"] = (200, {"retry-after": "12"}, body)
        polled = connect(api.url).retrieve("msgbatch_1")
        assert (polled.batch.ended, polled.retry_after, polled.simulated) == (ended, 12.0, False)


def test_every_batch_is_listed_over_all_pages(sandbox: Sandbox, provider: Provider) -> None:
    made = [submitted(provider, 1) for _ in range(7)]
    sandbox.behaviour = Behaviour(page_max=100, page_default=2)
    assert [batch.id for batch in provider.list_batches()] == made[::-1]


def test_a_list_longer_than_a_page_is_followed_by_its_last_id(host: Any, connect: Callable[..., Provider]) -> None:
    api = host()
    api.answers["GET /v1/messages/batches?limit=100"] = (200, {}, b'{"data": [{"id": "b2"}], "has_more": true}')
    api.answers["GET /v1/messages/batches?limit=100&after_id=b2"] = (200, {}, b'{"data": [{"id": "b1"}]}')
    assert [batch.id for batch in connect(api.url).list_batches()] == ["b2", "b1"]


def test_a_batch_nobody_knows_is_an_error_with_its_mend(provider: Provider) -> None:
    with pytest.raises(ProviderError, match="ANTHROPIC_BASE_URL"):
        provider.retrieve("msgbatch_none")
    with pytest.raises(ProviderError, match="msgbatch_none"):
        list(provider.results("msgbatch_none"))


def test_a_cancel_asks_once_and_says_where_the_batch_stands(sandbox: Sandbox, provider: Provider) -> None:
    sandbox.behaviour = Behaviour(seconds=60)
    params = {"model": "claude-haiku-5-5", "max_tokens": 64, "messages": [{"role": "user", "content": "Hello"}]}
    body = json.dumps({"requests": [{"custom_id": "run-1", "params": params}]}).encode()
    outcome = provider.create(io.BytesIO(body))
    assert isinstance(outcome, Created)
    assert provider.cancel(outcome.batch.id).processing_status == "canceling"
