from __future__ import annotations

import math
import random
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from evalkit.stats import Estimate, bounds, estimate, estimate_counts, wilson
from evalkit.stats.clusters import clustered_standard_error, clusters_of

GRADES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=60)
SCORES = st.lists(st.floats(-1e6, 1e6, allow_nan=False), max_size=60)
LETTERS = st.sampled_from(["a", "b", "c", "d", None])


def interval_of(made: Estimate) -> tuple[float, float]:
    assert made.low is not None
    assert made.high is not None
    return made.low, made.high


def test_a_pass_rate_gets_wilsons_interval() -> None:
    """statsmodels, test_proportion.py: 19 of 38."""
    made = estimate([1] * 19 + [0] * 19)

    assert (made.n, made.mean, made.method, made.clusters) == (38, 0.5, "wilson", None)
    assert interval_of(made) == pytest.approx((0.348499283643951, 0.651500716356049), abs=1e-14)


def test_graded_scores_get_the_t_interval() -> None:
    """Darwin's maize in Fisher 1935: mean 20.93, t = 2.148 on 14 degrees of freedom."""
    heights = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    made = estimate(heights)
    low, high = interval_of(made)

    assert made.method == "t"
    assert made.mean == pytest.approx(20.9333, abs=1e-4)
    standard_error = (high - low) / 2 / scipy_stats.t.ppf(0.975, 14)
    assert made.mean / standard_error == pytest.approx(2.148, abs=5e-4)


@given(SCORES.filter(lambda scores: len({round(score, 3) for score in scores}) > 1))
def test_graded_scores_agree_with_scipy(scores: list[float]) -> None:
    made = estimate(scores)
    if made.method != "t":
        return
    expected = scipy_stats.t.interval(0.95, len(scores) - 1, np.mean(scores), scipy_stats.sem(scores))

    assert interval_of(made) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(SCORES, st.randoms(use_true_random=False))
def test_counts_and_any_order_of_the_values_give_the_same_estimate(
    scores: list[float], shuffler: random.Random
) -> None:
    shuffled = shuffler.sample(scores, len(scores))

    assert estimate(shuffled) == estimate(scores) == estimate_counts(Counter(scores))


@given(GRADES, st.data())
def test_every_interval_contains_the_estimate_and_stays_on_the_scale(grades: list[float], data: st.DataObject) -> None:
    names = data.draw(st.none() | st.lists(LETTERS, min_size=len(grades), max_size=len(grades)))
    made = estimate(grades, clusters=names, low_value=0, high_value=1)

    assert made.n == len(grades)
    assert made.mean == pytest.approx(sum(grades) / len(grades))
    if made.method == "none":
        assert made.low is None
        assert made.high is None
    else:
        low, high = interval_of(made)
        assert 0 <= low <= made.mean * (1 + 1e-12)
        assert made.mean * (1 - 1e-12) <= high <= 1
        assert low < high


def test_no_scores_have_no_estimate() -> None:
    assert estimate([]) == Estimate(n=0, mean=None, low=None, high=None, method="none")
    assert estimate_counts({}) == estimate_counts({0.5: 0}) == estimate([])


def test_one_graded_score_has_a_mean_and_no_interval() -> None:
    assert estimate([0.5]) == Estimate(n=1, mean=0.5, low=None, high=None, method="none")


def test_zeros_and_ones_on_a_longer_scale_are_graded_scores() -> None:
    assert estimate([0, 1, 1, 1], low_value=0, high_value=5).method == "tilted"
    assert estimate([0, 1, 1, 1], low_value=0, high_value=1).method == "wilson"


def test_equal_scores_are_not_perfectly_sure() -> None:
    """One unseen share of 1 - 0.025^(1/n), by hand: n = 2 .841886, n = 1,000 .003682."""
    two = estimate([0.5] * 2, low_value=0, high_value=1)
    thousand = estimate([0.5] * 1000, low_value=0, high_value=1)

    assert two.method == thousand.method == "all-equal"
    assert interval_of(two) == pytest.approx((0.5 - 0.841886 / 2, 0.5 + 0.841886 / 2), abs=1e-6)
    assert interval_of(thousand) == pytest.approx((0.5 - 0.003682 / 2, 0.5 + 0.003682 / 2), abs=1e-6)


def test_equal_scores_on_an_unknown_scale_have_no_interval() -> None:
    assert estimate([0.5] * 9) == Estimate(n=9, mean=0.5, low=None, high=None, method="all-equal")


@given(st.integers(2, 400))
def test_where_all_clusters_pass_the_interval_is_clopper_and_pearsons_over_clusters(count: int) -> None:
    names = [str(at // 2) for at in range(2 * count)]
    made = estimate([1] * (2 * count), clusters=names)
    exact = scipy_stats.binomtest(count, count).proportion_ci(0.95, method="exact")

    assert (made.method, made.clusters, made.high) == ("all-equal", count, 1)
    assert made.low == pytest.approx(exact.low, rel=1e-9)


@given(st.lists(st.tuples(*[st.sampled_from([0.0, 0.5, 1.0])] * 3), min_size=2, max_size=20))
def test_equal_clusters_give_the_t_interval_of_their_means(clusters: list[tuple[float, float, float]]) -> None:
    """For clusters of one size, the clustered SE with G / (G - 1) is the plain SE of the cluster means."""
    means = [sum(cluster) / 3 for cluster in clusters]
    values = [value for cluster in clusters for value in cluster]
    made = estimate(values, clusters=[f"c{at // 3}" for at in range(len(values))], interval="t")
    if made.method == "all-equal":
        assert max(means) - min(means) < 1e-9
        return
    low, high = scipy_stats.t.interval(0.95, len(means) - 1, np.mean(means), scipy_stats.sem(means))
    if set(values) <= {0, 1}:
        low, high = max(low, 0), min(high, 1)

    assert (made.method, made.clusters) == ("cluster-t", len(clusters))
    assert interval_of(made) == pytest.approx((low, high))


@given(SCORES.filter(lambda scores: len(scores) > 1), st.data())
def test_the_clustered_error_is_millers_double_sum(scores: list[float], data: st.DataObject) -> None:
    """Miller 2024, arXiv 2411.00640: SE^2 = sum over pairs of one cluster of s_i s_j, centred, / n^2."""
    names = data.draw(st.lists(LETTERS, min_size=len(scores), max_size=len(scores)))
    clusters = clusters_of(names, len(scores))
    if clusters is None or clusters.count < 2:
        return
    n, mean = len(scores), np.mean(scores)
    same = [
        [at == other or (name is not None and name == names[other]) for other in range(n)]
        for at, name in enumerate(names)
    ]
    double = sum(
        (scores[at] - mean) * (scores[other] - mean) for at in range(n) for other in range(n) if same[at][other]
    )
    expected = math.sqrt(max(0.0, double) * clusters.count / (clusters.count - 1)) / n

    found = clustered_standard_error(np.asarray(scores), clusters)
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-3)


def test_clusters_that_nobody_shares_are_no_clusters() -> None:
    plain = estimate([0, 0.5, 1])

    assert estimate([0, 0.5, 1], clusters=["a", "b", None]) == plain
    assert estimate([0, 0.5, 1], clusters=[None, None, None]) == plain


def test_a_shared_cluster_widens_a_pass_rate() -> None:
    values = [1, 1, 1, 1, 0, 0, 0, 0] * 5
    names = [str(at // 4) for at in range(40)]
    plain, clustered = interval_of(estimate(values)), interval_of(estimate(values, clusters=names))

    assert clustered[0] < plain[0] < plain[1] < clustered[1]


def test_one_cluster_of_everything_has_no_interval() -> None:
    made = estimate([0, 1, 1], clusters=["doc"] * 3)

    assert (made.mean, made.low, made.high) == (pytest.approx(2 / 3), None, None)
    assert (made.method, made.clusters) == ("none", 1)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_refused_and_never_averaged(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        estimate([1, value])
    with pytest.raises(ValueError, match="finite"):
        estimate_counts({value: 1})


def test_a_call_that_cannot_be_meant_is_refused() -> None:
    with pytest.raises(ValueError, match="one list"):
        estimate(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="1 clusters"):
        estimate([1, 2], clusters=["a"])
    with pytest.raises(ValueError, match="zero times or more"):
        estimate_counts({1: -1})
    with pytest.raises(ValueError, match="both of its ends"):
        estimate([1, 2], low_value=1)
    with pytest.raises(ValueError, match="interval from 1 to 0"):
        estimate([1, 2], low_value=1, high_value=0)


def test_another_confidence_gives_another_interval() -> None:
    narrow = estimate([1] * 30 + [0] * 10, confidence=0.8)
    wide = wilson(30, 40)

    assert wide is not None
    assert narrow.confidence == 0.8
    assert wide.low < interval_of(narrow)[0] < interval_of(narrow)[1] < wide.high


def test_bounds_give_unscored_cases_the_lowest_and_the_highest_value() -> None:
    """By hand: 7 of 8 passed, 2 unscored: 7/10 to 9/10; on a scale of 1 to 5, sum 20 of 5 and 5 unscored."""
    rate = bounds(7, 8, 2)
    graded = bounds(20, 5, 5, low_value=1, high_value=5)

    assert rate is not None
    assert (rate.low, rate.high) == (0.7, 0.9)
    assert graded is not None
    assert (graded.low, graded.high) == (2.5, 4.5)


def test_bounds_meet_where_every_case_is_scored_and_are_none_without_cases() -> None:
    met = bounds(3, 4, 0)

    assert met is not None
    assert met.low == met.high == 0.75
    assert bounds(0, 0, 0) is None
    with pytest.raises(ValueError, match="cannot be"):
        bounds(0, 1, -1)


def test_importing_the_package_imports_neither_numpy_nor_scipy() -> None:
    code = (
        "import sys, evalkit.stats, evalkit.analysis; "
        "print(sorted({'numpy', 'scipy', 'pandas', 'scipy.stats'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_an_estimate_never_imports_the_slow_half_of_scipy() -> None:
    code = (
        "import sys; from evalkit.stats import estimate, paired; estimate([1, 2]); paired([1, 0], [1, 1]); "
        "print('scipy.special' in sys.modules, 'scipy.stats' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "True False"
