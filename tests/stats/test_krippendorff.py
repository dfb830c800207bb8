from __future__ import annotations

import random
from itertools import product

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.stats import krippendorff_alpha

NO = None
FOUR_OBSERVERS = [
    [1, 1, NO, 1],
    [2, 2, 3, 2],
    [3, 3, 3, 3],
    [3, 3, 3, 3],
    [2, 2, 2, 2],
    [1, 2, 3, 4],
    [4, 4, 4, 4],
    [1, 1, 2, 1],
    [2, 2, 2, 2],
    [NO, 5, 5, 5],
    [NO, NO, 1, 1],
    [NO, NO, 3, NO],
]
THREE_CODERS = ["*****3412113 3*3".replace(" ", ""), "1*213343*******", "**21344*211334"[:12] + "3*4"]
RATINGS = st.integers(2, 4).flatmap(
    lambda raters: st.lists(
        st.lists(st.sampled_from([1.0, 2.0, 3.0, 5.0]) | st.none(), min_size=raters, max_size=raters),
        min_size=1,
        max_size=20,
    )
)


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_four_observers_give_krippendorffs_numbers(level: str, alpha: float) -> None:
    """Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", example C."""
    assert krippendorff_alpha(FOUR_OBSERVERS, level=level) == pytest.approx(alpha, abs=5.1e-4)


def test_four_observers_give_irrcacs_digits() -> None:
    """R package irrCAC, `cac.raw4raters`: krippen.alpha.raw .74342."""
    assert krippendorff_alpha(FOUR_OBSERVERS, level="nominal") == pytest.approx(0.74342, abs=5e-6)


def test_three_coders_give_the_known_numbers() -> None:
    """The example of the Python package krippendorff: nominal .691358, interval .810845."""
    coders = [[None if one == "*" else float(one) for one in coder] for coder in THREE_CODERS]
    ratings = [list(item) for item in zip(*coders, strict=True)]

    assert krippendorff_alpha(ratings, level="nominal") == pytest.approx(0.691358, abs=5e-7)
    assert krippendorff_alpha(ratings, level="interval") == pytest.approx(0.810845, abs=5e-7)


@given(RATINGS, st.sampled_from(["nominal", "ordinal", "interval", "ratio"]), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=50)
def test_alpha_is_that_of_the_krippendorff_package_in_any_order(
    ratings: list[list[float | None]], level: str, shuffler: random.Random
) -> None:
    made = krippendorff_alpha(ratings, level=level)
    pairable = {one for item in ratings for one in item if one is not None and len(item) - item.count(None) > 1}
    if len(pairable) < 2:
        assert made is None
        return
    table = np.array([[np.nan if one is None else one for one in item] for item in ratings])
    order = shuffler.sample(range(len(ratings[0])), len(ratings[0]))
    shuffled = [[item[rater] for rater in order] for item in shuffler.sample(ratings, len(ratings))]

    assert made == pytest.approx(krippendorff.alpha(table.T, level_of_measurement=level), abs=1e-9)
    assert krippendorff_alpha(shuffled, level=level) == pytest.approx(made, abs=1e-9)


def test_a_fine_scale_of_many_items_fits_into_memory() -> None:
    """20,000 pairs of real numbers, seed 4: near 1 - Var(noise) / Var(rating) = 1 - .25 / 1.25."""
    source = np.random.default_rng(4)
    truth = source.normal(size=20_000)
    ratings = np.column_stack([truth + source.normal(0, 0.5, 20_000), truth + source.normal(0, 0.5, 20_000)])

    assert krippendorff_alpha(ratings.tolist(), level="interval") == pytest.approx(0.8, abs=0.01)


def test_nothing_to_compare_is_undefined_and_nonsense_is_refused() -> None:
    assert krippendorff_alpha([], level="nominal") is None
    assert krippendorff_alpha([[1.0, None], [2.0, None]], level="interval") is None
    assert all(krippendorff_alpha([[2.0, 2.0]] * 3, level=level) is None for level in ("nominal", "ordinal", "ratio"))
    with pytest.raises(ValueError, match="not negative"):
        krippendorff_alpha([[1.0, -1.0]], level="ratio")


def test_two_zeros_are_no_distance_apart_on_a_ratio_scale() -> None:
    """By hand: only the pair (0, 1) differs, by 1; D_o = 2 / 4, D_e = 6 / 12 ... alpha = 0."""
    ratings = [[0.0, 0.0], [0.0, 1.0]]
    pooled = [0.0, 0.0, 0.0, 1.0]
    expected = sum(one != other for one, other in product(pooled, repeat=2)) / (4 * 3)

    assert krippendorff_alpha(ratings, level="ratio") == pytest.approx(1 - (2 / 4) / expected)
