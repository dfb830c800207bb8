"""A candidate over time: one line where the same measure made the scores, broken and named where it changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.analysis import CaseScore, DatedRun, Outcome, RunScores, Trend, compare, trend
from evalkit.score import Status

START = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


class History:
    """Runs of one candidate, each given as a dated run and its scores."""

    def __init__(self) -> None:
        self.runs: list[DatedRun] = []
        self.scores: dict[str, RunScores] = {}
        self.read: list[str] = []

    def add(
        self,
        run: str,
        judged: float,
        values: Sequence[float | None],
        *,
        created: float | None = None,
        parts: dict[str, str] | None = None,
        served: str = "claude-haiku-5-5",
        dataset: str = "v1",
        outputs: str | None = None,
        label: str | None = None,
        cases: Sequence[tuple[str, str]] | None = None,
    ) -> None:
        measure = parts or {"rubric": "first"}
        dated = DatedRun(
            run=run,
            label=run if label is None else label,
            dataset=dataset,
            candidate_digest=outputs or f"outputs of {run}",
            grader_digest=str(sorted(measure.items())),
            judge_digest="haiku",
            served_models=(served,),
            cases=len(values),
            judged_at=day(judged),
            created_at=day(judged if created is None else created),
        )
        places = cases or [(f"case-{at:03}", "same") for at in range(len(values))]
        self.runs.append(dated)
        self.scores[run] = RunScores(
            run=run,
            candidate="production",
            grader="correctness",
            criterion="correctness",
            judge="claude-haiku-5-5",
            label=dated.label,
            dataset=dataset,
            grader_parts=measure,
            served_models=(served,),
            cases=[
                CaseScore(
                    case_id=case,
                    case_digest=digest,
                    status=Status.REFUSED if value is None else Status.SCORED,
                    value=value,
                    position=at,
                )
                for at, ((case, digest), value) in enumerate(zip(places, values, strict=True))
            ],
        )

    def trend(self, order: Sequence[int] | None = None) -> Trend:
        runs = self.runs if order is None else [self.runs[at] for at in order]
        return trend(runs, self._scores)

    def _scores(self, run: str) -> RunScores:
        self.read.append(run)
        return self.scores[run]


def names(made: Trend) -> list[list[str]]:
    return [[point.run for point in segment.points] for segment in made.segments]


@pytest.fixture
def week() -> History:
    """Five nights under one measure: down on the third, back on the fourth."""
    history = History()
    for at, right in enumerate((36, 36, 18, 36, 35)):
        history.add(f"night-{at}", at, [1.0] * right + [0.0] * (40 - right))
    return history


def test_each_point_is_compared_with_the_one_before_it(week: History) -> None:
    made = week.trend()
    points = made.newest.points

    assert names(made) == [[f"night-{at}" for at in range(5)]]
    assert [point.mean for point in points] == [0.9, 0.9, 0.45, 0.9, 0.875]
    assert [point.outcome and point.outcome.value for point in points] == [
        None, "no difference", "worse", "better", "no difference"
    ]  # fmt: skip
    expected = compare(week.scores["night-1"], week.scores["night-2"])
    assert (points[2].delta, points[2].delta_low, points[2].delta_high) == (expected.delta, expected.low, expected.high)
    assert (points[2].p_value, points[2].mde, points[2].n_paired) == (expected.p_value, expected.mde, 40)
    assert (points[0].delta, points[0].n_paired) == (None, None)


@given(st.permutations(range(5)))
def test_the_order_in_which_runs_are_given_changes_nothing(order: Sequence[int]) -> None:
    history = History()
    for at, right in enumerate((4, 5, 3, 5, 5)):
        parts = {"rubric": "first" if at < 3 else "second"}
        history.add(f"night-{at}", at, [1.0] * right + [0.0] * (5 - right), parts=parts)

    assert history.trend(order) == history.trend()


def test_every_run_is_read_once(week: History) -> None:
    week.trend()

    assert week.read == [f"night-{at}" for at in range(5)]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"parts": {"rubric": "second"}}, "rubric differs: first in the segment before, second in this one"),
        (
            {"served": "claude-haiku-5-6"},
            "judge served claude-haiku-5-5 in the segment before, claude-haiku-5-6 in this one",
        ),
    ],
)
def test_the_trend_is_broken_where_the_measure_changed_and_the_part_is_named(
    week: History, change: dict[str, Any], what: str
) -> None:
    week.add("night-5", 5, [1.0] * 40, **change)
    week.add("night-6", 6, [1.0] * 40, **change)
    made = week.trend()

    assert [len(segment.points) for segment in made.segments] == [5, 2]
    assert [segment.differs for segment in made.segments] == [(), (what,)]
    assert made.newest.points[0].outcome is None
    assert made.newest.points[1].outcome is Outcome.NO_DIFFERENCE
    assert made.to_rebase == tuple(f"night-{at}" for at in range(5))


def test_a_rejudged_history_keeps_its_dates_and_joins_the_newest_segment(week: History) -> None:
    week.add("night-5", 5, [1.0] * 40, parts={"rubric": "second"})
    for at in (3, 4):
        old = week.runs[at]
        week.add(
            f"again-{at}",
            at,
            [1.0] * 40,
            created=6,
            parts={"rubric": "second"},
            outputs=old.candidate_digest,
            label=old.label,
        )
    made = week.trend()

    assert names(made)[-1] == ["again-3", "again-4", "night-5"]
    assert [point.date for point in made.newest.points] == [day(3), day(4), day(5)]
    assert [point.rebased for point in made.segments[0].points] == [False, False, False, True, True]
    assert made.to_rebase == ("night-0", "night-1", "night-2")


def test_the_segment_to_read_is_that_of_the_measure_used_last(week: History) -> None:
    week.add("other", 1, [1.0] * 40, created=9, parts={"rubric": "second"})

    assert names(week.trend())[-1] == ["other"]


def test_measures_that_alternate_make_two_lines_and_not_a_break_each_night() -> None:
    history = History()
    for at in range(6):
        history.add(f"night-{at}", at, [1.0, 0.0], served=("claude-haiku-5-5", "claude-haiku-5-6")[at % 2])

    assert names(history.trend()) == [["night-0", "night-2", "night-4"], ["night-1", "night-3", "night-5"]]


def test_a_changed_dataset_is_marked_and_paired_on_what_stayed(week: History) -> None:
    places = [*((f"case-{at:03}", "same") for at in range(38)), ("case-038", "edited"), ("case-040", "same")]
    week.add("night-5", 5, [0.0] * 40, dataset="v2", cases=places)
    made = week.trend()
    last = made.newest.points[-1]

    assert len(made.segments) == 1
    assert (last.dataset_changed, last.added, last.removed, last.changed) == (True, 1, 1, 1)
    assert (last.n_paired, last.outcome) == (38, Outcome.WORSE)
    assert not made.newest.points[-2].dataset_changed


def test_the_same_outputs_judged_twice_are_told_from_a_new_candidate(week: History) -> None:
    week.add("night-5", 5, [1.0] * 35 + [0.0] * 5, outputs="outputs of night-4")

    assert [point.candidate_changed for point in week.trend().newest.points] == [False, True, True, True, True, False]


def test_coverage_stands_beside_each_point(week: History) -> None:
    week.add("night-5", 5, [1.0] * 30 + [None] * 10)
    last = week.trend().newest.points[-1]

    assert (last.n, last.coverage, last.mean) == (30, 0.75, 1.0)


def test_a_simulated_run_is_never_on_one_line_with_real_ones(week: History) -> None:
    week.add("sandbox", 5, [1.0] * 40)
    week.runs[-1] = replace(week.runs[-1], simulated=True)
    week.scores["sandbox"] = replace(week.scores["sandbox"], simulated=True)
    made = week.trend()

    assert names(made)[-1] == ["sandbox"]
    assert made.newest.differs == ("this one was scored by the sandbox's judge",)


def test_a_trend_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a run"):
        trend([], History().scores.__getitem__)
