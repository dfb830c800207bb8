from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.analysis import CaseScore, RunScores, RunSummary, summarise
from evalkit.errors import IntegrityError
from evalkit.score import UNSCORED, Status
from evalkit.stats import estimate, wilson


def a_run(
    values: list[float | Status],
    *,
    pending: list[str] | None = None,
    clusters: list[str] | None = None,
    low_value: float = 0.0,
    high_value: float = 1.0,
) -> RunScores:
    cases = [
        CaseScore(
            case_id=f"c{at}",
            case_digest="x",
            status=value if isinstance(value, Status) else Status.SCORED,
            value=None if isinstance(value, Status) else value,
            cluster=clusters[at] if clusters else None,
        )
        for at, value in enumerate(values)
    ]
    return RunScores(
        run="r",
        candidate="c",
        grader="g",
        criterion="tone",
        judge="j",
        label="",
        dataset="d",
        cases=cases,
        pending=pending,
        low_value=low_value,
        high_value=high_value,
    )


def test_a_summary_counts_every_case_and_estimates_only_the_scored() -> None:
    """By hand: 3 of 4 passed, 2 unscored, 2 pending: worst 3/8, best 7/8, coverage 4/8."""
    made = summarise(a_run([1, 1, 1, 0, Status.REFUSED, Status.EXPIRED]), 8)
    expected = wilson(3, 4)

    assert expected is not None
    assert (made.run, made.criterion, made.n_cases, made.scored, made.pending) == ("r", "tone", 8, 4, 2)
    assert (made.unscored, made.n_unscored) == ({Status.REFUSED: 1, Status.EXPIRED: 1}, 2)
    assert (made.estimate.n, made.estimate.mean, made.estimate.method) == (4, 0.75, "wilson")
    assert (made.estimate.low, made.estimate.high) == (expected.low, expected.high)
    assert (made.worst, made.best, made.coverage) == (0.375, 0.875, 0.5)


def test_worst_and_best_use_the_scale_of_the_grader() -> None:
    """By hand: scores 5 and 3 of 1 to 5, one refused, one pending: (8 + 2) / 4 and (8 + 10) / 4."""
    made = summarise(a_run([5, 3, Status.REFUSED], low_value=1, high_value=5), 4)

    assert (made.worst, made.best) == (2.5, 4.5)


def test_no_score_is_no_zero() -> None:
    made = summarise(a_run([Status.MISSING, Status.TRUNCATED]), 2)

    assert (made.estimate.mean, made.estimate.low, made.estimate.high) == (None, None, None)
    assert (made.worst, made.best, made.coverage) == (0, 1, 0)


def test_an_empty_dataset_has_neither_bounds_nor_coverage() -> None:
    made = summarise(a_run([]), 0)

    assert (made.worst, made.best, made.coverage, made.estimate.mean) == (None, None, None, None)


def test_clusters_reach_the_estimate() -> None:
    made = summarise(a_run([1, 0.5, 0, 0.5, 1, 1], clusters=["a", "a", "b", "b", "c", "c"]), 6)

    assert made.estimate == estimate(
        [1, 0.5, 0, 0.5, 1, 1], clusters=["a", "a", "b", "b", "c", "c"], low_value=0, high_value=1
    )
    assert made.estimate.clusters == 3


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, *UNSCORED])), st.integers(0, 5))
def test_cases_are_conserved_and_the_mean_lies_within_the_bounds(values: list[float | Status], pending: int) -> None:
    made = summarise(a_run(values), len(values) + pending)

    assert made.scored + made.n_unscored + made.pending == made.n_cases == len(values) + pending
    assert made.pending == pending
    if made.coverage == 1:
        assert made.worst == made.best == pytest.approx(made.estimate.mean)
    elif made.estimate.mean is not None:
        assert made.worst < made.best
        assert made.worst - 1e-12 <= made.estimate.mean <= made.best + 1e-12


def test_more_cases_than_the_dataset_has_are_refused() -> None:
    with pytest.raises(IntegrityError, match=r"run r: 2 scored, 1 unscored and 0 pending .* the 2 cases"):
        summarise(a_run([1, 0, Status.REFUSED]), 2)


def test_a_case_that_is_neither_here_nor_pending_is_refused() -> None:
    run = a_run([1, 0], pending=["c2"])

    assert summarise(run, 3).pending == 1
    for n_cases in (2, 4):
        with pytest.raises(IntegrityError, match="1 pending"):
            summarise(run, n_cases)


def test_a_summary_that_does_not_add_up_cannot_be_made() -> None:
    with pytest.raises(IntegrityError, match="do not make up the 5 cases"):
        RunSummary(
            run="r",
            criterion="tone",
            n_cases=5,
            scored=2,
            unscored={Status.REFUSED: 1},
            pending=1,
            estimate=estimate([]),
            worst=None,
            best=None,
            coverage=None,
        )
