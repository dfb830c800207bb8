"""Warm-up: one ordinary request goes first, the rest when it has ended; whoever is killed, nothing is sent twice."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from evalkit import api
from evalkit.pipeline.caching import settle, warm_up
from evalkit.pipeline.progress import Progress
from evalkit.pipeline.sending import ANEW
from evalkit.pipeline.spool import Limits
from evalkit.pipeline.submit import Submitter
from evalkit.run import IntentState
from evalkit.session import Session
from evalkit.store.schema import intents
from evalkit.work import collector_of

STEPS = (
    "kept",
    "answered",
    "warmed",
    *(
        pytest.param(step, marks=pytest.mark.sweep)
        for step in ("claimed", "settled", "polled", "ended", "results_kept", "collected", "claimed:2")
    ),
)


def asked(place: Any) -> Counter[str]:
    """How often each custom_id was put to the judge and answered."""
    with place.store() as store, store.database.reading() as connection:
        return Counter(connection.execute(sa.text("select custom_id from results")).scalars())


def test_one_request_goes_first_and_the_others_read_what_it_wrote(open_place: Any, store_url: str) -> None:
    place = open_place(store_url, 20, submit=("warm_up = true",))
    place.submit()
    assert place.sent() == [1]
    assert api.status(place.folder, store=place.url).warming == 1
    assert any("1 request goes first, to warm the cache; the other 19 follow" in said for said in place.notes.said)

    place.behave(cache_hits=1.0)
    place.collect()
    assert (place.sent(), place.statuses()) == ([1, 19], {"scored": 20})
    (view,) = place.views()
    assert (view.caching.ttl, view.caching.rows_with_read) == ("1h", 19)
    assert set(asked(place).values()) == {1}


def test_one_pass_after_it_has_ended_sends_the_rest(warm: Any) -> None:
    warm.behave(seconds=1000.0)
    warm.submit()
    warm.collect(wait=False)
    assert warm.sent() == [1], "it has not ended"
    warm.sandbox.advance(timedelta(seconds=1001))
    warm.collect(wait=False)
    assert warm.sent() == [1, 11]


def test_a_second_submit_sends_nothing_before_it_has_ended(warm: Any) -> None:
    warm.behave(seconds=1000.0)
    warm.submit()
    warm.submit()
    assert warm.sent() == [1]


@pytest.mark.parametrize("step", STEPS)
def test_who_is_killed_at_a_step_leaves_one_warm_up_and_nothing_is_sent_twice(warm: Any, step: str) -> None:
    warm.killed("run", "--poll", "0.02", at=step)
    for _ in range(20):  # what is unknown is looked for until a grace is over
        warm.ended("run", "--poll", "0.02", "--timeout", "20")
        if warm.statuses() == {"scored": 12}:
            break
    assert (warm.sent(), warm.statuses()) == ([1, 11], {"scored": 12})
    assert set(asked(warm).values()) == {1}


def test_the_rest_goes_without_when_it_takes_too_long(warm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    warm.behave(seconds=1000.0)
    warm.submit()
    monkeypatch.setattr(warm_up, "PATIENCE", timedelta(0))
    warm.collect(wait=False)
    assert warm.sent() == [1, 11]
    assert any("has not ended within" in said for said in warm.notes.said)


def test_runs_that_share_a_prefix_wait_for_one_warm_up(open_place: Any, sqlite_url: str, two: Any) -> None:
    place = open_place(sqlite_url, outputs=two, submit=("warm_up = true",))
    place.submit()
    assert place.sent() == [1]
    assert any("waits for the warm-up of another run" in said for said in place.notes.said)
    place.collect()
    assert (sorted(place.sent()), place.statuses()) == ([1, 11, 12], {"scored": 24})

    place.submit(label="soon after", fresh=True)
    assert sorted(place.sent()) == [1, 11, 12, 12, 12], "the entry is still there"


def test_who_collects_only_the_run_that_follows_is_not_left_waiting(open_place: Any, sqlite_url: str, two: Any) -> None:
    place = open_place(sqlite_url, outputs=two, submit=("warm_up = true",))
    place.submit()
    with place.store() as store:
        waiting = {one.run: 0 for one in store.intents.in_state(*warm_up_states())}
        follower = next(run for run in waiting if not store.progress([run])[run][1])
    place.collect(runs=[follower])
    assert 12 in place.sent()


def warm_up_states() -> Any:
    from evalkit.run import IntentState

    return (IntentState.PLANNED,)


def test_the_samples_of_a_case_are_parted_and_scored_together(open_place: Any, sqlite_url: str) -> None:
    place = open_place(sqlite_url, 5, submit=("warm_up = true",), grader="samples = 3")
    place.submit()
    place.collect()
    assert (place.sent(), place.statuses()) == ([1, 14], {"scored": 5})


def test_a_run_of_several_parts_holds_back_all_but_its_first_request(warm: Any) -> None:
    with Session(config=warm.folder, store=warm.url) as session:
        collector = collector_of(session, Progress())
        submitter = Submitter(
            sender=collector.sender, reconciler=collector.reconciler, limits=Limits(requests=6), sending=ANEW
        )
        submitter.submit(session.suite.planned(""))
        assert warm.sent() == [1]
    warm.collect()
    assert sum(warm.sent()) == 12
    assert (warm.sent()[0], len(warm.sent()), warm.statuses()) == (1, 4, {"scored": 12})


def test_outputs_that_are_generated_are_warmed_up_when_they_are_released(warm: Any) -> None:
    config = warm.folder / "evalkit.toml"
    text = config.read_text().replace('outputs = "recorded.jsonl"', 'model = "claude-haiku-5-5"\nprompt = "Answer."')
    config.write_text(text)
    warm.submit()
    warm.collect()
    assert sorted(warm.sent()) == [1, 11, 12]
    assert {view.status.value for view in warm.views()} == {"collected"}


def test_an_invalid_first_request_does_not_stop_the_others(warm: Any) -> None:
    warm.behave(outcomes={"case-0000": "invalid_request_error"})
    warm.submit()
    warm.collect()
    assert (warm.sent(), warm.statuses()) == ([1, 11], {"errored": 1, "scored": 11})


def test_an_invalid_first_request_does_not_stop_the_others_where_a_collector_died_over_it(warm: Any) -> None:
    warm.behave(outcomes={"case-0000": "invalid_request_error"})
    warm.submit()
    warm.killed("collect", at="ended:1")
    warm.collect()
    assert (warm.sent(), warm.statuses()) == ([1, 11], {"errored": 1, "scored": 11})


def test_who_cancels_gives_up_what_waits(warm: Any) -> None:
    from evalkit import operations

    warm.behave(seconds=1000.0)
    warm.submit()
    operations.cancel(warm.views()[0].run, config=warm.folder, store=warm.url)
    warm.sandbox.advance(timedelta(seconds=1001))
    warm.collect()
    assert warm.sent() == [1]
    assert warm.statuses()["canceled"] >= 11


def test_what_is_held_back_for_another_reason_is_not_let_go(open_place: Any, store_url: str) -> None:
    place = open_place(store_url, submit=("warm_up = true",))
    place.behave(seconds=1000.0)
    place.submit()
    place.sandbox.advance(timedelta(seconds=1001))
    with place.store() as store:
        (run,) = store.runs.select()
        with store.database.writing() as connection:
            planned = sa.and_(intents.c.run == run.id, intents.c.state == IntentState.PLANNED.value)
            connection.execute(sa.update(intents).where(planned).values(reason="no money"))
        assert store.intents.let_go(run.id, reason=warm_up.HELD) == 0
        place.collect(wait=False)
        assert place.sent() == [1]
        assert store.intents.let_go(run.id, reason="no money") == 1
    place.behave()
    place.collect()
    assert place.sent() == [1, 11]


def test_by_itself_only_a_command_that_waits_warms_up_and_only_where_it_saves_enough(
    open_place: Any, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = open_place(sqlite_url, 40, judge="claude-opus-5-5")
    place.run(label="cheap")
    assert place.sent() == [40]
    monkeypatch.setattr(settle, "WORTH_USD", 0.0001)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "another")
    place.url += "-other"
    place.submit(label="left alone", fresh=True)
    assert place.sent() == [40, 40]
    monkeypatch.setenv("ANTHROPIC_API_KEY", "third")
    place.url += "-third"
    place.run(label="worth it", fresh=True)
    assert place.sent() == [40, 40, 1, 39]


@pytest.mark.parametrize(
    ("cases", "setting", "ttl"), [(4, "auto", None), (120, "auto", "5m"), (120, "1h", "1h"), (120, "off", None)]
)
def test_a_plan_tells_the_cache_that_a_submit_then_asks_for(
    open_place: Any, sqlite_url: str, cases: int, setting: str, ttl: str | None
) -> None:
    rubric = "Does the output say what the expected answer says? " * 60
    place = open_place(sqlite_url, cases, rubric=rubric, submit=(f'cache = "{setting}"',))
    (before,) = api.plan(place.folder, store=place.url).runs

    place.submit()

    with place.store() as store:
        ((run, kept),) = store.estimates.of([before.run]).items()
        asked = store.runs.get(run).cache_ttl
    assert (before.cache_ttl, asked) == (ttl, ttl or "off")
    assert before.at_most_usd == pytest.approx(kept.at_most_usd)
    (there,) = api.plan(place.folder, store=place.url).runs
    assert there.cache_ttl == ttl


def test_what_was_chosen_stays_whatever_the_config_says_later(open_place: Any, store_url: str) -> None:
    place = open_place(store_url, submit=('cache = "5m"',))
    place.killed("submit", at="kept")
    place.edit('cache = "off"')
    place.submit()
    place.collect()
    with place.store() as store:
        (found,) = store.caching.groups([place.views()[0].run])
    assert found.written_5m_tokens > 0
    assert found.written_1h_tokens == 0


def test_one_by_one_and_after_first_cases_nothing_is_warmed(warm: Any) -> None:
    warm.submit(smoke=3)
    assert warm.sent() == [9]
    warm.submit(label="at once", realtime=True, fresh=True)
    assert warm.sent() == [9]


def test_a_run_that_was_warmed_up_is_recovered_whole(warm: Any, sqlite_url: str) -> None:
    from evalkit import operations

    warm.submit()
    warm.collect()
    warm.url = f"{sqlite_url}-new"
    operations.recover(warm.folder, store=warm.url)
    assert (warm.sent(), warm.statuses()) == ([1, 11], {"scored": 12})
