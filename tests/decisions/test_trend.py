"""Candidates over time, from the store to what a person and a program read of it."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len

import evalkit
from evalkit.errors import UsageError

WORSE = [0, 1, 2, 3, 4, 5, 6, 7, 8]
NEW_RUBRIC = "Is it right? correct: yes. partial: some. incorrect: no."


def trend(project: Any, *words: str, **options: Any) -> Any:
    return evalkit.trend(*words, config=project.folder, store=project.store, **options)


def rubric_changes(project: Any) -> None:
    (project.folder / "rubric.md.j2").write_text(NEW_RUBRIC)


def test_a_candidates_nights_are_one_line_with_each_night_beside_the_one_before(project: Any) -> None:
    for label, wrong in (("mon", [0]), ("tue", [0, 1]), ("wed", WORSE)):
        project.night(label, production=wrong, challenger=[])
    (made,) = trend(project, "production", grader="correctness")

    assert [point.label for point in made.newest.points] == ["mon", "tue", "wed"]
    assert [point.mean for point in made.newest.points] == [pytest.approx(n / 12) for n in (11, 10, 3)]
    assert [point.outcome and point.outcome.value for point in made.newest.points] == [None, "no difference", "worse"]
    assert {(one.candidate, one.grader) for one in trend(project)} == {
        (candidate, grader) for candidate in ("production", "challenger") for grader in ("correctness", "exact")
    }


def test_a_new_rubric_breaks_the_line_and_rejudging_mends_it(project: Any) -> None:
    project.night("mon", production=[0], challenger=[])
    tuesday = project.night("tue", production=[0, 1], challenger=[])
    rubric_changes(project)
    project.night("wed", production=[0], challenger=[])
    broken = project.command("trend", "production", "--grader", "correctness")
    document = project.command("trend", "production", "--grader", "correctness", "--json").json["trends"][0]

    assert [[point["label"] for point in one["points"]] for one in document["segments"]] == [["mon", "tue"], ["wed"]]
    assert any("rubric" in part for part in document["segments"][1]["differs"])
    assert document["to_rebase"][-1] == tuesday["production"]
    assert "broken: rubric differs" in broken.out
    assert "2 older points could join" in broken.out
    assert f"\n  evalkit rejudge {' '.join(document['to_rebase'])} --sandbox\n" in broken.out

    again = project.command("rejudge", *document["to_rebase"], "--sandbox", "--wait", "-q")
    (made,) = trend(project, "production", grader="correctness")

    assert again.code == 0
    assert [point.label for point in made.newest.points] == ["mon", "tue", "wed"]
    assert made.to_rebase == ()
    assert all(point.rebased for point in made.segments[0].points)
    mended = project.command("trend", "production", "--grader", "correctness").out
    assert "2 runs that the newest segment has judged again" in mended


def test_a_screen_of_80_columns_has_dates_changes_and_what_would_not_have_shown(project: Any) -> None:
    for label, wrong in (("mon", [0]), ("tue", [0, 1]), ("wed", WORSE)):
        project.night(label, production=wrong, challenger=[])
    ended = project.command("trend", "production", "--grader", "correctness")
    lines = ended.out.splitlines()

    assert ended.code == 0
    assert max(map(cell_len, lines)) <= 80
    assert lines[0].startswith("production on correctness: 3 runs, judge claude-haiku-5-5")
    tuesday, wednesday = (next(line for line in lines if f" {label} " in line) for label in ("tue", "wed"))
    assert "-8.3 [" in tuesday
    assert "no difference" in tuesday
    assert "< " in tuesday
    assert "worse" in wednesday


def test_a_changed_dataset_is_marked_and_does_not_break_the_line(project: Any) -> None:
    project.night("mon", production=[0], challenger=[])
    cases = project.folder / "cases.jsonl"
    rows = cases.read_text().splitlines()
    cases.write_text("\n".join([rows[0].replace("How many", "How much"), *rows[1:-1]]) + "\n")
    project.night("tue", production=[0], challenger=[])
    (made,) = trend(project, "production", grader="correctness")
    last = made.newest.points[-1]

    assert len(made.segments) == 1
    assert (last.dataset_changed, last.added, last.removed, last.changed) == (True, 0, 1, 1)
    assert "cases +0 -1 ~1" in project.command("trend", "production", "--grader", "correctness").out


def test_the_same_outputs_judged_again_are_called_so(project: Any) -> None:
    project.night("mon", production=[0], challenger=[])
    project.night("tue")
    (made,) = trend(project, "production", grader="correctness")

    assert [point.candidate_changed for point in made.newest.points] == [False, False]
    assert "same outputs" in project.command("trend", "production", "--grader", "correctness").out


def test_noise_runs_are_no_points(project: Any) -> None:
    runs = project.night("mon", production=[0], challenger=[])
    evalkit.noise(
        runs["production"], cases=4, samples=2, config=project.folder, store=project.store, sandbox=True, wait=True
    )

    (made,) = trend(project, "production", grader="correctness")
    assert [point.run for segment in made.segments for point in segment.points] == [runs["production"]]


def test_a_trend_of_nothing_is_refused_with_what_was_asked(project: Any) -> None:
    with pytest.raises(UsageError, match="there is no run of 'production' with a score to draw a trend from"):
        trend(project, "production")


def test_trends_are_data_frames_and_notebook_tables_too(project: Any) -> None:
    project.night("<i>", production=[0], challenger=[])
    project.night("tue", production=[0, 1], challenger=[])
    found = trend(project, "production", grader="correctness")
    data = found.to_frame()

    assert list(data["label"]) == ["<i>", "tue"]
    assert data["delta"].isna().tolist() == [True, False]
    assert list(data["newest"]) == [True, True]
    assert "&lt;i&gt;" in found._repr_html_()
    assert "<i>" not in found._repr_html_()
