"""Since last time: a run beside the newest earlier one of the same things, and what is not the same as then."""

from __future__ import annotations

from pathlib import Path

import pytest
from scored_suite import N, Suite, a_suite

from evalkit.pipeline.overview import overview
from evalkit.report import Page
from evalkit.report.compose import ReportOptions, compose
from evalkit.report.compose.scored import ScoreBook
from evalkit.report.compose.since import since
from evalkit.report.page import Since
from evalkit.report.words.names import run_names
from evalkit.report.words.screen import first_screen
from evalkit.report.words.table import run_table


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    made = a_suite(tmp_path / "suite")
    made.candidates("first")
    return made


def night(suite: Suite, label: str, wrong: list[int], *, judge: str | None = None) -> list[str]:
    suite.outputs("first", wrong)
    return suite.submit(label, judge=judge)


def page(suite: Suite, runs: list[str]) -> Page:
    with suite.open() as store:
        return compose(store, store.runs.select(ids=runs), ReportOptions(title="page"))


def last_time(suite: Suite, runs: list[str], grader: str = "exact") -> Since | None:
    (row,) = (row for row in page(suite, runs).runs if row.grader == grader)
    return row.since


def test_a_first_run_has_no_last_time(suite: Suite) -> None:
    assert last_time(suite, night(suite, "monday", [])) is None


def test_the_last_time_is_the_newest_earlier_label_with_the_paired_difference_to_it(suite: Suite) -> None:
    night(suite, "sunday", [])
    monday = night(suite, "monday", [0, 1, 2, 3])
    tuesday = night(suite, "tuesday", [3, 4])

    found = last_time(suite, tuesday)

    assert found is not None
    assert (found.label, found.run in monday, found.mean) == ("monday", True, pytest.approx(1 - 4 / N))
    assert found.delta == pytest.approx(2 / N)
    assert (found.n_paired, found.wins, found.losses) == (N, 3, 1)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= 2 / N <= found.high
    assert (found.changes, found.reasons) == (("other outputs",), ())


def test_a_page_of_an_earlier_night_knows_nothing_of_the_nights_after_it(suite: Suite) -> None:
    monday = night(suite, "monday", [0])
    night(suite, "tuesday", [])

    assert last_time(suite, monday) is None


def test_scores_that_were_taken_over_are_said_to_be_no_second_look(suite: Suite) -> None:
    night(suite, "monday", [0])
    tuesday = night(suite, "tuesday", [0])

    found = last_time(suite, tuesday, "correctness")

    assert found is not None
    assert (found.delta, found.changes) == (0.0, ("every score taken over",))


def test_another_dataset_is_counted_by_cases_added_removed_and_changed(suite: Suite) -> None:
    night(suite, "monday", [])
    path = suite.folder / "cases.jsonl"
    rows = path.read_text("utf-8").splitlines(keepends=True)
    rows[1] = rows[1].replace("1 + 1?", "one and one?")
    path.write_text("".join([*rows[:-2], '{"id": "new", "input": "3?", "expected": "3"}\n']), encoding="utf-8")
    tuesday = night(suite, "tuesday", [])

    found = last_time(suite, tuesday)

    assert found is not None
    assert found.changes == ("other outputs", "another dataset: 1 added, 2 removed, 1 changed")
    assert found.n_paired == N - 3


def test_under_another_rubric_the_two_are_not_compared_and_the_reason_is_given(suite: Suite) -> None:
    night(suite, "monday", [0])
    config = suite.folder / "evalkit.toml"
    config.write_text(config.read_text("utf-8").replace("Does the output say", "Does it exactly say"), encoding="utf-8")
    tuesday = night(suite, "tuesday", [])

    found = last_time(suite, tuesday, "correctness")

    assert found is not None
    assert (found.delta, found.low, found.wins) == (None, None, 0)
    assert "another rubric" in found.changes
    assert any("rubric" in reason for reason in found.reasons)
    same = last_time(suite, tuesday, "exact")
    assert same is not None
    assert same.delta is not None


def test_another_judge_is_no_last_time_of_this_one(suite: Suite) -> None:
    night(suite, "monday", [0], judge="claude-sonnet-5-5")
    tuesday = night(suite, "tuesday", [0])

    assert last_time(suite, tuesday, "correctness") is None
    assert last_time(suite, tuesday, "exact") is not None


def test_sets_too_large_to_pair_again_have_the_mean_then_and_the_reason(suite: Suite) -> None:
    night(suite, "monday", [0])
    tuesday = night(suite, "tuesday", [])

    with suite.open() as store:
        runs = store.runs.select(ids=tuesday)
        made = since(store, runs, overview(store, runs), ScoreBook(store, runs), most_paired=N - 1)

    for found in made.values():
        assert (found.mean, found.delta, found.n_paired) == (pytest.approx(1 - 1 / N), None, 0)
        assert found.reasons == (f"more than {N - 1} cases are not paired with the last time",)
    assert len(made) == 2


def test_only_what_moved_beyond_its_interval_has_a_sentence(suite: Suite) -> None:
    night(suite, "monday", [])
    still = page(suite, night(suite, "tuesday", [0]))
    fallen = page(suite, night(suite, "wednesday", list(range(N - 1))))

    assert first_screen(still, run_names(still.runs)).findings.moved == ()
    moved = first_screen(fallen, run_names(fallen.runs)).findings.moved
    assert [(one.outcome.value, one.subject, one.on, one.label) for one in moved] == [
        ("worse", "first", "correctness", "tuesday"),
        ("worse", "first", "exact", "tuesday"),
    ]
    assert moved[1].rest == "0 cases better, 10 worse, other outputs"


def test_the_table_says_the_last_time_in_its_head_and_what_changed_in_the_cell(suite: Suite) -> None:
    night(suite, "monday", [0, 1])
    shown = page(suite, night(suite, "tuesday", [1, 2]))

    table = run_table(shown, run_names(shown.runs))
    cells = {group.title: group.lines[0].since for group in table.groups}

    assert table.since == "since monday"
    assert cells["exact"] is not None
    assert (cells["exact"].delta, cells["exact"].rest) == ("0.000", "1 better, 1 worse, other outputs")
