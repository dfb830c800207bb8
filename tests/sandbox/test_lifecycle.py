"""A batch lives by its clock: counts stay frozen until the end, then say everything at once."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import pytest


def counts(batch: Any) -> Any:
    found = batch.request_counts
    return found.processing, found.succeeded, found.errored, found.canceled, found.expired


def test_a_create_answers_in_progress_even_where_the_end_is_near(bench: Any) -> None:
    batch = bench.client().messages.batches.create(requests=[bench.request("run-1")])
    assert (batch.processing_status, batch.results_url, batch.ended_at) == ("in_progress", None, None)
    assert counts(batch) == (1, 0, 0, 0, 0)
    assert bench.client().messages.batches.retrieve(batch.id).processing_status == "ended"


def test_counts_stay_in_processing_until_the_whole_batch_has_ended(open_bench: Any, clock: Any) -> None:
    bench = open_bench(seconds=100)
    batch = bench.create(bench.request("run-1"), bench.request("run-2", max_tokens=0))
    clock.move(seconds=99)
    early = bench.client().messages.batches.retrieve(batch)
    clock.move(seconds=1)
    late = bench.client().messages.batches.retrieve(batch)

    assert (early.processing_status, counts(early), early.results_url) == ("in_progress", (2, 0, 0, 0, 0), None)
    assert (late.processing_status, counts(late)) == ("ended", (0, 1, 1, 0, 0))
    assert late.results_url == f"{bench.sandbox.url}/v1/messages/batches/{batch}/results"


def test_the_wire_object_has_the_keys_the_order_and_the_timestamps_of_the_api(bench: Any) -> None:
    batch = bench.ended(bench.request("run-1"))
    found = json.loads(bench.raw("GET", f"/v1/messages/batches/{batch}")[2])
    assert list(found) == [
        "id", "type", "processing_status", "request_counts", "ended_at", "created_at", "expires_at", "archived_at",
        "cancel_initiated_at", "results_url",
    ]  # fmt: skip
    assert found["created_at"] == "2026-11-22T18:00:00.000000+00:00"
    assert found["expires_at"] == "2026-11-23T18:00:00.000000+00:00"


def test_only_a_retrieve_that_is_not_final_hints_when_to_come_back(open_bench: Any, clock: Any) -> None:
    bench = open_bench(seconds=10, retry_after=0.25)
    batches = bench.client().messages.batches.with_raw_response
    created = batches.create(requests=[bench.request("run-1")])
    waiting = batches.retrieve(created.parse().id)
    clock.move(seconds=10)
    final = batches.retrieve(created.parse().id)
    assert [one.headers.get("retry-after") for one in (created, waiting, final)] == [None, "0.25", None]


def test_the_hint_is_ten_seconds_by_default(open_bench: Any) -> None:
    bench = open_bench(seconds=10)
    assert bench.raw("GET", f"/v1/messages/batches/{bench.create_many(1)}")[1]["retry-after"] == "10"


def test_rows_not_processed_within_24_hours_expire(open_bench: Any, clock: Any) -> None:
    bench = open_bench(seconds=48 * 3600)
    batch = bench.create_many(10)
    clock.move(hours=24)
    found = bench.client().messages.batches.retrieve(batch)
    rows = bench.rows(batch)

    assert (found.processing_status, counts(found)) == ("ended", (0, 5, 0, 0, 5))
    assert found.ended_at == found.expires_at
    assert [rows[f"run-{number}"]["type"] for number in range(10)] == ["succeeded"] * 5 + ["expired"] * 5
    assert rows["run-9"] == {"type": "expired"}


def test_results_are_gone_29_days_after_create_but_the_batch_is_not(bench: Any, clock: Any) -> None:
    batch = bench.ended(bench.request("run-1"))
    clock.move(days=29)
    found = bench.client().messages.batches.retrieve(batch)

    assert (found.archived_at - found.created_at).days == 29
    assert (found.results_url, counts(found)) == (None, (0, 1, 0, 0, 0))
    assert bench.raw("GET", f"/v1/messages/batches/{batch}/results")[0] == 404


def test_results_are_still_there_shortly_before(bench: Any, clock: Any) -> None:
    batch = bench.ended(bench.request("run-1"))
    clock.move(days=28, hours=23)
    assert bench.raw("GET", f"/v1/messages/batches/{batch}/results")[0] == 200


def test_a_cancel_shows_canceling_for_a_poll_and_lets_rows_in_flight_finish(open_bench: Any, clock: Any) -> None:
    bench = open_bench(seconds=100, cancel_finishes=2)
    batches = bench.client().messages.batches
    batch = bench.create_many(10)
    clock.move(seconds=30)
    canceled = batches.cancel(batch)
    polls = [batches.retrieve(batch) for _ in range(2)]

    assert [one.processing_status for one in (canceled, *polls)] == ["canceling", "canceling", "ended"]
    assert [counts(one) for one in (canceled, *polls)] == [(10, 0, 0, 0, 0), (10, 0, 0, 0, 0), (0, 5, 0, 5, 0)]
    assert polls[1].cancel_initiated_at == canceled.cancel_initiated_at is not None
    types = [bench.rows(batch)[f"run-{number}"]["type"] for number in range(10)]
    assert types == ["succeeded"] * 5 + ["canceled"] * 5


def test_a_cancel_may_cancel_nothing(open_bench: Any) -> None:
    bench = open_bench(seconds=100, cancel_finishes=99)
    batch = bench.create_many(3)
    bench.client().messages.batches.cancel(batch)
    bench.client().messages.batches.retrieve(batch)
    assert counts(bench.client().messages.batches.retrieve(batch)) == (0, 3, 0, 0, 0)


def test_a_slow_cancel_stays_canceling_for_its_seconds(open_bench: Any, clock: Any) -> None:
    bench = open_bench(seconds=100, cancel_seconds=30)
    batch = bench.create_many(1)
    batches = bench.client().messages.batches
    batches.cancel(batch)
    seen = [batches.retrieve(batch).processing_status for _ in range(3)]
    clock.move(seconds=30)
    assert [*seen, batches.retrieve(batch).processing_status] == ["canceling"] * 3 + ["ended"]


def test_a_second_cancel_changes_nothing(open_bench: Any, clock: Any) -> None:
    bench = open_bench(seconds=100)
    batch = bench.create_many(1)
    first = bench.client().messages.batches.cancel(batch)
    clock.move(seconds=5)
    assert bench.client().messages.batches.cancel(batch).cancel_initiated_at == first.cancel_initiated_at


def test_a_batch_that_has_ended_cannot_be_canceled(bench: Any) -> None:
    batch = bench.ended(bench.request("run-1"))
    with pytest.raises(anthropic.BadRequestError, match="already ended"):
        bench.client().messages.batches.cancel(batch)


def test_a_deleted_batch_is_gone(bench: Any) -> None:
    batch = bench.ended(bench.request("run-1"))
    deleted = bench.client().messages.batches.delete(batch)
    assert (deleted.id, deleted.type) == (batch, "message_batch_deleted")
    with pytest.raises(anthropic.NotFoundError):
        bench.client().messages.batches.retrieve(batch)
    assert bench.client().messages.batches.list().data == []


def test_a_batch_in_progress_cannot_be_deleted(open_bench: Any) -> None:
    bench = open_bench(seconds=100)
    batch = bench.create_many(1)
    with pytest.raises(anthropic.BadRequestError, match="cancel it first"):
        bench.client().messages.batches.delete(batch)
    assert bench.client().messages.batches.retrieve(batch).id == batch


def test_results_asked_for_too_early_are_refused(open_bench: Any) -> None:
    bench = open_bench(seconds=100)
    batch = bench.create_many(1)
    assert bench.raw("GET", f"/v1/messages/batches/{batch}/results")[0] == 400
    with pytest.raises(anthropic.AnthropicError, match="results_url"):
        bench.client().messages.batches.results(batch)
