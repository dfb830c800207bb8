"""Recover: a run is rebuilt from the provider when its store is lost, and nothing is paid again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from evalkit import operations
from evalkit.errors import UsageError
from evalkit.pipeline import recover, submit
from evalkit.pipeline.spool import Limits
from evalkit.provider import Provider

CASE = "case-0001"
LATER = timedelta(hours=1)


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Splits runs at a number of requests, as the API's limits would at 100,000."""

    def split(n: int) -> None:
        for room in (submit, recover):
            name = "Submitter" if room is submit else "Recoverer"
            monkeypatch.setattr(room, name, limited(getattr(room, name), n))

    return split


def limited(kind: Any, n: int) -> Any:
    def make(**options: Any) -> Any:
        return kind(**options, limits=Limits(requests=n))

    return make


def test_the_recovered_run_exports_the_same(desk: Any) -> None:
    run = desk.submit()
    desk.collect()
    before = desk.rows(run)
    desk.lose_store()

    (view,) = desk.recover()

    assert view.run == run
    assert desk.rows(run) == before
    assert len(desk.batches()) == 1


def test_a_recovered_run_counts_its_money_as_before(desk: Any) -> None:
    run = desk.submit()
    desk.collect()
    before = desk.view(run).spending
    desk.lose_store()
    desk.recover()
    assert desk.view(run).spending == before


def test_every_part_is_recovered(desk: Any, in_parts: Callable[[int], None]) -> None:
    in_parts(3)
    run = desk.submit()
    desk.collect()
    before = desk.rows(run)
    assert len(desk.batches()) == 3
    desk.lose_store()

    desk.recover()

    assert desk.rows(run) == before
    assert len(desk.batches()) == 3


def test_follow_ups_are_recovered_and_the_last_word_counts(desk: Any) -> None:
    desk.behave(shares={"api_error": 0.3, "truncated": 0.3}, seed=3)
    run = desk.submit()
    desk.collect()
    before, n = desk.rows(run), len(desk.batches())
    assert n > 1
    desk.lose_store()

    desk.recover()
    desk.collect()

    assert desk.rows(run) == before
    assert len(desk.batches()) == n


def test_a_part_that_has_not_ended_is_not_sent_again(desk: Any, in_parts: Callable[[int], None]) -> None:
    in_parts(3)
    desk.behave()
    desk.grace(0)
    run = desk.submit()
    desk.collect()
    before, n = desk.rows(run), len(desk.batches())
    desk.lose_store()
    slow_down(desk, desk.batches()[1])

    desk.recover()
    assert len(desk.batches()) == n
    for _ in range(3):
        desk.command("collect")
    assert len(desk.batches()) == n

    hurry(desk)
    desk.recover()
    desk.collect()
    assert len(desk.batches()) == n
    assert desk.rows(run) == before


def slow_down(desk: Any, batch: str) -> None:
    """The provider says of a batch that it is still in progress."""
    listed, asked = Provider.list_batches, Provider.retrieve

    def running(one: Any) -> Any:
        if one.id != batch:
            return one
        counts = {"processing": one.requests}
        return msgspec.structs.replace(one, processing_status="in_progress", ended_at=None, request_counts=counts)

    def retrieve(self: Any, batch_id: str) -> Any:
        polled = asked(self, batch_id)
        return replace(polled, batch=running(polled.batch))

    desk.slow = pytest.MonkeyPatch()
    desk.slow.setattr(Provider, "list_batches", lambda self: map(running, listed(self)))
    desk.slow.setattr(Provider, "retrieve", retrieve)


def hurry(desk: Any) -> None:
    desk.slow.undo()


def test_a_batch_that_has_not_ended_is_left_for_later_and_said(desk: Any) -> None:
    desk.behave(seconds=600)
    desk.submit()
    desk.lose_store()

    found = desk.recover()

    assert list(found) == []
    assert any("1 batches have not ended" in note for note in desk.notes.said)
    desk.sandbox.advance(LATER)
    (view,) = desk.recover()
    assert (view.scored, len(desk.batches())) == (6, 1)


def test_batches_of_another_label_are_left_alone(desk: Any) -> None:
    desk.submit(label="monday")
    desk.collect()
    desk.lose_store()

    assert list(desk.recover(label="tuesday")) == []
    assert any("belong to other runs or labels" in note for note in desk.notes.said)
    assert [view.label for view in desk.recover(label="monday")] == ["monday"]


def test_one_batch_can_be_named(desk: Any) -> None:
    desk.submit(label="monday")
    desk.submit(label="tuesday")
    desk.collect()
    monday, tuesday = desk.batches()
    desk.lose_store()

    ended = desk.command("recover", "--batch", tuesday, "--label", "tuesday", "--json")

    assert ended.code == 0
    assert [row["label"] for row in ended.json["runs"]] == ["tuesday"]
    with pytest.raises(UsageError, match="holds no request"):
        desk.recover(batch=monday, label="tuesday")


def test_one_run_can_be_named(desk: Any) -> None:
    run = desk.submit(label="monday")
    desk.collect()
    desk.lose_store()

    ended = desk.command("recover", run[:6], "--label", "monday", "--json")

    assert ended.code == 0
    assert [row["run"] for row in ended.json["runs"]] == [run]


def test_a_run_that_the_config_does_not_make_is_refused_with_those_that_it_makes(desk: Any) -> None:
    run = desk.submit()

    with pytest.raises(UsageError, match=rf"makes no judged run 'zzz' under this label; its runs are {run}"):
        desk.recover(run="zzz")


def test_adopt_takes_back_one_batch(desk: Any) -> None:
    desk.submit(label="monday")
    desk.collect()
    (batch,) = desk.batches()
    desk.lose_store()

    ended = desk.command("adopt", "--batch", batch, "--label", "monday", "--json")

    assert ended.code == 0
    assert [(row["label"], row["pending"]) for row in ended.json["runs"]] == [("monday", 0)]
    assert len(desk.batches()) == 1


def test_what_is_in_the_store_is_not_recovered_twice(desk: Any) -> None:
    run = desk.submit()
    desk.collect()
    before = desk.rows(run)
    assert list(desk.recover()) == []
    with pytest.raises(UsageError, match="in the store already"):
        desk.recover(batch=desk.batches()[0])
    assert desk.rows(run) == before


def test_submit_after_a_recovery_sends_nothing(desk: Any) -> None:
    run = desk.submit()
    desk.lose_store()
    operations.recover(desk.folder, store=desk.url)
    assert desk.submit() == run
    assert len(desk.batches()) == 1


def test_what_a_run_took_over_is_recovered_with_the_run_that_was_paid(desk: Any) -> None:
    desk.submit(label="monday")
    desk.collect()
    outputs = desk.folder / "recorded.jsonl"
    outputs.write_text(outputs.read_text().replace("They are 0.", "They are none.", 1), encoding="utf-8")
    run = desk.submit(label="tuesday")
    desk.collect()
    before, n = desk.rows(run), len(desk.batches())
    desk.lose_store()

    assert list(desk.recover(label="tuesday")) == []
    assert any("recover these first" in note for note in desk.notes.said)
    outputs.write_text(outputs.read_text().replace("They are none.", "They are 0.", 1), encoding="utf-8")
    desk.recover(label="monday")
    outputs.write_text(outputs.read_text().replace("They are 0.", "They are none.", 1), encoding="utf-8")
    desk.recover(label="tuesday")

    assert desk.rows(run) == before
    assert len(desk.batches()) == n == 2
