"""A run with open batches has one store at a time: whoever takes the bundle in collects it, and nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from evalkit import api, operations
from evalkit.errors import IntegrityError, StaleTransitionError, UnknownCreateError, UsageError
from evalkit.run import BatchState
from evalkit.sandbox import Fault
from evalkit.score import Status

CASE = "case-0001"


@pytest.fixture(params=["sqlite to sqlite", "sqlite to postgres", "postgres to sqlite"])
def two(request: pytest.FixtureRequest, open_world: Any) -> Any:
    """A world whose two stores are of these kinds."""
    kinds = request.param.split(" to ")
    urls = [request.getfixturevalue("postgres_url") if kind == "postgres" else None for kind in kinds]
    return open_world(a=urls[0], b=urls[1])


def test_a_run_travels_is_followed_up_once_and_comes_home_with_its_scores(two: Any) -> None:
    two.behave(shares={"api_error": 1.0})
    run = two.a.submit()
    written = two.a.export(two.bundle("there"), run)
    assert written.handed_over == (run,)

    calls = two.calls()
    assert list(two.a.collect(wait=False)) == []
    assert two.a.submit() == run
    assert two.calls() == calls, "the store that gave it away asks nothing of the API for it"
    assert two.a.view(run).status == "handed_over"

    found, said = two.b.take(two.bundle("there"))
    assert [(row.run, row.status) for row in found] == [(run, "submitted")]
    assert said == []
    two.b.collect()
    assert two.b.statuses(run) == ["scored"] * 6
    assert two.creates() == 2, "the run, and one follow-up"

    calls = two.calls()
    two.a.collect(wait=False)
    assert two.calls() == calls
    two.b.export(two.bundle("back"), run)
    _, said = two.a.take(two.bundle("back"))
    assert ["is back" in one for one in said] == [True]
    assert two.a.rows(run) == two.b.rows(run)
    assert two.a.view(run).status == "collected"
    there, here = two.b.view(run).spending, two.a.view(run).spending
    assert here.cost_usd == pytest.approx(there.cost_usd)
    assert replace(here, cost_usd=there.cost_usd) == there
    assert two.creates() == 2


def test_a_bundle_brings_everything_that_a_store_knows_of_a_run(two: Any, everything_of: Any) -> None:
    run = two.a.submit()
    two.a.collect()
    two.a.export(two.bundle(), run)
    two.b.take(two.bundle())

    ours, theirs = everything_of(two.a), everything_of(two.b)
    assert {name: rows for name, rows in theirs.items() if name != "passes"} == {
        name: rows for name, rows in ours.items() if name != "passes"
    }
    assert len(theirs["results"]) == 6


def test_what_was_handed_over_is_refused_with_where_it_went(world: Any) -> None:
    run = world.a.submit()
    world.a.export(world.bundle(), run)
    calls = world.calls()

    for verb in (world.a.collect, world.a.retry):
        with pytest.raises(UsageError, match=r"handed over to .*runs\.evalkit.*--take-back"):
            verb(run)
    with pytest.raises(UsageError, match="handed over"):
        operations.cancel(run, config=world.a.folder, store=world.a.url)
    with pytest.raises(UsageError, match="handed over"):
        operations.resolve(run, gone="msgbatch_1", config=world.a.folder, store=world.a.url)
    with pytest.raises(UsageError, match="handed over"):
        world.a.export(world.bundle("again"), run)
    assert world.calls() == calls
    assert not world.bundle("again").exists()
    assert (queue := api.status(store=world.a.url)).handed_over == 1
    assert (len(queue.batches), queue.planned, queue.unknown) == (0, 0, 0)


def test_a_store_that_lost_its_mark_of_time_cannot_recover_what_another_has_sent(world: Any) -> None:
    world.behave(shares={"api_error": 1.0})
    run = world.a.submit()
    world.a.export(world.bundle(), run)
    world.b.take(world.bundle())
    world.b.collect()

    found = operations.recover(world.a.folder, store=world.a.url)
    assert list(found) == []
    with pytest.raises(UsageError, match="handed over"):
        operations.recover(world.a.folder, run=run, store=world.a.url)
    assert world.a.view(run).scored == 0
    assert world.creates() == 2


def test_the_bundle_a_store_made_itself_does_not_give_the_run_back(world: Any) -> None:
    run = world.a.submit()
    world.a.export(world.bundle(), run)
    _, said = world.a.take(world.bundle())
    assert "stays handed over" in said[0]
    assert world.a.view(run).status == "handed_over"


def test_a_bundle_that_comes_back_without_progress_gives_the_run_back(world: Any) -> None:
    world.behave(seconds=3600)
    run = world.a.submit()
    world.a.export(world.bundle(), run)
    world.b.take(world.bundle())
    assert world.b.export(world.bundle("back"), run).handed_over == (run,)
    world.a.take(world.bundle("back"))
    assert world.a.view(run).status == "submitted"
    assert world.b.view(run).status == "handed_over"
    world.b.take(world.bundle())  # the old one, again
    assert world.b.view(run).status == "handed_over"
    world.behave()
    world.sandbox.advance(timedelta(hours=2))
    world.a.collect()
    assert world.a.statuses(run) == ["scored"] * 6
    assert world.creates() == 1


def test_a_person_may_take_back_what_no_other_store_has(world: Any) -> None:
    run = world.a.submit()
    with pytest.raises(UsageError, match="was not handed over"):
        operations.resolve(run, take_back=True, store=world.a.url)
    world.a.export(world.bundle(), run)
    world.bundle().unlink()
    (row,) = operations.resolve(run, take_back=True, store=world.a.url)
    assert row.status == "submitted"
    world.a.collect()
    assert world.a.statuses(run) == ["scored"] * 6


def test_a_bundle_that_has_come_further_gives_the_run_back_whatever_was_taken_back_between(world: Any) -> None:
    run = world.a.submit()
    world.a.export(world.bundle(), run)
    world.b.take(world.bundle())
    operations.resolve(run, take_back=True, store=world.a.url)
    world.a.export(world.bundle("mistaken"), run)
    world.b.collect()
    world.b.export(world.bundle("back"), run)
    world.a.take(world.bundle("back"))
    assert world.a.view(run).status == "collected"
    assert world.creates() == 1


def test_a_collected_run_stays_with_both(world: Any) -> None:
    run = world.a.submit()
    world.a.collect()
    assert world.a.export(world.bundle(), run).handed_over == ()
    world.b.take(world.bundle())
    assert (world.a.view(run).status, world.b.view(run).status) == ("collected", "collected")


def test_an_older_bundle_changes_nothing(world: Any) -> None:
    run = world.a.submit()
    world.a.export(world.bundle(), run)
    world.b.take(world.bundle())
    world.b.collect()
    before = world.b.rows(run)
    _, said = world.b.take(world.bundle())
    assert "has come further in this store" in said[0]
    assert world.b.rows(run) == before


def test_two_stores_that_both_sent_a_follow_up_are_never_merged(world: Any, everything_of: Any) -> None:
    world.behave(outcomes={CASE: "refusal"})
    run = world.a.submit()
    world.a.collect()
    world.a.export(world.bundle(), run)
    world.b.take(world.bundle())
    for place in (world.a, world.b):
        operations.retry(run, statuses=[Status.REFUSED], config=place.folder, store=place.url)
        place.collect()
    world.b.export(world.bundle("other"), run)
    before = everything_of(world.a)
    with pytest.raises(IntegrityError, match=f"run {run} has gone different ways"):
        world.a.take(world.bundle("other"))
    assert everything_of(world.a) == before


def test_the_same_run_sent_from_two_stores_is_never_merged(world: Any) -> None:
    run = world.a.submit()
    assert world.b.submit() == run
    world.a.export(world.bundle(), run)
    with pytest.raises(IntegrityError, match="part 0 is msgbatch"):
        world.b.take(world.bundle())
    assert world.b.view(run).status == "submitted"


def test_a_part_that_is_not_sent_does_not_leave_its_store(world: Any) -> None:
    world.behave(Fault("create", "commit-then-500"), Fault("list", "list-lag", seconds=10_000), seconds=60)
    with pytest.raises(UnknownCreateError):
        world.a.submit()
    (row,) = api.runs(store=world.a.url)
    with pytest.raises(UsageError, match="resolve it first"):
        world.a.export(world.bundle(), row.run)
    assert not world.bundle().exists()
    assert world.a.view(row.run).status == "unknown"

    operations.resolve(row.run, not_created=True, config=world.a.folder, store=world.a.url)
    with pytest.raises(UsageError, match="submit it first"):
        world.a.export(world.bundle(), row.run)
    assert list(world.folder.glob(".*")) == []


def test_a_collector_that_is_at_work_while_a_run_is_handed_over_sends_nothing(world: Any) -> None:
    world.behave(shares={"api_error": 1.0})
    run = world.a.submit()
    with world.a.store() as store:
        (batch,) = store.batches.open([run])
        store.batches.ended(batch.id, ended_at=None)
        world.a.export(world.bundle(), run)
        now = batch.created_at
        with pytest.raises(StaleTransitionError, match="handed over"):
            store.finish(batch, ["correctness"], [], now=now)
        ids = [one.custom_id for one in store.runs.requests(run)][:1]
        with pytest.raises(StaleTransitionError, match="handed over"):
            store.runs.follow_up(run, ids, round=1, max_tokens=None)
        with pytest.raises(StaleTransitionError):
            store.batches.canceling(batch.id)
    assert world.a.statuses(run) == []


def test_a_run_that_moves_on_while_it_is_written_is_written_again(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from evalkit.store.hand_overs import HandOvers

    run = world.a.submit()
    give = HandOvers.give
    tried: list[bool] = []

    def raced(self: Any, numbers: Any, standing: Any, **rest: Any) -> bool:
        if not tried:  # another process collects at the worst moment
            world.a.collect()
        tried.append(give(self, numbers, standing, **rest))
        return tried[-1]

    monkeypatch.setattr(HandOvers, "give", raced)
    written = world.a.export(world.bundle(), run)
    assert tried == [False, True]
    assert written.handed_over == ()
    world.b.take(world.bundle())
    assert world.b.statuses(run) == ["scored"] * 6


def test_a_bundle_that_cannot_be_put_in_its_place_hands_nothing_over(world: Any) -> None:
    run = world.a.submit()
    (world.bundle() / "taken").mkdir(parents=True)
    with pytest.raises(UsageError, match="cannot be written"):
        world.a.export(world.bundle(), run)
    assert world.a.view(run).status == "submitted"
    assert sorted(path.name for path in world.folder.glob(".*")) == []


def test_every_run_of_a_label_goes_into_one_bundle(world: Any) -> None:
    first, other = world.a.submit(label="one"), world.a.submit(label="two")
    written = world.a.export(world.bundle(), label="one")
    assert written.runs == (first,)
    assert world.a.view(other).status == "submitted"
    with pytest.raises(UsageError, match="no run to bundle"):
        world.a.export(world.bundle(), label="three")
    with pytest.raises(UsageError, match="ids, or a label"):
        world.a.export(world.bundle())
    with world.b.store() as store:
        assert store.batches.open() == []
    world.b.take(world.bundle())
    with world.b.store() as store:
        assert [batch.state for batch in store.batches.open()] == [BatchState.IN_PROGRESS]
