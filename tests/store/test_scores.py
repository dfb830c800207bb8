"""Scores: finished without loss, tallied as statistics would from the raw values."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from evalkit.errors import StaleTransitionError
from evalkit.pipeline.overview import estimate_of, overview
from evalkit.run import BatchState
from evalkit.score import Score, Status, Verdict
from evalkit.stats import estimate
from evalkit.store import Store

CRITERION = ["correctness"]


def statuses(store: Store, made: Any) -> dict[str, Status]:
    return {placed.score.case_id: placed.score.verdict.status for placed in store.scores.of(made.run.id)}


def test_finishing_names_what_is_missing_and_loses_no_case(plant: Any, store: Store) -> None:
    made = plant((3, 2))
    batch = made.batch(ended=True)
    store.scores.put([made.score(made.requests[1], batch)])
    assert store.scores.finish(batch, CRITERION, now=batch.created_at) == 2
    assert statuses(store, made) == {
        "case-0000": Status.MISSING,
        "case-0001": Status.SCORED,
        "case-0002": Status.MISSING,
    }
    (view,) = overview(store, [made.run])
    assert (view.cases, view.scored, view.unscored, view.pending) == (5, 1, {"missing": 2}, 2)
    assert store.progress([made.run.id])[made.run.id][1][0].state is BatchState.COLLECTED


def test_finishing_a_batch_that_has_everything_adds_nothing(plant: Any, store: Store) -> None:
    made = plant()
    batch = made.batch(ended=True)
    store.scores.put(made.score(request, batch) for request in made.requests)
    before = made.everything()["scores"]
    assert store.scores.finish(batch, CRITERION, now=batch.created_at) == 0
    assert made.everything()["scores"] == before


def test_finishing_too_early_or_twice_writes_nothing(plant: Any, store: Store) -> None:
    made = plant()
    batch = made.batch()
    with pytest.raises(StaleTransitionError):
        store.scores.finish(batch, CRITERION, now=batch.created_at)
    assert statuses(store, made) == {}
    store.batches.ended(batch.id, ended_at=batch.created_at)
    store.scores.finish(batch, CRITERION, now=batch.created_at)
    before = made.everything()
    with pytest.raises(StaleTransitionError):
        store.scores.finish(batch, CRITERION, now=batch.created_at)
    assert made.everything() == before


def test_a_score_of_another_batch_does_not_stand_in_for_a_result(plant: Any, store: Store) -> None:
    made = plant()
    batch = made.batch(ended=True)
    elsewhere = replace(batch, id="msgbatch_0")
    store.scores.put([made.score(made.requests[0], elsewhere)])
    assert store.scores.finish(batch, CRITERION, now=batch.created_at) == 4


def test_a_score_put_twice_is_one_score_the_later(plant: Any, store: Store) -> None:
    made = plant()
    batch = made.batch()
    first = made.score(made.requests[0], batch, value=0.0)
    store.scores.put([first, made.score(made.requests[1], batch)])
    store.scores.put([made.score(made.requests[0], batch, Status.REFUSED)])
    placed = store.scores.for_case(made.run.id, "case-0000")
    assert [(one.score.verdict.status, one.score.verdict.value) for one in placed] == [(Status.REFUSED, None)]
    assert len(made.everything()["scores"]) == 2


def test_scores_come_in_the_order_of_the_file_with_their_case_and_reply(
    plant: Any, store: Store, result_line: Any
) -> None:
    cases = [
        {"id": id_, "input": "x", "tags": [id_.upper()], "cluster": cluster}
        for id_, cluster in (("zebra", "one"), ("ant", None), ("mole", "one"))
    ]
    made = plant((3,), cases=cases, outputs={"recorded": {case["id"]: "y" for case in cases}})
    batch = made.batch()
    store.results.keep(batch, [result_line(made.requests[0].custom_id)], now=batch.created_at)
    store.scores.put(made.score(request, batch) for request in reversed(made.requests))
    placed = list(store.scores.of(made.run.id))
    assert [(one.position, one.score.case_id, one.tags, one.cluster) for one in placed] == [
        (0, "zebra", ("ZEBRA",), "one"),
        (1, "ant", ("ANT",), None),
        (2, "mole", ("MOLE",), "one"),
    ]
    assert [one.case_digest for one in placed] == [case.digest for case in made.suite.dataset]
    assert (placed[0].score.served_model, placed[0].cost_usd) == ("claude-haiku-5-5", 0.25)
    assert placed[0].usage is not None
    assert placed[0].usage["output_tokens"] == 10
    assert (placed[1].usage, placed[1].cost_usd, placed[1].score.served_model) == (None, None, None)


@pytest.mark.parametrize("clustered", [False, True], ids=["each case alone", "in clusters"])
def test_tallies_give_the_estimate_of_the_raw_values(plant: Any, store: Store, clustered: bool) -> None:
    draw = random.Random(20261122)
    cases = [
        {"id": f"c{i}", "input": f"i{i}", "cluster": draw.choice(["a", "b", "c", "d", None]) if clustered else None}
        for i in range(80)
    ]
    made = plant((80,), cases=cases, outputs={"recorded": {case["id"]: "y" for case in cases}})
    batch = made.batch()
    kinds = {case["id"]: draw.choice([0.0, 0.5, 1.0, 1.0, Status.REFUSED, Status.TRUNCATED]) for case in cases}
    scores = [
        made.score(one, batch, kind)
        if isinstance(kind := kinds[one.case_id], Status)
        else made.score(one, batch, value=kind)
        for one in made.requests
    ]
    store.scores.put(scores)
    (tally,) = store.scores.tallies([made.run.id])
    values = {case: kind for case, kind in kinds.items() if not isinstance(kind, Status)}
    unscored = Counter(kind.value for kind in kinds.values() if isinstance(kind, Status))
    assert (tally.values, tally.unscored) == (dict(Counter(values.values())), dict(unscored))
    names = {case["id"]: case["cluster"] for case in cases}
    wanted = estimate(list(values.values()), clusters=[names[case] for case in values], low_value=0.0, high_value=1.0)
    found = estimate_of(tally, (0.0, 1.0))
    assert (found.n, found.method, found.clusters) == (wanted.n, wanted.method, wanted.clusters)
    assert (found.mean, found.low, found.high) == pytest.approx((wanted.mean, wanted.low, wanted.high))


def test_single_judgements_are_kept_beside_the_score_and_not_counted(plant: Any, store: Store) -> None:
    made = plant()
    whole = Verdict(criterion="correctness", status=Status.SCORED, value=0.5)
    parts = [replace(whole, value=value) for value in (0.0, 1.0)]
    store.scores.put(
        Score(run=made.run.id, case_id="case-0000", verdict=verdict, suffix=suffix)
        for verdict, suffix in zip((whole, *parts), ("", "s1", "s2"), strict=True)
    )
    (tally,) = store.scores.tallies([made.run.id])
    assert (tally.values, tally.scored) == ({0.5: 1}, 1)
    assert [one.score.suffix for one in store.scores.for_case(made.run.id, "case-0000")] == ["", "s1", "s2"]
    assert [one.score.suffix for one in store.scores.for_cases([made.run.id], ["case-0000"])["case-0000"]] == [""]


def test_tallies_keep_runs_and_criteria_apart(plant: Any, store: Store) -> None:
    runs = [plant(label=label) for label in ("a", "b")]
    for value, made in enumerate(runs):
        verdicts = [Verdict(criterion=name, status=Status.SCORED, value=float(value)) for name in ("x", "y")]
        store.scores.put(Score(run=made.run.id, case_id="case-0001", verdict=verdict) for verdict in verdicts)
    found = {(tally.run, tally.criterion): tally.values for tally in store.scores.tallies([m.run.id for m in runs])}
    assert found == {(made.run.id, name): {float(value): 1} for value, made in enumerate(runs) for name in ("x", "y")}
