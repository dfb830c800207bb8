"""Power: what it takes to see a difference, from two runs of one's own, against simulation and closed forms."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from evalkit import decisions, trust
from evalkit.analysis import Power, power_of
from evalkit.analysis.scores import CaseScore, RunScores
from evalkit.errors import ExitCode, UsageError
from evalkit.score import Status
from evalkit.stats import cases_needed_for_margin, paired

Z = 1.959963984540054
Z_80 = 0.8416212335729143


def a_run(values: Sequence[float | None], *, name: str = "a", clusters: int | None = None, **parts: str) -> RunScores:
    return RunScores(
        run=name,
        candidate=name,
        grader="correctness",
        criterion="correctness",
        judge="claude-haiku-5-5",
        label="",
        dataset="d",
        grader_parts=parts,
        served_models=("claude-haiku-5-5",),
        cases=[
            CaseScore(
                case_id=f"case-{at}",
                case_digest=f"digest-{at}",
                status=Status.REFUSED if value is None else Status.SCORED,
                value=value,
                cluster=f"cluster-{at % clusters}" if clusters else None,
                position=at,
            )
            for at, value in enumerate(values)
        ],
    )


def some(n: int, *, wins: int, losses: int) -> tuple[RunScores, RunScores]:
    """Two runs of n cases, of which so many were won and lost."""
    before = [0.0] * wins + [1.0] * (n - wins)
    after = [1.0] * wins + [0.0] * losses + [1.0] * (n - wins - losses)
    return a_run(before), a_run(after, name="b")


def test_the_cases_to_see_a_difference_are_those_of_the_closed_form() -> None:
    found = power_of(*some(400, wins=40, losses=40), [0.02, 0.05])
    variance = 0.2  # of a binary difference that is 0 on average: the share that moved
    assert found.moved == pytest.approx(0.2)
    assert found.variance == pytest.approx(variance)
    assert found.mde == pytest.approx((Z + Z_80) * math.sqrt(variance / 400))
    for delta in (0.02, 0.05):
        need = found.need(delta)
        assert need is not None
        assert need.to_see == math.ceil((Z + Z_80) ** 2 * variance / delta**2)
        assert need.to_pass == cases_needed_for_margin(delta, variance=variance)


@pytest.mark.parametrize("delta", [0.05, 0.1])
def test_with_so_many_cases_a_difference_is_seen_and_an_equal_candidate_passes_four_times_in_five(delta: float) -> None:
    """Runs with the spread of the two that were asked about, drawn 2,000 times; seed 7."""
    found = power_of(*some(400, wins=60, losses=60), [delta])
    need = found.need(delta)
    assert need is not None
    assert need.to_see
    assert need.to_pass
    draw = np.random.default_rng(7)

    def lows(n: int, true: float) -> np.ndarray[Any, Any]:
        """The lower ends of 2,000 intervals of a mean difference."""
        worse = (0.3 - true) / 2
        moves = draw.choice([-1.0, 0.0, 1.0], p=[worse, 0.7, 0.3 - worse], size=(2000, n))
        return moves.mean(axis=1) - Z * moves.std(axis=1, ddof=1) / math.sqrt(n)

    assert np.mean(lows(need.to_see, delta) > 0) == pytest.approx(0.8, abs=0.06)
    assert np.mean(lows(need.to_pass, 0.0) > -delta) == pytest.approx(0.8, abs=0.04)


def test_the_smallest_difference_that_the_cases_show_is_the_one_they_are_enough_for() -> None:
    found = power_of(*some(300, wins=20, losses=25), [0.02])
    assert found.mde is not None
    again = power_of(*some(300, wins=20, losses=25), [found.mde])
    assert again.need(found.mde).to_see in (300, 301)  # type: ignore[union-attr]  # it is there


def test_cases_that_move_together_count_as_fewer() -> None:
    values = [float(at % 10 < 5) for at in range(200)]
    before, after = [0.5] * 200, values
    alone = power_of(a_run(before), a_run(after, name="b"), [0.05])
    together = power_of(a_run(before, clusters=10), a_run(after, name="b", clusters=10), [0.05])
    assert (alone.clusters, together.clusters) == (None, 10)
    made = paired(before, values, clusters=[f"cluster-{at % 10}" for at in range(200)])
    assert together.variance == pytest.approx(200 * (made.standard_error or 0) ** 2)
    assert need_of(together, 0.05) > 10 * need_of(alone, 0.05)


def need_of(found: Power, delta: float, samples: int = 1) -> int:
    need = found.need(delta, samples)
    assert need is not None
    assert need.to_see is not None
    return need.to_see


def test_judge_samples_help_as_far_as_the_judge_is_the_noise() -> None:
    before, after = some(300, wins=30, losses=30)
    noisy = power_of(before, after, [0.04], within_variance=0.1)
    assert noisy.variance == pytest.approx(0.2)
    assert need_of(noisy, 0.04) == math.ceil((Z + Z_80) ** 2 * 0.2 / 0.04**2)
    # The judge is all of it: k samples on each side leave a k-th.
    for samples in (2, 5, 10):
        assert need_of(noisy, 0.04, samples) == pytest.approx(need_of(noisy, 0.04) / samples, rel=0.02)
    assert noisy.enough_samples(0.04) == 5
    assert noisy.enough_samples(0.001) is None
    steady = power_of(before, after, [0.04], within_variance=0.0)
    assert need_of(steady, 0.04, 10) == need_of(steady, 0.04)
    unknown = power_of(before, after, [0.04])
    assert {need.samples for need in unknown.needs} == {1}


def test_runs_that_took_samples_already_are_not_promised_them_again() -> None:
    before, after = some(300, wins=30, losses=30)
    found = power_of(before, after, [0.04], within_variance=0.1, seen_samples=5)
    assert need_of(found, 0.04, 5) == math.ceil((Z + Z_80) ** 2 * 0.2 / 0.04**2)
    assert need_of(found, 0.04, 1) > need_of(found, 0.04, 5)


def test_where_nothing_moved_nothing_is_told() -> None:
    found = power_of(*some(50, wins=0, losses=0), [0.02])
    assert (found.n, found.moved, found.variance, found.mde) == (50, 0.0, None, None)
    assert [(need.to_see, need.to_pass) for need in found.needs] == [(None, None)]


def test_runs_that_share_no_scored_case_tell_nothing() -> None:
    found = power_of(a_run([None, 1.0]), a_run([1.0, None], name="b"), [0.02])
    assert (found.n, found.moved, found.mde) == (0, None, None)


def test_runs_that_are_not_comparable_tell_nothing_but_why() -> None:
    found = power_of(a_run([0.0, 1.0], rubric="one"), a_run([1.0, 1.0], name="b", rubric="two"), [0.02])
    assert found.variance is None
    assert "rubric differs" in found.reasons[0]


def test_a_difference_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        power_of(*some(10, wins=1, losses=1), [0.0])


# From a store.


def test_the_runs_of_a_project_tell_what_its_margin_takes(gated: Any) -> None:
    gated.edit("margin = 0.2", "margin = 0.04")
    table = decisions.power(config=gated.folder, store=gated.store)
    assert [row.name for row in table] == ["correctness", "exact"]
    made = table[0].power
    assert {need.delta for need in made.needs} == {0.01, 0.02, 0.03, 0.04, 0.05, 0.1}
    assert (made.n, made.moved) == (40, pytest.approx(2 / 40))
    need = need_of(made, 0.04)
    assert f"to see 0.04 you need {need:,} cases, {need - 40:,} more" in table[0].sentences
    assert table.exit_code == ExitCode.DONE
    assert len(table.to_frame()) == 12
    assert "to_see" in table._repr_html_()


def test_noise_that_was_measured_weighs_judge_samples(gated: Any) -> None:
    run = gated.runs()["challenger"]
    trust.noise(run, cases=10, samples=3, config=gated.folder, store=gated.store, wait=True, sandbox=True)
    # The offline judge never wavers; one that does, on three of its ten outputs:
    gated.sql("update scores set value = 1 - value where suffix = 's1' and case_id in ('case-02','case-03','case-04')")
    gated.sql("update scores set value = 1 - value where suffix = 's2' and cast(substr(case_id, 6) as integer) % 3 = 0")
    table = decisions.power("production", "challenger", deltas=[0.1], config=gated.folder, store=gated.store)
    (judged, checked) = table
    assert judged.power.within_variance > 0
    assert {need.samples for need in judged.power.needs} == {1, 2, 3, 5, 10}
    assert need_of(judged.power, 0.1, 10) < need_of(judged.power, 0.1)
    assert checked.power.within_variance is None


@pytest.mark.parametrize("delta", [0.0, -0.02, 1.5, math.nan])
def test_a_difference_off_the_scale_is_refused(gated: Any, delta: float) -> None:
    with pytest.raises(UsageError, match=r"above 0 and at most 1, as in --delta 0\.02"):
        decisions.power(deltas=[delta], config=gated.folder, store=gated.store)


def test_a_criterion_that_nobody_scores_is_refused(gated: Any) -> None:
    with pytest.raises(UsageError, match="both scored on 'tone'"):
        decisions.power(criterion="tone", config=gated.folder, store=gated.store)


def test_runs_of_two_rubrics_are_not_comparable_and_the_command_ends_so(project: Any) -> None:
    project.night("monday", production=[0], challenger=[1, 2])
    project.edit('rubric = "rubric.md.j2"', 'rubric = "Is it right?"')
    project.night("tuesday")
    ended = project.command("power", "--baseline", "label:monday", "--criterion", "correctness")
    assert ended.code == 4
    assert "not comparable: " in ended.out


def test_the_command_prints_a_table_within_the_screen_and_one_document(project: Any) -> None:
    project.night("monday", production=[0], challenger=[1, 2])
    ended = project.command("power", "--delta", "0.02", "--delta", "0.3")
    assert ended.code == 0
    assert max(map(len, ended.out.splitlines())) <= 80
    assert "correctness: these 12 cases show a difference of" in " ".join(ended.out.split())
    assert "`evalkit noise` would tell what judge samples are worth" in " ".join(ended.out.split())
    as_json = project.command("power", "--delta", "0.02", "--json")
    document = json.loads(as_json.out)
    assert {row["criterion"] for row in document["power"]} == {"correctness", "exact"}
    assert all(row["needs"][0]["delta"] == 0.02 for row in document["power"])
    refused = project.command("power", "--delta", "0")
    assert refused.code == 2
    assert "above 0" in refused.err


def test_where_no_score_moved_the_command_says_so_and_ends_inconclusive(project: Any) -> None:
    project.night("monday", production=[0], challenger=[0])
    ended = project.command("power")
    assert ended.code == 4
    assert "no score moved between the two runs, so nothing tells how large a set must be" in " ".join(
        ended.out.split()
    )
