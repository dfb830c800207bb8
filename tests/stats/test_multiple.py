from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from evalkit.stats import benjamini_hochberg, holm

MYOCARDIAL_INFARCTION = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
]
P_VALUES = st.lists(st.floats(0, 1), max_size=30)


def test_benjamini_hochberg_adjusts_their_own_example() -> None:
    """Benjamini and Hochberg 1995, section 3.2; adjusted values as in scipy's false_discovery_control."""
    expected = [
        *(0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.06385714, 0.06385714, 0.0645),
        *(0.0765, 0.486, 0.58118182, 0.714875, 0.75323077, 0.81321429, 1.0),
    ]
    adjusted = benjamini_hochberg(MYOCARDIAL_INFARCTION)

    assert adjusted == pytest.approx(expected, abs=5e-9)
    assert sum(p <= 0.05 for p in adjusted) == 4


def test_holm_rejects_three_of_the_same_example() -> None:
    """Benjamini and Hochberg 1995, section 3.2: 15 p-values, by hand the first three: 15p, 14p, 13p."""
    adjusted = holm(MYOCARDIAL_INFARCTION)

    assert adjusted[:4] == pytest.approx((0.0015, 0.0056, 0.0247, 0.114))
    assert sum(p <= 0.05 for p in adjusted) == 3


@given(P_VALUES)
def test_benjamini_hochberg_agrees_with_scipy(p_values: list[float]) -> None:
    expected = scipy_stats.false_discovery_control(p_values).tolist() if p_values else []

    assert benjamini_hochberg(p_values) == pytest.approx(expected)


@given(P_VALUES)
def test_an_adjusted_p_value_is_never_smaller_and_holm_lies_between_its_neighbours(p_values: list[float]) -> None:
    m = len(p_values)
    for p, fdr, family in zip(p_values, benjamini_hochberg(p_values), holm(p_values), strict=True):
        assert p <= fdr * (1 + 1e-12) <= family * (1 + 1e-9) + 1e-300
        assert family <= min(1, m * p) * (1 + 1e-12)


@given(P_VALUES, st.randoms(use_true_random=False))
def test_the_order_of_p_values_does_not_matter(p_values: list[float], shuffler: random.Random) -> None:
    order = list(range(len(p_values)))
    shuffler.shuffle(order)
    for adjust in (holm, benjamini_hochberg):
        straight = adjust(p_values)

        assert adjust([p_values[at] for at in order]) == tuple(straight[at] for at in order)


@pytest.mark.parametrize("p_values", [[0.5, 1.1], [-0.1], [float("nan")]])
def test_what_is_no_p_value_is_refused(p_values: list[float]) -> None:
    for adjust in (holm, benjamini_hochberg):
        with pytest.raises(ValueError, match="between 0 and 1"):
            adjust(p_values)
