from __future__ import annotations

import math
import random
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.stats import Repeats, judge_floor, repeats, variance_ratio, wilson

GRADES = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
JUDGEMENTS = st.lists(st.lists(GRADES, min_size=1, max_size=5), min_size=1, max_size=25)


@pytest.mark.parametrize(("samples", "ratio"), [(1, 1), (2, 2 / 3), (4, 1 / 2), (6, 4 / 9), (math.inf, 1 / 3)])
def test_more_samples_shrink_the_variance_as_miller_says(samples: float, ratio: float) -> None:
    """Miller 2024 (arXiv 2411.00640): x ~ U(0, 1), so Var(x) = 1/12 and E sigma^2 = 1/6."""
    made = variance_ratio(between_variance=1 / 12, within_variance=1 / 6, samples=samples)

    assert made == pytest.approx(ratio)


def test_the_components_of_a_table_by_hand() -> None:
    """Means 0, .5, 1; variances 0, .5, 0; MSB = .5 and MSW = 1/6, so ICC(1) = (1/2 - 1/6) / (1/2 + 1/6) = 1/2."""
    made = repeats([[0, 0], [0, 1], [1, 1]])

    assert (made.n_items, made.n_judgements, made.mean) == (3, 6, 0.5)
    assert made.within_variance == pytest.approx(1 / 6)
    assert made.between_variance == pytest.approx(1 / 4 - 1 / 12)
    assert made.icc == pytest.approx(1 / 2)
    assert made.variance_ratio(2) == pytest.approx((1 / 6 + 1 / 12) / (1 / 6 + 1 / 6))
    expected = wilson(2, 3)
    assert expected is not None
    assert made.unanimous_share.mean == pytest.approx(2 / 3)
    assert (made.unanimous_share.low, made.unanimous_share.high) == (expected.low, expected.high)
    assert made.flip_rate.mean == pytest.approx(1 / 3)


def test_the_components_come_out_of_simulated_judgements() -> None:
    """Seed 20: 20,000 items with x ~ U(0, 1), judged 3 or 5 times by a coin of that bias."""
    source = np.random.default_rng(20)
    made = repeats(
        [(source.random(3 + 2 * (item % 2)) < source.random()).astype(float).tolist() for item in range(20_000)]
    )

    assert made.within_variance == pytest.approx(1 / 6, abs=0.004)
    assert made.between_variance == pytest.approx(1 / 12, abs=0.004)
    assert made.icc == pytest.approx(1 / 3, abs=0.015)
    assert made.flip_rate.mean == pytest.approx(1 / 3, abs=0.008)


def test_an_item_judged_once_counts_nowhere() -> None:
    assert repeats([[0, 1], [1], [1, 1], []]) == repeats([[0, 1], [1, 1]])


def test_without_repeats_everything_is_undefined() -> None:
    made = repeats([[1.0], [0.0], []])

    assert (made.n_items, made.mean, made.within_variance, made.between_variance, made.icc) == (0, *(None,) * 4)
    assert (made.unanimous_share.mean, made.flip_rate.mean, made.variance_ratio(3)) == (None, None, None)


def test_one_item_has_no_variance_between() -> None:
    made = repeats([[0.0, 1.0, 1.0]])

    assert made.within_variance == pytest.approx(1 / 3)
    assert (made.between_variance, made.icc, made.variance_ratio(2)) == (None, None, None)
    assert made.flip_rate.mean == pytest.approx(2 / 3)


def test_a_judge_that_never_varies_is_not_called_perfectly_sure() -> None:
    made = repeats([[1.0, 1.0]] * 20)

    assert (made.within_variance, made.between_variance, made.icc, made.variance_ratio(2)) == (0, 0, None, None)
    assert made.flip_rate.mean == 0
    assert made.flip_rate.high == pytest.approx(0.1611, abs=1e-4), "Newcombe 1998: Wilson for 0 of 20"


@given(JUDGEMENTS, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=50)
def test_neither_the_order_of_items_nor_of_judgements_matters(
    judgements: list[list[float]], shuffler: random.Random
) -> None:
    shuffled = [shuffler.sample(item, len(item)) for item in shuffler.sample(judgements, len(judgements))]

    def numbers(made: Repeats) -> tuple[float | None, ...]:
        flips = made.flip_rate
        parts = (made.mean, made.within_variance, made.between_variance, made.icc, flips.mean, flips.low, flips.high)
        return tuple(part if part is None else pytest.approx(part, abs=1e-9) for part in parts)

    made, again = repeats(judgements), repeats(shuffled)
    assert again.unanimous_share == made.unanimous_share
    assert numbers(again) == numbers(made)


@given(JUDGEMENTS)
@settings(deadline=None, max_examples=50)
def test_flips_and_variances_are_those_of_the_plain_definitions(judgements: list[list[float]]) -> None:
    made, kept = repeats(judgements), [item for item in judgements if len(item) > 1]
    if not kept:
        assert made.n_items == 0
        return
    flips = [np.mean([one != other for one, other in combinations(item, 2)]) for item in kept]
    variances = [np.var(item, ddof=1) for item in kept]

    assert made.flip_rate.mean == pytest.approx(np.mean(flips))
    assert made.within_variance == pytest.approx(np.mean(variances))
    assert made.unanimous_share.mean == pytest.approx(np.mean([len(set(item)) == 1 for item in kept]))
    assert made.icc is None or -1 - 1e-9 <= made.icc <= 1 + 1e-9


def test_last_bits_are_no_flip() -> None:
    assert repeats([[0.1 + 0.2, 0.3], [0.5, 0.5]]).flip_rate.mean == 0


def test_the_floor_is_what_the_judges_noise_alone_lets_one_see() -> None:
    """(1.959964 + .841621) sqrt(2 x .05 / 200) = .062645; four samples halve it."""
    assert judge_floor(0.05, n=200) == pytest.approx(0.062645, abs=1e-6)
    assert judge_floor(0.05, n=200, samples=4) == pytest.approx(judge_floor(0.05, n=200) / 2)
    assert judge_floor(0.0, n=200) == 0


def test_the_impossible_is_refused() -> None:
    with pytest.raises(ValueError, match="0 cases"):
        judge_floor(0.1, n=0)
    with pytest.raises(ValueError, match="at least once"):
        variance_ratio(between_variance=1, within_variance=1, samples=0)
    with pytest.raises(ValueError, match="finite"):
        repeats([[0.0, math.nan]])
