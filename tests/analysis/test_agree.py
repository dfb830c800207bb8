"""A judge beside a reference: every measure over the cases that both scored, and what the numbers cannot say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.analysis.agree import gate_calibration, judge_agreement, nearest
from evalkit.analysis.raters import consensus, judges_agreement, raters_agreement
from evalkit.analysis.scores import CaseScore, RunScores
from evalkit.calibration import Calibration, Pair
from evalkit.errors import UsageError
from evalkit.score import Status

BINARY = (("fail", 0.0), ("pass", 1.0))
GRADED = (("bad", 0.0), ("partial", 0.5), ("good", 1.0))
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def pairs_of(table: dict[tuple[float, float | None], int]) -> list[Pair]:
    cells = [cell for cell, n in table.items() for _ in range(n)]
    return [Pair(case_id=f"c{n:03}", human=human, judge=judge) for n, (human, judge) in enumerate(cells)]


def a_calibration(pairs: list[Pair], **fields: object) -> Calibration:
    given: dict[str, object] = {
        "run": "r",
        "candidate_digest": "c",
        "dataset": "d",
        "grader_digest": "g",
        "judge_digest": "j",
        "criterion": "right",
        "source": "labels.jsonl",
        "labels_digest": "l",
        "sampled": False,
        "measured_at": NOW,
        "pairs": tuple(pairs),
    }
    return Calibration(**(given | fields))  # type: ignore[arg-type]


def a_run(run: str, values: dict[str, float | None], **fields: object) -> RunScores:
    cases = [
        CaseScore(
            case_id=case,
            case_digest=f"digest of {case}",
            status=Status.SCORED if value is not None else Status.REFUSED,
            value=value,
            position=position,
        )
        for position, (case, value) in enumerate(values.items())
    ]
    given = {
        "candidate": "c",
        "grader": "g",
        "criterion": "right",
        "judge": f"judge {run}",
        "label": "",
        "dataset": "d",
    }
    return RunScores(run=run, cases=cases, **(given | fields))  # type: ignore[arg-type]


def test_the_kappa_paradox_does_not_hide_a_good_judge() -> None:
    """Table 118/5/2/0: raw agreement .944, kappa -.0234, AC1 .9408."""
    found = judge_agreement(pairs_of({(1, 1): 118, (1, 0): 5, (0, 1): 2}), BINARY, run="r", criterion="right")

    assert found.agreement.value == pytest.approx(0.944)
    assert found.kappa == pytest.approx(-0.0234, abs=5e-5)
    assert found.ac1.value == pytest.approx(0.9408, abs=5e-5)
    assert found.confusion == ((0, 2), (5, 118))


def test_sensitivity_and_specificity_carry_wilsons_interval() -> None:
    """Se 78/80 and Sp 30/40: 91.3-99.3 and 59.8-85.8 (README of llm-judge-agreement)."""
    found = judge_agreement(
        pairs_of({(1, 1): 78, (1, 0): 2, (0, 0): 30, (0, 1): 10}), BINARY, run="r", criterion="right"
    )

    assert (found.sensitivity.value, found.sensitivity.n) == (pytest.approx(0.975), 80)
    assert (found.sensitivity.low, found.sensitivity.high) == (
        pytest.approx(0.913, abs=5e-4),
        pytest.approx(0.993, abs=5e-4),
    )
    assert (found.specificity.low, found.specificity.high) == (
        pytest.approx(0.598, abs=5e-4),
        pytest.approx(0.858, abs=5e-4),
    )
    assert found.kappa == pytest.approx(0.763, abs=5e-4)
    assert found.bias.value == pytest.approx(8 / 120)


def test_a_case_without_a_verdict_is_counted_and_is_in_no_measure() -> None:
    table: dict[tuple[float, float | None], int] = {(1, 1): 30, (0, 0): 25, (1, 0): 5}
    alone = judge_agreement(pairs_of(table), BINARY, run="r", criterion="right")
    found = judge_agreement(pairs_of({**table, (1, None): 7, (0, None): 2}), BINARY, run="r", criterion="right")

    assert (found.n, found.scored, found.unscored) == (69, 60, 9)
    assert (found.confusion, found.ac1, found.bias, found.kappa) == (
        alone.confusion,
        alone.ac1,
        alone.bias,
        alone.kappa,
    )
    assert "the judge gave 9 labelled cases no score; they count nowhere" in found.warnings
    assert alone.warnings == ()


def test_graded_labels_have_the_measures_of_an_order() -> None:
    table: dict[tuple[float, float | None], int] = {(0, 0): 20, (0.5, 0.5): 20, (1, 1): 20, (0, 0.5): 6, (1, 0): 2}
    found = judge_agreement(pairs_of(table), GRADED, run="r", criterion="right")

    assert found.ac2 is not None
    assert found.ac2.value is not None
    assert found.ac1.value is not None
    assert found.ac2.value > found.ac1.value
    assert found.weighted_kappa is not None
    assert found.spearman is not None
    assert found.kendall is not None
    # Sensitivity and specificity are of the top label.
    assert (found.sensitivity.value, found.sensitivity.n) == (pytest.approx(20 / 22), 22)
    assert (found.specificity.value, found.specificity.n) == (1.0, 46)
    binary = judge_agreement(pairs_of({(0, 0): 9, (1, 1): 9}), BINARY, run="r", criterion="right")
    assert (binary.ac2, binary.weighted_kappa, binary.spearman, binary.kendall) == (None, None, None, None)


def test_disagreements_come_worst_first_and_the_lenient_before_the_severe() -> None:
    pairs = [
        Pair(case_id="close", human=1.0, judge=0.5),
        Pair(case_id="severe", human=1.0, judge=0.0),
        Pair(case_id="lenient", human=0.0, judge=1.0),
        Pair(case_id="same", human=0.5, judge=0.5),
        Pair(case_id="unscored", human=0.5, judge=None),
    ]
    found = judge_agreement(pairs, GRADED, run="r", criterion="right", reasons={"lenient": "sounds fine"})

    assert [one.case_id for one in found.disagreements] == ["lenient", "severe", "close"]
    assert (found.disagreements[0].reference_label, found.disagreements[0].judge_label) == ("bad", "good")
    assert found.disagreements[0].reason == "sounds fine"


def test_an_absent_label_and_few_cases_are_warned_of() -> None:
    found = judge_agreement(pairs_of({(1, 1): 20}), BINARY, run="r", criterion="right")

    assert found.specificity.value is None
    assert any("only 20 labelled cases have a score" in text for text in found.warnings)
    assert any("no case is labelled 'fail'" in text for text in found.warnings)


def test_nothing_in_common_is_nothing_and_not_zero() -> None:
    found = judge_agreement(pairs_of({(1, None): 3}), GRADED, run="r", criterion="right")

    numbers = (found.agreement, found.ac1, found.ac2, found.sensitivity, found.specificity, found.bias)
    assert [one and one.value for one in numbers] == [None] * 6
    assert (found.kappa, found.weighted_kappa, found.spearman) == (None, None, None)


def test_shared_clusters_widen_the_interval_and_are_warned_of() -> None:
    pairs = pairs_of({(1, 1): 40, (1, 0): 20})
    clusters = {pair.case_id: f"doc {n // 10}" for n, pair in enumerate(pairs)}
    alone = judge_agreement(pairs, BINARY, run="r", criterion="right")
    found = judge_agreement(pairs, BINARY, run="r", criterion="right", clusters=clusters)

    def width(low: float | None, high: float | None) -> float:
        return (high or 0.0) - (low or 0.0)

    assert found.agreement.value == alone.agreement.value
    assert width(found.agreement.low, found.agreement.high) > width(alone.agreement.low, alone.agreement.high)
    assert any("share clusters" in text for text in found.warnings)


def test_a_value_between_two_labels_counts_as_the_nearest_the_worse_of_two() -> None:
    assert [nearest(value, GRADED) for value in (0.0, 0.2, 0.25, 0.26, 0.5, 0.75, 0.76, 1.0)] == [
        0,
        0,
        0,
        1,
        1,
        1,
        2,
        2,
    ]


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.5, 1.0])), min_size=2, max_size=40))
def test_who_is_the_reference_does_not_change_how_far_they_agree(rated: list[tuple[float, float]]) -> None:
    there = [Pair(case_id=str(n), human=one, judge=other) for n, (one, other) in enumerate(rated)]
    back = [Pair(case_id=str(n), human=other, judge=one) for n, (one, other) in reversed(list(enumerate(rated)))]
    found = judge_agreement(there, GRADED, run="r", criterion="right")
    turned = judge_agreement(back, GRADED, run="r", criterion="right")

    assert found.agreement == turned.agreement
    for one, other in ((found.ac1, turned.ac1), (found.ac2, turned.ac2)):
        assert (one and one.value) == pytest.approx(other and other.value)
        assert (one and one.low) == pytest.approx(other and other.low)
    assert (found.bias.value or 0.0) == pytest.approx(-(turned.bias.value or 0.0))
    for measure in (found.agreement, found.ac1, found.bias):
        if measure.value is not None and measure.low is not None and measure.high is not None:
            assert measure.low - 1e-12 <= measure.value <= measure.high + 1e-12


def test_the_gate_is_told_the_lower_bound_the_labels_and_the_age() -> None:
    pairs = pairs_of({(1, 1): 60, (0, 0): 30, (1, 0): 10, (1, None): 4})
    made = gate_calibration(a_calibration(pairs), BINARY, NOW + timedelta(days=3, hours=12))
    found = judge_agreement(pairs, BINARY, run="r", criterion="right")

    assert (made.low, made.n, made.age_days) == (found.ac1.low, 100, 3.5)


def test_the_consensus_is_the_most_frequent_label_and_a_tie_is_none() -> None:
    found = consensus(
        [("a", "x", 1.0), ("a", "y", 1.0), ("a", "z", 0.0), ("b", "x", 1.0), ("b", "y", 0.0), ("c", "x", 0.0)], BINARY
    )

    assert found.values == {"a": 1.0, "c": 0.0}
    assert found.ties == ("b",)
    assert found.raters is not None
    assert (found.raters.raters, found.raters.cases) == (3, 2)
    assert found.raters.agreement.value == 0.0


def test_one_rater_a_case_has_no_ceiling() -> None:
    assert consensus([("a", None, 1.0), ("b", None, 0.0)], BINARY).raters is None


def test_raters_agree_as_krippendorffs_own_program_says() -> None:
    import krippendorff

    table = [[0, 0, 0.5], [1, 1, None], [0.5, 0.5, 0.5], [0, 1, 0], [None, None, 1], [1, 1, 1], [0, None, 0]]
    found = raters_agreement(table, GRADED, raters=3)
    columns = [[float("nan") if row[n] is None else row[n] for row in table] for n in range(3)]

    assert found.krippendorff == pytest.approx(
        krippendorff.alpha(reliability_data=columns, level_of_measurement="interval")
    )
    assert found.cases == 6


def test_judges_are_held_against_each_other_on_the_cases_that_are_the_same() -> None:
    one = a_run("one", {"a": 1.0, "b": 0.0, "c": None, "gone": 1.0})
    two = a_run("two", {"a": 1.0, "b": 1.0, "c": 0.0, "new": 1.0})
    three = a_run("three", {"c": 0.0, "b": 0.0, "a": 1.0})
    found = judges_agreement([one, two, three], BINARY)

    assert (found.n, found.left_out) == (3, 2)
    assert found.unscored == (1, 0, 0)
    assert [(pair.reference, pair.run) for pair in found.pairs] == [("one", "two"), ("one", "three"), ("two", "three")]
    assert [pair.scored for pair in found.pairs] == [2, 2, 3]
    assert found.pairs[1].agreement.value == 1.0
    assert found.pairs[2].agreement.value == pytest.approx(2 / 3)


def test_runs_without_a_case_in_common_are_refused() -> None:
    with pytest.raises(UsageError, match="no case in common"):
        judges_agreement([a_run("one", {"a": 1.0}), a_run("two", {"b": 1.0})], BINARY)
