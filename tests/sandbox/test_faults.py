"""Every fault, as the real SDK meets it, and what the witness knows of it."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import httpx2
import pytest

from evalkit.errors import UsageError
from evalkit.sandbox import Fault


def accepted(bench: Any) -> Any:
    return [entry for entry in bench.sandbox.witness() if entry.accepted_create]


def listed(bench: Any) -> Any:
    return [batch.id for batch in bench.client().messages.batches.list()]


def failing_create(bench: Any, error: Any, **settings: Any) -> Any:
    with pytest.raises(error) as caught:
        bench.create(bench.request("run-1"), client=bench.client(**settings))
    return caught.value


def test_commit_then_500_leaves_a_batch_behind_that_only_a_list_shows(open_bench: Any) -> None:
    bench = open_bench(faults=(Fault("create", "commit-then-500"),))
    assert failing_create(bench, anthropic.InternalServerError).type == "api_error"
    (entry,) = accepted(bench)
    assert (entry.status, entry.requests, entry.faults) == (500, 1, ("commit-then-500",))
    assert listed(bench) == [entry.batch]


def test_a_client_that_retries_a_create_leaves_duplicates_and_the_witness_counts_them(open_bench: Any) -> None:
    bench = open_bench(faults=(Fault("create", "commit-then-500", times=2),))
    batch = bench.create(bench.request("run-1"), client=bench.client(max_retries=2))
    entries = accepted(bench)
    assert [entry.retry_count for entry in entries] == [0, 1, 2]
    assert len({entry.batch for entry in entries}) == 3
    assert len({(entry.body_sha256, entry.custom_ids_digest) for entry in entries}) == 1
    assert entries[-1].batch == batch


def test_commit_then_reset_drops_the_connection_and_keeps_the_batch(open_bench: Any) -> None:
    bench = open_bench(faults=(Fault("create", "commit-then-reset"),))
    failing_create(bench, anthropic.APIConnectionError)
    (entry,) = accepted(bench)
    assert (entry.status, listed(bench)) == ("reset", [entry.batch])


def test_commit_then_hang_outlasts_the_clients_patience_and_keeps_the_batch(open_bench: Any) -> None:
    bench = open_bench(faults=(Fault("create", "commit-then-hang", seconds=30),))
    failing_create(bench, anthropic.APITimeoutError, timeout=0.3)
    assert listed(bench) == [accepted(bench)[0].batch]


def test_a_reset_before_the_commit_leaves_nothing(open_bench: Any) -> None:
    bench = open_bench(faults=(Fault("create", "reset"),))
    failing_create(bench, anthropic.APIConnectionError)
    assert (accepted(bench), listed(bench)) == ([], [])
    assert bench.sandbox.witness()[0].status == "reset"


def test_a_hang_before_the_commit_leaves_nothing(open_bench: Any) -> None:
    bench = open_bench(faults=(Fault("create", "hang", seconds=30),))
    failing_create(bench, anthropic.APITimeoutError, timeout=0.3)
    assert listed(bench) == []


@pytest.mark.parametrize(
    ("fault", "error", "status", "headers"),
    [
        (Fault("create", "429"), anthropic.RateLimitError, 429, {"retry-after": None}),
        (Fault("create", "429", retry_after="7"), anthropic.RateLimitError, 429, {"retry-after": "7"}),
        (Fault("create", "500"), anthropic.InternalServerError, 500, {}),
        (Fault("create", "529"), anthropic.OverloadedError, 529, {"x-should-retry": "true"}),
        (
            Fault("create", "413-html"),
            anthropic.ContentTooLargeError,
            413,
            {"content-type": "text/html; charset=UTF-8"},
        ),
        (Fault("create", "status", status=503), anthropic.ServiceUnavailableError, 503, {}),
        (Fault("create", "status", status=409), anthropic.ConflictError, 409, {}),
        (Fault("any", "404"), anthropic.NotFoundError, 404, {}),
    ],
)
def test_an_error_before_the_commit_is_typed_as_the_api_types_it(
    open_bench: Any, fault: Any, error: Any, status: Any, headers: Any
) -> None:
    bench = open_bench(faults=(fault,))
    caught = failing_create(bench, error)
    assert caught.status_code == status
    assert {name: caught.response.headers.get(name) for name in headers} == headers
    assert listed(bench) == []


def test_a_spend_cap_is_a_429_with_its_code_and_no_retry_after(open_bench: Any) -> None:
    caught = failing_create(open_bench(faults=(Fault("create", "spend-cap"),)), anthropic.RateLimitError)
    assert caught.error_code == "enforced_spend_limit_reached"
    assert "retry-after" not in caught.response.headers
    assert str(caught.body).count("You have reached your API usage limits") == 1


def test_an_html_413_has_no_type(open_bench: Any) -> None:
    caught = failing_create(open_bench(faults=(Fault("create", "413-html"),)), anthropic.ContentTooLargeError)
    assert caught.type is None
    assert "<html>" in str(caught.body)


def test_a_529_says_whether_to_retry_and_the_sdk_does(open_bench: Any) -> None:
    bench = open_bench(faults=(Fault("create", "529"),))
    bench.create(bench.request("run-1"), client=bench.client(max_retries=1))
    assert [entry.status for entry in bench.sandbox.witness()] == [529, 200]


@pytest.mark.parametrize(("committed", "batches"), [(False, 0), (True, 1)])
def test_a_200_of_html_looks_like_success_to_the_sdk(open_bench: Any, committed: Any, batches: Any) -> None:
    bench = open_bench(faults=(Fault("create", "200-html", committed=committed),))
    assert isinstance(bench.client().messages.batches.create(requests=[bench.request("run-1")]), str)
    assert len(listed(bench)) == len(accepted(bench)) == batches


def test_a_200_with_broken_json_is_a_bare_decode_error(open_bench: Any) -> None:
    bench = open_bench(faults=(Fault("create", "200-broken-json", committed=True),))
    failing_create(bench, json.JSONDecodeError)
    assert len(listed(bench)) == 1


def test_a_redirect_makes_the_sdk_post_again(open_bench: Any) -> None:
    bench = open_bench(faults=(Fault("create", "redirect"),))
    bench.create(bench.request("run-1"))
    assert [entry.status for entry in bench.sandbox.witness()] == [307, 200]
    assert len(accepted(bench)) == 1


def test_a_fault_waits_for_its_call_and_goes_after_its_times(open_bench: Any) -> None:
    bench = open_bench(faults=(Fault("retrieve", "404", at=2, times=2),))
    batch = bench.create_many(1)
    statuses = [bench.raw("GET", f"/v1/messages/batches/{batch}")[0] for _ in range(5)]
    assert statuses == [200, 404, 404, 200, 200]


def test_a_fault_of_another_endpoint_does_not_count_these_calls(open_bench: Any) -> None:
    bench = open_bench(faults=(Fault("cancel", "500"),), seconds=100)
    batch = bench.create_many(1)
    assert bench.raw("GET", f"/v1/messages/batches/{batch}")[0] == 200
    assert bench.raw("POST", f"/v1/messages/batches/{batch}/cancel")[0] == 500


def test_a_cancel_can_take_effect_and_fail_as_well(open_bench: Any) -> None:
    bench = open_bench(faults=(Fault("cancel", "commit-then-500"),), seconds=100)
    batch = bench.create_many(1)
    with pytest.raises(anthropic.InternalServerError):
        bench.client().messages.batches.cancel(batch)
    assert bench.client().messages.batches.retrieve(batch).processing_status == "canceling"


def test_a_new_batch_is_listed_only_after_the_lag(open_bench: Any, clock: Any) -> None:
    bench = open_bench(faults=(Fault("list", "list-lag", seconds=60),))
    batch = bench.create_many(1)
    early = listed(bench)
    clock.move(seconds=60)
    assert (early, listed(bench)) == ([], [batch])


@pytest.mark.parametrize("framing", ["chunked", "length"])
def test_results_cut_inside_the_body_break_the_stream(open_bench: Any, framing: Any) -> None:
    bench = open_bench(faults=(Fault("results", "cut", byte=2000, framing=framing),))
    batch = bench.create_many(20)
    bench.client().messages.batches.retrieve(batch)
    rows = []
    with pytest.raises(httpx2.RemoteProtocolError):
        rows.extend(bench.client().messages.batches.results(batch))
    assert len(bench.rows(batch)) == 20


@pytest.mark.parametrize("framing", ["eof", "terminated"])
def test_results_cut_at_the_end_of_a_line_are_short_in_silence(open_bench: Any, framing: Any) -> None:
    bench = open_bench()
    batch = bench.ended(*(bench.request(f"run-{number}") for number in range(20)))
    whole = bench.raw("GET", f"/v1/messages/batches/{batch}/results")[2]
    end = whole.index(b"\n", 2000)
    bench.sandbox.behaviour = type(bench.sandbox.behaviour)(
        faults=(Fault("results", "cut", byte=end, framing=framing),)
    )
    rows = list(bench.client().messages.batches.results(batch))
    assert 0 < len(rows) < 20


def polluted(open_bench: Any, kind: Any, row: Any = 1) -> Any:
    bench = open_bench(faults=(Fault("results", kind, row=row),))
    batch = bench.create_many(5)
    bench.client().messages.batches.retrieve(batch)
    spoilt = bench.raw("GET", f"/v1/messages/batches/{batch}/results")[2].split(b"\n")
    whole = bench.raw("GET", f"/v1/messages/batches/{batch}/results")[2].split(b"\n")
    return spoilt, whole


def test_a_blank_line_stands_between_rows(open_bench: Any) -> None:
    spoilt, whole = polluted(open_bench, "blank-line")
    assert spoilt == [whole[0], b"", *whole[1:]]


@pytest.mark.parametrize("kind", ["garbage-line", "invalid-utf8"])
def test_a_garbage_line_cannot_be_read(open_bench: Any, kind: Any) -> None:
    spoilt, whole = polluted(open_bench, kind)
    assert [spoilt[0], *spoilt[2:]] == whole
    with pytest.raises(ValueError):
        json.loads(spoilt[1])


def test_a_row_can_be_missing(open_bench: Any) -> None:
    spoilt, whole = polluted(open_bench, "missing-row")
    assert spoilt == [whole[0], *whole[2:]]


def test_a_row_can_come_twice(open_bench: Any) -> None:
    spoilt, whole = polluted(open_bench, "duplicate-row")
    assert spoilt == [whole[0], whole[1], *whole[1:]]


def test_a_stranger_can_stand_among_the_rows(open_bench: Any) -> None:
    spoilt, whole = polluted(open_bench, "stranger")
    assert [spoilt[0], *spoilt[2:]] == whole
    assert json.loads(spoilt[1])["custom_id"] == "stranger-0"


def test_a_result_type_can_be_unknown(open_bench: Any) -> None:
    spoilt, whole = polluted(open_bench, "unknown-type")
    assert json.loads(spoilt[1])["custom_id"] == json.loads(whole[1])["custom_id"]
    assert json.loads(spoilt[1])["result"]["type"] == "paused"


def test_a_row_fault_beyond_the_end_touches_the_last_row(open_bench: Any) -> None:
    spoilt, whole = polluted(open_bench, "missing-row", row=99)
    assert spoilt == whole[:4]


def test_pollution_spoils_every_download(open_bench: Any) -> None:
    bench = open_bench(pollution=("duplicate-row",))
    batch = bench.ended(bench.request("run-1"))
    for _ in range(2):
        assert bench.raw("GET", f"/v1/messages/batches/{batch}/results")[2].count(b"\n") == 1


@pytest.mark.parametrize(
    "fault",
    [
        lambda: Fault("create", "cut"),
        lambda: Fault("create", "missing-row"),
        lambda: Fault("create", "list-lag"),
        lambda: Fault("create", "500", at=0),
    ],
)
def test_a_fault_that_cannot_be_meant_is_refused(fault: Any) -> None:
    with pytest.raises(UsageError):
        fault()
