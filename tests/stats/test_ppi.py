from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from evalkit.stats import Corrected, ppi, ppi_paired, ppi_plus, rogan_gladen

DATA = Path(__file__).parents[2].parent / "shared" / "data"
GRADES = st.sampled_from([0.0, 0.25, 0.5, 1.0])
LABELLED = st.lists(st.tuples(GRADES, GRADES), min_size=2, max_size=25)
REST = st.lists(GRADES, min_size=2, max_size=40)


def ends(made: Corrected) -> tuple[float, float]:
    assert made.low is not None
    assert made.high is not None
    return made.low, made.high


def test_the_mean_and_its_error_by_hand() -> None:
    """.5 + .1 = .6; SE^2 = .25/4 + .09/5 (variances with n), t(4) = 2.776445."""
    human, judge, rest = [1, 0, 1, 1, 0.5], [1, 0, 0.5, 1, 0.5], [1, 0, 1, 0]
    made = ppi(human, judge, rest)
    error = math.sqrt(0.25 / 4 + np.var([0, 0, 0.5, 0, 0]) / 5)

    assert made.value == pytest.approx(0.6)
    assert made.standard_error == pytest.approx(error)
    assert ends(made) == pytest.approx((0.6 - 2.776445 * error, 0.6 + 2.776445 * error), abs=1e-6)
    assert (made.method, made.weight, made.n, made.n_labels) == ("ppi", 1, 9, 5)
    assert made.raw == pytest.approx(5 / 9)


@given(LABELLED, REST)
@settings(deadline=None, max_examples=50)
def test_ppi_plus_is_the_published_closed_form(labelled: list[tuple[float, float]], rest: list[float]) -> None:
    """Angelopoulos, Duchi and Zrnic 2023 (arXiv 2311.01453) for a mean, as the package ppi_py computes it."""
    human, judge = 3 * np.array([one for one, _ in labelled]), 3 * np.array([other for _, other in labelled])
    rest = [0.1, *(3 * one for one in rest)]  # 0.1 keeps a scale of 0 and 1 from being recognised
    made, n, others = ppi_plus(human, judge, rest), len(labelled), len(rest)
    spread = np.var([*judge, *rest], ddof=1)
    weight = np.clip(np.cov(human, judge, ddof=0)[0, 1] / ((1 + n / others) * spread), 0, 1) if spread else 0
    error = math.sqrt(weight**2 * np.var(rest) / others + np.var(human - weight * judge) / n)

    assert made.weight == pytest.approx(weight, abs=1e-12)
    assert made.value == pytest.approx(weight * np.mean(rest) + np.mean(human - weight * judge), abs=1e-12)
    assert made.standard_error == pytest.approx(error, abs=1e-9)
    if np.ptp(human - judge) > 0:
        half = scipy_stats.t.ppf(0.975, n - 1) * error
        assert ends(made) == pytest.approx((made.value - half, made.value + half), abs=1e-8)


@given(LABELLED, REST, st.sampled_from([ppi, ppi_plus]))
@settings(deadline=None, max_examples=50)
def test_the_interval_holds_the_estimate_within_the_scale(
    labelled: list[tuple[float, float]], rest: list[float], method: Callable[..., Corrected]
) -> None:
    made = method([one for one, _ in labelled], [other for _, other in labelled], rest, low_value=0, high_value=1)
    low, high = ends(made)

    assert made.value is not None
    assert 0 <= low <= made.value + 1e-12
    assert made.value - 1e-12 <= high <= 1
    assert low < high


@given(LABELLED, REST)
@settings(deadline=None, max_examples=50)
def test_turning_the_scale_round_mirrors_everything(labelled: list[tuple[float, float]], rest: list[float]) -> None:
    human, judge = np.array([one for one, _ in labelled]), np.array([other for _, other in labelled])
    made = ppi_plus(human, judge, rest, low_value=0, high_value=1)
    turned = ppi_plus(1 - human, 1 - judge, 1 - np.array(rest), low_value=0, high_value=1)
    low, high = ends(made)

    assert made.value is not None
    assert turned.value == pytest.approx(1 - made.value, abs=1e-9)
    assert ends(turned) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_a_judge_that_knows_nothing_does_no_harm() -> None:
    """Seed 8: the judge tosses a coin, so PPI++ lets it count for little and is as sure as the labels alone."""
    source = np.random.default_rng(8)
    human, judge, rest = (source.integers(0, 2, size).astype(float) for size in (200, 200, 2000))
    plain, plus = ppi(human, judge, rest), ppi_plus(human, judge, rest)
    labels = scipy_stats.sem(human)

    assert plus.weight is not None
    assert plus.weight < 0.15
    assert plus.standard_error is not None
    assert plain.standard_error is not None
    assert plus.standard_error < labels * 1.001 < plain.standard_error


def test_a_good_judge_makes_the_interval_shorter_than_the_labels_do() -> None:
    """Seed 9: 95 % right."""
    source = np.random.default_rng(9)
    truth = source.integers(0, 2, 2200).astype(float)
    judge = np.where(source.random(2200) < 0.95, truth, 1 - truth)
    made = ppi_plus(truth[:200], judge[:200], judge[200:])

    assert made.standard_error is not None
    assert made.standard_error < 0.6 * scipy_stats.sem(truth[:200])


@pytest.mark.parametrize(("labels", "right"), [(30, 0.7), (100, 0.9)])
def test_the_interval_covers_the_truth_as_often_as_it_says(labels: int, right: float) -> None:
    """Seed 12: pass rate .6, 400 unlabelled cases, 500 runs; the judge's own mean is far off."""
    source = np.random.default_rng(12)
    covered = []
    for _ in range(500):
        truth = (source.random(400 + labels) < 0.6).astype(float)
        judge = np.where((truth == 0) & (source.random(len(truth)) > right), 1.0, truth)
        low, high = ends(ppi_plus(truth[:labels], judge[:labels], judge[labels:]))
        covered.append(low <= 0.6 <= high)

    assert 0.94 <= np.mean(covered) <= 0.985


def test_labels_that_all_agree_are_not_perfectly_sure() -> None:
    """Of 20 labels that agree, up to 1 - .025^(1/20) = .168433 may disagree unseen."""
    human, rest = [1.0, 0.0] * 10, [1.0, 0.0] * 1000
    low, high = ends(ppi(human, human, rest))

    assert high - low > 2 * 0.168433
    graded = ppi([0.5, 0.25] * 5, [0.5, 0.25] * 5, [0.5, 0.75] * 50)
    assert (graded.low, graded.high, graded.why) == (None, None, "labels-all-agree")
    assert graded.value == pytest.approx(0.625)


def test_two_labels_on_one_line_are_not_perfectly_sure() -> None:
    low, high = ends(ppi_plus([0.0, 0.25], [0.0, 1.0], [0.0, 0.0], low_value=0, high_value=1))

    assert high - low > 0.5


def test_too_few_labels_give_no_interval() -> None:
    one, none = ppi_plus([1.0], [0.0], [1.0, 0.0]), ppi_plus([], [], [1.0, 0.0])

    assert (one.low, one.high, one.why) == (None, None, "too-few")
    assert (none.value, none.low, none.raw, none.why) == (None, None, 0.5, "too-few")
    assert ppi([], [], []).raw is None


def test_a_paired_difference_is_ppi_of_the_differences() -> None:
    human = ([0, 1, 0, 1, 0, 1], [1, 1, 0, 1, 1, 0])
    judge = ([0, 1, 0, 1, 1, 1], [1, 1, 1, 1, 1, 0])
    rest = ([0, 1, 0, 1] * 5, [1, 1, 0, 1] * 5)
    made = ppi_paired(human, judge, rest)
    gaps = [np.subtract(after, before) for before, after in (human, judge, rest)]

    assert made == ppi_plus(*gaps, low_value=-1, high_value=1)
    swapped = ppi_paired(human[::-1], judge[::-1], rest[::-1])
    low, high = ends(made)
    assert swapped.value == pytest.approx(-(made.value or 0))
    assert ends(swapped) == pytest.approx((-high, -low))


def test_what_does_not_pair_is_refused() -> None:
    with pytest.raises(ValueError, match="1 labels do not go with 2"):
        ppi([1], [1, 0], [1])
    with pytest.raises(ValueError, match="same cases"):
        ppi_paired(([1], [1, 0]), ([1], [1]), ([1], [1]))


@pytest.mark.skipif(not DATA.is_dir(), reason="the real data sets are not beside the project")
def test_on_llmbar_a_random_labelled_part_beats_rogan_gladen() -> None:
    """GPT-4/Vanilla_NoRules in order (a, b), 419 items, 120 of them labelled, 100 draws, seed = draw.

    The truth is .4916; half-widths are about .080 for PPI++ and .182 for Rogan-Gladen.
    """
    with gzip.open(DATA / "llmbar_verdicts.csv.gz", "rt", encoding="utf-8") as file:
        rows = [
            (row["label"] == "1", row["ab_winner"] == "1")
            for row in csv.DictReader(file)
            if row["evaluator"] == "GPT-4/Vanilla_NoRules" and row["subset"].startswith("LLMBar/")
        ]
    human, judge = np.array(rows, dtype=float).T
    widths, covered = [], []
    for draw in range(100):
        order = np.random.default_rng(draw).permutation(len(rows))
        some, rest = order[:120], order[120:]
        yes, no = some[human[some] == 1], some[human[some] == 0]
        powered = ends(ppi_plus(human[some], judge[some], judge[rest]))
        calibrated = rogan_gladen(
            float(judge.mean()),
            len(rows),
            sensitivity=float(judge[yes].mean()),
            specificity=float(1 - judge[no].mean()),
            positives=len(yes),
            negatives=len(no),
        )
        widths.append((np.ptp(powered) / 2, np.ptp(ends(calibrated)) / 2))
        covered.append(powered[0] <= human.mean() <= powered[1])

    assert human.mean() == pytest.approx(0.4916, abs=5e-5)
    assert np.mean(widths, axis=0) == pytest.approx((0.080, 0.182), abs=0.0025)
    assert np.mean(covered) >= 0.95
