from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from evalkit.stats import pooled_correlation

GRADES = st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0])
ROWS = st.lists(st.tuples(GRADES, GRADES), max_size=40)
# Within each document the raters disagree wholly; between documents they agree.
SIMPSON = [("x", 1, 2), ("x", 2, 1), ("y", 11, 12), ("y", 12, 11), ("z", 21, 22), ("z", 22, 21)]


@given(ROWS)
@settings(deadline=None, max_examples=50)
def test_pooled_ranks_correlate_as_scipy_says(rows: list[tuple[float, float]]) -> None:
    first, second = [one for one, _ in rows], [other for _, other in rows]
    made, swapped = pooled_correlation(first, second), pooled_correlation(second, first)
    if len(set(first)) < 2 or len(set(second)) < 2:
        assert (made.spearman, made.kendall) == (None, None)
        return

    assert made.spearman == pytest.approx(scipy_stats.spearmanr(first, second).statistic)
    assert made.kendall == pytest.approx(scipy_stats.kendalltau(first, second).statistic)
    assert (swapped.spearman, swapped.kendall) == pytest.approx((made.spearman, made.kendall))


def test_the_level_decides_the_sign() -> None:
    groups, first, second = zip(*SIMPSON, strict=True)
    pooled = pooled_correlation(first, second)
    within = pooled_correlation(first, second, groups=groups, level="within")
    means = pooled_correlation(first, second, groups=groups, level="means")

    assert pooled.spearman == pytest.approx(1 - 6 * 6 / (6 * 35))
    assert (within.n, within.spearman, within.kendall) == (3, pytest.approx(-1), pytest.approx(-1))
    assert (means.n, means.spearman, means.kendall) == (3, pytest.approx(1), pytest.approx(1))


def test_a_constant_group_is_skipped_and_counted() -> None:
    made = pooled_correlation([1, 2, 3, 3, 5], [1, 2, 1, 2, 4], groups=["x", "x", "y", "y", "z"], level="within")

    assert (made.n, made.skipped, made.spearman) == (1, 2, pytest.approx(1))
    nothing = pooled_correlation([3, 3], [1, 2], groups=["y", "y"], level="within")
    assert (nothing.n, nothing.skipped, nothing.spearman, nothing.kendall) == (0, 1, None, None)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="one entry per item"):
        pooled_correlation([1, 2], [1])
    with pytest.raises(ValueError, match="needs groups"):
        pooled_correlation([1, 2], [1, 2], level="means")
