"""Reruns of the same things are pooled, so that running a gate until it is green does not help."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evalkit.analysis import CaseScore, RunScores
from evalkit.analysis.gate import measurements, pool
from evalkit.errors import IntegrityError
from evalkit.score import Status


def a_case(case_id: str, value: float | None, **changes: object) -> CaseScore:
    status = Status.SCORED if value is not None else Status.REFUSED
    label = {0.0: "fail", 1.0: "pass"}.get(-1 if value is None else value)
    case = CaseScore(case_id=case_id, case_digest=case_id, status=status, value=value, label=label)
    return replace(case, **changes)


def a_run(run: str, *cases: CaseScore, **changes: object) -> RunScores:
    scores = RunScores(
        run=run, candidate="new", grader="correctness", criterion="correctness", judge="j", label=run, dataset="d",
        cases=cases, served_models=(f"model of {run}",),
    )  # fmt: skip
    return replace(scores, **changes)


def test_runs_are_pooled_case_by_case_into_means() -> None:
    pooled = pool(
        [
            a_run("one", a_case("a", 1.0), a_case("b", 0.0), a_case("c", None), a_case("d", None)),
            a_run("two", a_case("a", 1.0), a_case("b", 1.0), a_case("c", 0.5), a_case("d", None)),
            a_run("three", a_case("b", 1.0), pending=["a", "c", "e"]),
        ]
    )
    found = {case.case_id: case for case in pooled.cases}

    assert (pooled.run, pooled.label) == ("three", "three")
    assert {name: case.value for name, case in found.items()} == {
        "a": 1,
        "b": pytest.approx(2 / 3),
        "c": 0.5,
        "d": None,
    }
    assert (found["a"].label, found["b"].label, found["d"].status) == ("pass", None, Status.REFUSED)
    assert pooled.pending == ("e",)
    assert pooled.served_models == ("model of one", "model of two", "model of three")


def test_one_run_is_its_own_pool() -> None:
    run = a_run("one", a_case("a", 1.0))

    assert pool([run]) is run


@pytest.mark.parametrize(
    "changes", [{"candidate": "x"}, {"dataset": "x"}, {"judge": "x"}, {"grader_parts": {"a": "b"}}]
)
def test_runs_of_other_things_are_not_pooled(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="same dataset, candidate, grader and judge"):
        pool([a_run("one", a_case("a", 1.0)), a_run("two", a_case("a", 1.0), **changes)])


def test_no_runs_are_no_pool() -> None:
    with pytest.raises(ValueError, match="no run to pool"):
        pool([])


def test_one_id_for_two_cases_is_refused() -> None:
    with pytest.raises(IntegrityError, match="case a is not the same"):
        pool([a_run("one", a_case("a", 1.0)), a_run("two", a_case("a", 1.0, case_digest="other"))])


def test_a_score_that_was_taken_over_is_one_observation_however_many_runs_have_it() -> None:
    first = a_run("one", a_case("a", 1.0), a_case("b", 1.0))
    anew = a_run("two", a_case("a", 0.0), a_case("b", 1.0))
    copies = [
        a_run(name, a_case("a", 0.0, taken_from=("two", "a")), a_case("b", 1.0, taken_from=("two", "b")))
        for name in ("three", "four")
    ]
    (a, b) = pool([first, anew, *copies]).cases

    assert (a.value, b.value) == (0.5, 1.0)
    assert measurements([first, anew, *copies]) == 2
    assert measurements(copies) == 1  # the run that was paid is of another dataset, and not here


def test_a_run_of_which_some_was_judged_anew_is_a_measurement_of_its_own() -> None:
    first = a_run("one", a_case("a", 1.0), a_case("b", 1.0))
    mixed = a_run("two", a_case("a", 1.0, taken_from=("one", "a")), a_case("b", 0.0))

    assert measurements([first, mixed]) == 2
    assert [case.value for case in pool([first, mixed]).cases] == [1.0, 0.5]


def test_a_pool_of_which_one_run_asked_a_model_has_asked_one() -> None:
    pooled = pool([a_run("one", a_case("a", 1.0)), a_run("two", a_case("a", 1.0), asked=False)])

    assert pooled.asked
    assert not pool([a_run(name, a_case("a", 1.0), asked=False) for name in ("one", "two")]).asked
