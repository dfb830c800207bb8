from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from evalkit.stats import Confusion, cohen_kappa, confusion, hit_rates, raw_agreement, sensitivity_specificity, wilson

TABLES = st.integers(2, 4).flatmap(
    lambda size: st.lists(st.lists(st.integers(0, 12), min_size=size, max_size=size), min_size=size, max_size=size)
)


def table(*rows: list[int]) -> Confusion:
    first = [i for i, row in enumerate(rows) for count in row for _ in range(count)]
    second = [j for row in rows for j, count in enumerate(row) for _ in range(count)]
    return confusion(first, second, range(len(rows)))


def test_a_confusion_matrix_counts_pairs_and_leaves_out_the_missing() -> None:
    made = confusion(["yes", "no", None, "yes", "no"], ["yes", "yes", "no", None, "no"], ["no", "yes"])

    assert made.counts == ((1, 1), (0, 1))
    assert (made.n, made.missing, made.categories) == (3, 2, ("no", "yes"))
    assert raw_agreement(made).mean == pytest.approx(2 / 3)


def test_cohens_textbook_example() -> None:
    """20 / 5 / 10 / 15 of 50: kappa .4 (Wikipedia, "Cohen's kappa")."""
    assert cohen_kappa(table([20, 5], [10, 15])).value == pytest.approx(0.4)


def test_the_abstractors_of_irrcac() -> None:
    """R package irrCAC, kappa2.table(cont3x3abstractors): .7964094, SE .05891072 with n in place of n - 1."""
    made = cohen_kappa(table([13, 0, 0], [0, 20, 7], [0, 4, 56]))

    assert made.value == pytest.approx(0.7964094, abs=5e-8)
    assert made.standard_error is not None
    assert made.standard_error * math.sqrt(99 / 100) == pytest.approx(0.05891072, abs=5e-9)
    assert (made.low, made.high) == pytest.approx((0.680, 0.913), abs=1.5e-3)


@given(TABLES, st.sampled_from([("identity", None), ("linear", "linear"), ("quadratic", "quadratic")]))
@settings(deadline=None, max_examples=50)
def test_kappa_and_its_error_are_those_of_statsmodels(rows: list[list[int]], weights: tuple[str, str | None]) -> None:
    made, counts = cohen_kappa(table(*rows), weights=weights[0]), np.array(rows, dtype=float)
    if made.value is None or made.n < 2:
        return
    with np.errstate(all="ignore"):
        theirs = cohens_kappa(counts, wt=weights[1])
    assert made.value == pytest.approx(theirs.kappa, abs=1e-9)
    assert made.standard_error is not None
    variance = theirs.var_kappa
    assert made.standard_error**2 * (made.n - 1) / made.n == pytest.approx(variance, abs=1e-9)


@given(TABLES, st.sampled_from(["identity", "linear", "quadratic", "ordinal"]))
@settings(deadline=None, max_examples=50)
def test_swapping_the_raters_keeps_kappa(rows: list[list[int]], weights: str) -> None:
    made = cohen_kappa(table(*rows), weights=weights)
    swapped = cohen_kappa(table(*np.array(rows).T.tolist()), weights=weights)

    assert (made.value is None) == (swapped.value is None)
    if made.value is not None:
        assert (swapped.value, swapped.low, swapped.high) == pytest.approx((made.value, made.low, made.high), abs=1e-9)
        assert -1 <= made.value <= 1 + 1e-12


def test_one_category_throughout_has_no_kappa() -> None:
    made = cohen_kappa(table([0, 0], [0, 7]))

    assert (made.value, made.low, made.observed) == (None, None, 1)
    assert cohen_kappa(table([0, 0], [0, 0])).value is None


def test_perfect_agreement_of_few_is_not_perfectly_sure() -> None:
    made = cohen_kappa(table([5, 0], [0, 5]))

    assert (made.value, made.high) == (1, 1)
    assert made.low == pytest.approx((1 - 0.308497 - 0.5) / 0.5, abs=1e-6)


def test_sensitivity_and_specificity_have_wilsons_intervals() -> None:
    """The README of llm-judge-agreement: Se 78/80 in 91.3 ... 99.3 %, Sp 30/40 in 59.8 ... 85.8 %, kappa .763."""
    human = [True] * 80 + [False] * 40 + [None, True]
    judge = [True] * 78 + [False] * 2 + [True] * 10 + [False] * 30 + [True, None]
    made = sensitivity_specificity(human, judge)

    assert (made.sensitivity.n, made.specificity.n, made.missing) == (80, 40, 2)
    assert (made.sensitivity.mean, made.specificity.mean) == (78 / 80, 30 / 40)
    assert (made.sensitivity.low, made.sensitivity.high) == pytest.approx((0.913, 0.993), abs=5e-4)
    assert (made.specificity.low, made.specificity.high) == pytest.approx((0.598, 0.858), abs=5e-4)
    assert cohen_kappa(confusion(human, judge, [False, True])).value == pytest.approx(0.763, abs=5e-4)


def test_which_category_is_yes_can_be_said() -> None:
    made = confusion(["bad", "bad", "good"], ["bad", "good", "good"], ["good", "bad"])

    assert hit_rates(made, positive="bad").sensitivity.mean == 0.5
    assert hit_rates(made, positive="good").sensitivity.mean == 1
    assert hit_rates(made, positive="good").specificity.mean == 0.5


def test_without_a_yes_sensitivity_is_undefined() -> None:
    made = sensitivity_specificity([False, False], [False, True])

    assert (made.sensitivity.mean, made.sensitivity.low) == (None, None)
    expected = wilson(1, 2)
    assert expected is not None
    assert made.specificity.low == expected.low


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="1 ratings of one do not go with 2"):
        confusion(["a"], ["a", "b"], ["a", "b"])
    with pytest.raises(ValueError, match="'c' is none of the categories"):
        confusion(["a"], ["c"], ["a", "b"])
    with pytest.raises(ValueError, match="two categories, not 3"):
        hit_rates(table([1, 0, 0], [0, 1, 0], [0, 0, 1]), positive=1)
