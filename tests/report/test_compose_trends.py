"""A page's candidates over time: every label in the store, cut to the newest, and to means where sets are large."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from scored_suite import N, Suite, a_suite, page_runs

from evalkit.report.compose.trends import trends
from evalkit.report.page import TrendLine, TrendPoint

WRONG = {"mon": [0], "tue": [0, 1], "wed": list(range(9))}


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    made = a_suite(tmp_path / "suite")
    made.candidates("first", "second")
    return made


def night(suite: Suite, label: str, first: list[int], second: list[int] | None = None) -> None:
    suite.outputs("first", first)
    suite.outputs("second", second or [])
    suite.submit(label)


@pytest.fixture
def three_nights(suite: Suite) -> Suite:
    for label, wrong in WRONG.items():
        night(suite, label, wrong)
    return suite


def lines_of(
    suite: Suite, limits: Mapping[str, int] | None = None, **wanted: object
) -> dict[tuple[str, str], TrendLine]:
    with suite.open() as store:
        runs, _ = page_runs(store, **wanted)
        found = trends(store, runs, **(limits or {}))
    made = {(one.candidate, one.grader): one for one in found}
    assert len(made) == len(found)
    return made


def test_a_page_of_the_newest_night_has_the_nights_before_it_on_its_lines(three_nights: Suite) -> None:
    found = lines_of(three_nights, label="wed")
    (segment,) = found["first", "correctness"].segments

    assert set(found) == {(one, grader) for one in ("first", "second") for grader in ("correctness", "exact")}
    assert [point.label for point in segment.points] == ["mon", "tue", "wed"]
    assert [point.mean for point in segment.points] == [pytest.approx(right / N) for right in (11, 10, 3)]
    assert [point.delta for point in segment.points] == [None, pytest.approx(-1 / N), pytest.approx(-7 / N)]
    assert segment.points[2].delta_low < segment.points[2].delta < segment.points[2].delta_high < 0
    assert [point.candidate_changed for point in segment.points] == [False, True, True]
    assert all(point.simulated and point.n == N and point.low < point.mean < point.high for point in segment.points)
    assert found["first", "correctness"].left_out == 0


def test_a_single_night_has_no_line(suite: Suite) -> None:
    night(suite, "mon", [0])

    assert lines_of(suite) == {}


def test_a_single_night_of_two_judges_has_no_line_either(suite: Suite) -> None:
    night(suite, "mon", [0])
    suite.submit("mon", judge="claude-sonnet-5-5")

    assert lines_of(suite) == {}


def test_what_is_not_on_the_page_has_no_line(three_nights: Suite) -> None:
    assert set(lines_of(three_nights, candidate="second", grader="exact")) == {("second", "exact")}


def test_a_new_rubric_breaks_the_line_and_says_so(three_nights: Suite) -> None:
    config = three_nights.folder / "evalkit.toml"
    config.write_text(config.read_text("utf-8").replace("Does the output say", "Does it say"), encoding="utf-8")
    night(three_nights, "thu", [0])
    older, newer = lines_of(three_nights, label="thu")["first", "correctness"].segments

    assert [[point.label for point in one.points] for one in (older, newer)] == [["mon", "tue", "wed"], ["thu"]]
    assert (older.differs, newer.points[0].delta) == ((), None)
    assert any("rubric" in part for part in newer.differs)
    assert newer.judge == "claude-haiku-5-5"


def test_a_run_without_a_score_is_no_point(three_nights: Suite) -> None:
    three_nights.outputs("first", [])
    three_nights.submit("thu", collect=False, fresh=True)
    found = lines_of(three_nights)

    assert [point.label for point in found["first", "correctness"].segments[0].points] == ["mon", "tue", "wed"]
    assert [point.label for point in found["first", "exact"].segments[0].points] == ["mon", "tue", "wed", "thu"]


def test_lines_end_with_their_newest_points_and_count_the_older(three_nights: Suite) -> None:
    found = lines_of(three_nights, {"most_points": 2}, label="wed")
    (segment,) = found["first", "correctness"].segments

    assert [point.label for point in segment.points] == ["tue", "wed"]
    assert [one.left_out for one in found.values()] == [1] * 4
    assert segment.points[0].delta is None  # to a point that is not on the line


def test_a_large_set_has_the_same_means_and_no_differences(three_nights: Suite) -> None:
    night(three_nights, "thu", [0, 1, 2], [5])
    config = three_nights.folder / "evalkit.toml"
    config.write_text(config.read_text("utf-8").replace("Does the output say", "Does it say"), encoding="utf-8")
    night(three_nights, "fri", [0])
    small, large = lines_of(three_nights), lines_of(three_nights, {"most_paired": N - 1})

    assert small.keys() == large.keys()
    for key, line in small.items():
        twin = large[key]
        assert (len(points(twin)), twin.low_value, twin.high_value) == (5, line.low_value, line.high_value)
        assert [(one.judge, one.differs) for one in twin.segments] == [
            (one.judge, one.differs) for one in line.segments
        ]
        for point, other in zip(points(line), points(twin), strict=True):
            assert (other.run, other.date, other.n) == (point.run, point.date, point.n)
            assert (other.mean, other.low, other.high) == pytest.approx((point.mean, point.low, point.high))
            assert (other.candidate_changed, other.dataset_changed) == (point.candidate_changed, point.dataset_changed)
            assert (other.delta, other.delta_low, other.delta_high) == (None, None, None)
    assert any(point.delta is not None for point in points(small["first", "correctness"]))


def points(line: TrendLine) -> list[TrendPoint]:
    return [point for segment in line.segments for point in segment.points]


def test_outputs_that_are_judged_again_keep_the_date_of_their_first_judgement(
    three_nights: Suite,
) -> None:
    for label, wrong in WRONG.items():
        three_nights.outputs("first", wrong)
        three_nights.outputs("second", [])
        three_nights.submit(label, judge="claude-sonnet-5-5")
    with three_nights.open() as store:
        runs, _ = page_runs(store, grader="correctness", candidate="first")
        (line,) = trends(store, runs, most_points=3)
    first = {run.label: run.created_at for run in reversed(runs)}
    (segment,) = line.segments

    assert (segment.judge, line.left_out) == ("claude-sonnet-5-5", 3)
    assert [(point.label, point.date) for point in segment.points] == list(first.items())[::-1]
