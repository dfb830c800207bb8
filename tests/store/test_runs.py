"""Adding runs: whole or not at all, once, and the same on every database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from evalkit.errors import StoreError, UsageError
from evalkit.run import Intent, IntentState, Request
from evalkit.store import Store


def test_a_run_comes_back_with_all_that_it_was_made_of(plant: Any, store: Store) -> None:
    made = plant((2, 2), label="tonight")
    assert store.runs.get(made.run.id) == made.run
    assert sorted(store.runs.requests(made.run.id), key=lambda one: one.custom_id) == made.requests
    assert [one.case_id for one in store.runs.requests(made.run.id, 1)] == ["case-0002", "case-0003"]
    assert [replace(case, output=None) for case in store.content.cases(made.run.dataset)] == list(made.suite.dataset)
    outputs = store.content.outputs_for([made.run.candidate_digest], ["case-0000", "case-0002", "no such"])
    assert {case: text for (_, case), text in outputs.items()} == {
        "case-0000": "They are 0.",
        "case-0002": "Nobody knows.",
    }
    assert store.content.grader(made.run.grader_digest) == (made.planned.grader.parts, made.planned.grader.spec)


def test_each_part_of_a_new_run_is_planned(plant: Any, store: Store) -> None:
    made = plant((3, 1))
    assert [(i.part, i.attempt, i.state, i.requests) for i in store.intents.of(made.run.id)] == [
        (0, 1, IntentState.PLANNED, 3),
        (1, 1, IntentState.PLANNED, 1),
    ]


def test_a_run_that_is_there_is_not_added_again_and_nothing_of_it_changes(plant: Any) -> None:
    made = plant()
    batch = made.batch()
    made.store.scores.put([made.score(made.requests[0], batch)])
    before = made.everything()
    later = replace(made.run, created_at=datetime(2030, 1, 1, tzinfo=UTC))
    assert made.add(run=later, parts=(1, 1), scores=[made.score(made.requests[0], batch, value=0.0)]) is False
    assert made.everything() == before


def test_a_transaction_that_fails_half_way_leaves_nothing(plant: Any, store: Store, everything: Any) -> None:
    made = plant((1500,), add=False)
    before = everything(store)

    def breaking() -> Iterator[Request]:
        yield from made.requests[:1200]
        raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        made.add(requests=breaking())
    assert everything(store) == before
    with pytest.raises(StoreError):
        made.add(requests=[*made.requests, made.requests[0]])
    assert everything(store) == before
    assert made.add() is True


def test_two_runs_share_the_content_they_have_in_common(plant: Any) -> None:
    made = plant()
    other = replace(made.run, label="again")
    requests = [replace(one, custom_id=one.custom_id.replace(made.run.id, other.id)) for one in made.requests]
    before = made.everything()
    assert made.add(run=other, requests=requests)
    after = made.everything()
    assert {name for name in after if after[name] != before[name]} == {"runs", "requests", "intents"}


def test_a_run_added_by_many_at_once_is_added_once(store_url: str, plant: Any, store: Store) -> None:
    made = plant((40,), add=False)
    start, added, broken = threading.Barrier(6), list[bool](), list[BaseException]()

    def add() -> None:
        try:
            with Store.open(store_url) as own:
                start.wait(timeout=30)
                added.append(replace(made, store=own).add())
        except BaseException as error:  # noqa: BLE001 - a thread's failure is the test's
            broken.append(error)

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (broken, sorted(added)) == ([], [False] * 5 + [True])
    assert len(list(store.runs.requests(made.run.id))) == 40
    assert len(store.intents.of(made.run.id)) == 1


def test_a_text_of_any_characters_comes_back_as_it_was(plant: Any, store: Store) -> None:
    awkward = [
        "a\x00b",
        "\u2028\u2029\x85",
        "\u202eright to left",
        "👩‍👩‍👧",
        "caf\u00e9",
        "cafe\u0301",
        "\x1a\x1a0",
        "",
        " ",
    ]
    cases = [{"id": f"case {text}", "input": f"in {text}", "expected": text} for text in awkward]
    outputs = {case["id"]: text for case, text in zip(cases, awkward, strict=True)}
    made = plant((len(cases),), cases=cases, outputs={"recorded": outputs})
    ids = [case["id"] for case in cases]
    assert [(case.id, case.input, case.expected) for case in store.content.cases(made.run.dataset)] == [
        (case["id"], case["input"], case["expected"]) for case in cases
    ]
    found = store.content.outputs_for([made.run.candidate_digest], ids)
    assert {case: text for (_, case), text in found.items()} == outputs
    assert sorted(one.case_id for one in store.runs.requests(made.run.id)) == sorted(ids)
    batch = made.batch()
    scores = [made.score(request, batch) for request in made.requests]
    said = [replace(one, verdict=replace(one.verdict, reason=text)) for one, text in zip(scores, awkward, strict=True)]
    store.scores.put(said)
    placed = list(store.scores.of(made.run.id))
    assert [(one.score.case_id, one.score.verdict.reason) for one in placed] == list(zip(ids, awkward, strict=True))
    assert store.scores.for_case(made.run.id, ids[0])[0].score.case_id == ids[0]


def test_a_run_is_found_by_the_beginning_of_its_id(plant: Any, store: Store) -> None:
    made = plant()
    assert store.runs.beginning(made.run.id[:5]) == [made.run]
    assert store.runs.beginning("%") == store.runs.beginning("_") == []
    assert (store.runs.exists(made.run.id), store.runs.exists(made.run.id[:5])) == (True, False)
    with pytest.raises(UsageError, match="evalkit runs"):
        store.runs.get("nothing")


def test_runs_are_listed_newest_first_and_narrowed(plant: Any, store: Store) -> None:
    first, second = plant(label="a").run, plant(label="b").run
    assert [run.id for run in store.runs.select()] == [second.id, first.id]
    assert [run.id for run in store.runs.select(label="a")] == [first.id]
    assert [run.id for run in store.runs.select(limit=1)] == [second.id]
    assert store.runs.select(suite="another") == []
    assert store.runs.select(ids=[]) == []


def test_progress_shows_every_try_and_batch_of_each_run(plant: Any, store: Store) -> None:
    made, bare = plant((1, 1), label="a"), plant((1,), label="b")
    again: Intent = store.intents.not_created(made.claim(made.intent(0)), reason="refused", now=made.run.created_at)
    made.created(made.claim(again), "msgbatch_0")
    made.batch("msgbatch_1", part=1)
    progress = store.progress([made.run.id, bare.run.id])
    intents, batches = progress[made.run.id]
    assert [(i.part, i.attempt, i.batch) for i in intents] == [(0, 1, None), (0, 2, "msgbatch_0"), (1, 1, "msgbatch_1")]
    assert [(b.id, b.part, b.requests) for b in batches] == [("msgbatch_0", 0, 1), ("msgbatch_1", 1, 1)]
    assert ([i.state for i in progress[bare.run.id][0]], progress[bare.run.id][1]) == ([IntentState.PLANNED], [])
