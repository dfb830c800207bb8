"""A run's mean set right by labels: by the way that the labels allow, or not at all, with the reason."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from evalkit.analysis.corrected import CORRECTED_KEYS, best_calibration, corrected
from evalkit.analysis.scores import CaseScore, RunScores
from evalkit.calibration import Calibration, Pair
from evalkit.score import Status

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def a_run(values: Sequence[float | None], *, clusters: Sequence[str] | None = None, low: float = 0.0) -> RunScores:
    cases = [
        CaseScore(
            case_id=f"c{n}",
            case_digest="x",
            status=Status.SCORED if value is not None else Status.REFUSED,
            value=value,
            cluster=clusters[n] if clusters else None,
            position=n,
        )
        for n, value in enumerate(values)
    ]
    return RunScores(
        run="r",
        candidate="c",
        grader="g",
        criterion="right",
        judge="j",
        label="",
        dataset="d",
        cases=cases,
        low_value=low,
    )


def labels(pairs: Sequence[tuple[str, float, float | None]], *, sampled: bool = False, **fields: object) -> Calibration:
    given: dict[str, object] = {
        "run": "r",
        "candidate_digest": "c",
        "dataset": "d",
        "grader_digest": "g",
        "judge_digest": "j",
        "criterion": "right",
        "source": "labels.jsonl",
        "labels_digest": "l",
        "measured_at": NOW,
    }
    made = tuple(Pair(case_id=case, human=human, judge=judge) for case, human, judge in pairs)
    return Calibration(pairs=made, sampled=sampled, **(given | fields))  # type: ignore[arg-type]


def table(hits: int, misses: int, rejected: int, alarms: int) -> list[tuple[str, float, float | None]]:
    cells = [(1.0, 1.0)] * hits + [(1.0, 0.0)] * misses + [(0.0, 0.0)] * rejected + [(0.0, 1.0)] * alarms
    return [(f"other {n}", human, judge) for n, (human, judge) in enumerate(cells)]


def judged(n: int, share: float, seed: int = 1) -> tuple[list[float], list[float]]:
    """What people say of n cases, and a judge that errs in one of five."""
    source = random.Random(seed)
    human = [float(source.random() < share) for _ in range(n)]
    return human, [one if source.random() < 0.8 else 1 - one for one in human]


def test_error_rates_of_other_outputs_give_rogan_and_gladens_estimate() -> None:
    """320 of 400 judged pass, Se 78/80, Sp 30/40: 75.9 % (README of llm-judge-agreement)."""
    run = a_run([1.0] * 320 + [0.0] * 80)
    found = corrected(run, labels(table(78, 2, 30, 10)), same_outputs=False)

    assert found.method == "rogan-gladen"
    assert found.value == pytest.approx(0.759, abs=5e-4)
    assert found.low is not None
    assert found.high is not None
    assert 0.6 < found.low < found.value < found.high < 0.9
    assert found.n_labels == 120


def test_a_random_sample_of_the_run_gives_ppi() -> None:
    human, judge = judged(400, 0.7)
    n = 100
    pairs = [(f"c{k}", human[k], judge[k]) for k in range(n)]
    found = corrected(a_run(judge), labels(pairs, sampled=True), same_outputs=True)

    rest = judge[n:]
    mean_y, mean_f = sum(human[:n]) / n, sum(judge[:n]) / n
    covariance = sum((y - mean_y) * (f - mean_f) for y, f in zip(human[:n], judge[:n], strict=True)) / n
    mean = sum(judge) / len(judge)
    variance = sum((f - mean) ** 2 for f in judge) / (len(judge) - 1)
    weight = covariance / ((1 + n / len(rest)) * variance)
    expected = (
        weight * sum(rest) / len(rest) + sum(y - weight * f for y, f in zip(human[:n], judge[:n], strict=True)) / n
    )
    assert found.method == "ppi++"
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.low is not None
    assert found.high is not None
    assert found.low < sum(human) / len(human) < found.high
    # The same labels, not known to be a random sample, say less.
    other = corrected(a_run(judge), labels(pairs), same_outputs=True)
    assert other.method == "rogan-gladen"
    assert other.low is not None
    assert other.high is not None
    assert other.high - other.low > found.high - found.low


def test_the_runs_own_judgements_count_and_not_those_the_labels_came_with() -> None:
    human, judge = judged(200, 0.6)
    pairs = [(f"c{k}", human[k], judge[k]) for k in range(60)]
    stale = [(case, said, 1 - (other or 0.0)) for case, said, other in pairs]

    assert corrected(a_run(judge), labels(pairs, sampled=True), same_outputs=True) == corrected(
        a_run(judge), labels(stale, sampled=True), same_outputs=True
    )


def test_labels_of_every_scored_case_are_their_own_mean() -> None:
    human, judge = judged(50, 0.5)
    pairs = [(f"c{k}", human[k], judge[k]) for k in range(50)]
    found = corrected(a_run(judge), labels(pairs, sampled=True), same_outputs=True)

    assert (found.method, found.value) == ("labels", pytest.approx(sum(human) / 50))


def test_graded_labels_need_a_random_sample() -> None:
    run = a_run([0.5, 1.0, 0.0, 0.5] * 20)
    graded = [("c0", 0.5, 0.5), ("c1", 1.0, 1.0), ("c2", 0.0, 0.0), ("c3", 1.0, 0.5)]
    found = corrected(run, labels(graded), same_outputs=True)

    assert (found.value, found.low, found.high, found.method) == (None, None, None, "none")
    assert "random sample" in found.why
    assert corrected(run, labels(graded, sampled=True), same_outputs=True).value is not None
    # A sample of another candidate's outputs is none of this run's.
    assert corrected(run, labels(graded, sampled=True), same_outputs=False).value is None


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ((10, 10, 10, 10), "no more of these cases than chance"),
        ((2, 1, 2, 1), "too few to tell the judge from chance"),
        ((30, 2, 0, 0), "too few, or all of one kind"),
        ((0, 0, 0, 0), "too few, or all of one kind"),
    ],
)
def test_what_cannot_be_corrected_says_why(cells: tuple[int, int, int, int], why: str) -> None:
    found = corrected(a_run([1.0] * 50 + [0.0] * 50), labels(table(*cells)), same_outputs=False)

    assert (found.value, found.low, found.high) == (None, None, None)
    assert why in found.why


def test_means_of_several_judgements_are_no_pass_and_no_failure() -> None:
    found = corrected(a_run([1.0, 2 / 3, 0.0] * 20), labels(table(30, 2, 30, 2)), same_outputs=False)

    assert found.value is None
    assert "between its two labels" in found.why


@pytest.mark.parametrize("values", [[], [None] * 5])
def test_a_run_without_a_score_has_no_corrected_mean(values: list[float | None]) -> None:
    for sampled in (True, False):
        found = corrected(a_run(values), labels(table(30, 2, 30, 2), sampled=sampled), same_outputs=sampled)
        assert found.value is None
        assert found.why


def test_unscored_labelled_cases_count_nowhere() -> None:
    human, judge = judged(200, 0.6)
    pairs: list[tuple[str, float, float | None]] = [(f"c{k}", human[k], judge[k]) for k in range(60)]
    alone = corrected(a_run(judge), labels(pairs, sampled=True), same_outputs=True)
    more = labels([*pairs, ("c200", 1.0, None), ("c201", 1.0, None)], sampled=True)

    assert corrected(a_run([*judge, None, None]), more, same_outputs=True) == alone
    assert alone.n_labels == 60


@pytest.mark.parametrize("sampled", [True, False])
def test_shared_clusters_widen_the_interval_and_move_no_mean(sampled: bool) -> None:
    # Cases of one cluster are all alike, so ten of them say little more than one.
    source = random.Random(5)
    human = [float(source.random() < 0.6) for _ in range(30)]
    human = [one for one in human for _ in range(10)]
    judge = [one if n % 7 else 1 - one for n, one in enumerate(human)]
    pairs = [(f"c{k}", human[k], judge[k]) for k in range(0, 300, 3)]
    clusters = [f"doc {n // 10}" for n in range(300)]
    alone = corrected(a_run(judge), labels(pairs, sampled=sampled), same_outputs=True)
    found = corrected(a_run(judge, clusters=clusters), labels(pairs, sampled=sampled), same_outputs=True)

    assert found.value == alone.value
    assert None not in (found.low, found.high, alone.low, alone.high)
    assert (found.high or 0) - (found.low or 0) > 1.3 * ((alone.high or 0) - (alone.low or 0))
    own = corrected(
        a_run(judge, clusters=[str(n) for n in range(300)]), labels(pairs, sampled=sampled), same_outputs=True
    )
    assert own == alone


def test_labels_of_one_cluster_have_a_mean_and_no_interval() -> None:
    human, judge = judged(60, 0.6)
    pairs = [(f"c{k}", human[k], judge[k]) for k in range(20)]
    run = a_run(judge, clusters=["one"] * 20 + ["two"] * 40)
    found = corrected(run, labels(pairs, sampled=True), same_outputs=True)

    assert found.value is not None
    assert (found.low, found.high) == (None, None)
    assert "all of one cluster" in found.why


def test_a_scale_that_does_not_begin_at_zero_is_kept() -> None:
    run = a_run([1.0] * 320 + [0.5] * 80, low=0.5)
    cells = [(case, 0.5 + human / 2, 0.5 + (judge or 0.0) / 2) for case, human, judge in table(78, 2, 30, 10)]
    found = corrected(run, labels(cells), same_outputs=False)

    assert found.value == pytest.approx(0.5 + 0.759 / 2, abs=5e-4)


def test_the_best_labels_are_the_runs_own_then_a_random_sample_then_the_newest() -> None:
    others = labels([], candidate_digest="other", measured_at=NOW + timedelta(days=9), sampled=True)
    old, new = labels([]), labels([], measured_at=NOW + timedelta(days=1))
    drawn = labels([], sampled=True)

    def best(*known: Calibration) -> tuple[Calibration, bool] | None:
        return best_calibration(known, candidate_digest="c", dataset="d")

    assert best() is None
    assert best(others) == (others, False)
    assert best(old, others, new) == (new, True)
    assert best(old, drawn, new) == (drawn, True)


def test_the_members_of_the_document_are_those_that_an_unlabelled_run_has() -> None:
    found = corrected(a_run([1.0, 0.0]), labels([]), same_outputs=True)

    assert tuple(found.json()) == CORRECTED_KEYS
