"""The server: who may call, what every answer carries, how it is steered, and how it scales."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import anthropic
import pytest

from evalkit.errors import UsageError
from evalkit.sandbox import Fault, Sandbox

VERSION = {"anthropic-version": "2026-10-21"}


@pytest.mark.parametrize("headers", [{"authorization": "Bearer k"}, {"x-api-key": "k"}])
def test_either_way_of_sending_a_key_is_the_same_account(bench: Any, headers: Any) -> None:
    batch = bench.create_many(1)
    assert bench.raw("GET", f"/v1/messages/batches/{batch}", None, {**headers, **VERSION})[0] == 200


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer "}, {"authorization": "Basic k"}, {"x-api-key": ""}])
def test_a_call_without_a_key_is_a_401(bench: Any, headers: Any) -> None:
    status, _, body = bench.raw("GET", "/v1/messages/batches", None, {**headers, **VERSION})
    assert (status, json.loads(body)["error"]["type"]) == (401, "authentication_error")


def test_a_key_that_is_not_on_the_list_is_a_401(open_bench: Any) -> None:
    bench = open_bench(keys=("good",))
    with pytest.raises(anthropic.AuthenticationError):
        bench.client("bad").messages.batches.list()
    assert bench.client("good").messages.batches.list().data == []


@pytest.mark.parametrize("headers", [{}, {"anthropic-version": "2020-01-01"}])
def test_a_call_needs_a_version_that_exists(bench: Any, headers: Any) -> None:
    status, _, body = bench.raw("GET", "/v1/messages/batches", None, {"x-api-key": "k", **headers})
    assert status == 400
    assert "anthropic-version" in json.loads(body)["error"]["message"]


@pytest.mark.parametrize("path", ["/v1/messages/batches", "/v1/messages/batches/none", "/v2/none", "/v1/models/none"])
def test_every_answer_has_a_request_id_of_its_own_and_is_marked_as_simulated(bench: Any, path: Any) -> None:
    answers = [bench.raw("GET", path) for _ in range(2)]
    assert {headers["evalkit-sandbox"] for _, headers, _ in answers} == {"1"}
    assert len({headers["request-id"] for _, headers, _ in answers}) == 2
    for status, headers, body in answers:
        if status >= 400:
            assert json.loads(body)["request_id"] == headers["request-id"]


def test_results_are_marked_as_simulated_too(bench: Any) -> None:
    batch = bench.ended(bench.request("run-1"))
    assert bench.raw("GET", f"/v1/messages/batches/{batch}/results")[1]["evalkit-sandbox"] == "1"


def test_a_body_beyond_the_limit_is_a_413_and_leaves_nothing(open_bench: Any) -> None:
    bench = open_bench(max_body=1_000_000)
    with pytest.raises(anthropic.ContentTooLargeError) as caught:
        bench.create(bench.request("run-1", output="x" * 3_000_000))
    assert caught.value.type == "request_too_large"
    assert bench.client().messages.batches.list().data == []


def test_a_client_may_finish_sending_a_body_that_is_refused(open_bench: Any) -> None:
    bench = open_bench(max_body=1000)
    host, port = bench.sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"POST /v1/messages/batches HTTP/1.1\r\nx-api-key: k\r\nContent-Length: 40000000\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413")
        connection.sendall(bytes(40_000_000))


@pytest.mark.parametrize(
    ("headers", "status"), [({"transfer-encoding": "chunked"}, 411), ({"content-encoding": "gzip"}, 400)]
)
def test_a_body_that_the_api_was_never_seen_to_take_is_refused(bench: Any, headers: Any, status: Any) -> None:
    assert bench.raw("POST", "/v1/messages/batches", b"", {"x-api-key": "k", **VERSION, **headers})[0] == status


def test_a_client_that_leaves_inside_its_body_creates_nothing_and_is_noted(bench: Any) -> None:
    host, port = bench.sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"POST /v1/messages/batches HTTP/1.1\r\nx-api-key: k\r\nContent-Length: 99\r\n\r\n{")
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(20)
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert [entry.status for entry in bench.sandbox.witness()] == ["broken"]
    assert bench.client().messages.batches.list().data == []


def test_one_connection_carries_many_calls(bench: Any) -> None:
    connection = http.client.HTTPConnection(bench.sandbox.url.removeprefix("http://"), timeout=20)
    sockets = set()
    for _ in range(3):
        connection.request("GET", "/v1/messages/batches", headers={"x-api-key": "k", **VERSION})
        connection.getresponse().read()
        sockets.add(connection.sock)
    connection.close()
    assert len(sockets) == 1


def test_calls_at_the_same_time_lose_nothing(bench: Any) -> None:
    made = []
    threads = [threading.Thread(target=lambda: made.append(bench.create_many(3))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {batch.id for batch in bench.client().messages.batches.list()} == set(made)
    assert len(made) == 12


def test_the_witness_tells_of_every_exchange_in_order(bench: Any) -> None:
    batch = bench.ended(bench.request("run-1"), bench.request("run-2"))
    list(bench.client().messages.batches.results(batch))
    entries = bench.sandbox.witness()
    assert [entry.endpoint for entry in entries] == ["create", "retrieve", "retrieve", "results"]
    assert {entry.batch for entry in entries} == {batch}
    assert (entries[0].requests, entries[0].status, entries[0].method) == (2, 200, "POST")
    assert len({entry.account for entry in entries}) == 1


def test_the_witness_never_holds_the_key(bench: Any) -> None:
    bench.create(bench.request("run-1"), client=bench.client("sk-secret-value"))
    assert "sk-secret-value" not in str(bench.sandbox.witness())


def test_the_digest_of_custom_ids_does_not_depend_on_their_order(bench: Any) -> None:
    one, two = bench.request("run-1"), bench.request("run-2")
    bench.create(one, two)
    bench.create(two, one)
    first, second = bench.sandbox.witness()
    assert first.custom_ids_digest == second.custom_ids_digest
    assert first.body_sha256 != second.body_sha256


def test_a_given_directory_keeps_the_witness_for_other_processes(open_bench: Any, tmp_path: Path) -> None:
    bench = open_bench(directory=tmp_path / "spool")
    batch = bench.create_many(1)
    lines = bench.sandbox.witness_path.read_text().splitlines()
    assert [json.loads(line)["batch"] for line in lines] == [batch]


def test_a_private_directory_is_gone_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Sandbox() as sandbox:
        assert len(list(tmp_path.iterdir())) == 1
        assert sandbox.witness_path is None
    assert list(tmp_path.iterdir()) == []


def test_refused_bodies_are_not_kept(open_bench: Any, tmp_path: Path) -> None:
    bench = open_bench(directory=tmp_path)
    bench.refusal({"requests": []})

    # The body goes when the answer is out, so the client may be a little faster.
    until = time.monotonic() + 10
    while len(list(tmp_path.iterdir())) > 1 and time.monotonic() < until:
        time.sleep(0.01)
    assert [path.name for path in tmp_path.iterdir()] == ["witness.jsonl"]


def test_another_process_can_steer_behaviour_faults_and_clock(bench: Any) -> None:
    def control(method: Any, path: Any, body: Any = None) -> Any:
        status, _, answer = bench.raw(
            method, f"/_sandbox/{path}", None if body is None else json.dumps(body).encode(), {}
        )
        assert status == 200
        return json.loads(answer)

    assert control("PATCH", "behaviour", {"seconds": 50, "outcomes": {"0": "refusal"}})["seconds"] == 50
    assert control("GET", "behaviour")["outcomes"] == {"0": "refusal"}
    control("POST", "faults", {"endpoint": "retrieve", "kind": "529"})
    batch = bench.create_many(1)
    path = f"/v1/messages/batches/{batch}"
    assert [bench.raw("GET", path)[0] for _ in range(2)] == [529, 200]
    control("POST", "faults", {"endpoint": "retrieve", "kind": "529"})
    control("DELETE", "faults")
    control("POST", "clock", {"seconds": 50})
    assert bench.client().messages.batches.retrieve(batch).processing_status == "ended"
    assert [entry["endpoint"] for entry in control("GET", "witness")] == ["create", *["retrieve"] * 3]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PATCH", "behaviour", b'{"secnods": 1}', 400),
        ("PATCH", "behaviour", b'{"seconds": "soon"}', 400),
        ("PATCH", "behaviour", b"{", 400),
        ("POST", "faults", b'{"endpoint": "create", "kind": "flood"}', 400),
        ("POST", "faults", b'{"endpoint": "create", "kind": "cut"}', 400),
        ("POST", "clock", b"{}", 400),
        ("GET", "nothing", None, 404),
    ],
)
def test_a_control_call_that_cannot_be_meant_is_refused_with_its_reason(
    bench: Any, method: Any, path: Any, body: Any, status: Any
) -> None:
    found, _, answer = bench.raw(method, f"/_sandbox/{path}", body, {})
    assert found == status
    assert json.loads(answer)["error"]["message"]


def test_a_new_behaviour_arms_its_faults_anew_only_where_they_differ(open_bench: Any) -> None:
    bench = open_bench(faults=(Fault("list", "500"),))

    def status() -> Any:
        return bench.raw("GET", "/v1/messages/batches")[0]

    first = status()
    bench.sandbox.behaviour = replace(bench.sandbox.behaviour, seconds=1)
    second = status()
    bench.sandbox.behaviour = replace(bench.sandbox.behaviour, faults=(Fault("list", "529"),))
    assert (first, second, status(), status()) == (500, 200, 529, 200)


def test_models_can_be_asked_for(bench: Any) -> None:
    model = bench.client().models.retrieve("claude-sonnet-5-5")
    assert (model.id, model.line, model.lifecycle) == ("claude-sonnet-5-5", "sonnet", "active")
    assert model.capabilities.batch.supported
    assert model.capabilities.structured_outputs.supported
    with pytest.raises(anthropic.NotFoundError):
        bench.client().models.retrieve("gpt-9")


def test_a_single_message_is_judged_as_a_row_would_be(bench: Any) -> None:
    params = bench.params()
    message = bench.client().messages.create(**params)
    assert message.content[0].text == bench.row()["message"]["content"][0]["text"]
    assert message.usage.service_tier == "standard"


def test_a_single_message_with_bad_params_is_refused_at_once(bench: Any) -> None:
    with pytest.raises(anthropic.BadRequestError, match="temperature"):
        bench.client().messages.create(**bench.params(), extra_body={"temperature": 0})
    with pytest.raises(anthropic.NotFoundError):
        bench.client().messages.create(**bench.params(model="gpt-9"))


def test_tokens_can_be_counted_without_max_tokens(bench: Any) -> None:
    client = bench.client()
    few = client.messages.count_tokens(model="claude-haiku-5-5", messages=[{"role": "user", "content": "hi"}])
    many = client.messages.count_tokens(model="claude-haiku-5-5", messages=[{"role": "user", "content": "hi" * 400}])
    assert 0 < few.input_tokens < many.input_tokens


def test_a_port_that_is_taken_is_refused_in_words(bench: Any) -> None:
    port = int(bench.sandbox.url.rpartition(":")[2])
    with pytest.raises(UsageError, match="cannot start"), Sandbox(port=port):
        pass


def test_a_sandbox_that_does_not_run_has_no_url() -> None:
    with pytest.raises(UsageError, match="not running"):
        _ = Sandbox().url


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_answers_until_it_is_told_to_stop(number: Any) -> None:
    program = "from evalkit.sandbox import serve; serve(ready=lambda url: print(url, flush=True)); print('left')"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().strip()
            with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=20):
                os.kill(process.pid, number)
                assert process.wait(20) == 0
            assert process.stdout.read() == "left\n"
        finally:
            process.kill()


@pytest.mark.parametrize("n", [10_000, pytest.param(100_000, marks=pytest.mark.sweep)])
def test_as_many_rows_as_a_batch_may_have_come_back_once_each(bench: Any, n: int) -> None:
    params = b'{"model":"claude-haiku-5-5","max_tokens":64,"messages":[{"role":"user","content":"hi"}]}'
    rows = b",".join(b'{"custom_id":"run-%d","params":%b}' % (number, params) for number in range(n))
    batch = bench.posted(b'{"requests":[' + rows + b"]}")[1]["id"]
    counts = bench.client().messages.batches.retrieve(batch).request_counts
    body = bench.raw("GET", f"/v1/messages/batches/{batch}/results")[2]

    lines = body.split(b"\n")
    found = {line[: line.index(b'"', 15)] for line in lines}
    assert counts.succeeded == len(lines) == n
    assert found == {b'{"custom_id":"run-%d' % number for number in range(n)}
