"""Create: sent exactly once, and one of three outcomes for whatever happens to it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from evalkit.provider import Created, NotCreated, Provider, Unknown
from evalkit.sandbox import Behaviour, Fault, Sandbox

MESSAGES = [{"role": "user", "content": "How many are 2 and 2?"}]
PARAMS = {"model": "claude-haiku-5-5", "max_tokens": 64, "messages": MESSAGES}
BODY = json.dumps({"requests": [{"custom_id": "run-1", "params": PARAMS}]}).encode()


def creates(sandbox: Sandbox) -> list[Any]:
    return [entry for entry in sandbox.witness() if entry.method == "POST"]


def test_a_create_that_is_answered_gives_the_batch_and_says_that_it_is_simulated(
    sandbox: Sandbox, provider: Provider
) -> None:
    outcome = provider.create(io.BytesIO(BODY))
    assert isinstance(outcome, Created)
    (entry,) = creates(sandbox)
    assert (outcome.batch.id, outcome.batch.requests, outcome.simulated) == (entry.batch, 1, True)
    assert outcome.batch.created_at is not None
    assert outcome.batch.expires_at is not None


def test_the_bytes_arrive_as_they_were_given(sandbox: Sandbox, provider: Provider, tmp_path: Any) -> None:
    import hashlib

    path = tmp_path / "body.json"
    path.write_bytes(BODY)
    with path.open("rb") as body:
        provider.create(body)
    assert creates(sandbox)[0].body_sha256 == hashlib.sha256(BODY).hexdigest()


@pytest.mark.parametrize(
    ("fault", "landed"),
    [
        (Fault("create", "commit-then-500"), True),
        (Fault("create", "commit-then-reset"), True),
        (Fault("create", "commit-then-hang", seconds=20), True),
        (Fault("create", "reset"), False),
        (Fault("create", "hang", seconds=20), False),
        (Fault("create", "500"), False),
        (Fault("create", "500", committed=True), True),
        (Fault("create", "529"), False),
        (Fault("create", "529", committed=True), True),
        (Fault("create", "529", retry_after="1"), False),
        (Fault("create", "status", status=408), False),
        (Fault("create", "status", status=409, committed=True), True),
        (Fault("create", "status", status=502), False),
        (Fault("create", "status", status=503, retry_after="0"), False),
        (Fault("create", "status", status=504, committed=True), True),
        (Fault("create", "200-html"), False),
        (Fault("create", "200-html", committed=True), True),
        (Fault("create", "200-broken-json"), False),
        (Fault("create", "200-broken-json", committed=True), True),
    ],
    ids=lambda value: (
        f"{value.kind}{value.status if value.kind == 'status' else ''}" if isinstance(value, Fault) else ""
    ),
)
def test_an_answer_that_does_not_tell_leaves_the_outcome_unknown_and_is_not_asked_twice(
    sandbox: Sandbox, connect: Callable[..., Provider], fault: Fault, landed: bool
) -> None:
    sandbox.behaviour = Behaviour(faults=(fault,))
    outcome = connect(sandbox.url, timeout=0.5).create(io.BytesIO(BODY))
    assert isinstance(outcome, Unknown)
    assert outcome.reason
    assert "<html>" not in outcome.reason
    assert [entry.accepted_create for entry in creates(sandbox)] == [landed]


@pytest.mark.parametrize(
    ("fault", "wait", "said"),
    [
        (Fault("create", "429"), None, "rate limit"),
        (Fault("create", "429", retry_after="7"), 7.0, "rate limit"),
        (Fault("create", "429", retry_after="soon"), None, "rate limit"),
        (Fault("create", "spend-cap"), None, "usage limits"),
        (Fault("create", "413-html"), None, "fewer or shorter cases"),
        (Fault("create", "404"), None, "ANTHROPIC_BASE_URL"),
        (Fault("create", "status", status=403), None, "permissions"),
        (Fault("create", "status", status=402), None, "billing"),
        (Fault("create", "redirect"), None, "ANTHROPIC_BASE_URL"),
    ],
)
def test_a_refusal_is_proof_that_nothing_was_created(
    sandbox: Sandbox, provider: Provider, fault: Fault, wait: float | None, said: str
) -> None:
    sandbox.behaviour = Behaviour(faults=(fault,))
    outcome = provider.create(io.BytesIO(BODY))
    assert isinstance(outcome, NotCreated)
    assert outcome.retry_after == wait
    assert said in outcome.reason
    assert "<html>" not in outcome.reason
    assert [entry.accepted_create for entry in creates(sandbox)] == [False]


def test_a_wrong_key_is_a_refusal_that_names_the_variable(sandbox: Sandbox, provider: Provider) -> None:
    sandbox.behaviour = Behaviour(keys=("another",))
    outcome = provider.create(io.BytesIO(BODY))
    assert isinstance(outcome, NotCreated)
    assert "ANTHROPIC_API_KEY" in outcome.reason
    assert len(creates(sandbox)) == 1


def test_a_body_that_the_api_refuses_is_refused_in_its_words(sandbox: Sandbox, provider: Provider) -> None:
    outcome = provider.create(io.BytesIO(b'{"requests":[]}'))
    assert isinstance(outcome, NotCreated)
    assert "requests" in outcome.reason
    assert outcome.retry_after is None
    assert len(creates(sandbox)) == 1


def test_where_nobody_listens_nothing_is_created(connect: Callable[..., Provider]) -> None:
    with Sandbox() as gone:
        url = gone.url
    outcome = connect(url).create(io.BytesIO(BODY))
    assert isinstance(outcome, NotCreated)
    assert "ANTHROPIC_BASE_URL" in outcome.reason


def test_a_redirect_is_not_followed_to_another_host(host: Any, connect: Callable[..., Provider]) -> None:
    api, other = host(), host()
    api.answers["POST /v1/messages/batches"] = (307, {"Location": f"{other.url}/v1/messages/batches"}, b"")
    outcome = connect(api.url).create(io.BytesIO(BODY))
    assert isinstance(outcome, NotCreated)
    assert other.url in outcome.reason
    assert (len(api.asked), other.asked) == (1, [])


@pytest.mark.parametrize("body", [b"{}", b"[]", b"null", b"", b'{"id": "", "type": "message_batch"}', b'{"id": "x"}'])
def test_a_200_that_is_no_batch_leaves_the_outcome_unknown(
    host: Any, connect: Callable[..., Provider], body: bytes
) -> None:
    api = host()
    api.answers["POST /v1/messages/batches"] = (200, {"Content-Type": "application/json"}, body)
    assert isinstance(connect(api.url).create(io.BytesIO(BODY)), Unknown)
    assert len(api.asked) == 1


def test_a_batch_without_the_sandboxs_header_is_not_simulated(host: Any, connect: Callable[..., Provider]) -> None:
    api = host()
    api.answers["POST /v1/messages/batches"] = (200, {}, b'{"id": "msgbatch_1", "type": "message_batch", "new": 1}')
    outcome = connect(api.url).create(io.BytesIO(BODY))
    assert isinstance(outcome, Created)
    assert (outcome.batch.id, outcome.simulated) == ("msgbatch_1", False)
