"""Where several judges scored the same outputs, every two of them are held against each other."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from scored_suite import N, Suite, a_suite, page_runs

from evalkit.report.compose.judges import judge_matrices
from evalkit.report.page import JudgeMatrix
from evalkit.stats import gwet

HAIKU, SONNET, OPUS = "claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """Two candidates, of which the first is wrong on six of twelve cases."""
    made = a_suite(tmp_path / "suite")
    made.outputs("first", range(6))
    made.outputs("second", [0])
    made.candidates("first", "second")
    return made


def matrices_of(suite: Suite, **wanted: object) -> dict[tuple[str, str], JudgeMatrix]:
    with suite.open() as store:
        found = judge_matrices(store, *page_runs(store, **wanted))
    made = {(one.grader, one.candidate): one for one in found}
    assert len(made) == len(found)
    return made


def overrule(suite: Suite, judge: str, cases: list[int], value: float | None) -> None:
    """Give another verdict on the first candidate's cases, as a judge of another mind would."""
    status = "refused" if value is None else "scored"
    with closing(sqlite3.connect(suite.folder / "store.db")) as connection, connection:
        for at in cases:
            changed = connection.execute(
                "update scores set value = ?, status = ? where case_id = ? and run in "
                "(select run from runs where judge = ? and candidate = 'first')",
                (value, status, f"case-{at:02}", judge),
            )
            assert changed.rowcount == 1


def test_two_judges_of_the_same_outputs_have_one_pair_with_its_interval(suite: Suite) -> None:
    suite.submit("")
    suite.submit("", judge=SONNET)
    overrule(suite, SONNET, [0, 1], 0.5)
    found = matrices_of(suite)
    (pair,) = found["correctness", "first"].pairs
    places = [(0, 1)] * 2 + [(0, 0)] * 4 + [(2, 2)] * 6
    wanted = gwet(places, range(3))

    assert set(found) == {("correctness", "first"), ("correctness", "second")}
    assert found["correctness", "first"].judges == (HAIKU, SONNET)
    assert (pair.one, pair.other, pair.n, pair.statistic) == (HAIKU, SONNET, N, "AC1")
    assert (pair.value, pair.low, pair.high) == pytest.approx((wanted.value, wanted.low, wanted.high))
    assert found["correctness", "second"].pairs[0].value == pytest.approx(1.0)


def test_three_judges_have_three_pairs(suite: Suite) -> None:
    for judge in (HAIKU, SONNET, OPUS):
        suite.submit("", judge=judge)
    found = matrices_of(suite)["correctness", "first"]

    assert [(pair.one, pair.other) for pair in found.pairs] == [(HAIKU, SONNET), (HAIKU, OPUS), (SONNET, OPUS)]


def test_cases_that_a_judge_gave_no_verdict_on_form_no_pair(suite: Suite) -> None:
    suite.submit("")
    suite.submit("", judge=SONNET)
    overrule(suite, SONNET, [3], None)
    (pair,) = matrices_of(suite)["correctness", "first"].pairs

    assert (pair.n, pair.value) == (N - 1, pytest.approx(1.0))


def test_judges_meet_across_labels_by_their_newest_runs(suite: Suite) -> None:
    suite.submit("monday")
    overrule(suite, HAIKU, list(range(6)), 1.0)
    suite.submit("tuesday", fresh=True)
    suite.submit("wednesday", judge=SONNET)
    (pair,) = matrices_of(suite)["correctness", "first"].pairs

    assert pair.value == pytest.approx(1.0)  # monday's verdicts are not the newest


def test_a_run_that_waits_for_results_is_left_out(suite: Suite) -> None:
    suite.submit("")
    suite.submit("", judge=SONNET, collect=False)

    assert matrices_of(suite) == {}


def test_one_judge_alone_and_checks_have_no_matrix(suite: Suite) -> None:
    suite.submit("monday")
    suite.submit("tuesday")

    assert matrices_of(suite) == {}


def test_two_rubrics_do_not_tell_two_judges_apart(suite: Suite) -> None:
    suite.submit("")
    config = suite.folder / "evalkit.toml"
    config.write_text(config.read_text("utf-8").replace("Does the output say", "Does it say"), encoding="utf-8")
    suite.submit("", judge=SONNET)
    assert matrices_of(suite) == {}
    suite.submit("")

    assert set(matrices_of(suite)) == {("correctness", "first"), ("correctness", "second")}
