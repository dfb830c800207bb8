from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from evalkit.stats import Agreement, agreement, estimate, gwet

GRADES = ["incorrect", "partial", "correct"]
VALUES = [0.0, 0.5, 1.0]
PAIRS = st.lists(
    st.tuples(st.sampled_from(GRADES) | st.none(), st.sampled_from(GRADES) | st.none()), min_size=1, max_size=30
)


def paradox() -> Agreement:
    first = ["pass"] * 123 + ["fail"] * 2
    return agreement(first, ["pass"] * 118 + ["fail"] * 5 + ["pass"] * 2, ["fail", "pass"])


def test_kappa_alone_misleads_where_nearly_all_pass() -> None:
    """118 / 5 / 2 / 0: raw agreement .944, kappa -.0234, AC1 .9408 (Gwet; Feinstein and Cicchetti's paradox)."""
    made = paradox()

    assert made.raw.mean == 0.944
    assert made.kappa.value == pytest.approx(-0.0234, abs=5e-5)
    assert made.ac1.value == pytest.approx(0.9408, abs=5e-5)


def test_two_categories_have_hit_rates_and_no_weights() -> None:
    made = paradox()

    assert (made.positive, made.weighted_kappa, made.ac2, made.bias, made.spearman) == ("pass", *(None,) * 4)
    assert made.hit_rates is not None
    assert made.hit_rates.sensitivity.mean == 118 / 123
    assert made.hit_rates.specificity.mean == 0


def test_the_category_with_the_higher_value_counts_as_yes() -> None:
    made = agreement(["good", "bad"], ["good", "good"], ["good", "bad"], values=[1, 0])

    assert made.positive == "good"
    assert made.bias is not None
    assert made.bias.mean == 0.5
    assert agreement(["good"], ["good"], ["good", "bad"]).positive == "bad"


def test_grades_have_weights_a_bias_and_rank_correlations() -> None:
    first = ["incorrect", "partial", "correct", "correct", "partial", None, "correct"]
    second = ["partial", "partial", "correct", "correct", "correct", "correct", None]
    made = agreement(first, second, GRADES, values=VALUES)
    numbers = np.array([[0, 0.5, 1, 1, 0.5], [0.5, 0.5, 1, 1, 1]])

    assert (made.n, made.missing, made.positive, made.hit_rates) == (5, 2, None, None)
    assert made.confusion.counts == ((0, 1, 0), (0, 1, 1), (0, 0, 2))
    assert made.spearman == pytest.approx(scipy_stats.spearmanr(*numbers).statistic)
    assert made.kendall == pytest.approx(scipy_stats.kendalltau(*numbers).statistic)
    assert made.bias == estimate(numbers[1] - numbers[0], low_value=-1, high_value=1)
    both = [pair for pair in zip(first, second, strict=True) if None not in pair]
    assert made.ac2 == gwet(both, GRADES, weights="quadratic", values=VALUES)


@given(PAIRS)
@settings(deadline=None, max_examples=60)
def test_swapping_the_raters_turns_the_bias_and_keeps_the_rest(pairs: list[tuple[str | None, str | None]]) -> None:
    first, second = [one for one, _ in pairs], [other for _, other in pairs]
    made = agreement(first, second, GRADES, values=VALUES)
    swapped = agreement(second, first, GRADES, values=VALUES)

    assert (swapped.n, swapped.missing, swapped.raw) == (made.n, made.missing, made.raw)
    for name in ("kappa", "weighted_kappa", "ac1", "ac2"):
        ours, theirs = getattr(made, name), getattr(swapped, name)
        assert theirs.value == (None if ours.value is None else pytest.approx(ours.value, abs=1e-9))
        assert theirs.low == (None if ours.low is None else pytest.approx(ours.low, abs=1e-9))
    assert made.bias is not None
    assert swapped.bias is not None
    assert swapped.bias.mean == (None if made.bias.mean is None else pytest.approx(-made.bias.mean))
    assert swapped.spearman == (None if made.spearman is None else pytest.approx(made.spearman))


@given(PAIRS, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_the_order_of_the_items_does_not_matter(
    pairs: list[tuple[str | None, str | None]], shuffler: random.Random
) -> None:
    shuffled = shuffler.sample(pairs, len(pairs))

    def of(rows: list[tuple[str | None, str | None]]) -> Agreement:
        return agreement([one for one, _ in rows], [other for _, other in rows], GRADES, values=VALUES)

    made, again = of(pairs), of(shuffled)
    assert (again.confusion, again.kappa, again.bias, again.spearman) == (
        made.confusion,
        made.kappa,
        made.bias,
        made.spearman,
    )
    assert again.ac1.value == (None if made.ac1.value is None else pytest.approx(made.ac1.value, abs=1e-12))


def test_no_item_rated_by_both_leaves_everything_undefined() -> None:
    made = agreement([None, "partial"], ["correct", None], GRADES, values=VALUES)

    assert (made.n, made.missing, made.raw.mean, made.kappa.value, made.ac1.value) == (0, 2, None, None, None)
    assert made.ac2 is not None
    assert made.bias is not None
    assert (made.ac2.value, made.bias.mean, made.spearman) == (None, None, None)


def test_values_go_with_the_categories() -> None:
    with pytest.raises(ValueError, match="2 values do not go with 3 categories"):
        agreement(["partial"], ["partial"], GRADES, values=[0, 1])
