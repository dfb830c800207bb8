from __future__ import annotations

import csv
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import aggregate_raters
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss

from evalkit.stats import (
    Coefficient,
    brennan_prediger,
    cohen_kappa,
    confusion,
    conger_kappa,
    fleiss_kappa,
    fleiss_z,
    gwet,
)

DATA = Path(__file__).parents[2].parent / "shared" / "data"
NO = None
RAW4RATERS = [
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
FIVE = [1, 2, 3, 4, 5]
FLEISS_1971 = """444444 222555 233335 555555 222444 113333 333355 113334 114444 555555 144444 124444 222333 144444
224445 333335 111455 111112 224444 133555 555555 244444 224555 114444 144445 222224 111155 224444 133333 555555"""
WIKIPEDIA = [
    (0, 0, 0, 0, 14),
    (0, 2, 6, 4, 2),
    (0, 0, 3, 5, 6),
    (0, 3, 9, 2, 0),
    (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0),
    (3, 2, 6, 3, 0),
    (2, 5, 3, 2, 2),
    (6, 5, 2, 1, 0),
    (0, 2, 2, 3, 7),
]
DISTRIB_6RATERS = [
    (0, 0, 0, 6, 0),
    (0, 3, 0, 0, 3),
    (0, 1, 4, 0, 1),
    (0, 0, 0, 0, 6),
    (0, 3, 0, 3, 0),
    (2, 0, 4, 0, 0),
    (0, 0, 4, 0, 2),
    (2, 0, 3, 1, 0),
    (2, 0, 0, 4, 0),
    (0, 0, 0, 0, 6),
    (1, 0, 0, 5, 0),
    (1, 1, 0, 4, 0),
    (0, 3, 3, 0, 0),
    (1, 0, 0, 5, 0),
    (0, 2, 0, 3, 1),
]
MEASURES = [gwet, fleiss_kappa, brennan_prediger]
LABELS = st.sampled_from(["low", "middle", "high"])
CATEGORIES = ["low", "middle", "high"]
RATINGS = st.integers(2, 4).flatmap(
    lambda raters: st.lists(st.lists(LABELS | st.none(), min_size=raters, max_size=raters), min_size=1, max_size=25)
)
WEIGHTS = st.sampled_from(["identity", "linear", "quadratic", "ordinal"])


def spread(counts: list[tuple[int, ...]]) -> list[list[int]]:
    return [[category for category, count in enumerate(row) for _ in range(count)] for row in counts]


def numbers(made: Coefficient) -> tuple[float | None, ...]:
    parts = (made.value, made.low, made.high, made.standard_error)
    return tuple(part if part is None else pytest.approx(part, abs=1e-9) for part in parts)


@pytest.mark.parametrize(
    ("measure", "value", "error", "low"),
    [
        (gwet, 0.77544, 0.14295, 0.46081),
        (fleiss_kappa, 0.76117, 0.15302, 0.424),
        (brennan_prediger, 0.77273, 0.14472, 0.454),
    ],
)
def test_four_raters_with_gaps_give_gwets_numbers(measure: type, value: float, error: float, low: float) -> None:
    """R package irrCAC, `cac.raw4raters`: gwet.ac1.raw, fleiss.kappa.raw, bp.coeff.raw."""
    made = measure(RAW4RATERS, FIVE)

    assert (made.n, made.high) == (12, 1.0)
    assert (made.value, made.standard_error) == pytest.approx((value, error), abs=5.1e-6)
    assert made.low == pytest.approx(low, abs=5.1e-4)


def test_four_raters_with_gaps_give_congers_kappa() -> None:
    """R package irrCAC, `cac.raw4raters`: conger.kappa.raw .76282."""
    assert conger_kappa(RAW4RATERS, FIVE) == pytest.approx(0.76282, abs=5e-6)


@pytest.mark.parametrize(
    ("measure", "value", "error", "low", "high"),
    [
        (gwet, 0.4448007, 0.08418757, 0.264, 0.625),
        (fleiss_kappa, 0.4139265, 0.08119291, 0.24, 0.588),
        (brennan_prediger, 0.4388889, 0.08312142, 0.261, 0.617),
    ],
)
def test_six_raters_give_gwets_numbers(measure: type, value: float, error: float, low: float, high: float) -> None:
    """R package irrCAC, `distrib.6raters`."""
    made = measure(spread(DISTRIB_6RATERS), range(5))

    assert (made.value, made.standard_error) == pytest.approx((value, error), abs=5e-8)
    assert (made.low, made.high) == pytest.approx((low, high), abs=5e-4)


def test_fleiss_own_example() -> None:
    """Fleiss 1971; R package irr, kappam.fleiss(diagnoses): kappa .4302445, z 17.65183; 30 patients, 6 raters."""
    ratings = [list(row) for row in FLEISS_1971.split()]

    assert fleiss_kappa(ratings, list("12345")).value == pytest.approx(0.4302445, abs=5e-8)
    assert fleiss_z(ratings, list("12345")) == pytest.approx(17.65183, abs=5e-6)


def test_wikipedias_example_of_fleiss_kappa() -> None:
    """Wikipedia, "Fleiss' kappa": 10 subjects, 14 raters, .210."""
    assert fleiss_kappa(spread(WIKIPEDIA), range(5)).value == pytest.approx(0.210, abs=5e-4)


@pytest.mark.skipif(not DATA.is_dir(), reason="the real data sets are not beside the project")
@pytest.mark.parametrize(
    ("label", "value", "low", "high"),
    [
        ("a-1-guidelines", 0.902314, 0.85, 0.96),
        ("a-2-syntax", 0.965537, 0.93, 1.00),
        ("a-3-superfluous", 0.662655, 0.55, 0.78),
        ("a-5-unsubstantiated", 0.601892, 0.47, 0.74),
        ("a-6-incoherence", 0.811148, 0.73, 0.89),
    ],
)
def test_the_three_raters_of_hanna_agree_as_published(label: str, value: float, low: float, high: float) -> None:
    """dig-team/hanna-benchmark-asg, user study: AC1 of three raters on 100 explanations, in consecutive rows."""
    with (DATA / "hanna_user_study_labels.csv").open(encoding="utf-8") as file:
        labels = [row[f"Answer.{label}.1"] for row in csv.DictReader(file)]
    made = gwet([labels[row : row + 3] for row in range(0, len(labels), 3)], ["0", "1"])

    assert made.n == 100
    assert made.value == pytest.approx(value, abs=5e-7)
    assert (made.low, made.high) == pytest.approx((low, high), abs=0.0051)


def test_full_agreement_is_not_perfectly_sure() -> None:
    """At most a share of 1 - .025^(1/n) can disagree unseen: of 10 items .308497, of 100 .036217."""
    few, many = gwet([["yes", "yes"]] * 10, ["yes", "no"]), gwet([["yes", "yes"]] * 100, ["yes", "no"])

    assert (few.value, few.high, few.standard_error) == (1, 1, 0)
    assert few.low == pytest.approx(1 - 0.308497, abs=1e-6)
    assert many.low == pytest.approx(1 - 0.036217, abs=1e-6)


def test_two_raters_who_always_disagree_are_not_perfectly_sure_either() -> None:
    made = gwet([["yes", "no"]] * 10, ["yes", "no"])

    assert made.value == -1
    assert made.low == -1
    assert made.high == pytest.approx((0.308497 - 0.5) / 0.5, abs=1e-6)


@pytest.mark.parametrize("measure", MEASURES)
def test_nothing_rated_twice_is_undefined(measure: type) -> None:
    for ratings in ([], [["yes", None], [None, "no"]], [[None, None]]):
        made = measure(ratings, ["yes", "no"])
        assert (made.value, made.low, made.high) == (None, None, None)
    assert conger_kappa([["yes", None]], ["yes", "no"]) is None
    assert fleiss_z([["yes", None]], ["yes", "no"]) is None


def test_kappas_are_undefined_where_all_ratings_are_equal() -> None:
    ratings = [["yes", "yes"]] * 5

    assert fleiss_kappa(ratings, ["yes", "no"]).value is None
    assert conger_kappa(ratings, ["yes", "no"]) is None
    assert gwet(ratings, ["yes"]).value is None, "with one category there is nothing to agree on"


@pytest.mark.parametrize("measure", MEASURES)
@given(ratings=RATINGS, weights=WEIGHTS, shuffler=st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_neither_the_order_of_items_nor_of_raters_matters(
    measure: type, ratings: list[list[str | None]], weights: str, shuffler: random.Random
) -> None:
    order = shuffler.sample(range(len(ratings[0])), len(ratings[0]))
    shuffled = [[item[rater] for rater in order] for item in shuffler.sample(ratings, len(ratings))]
    made = measure(ratings, CATEGORIES, weights=weights)

    assert numbers(made) == numbers(measure(shuffled, CATEGORIES, weights=weights))
    if made.low is not None:
        assert made.low - 1e-9 <= made.value <= made.high + 1e-9
        assert made.high <= 1


@given(RATINGS)
@settings(deadline=None, max_examples=40)
def test_turning_the_scale_round_keeps_every_weighted_coefficient(ratings: list[list[str | None]]) -> None:
    for weights in ("linear", "quadratic", "ordinal"):
        made = gwet(ratings, CATEGORIES, weights=weights)
        assert numbers(gwet(ratings, CATEGORIES[::-1], weights=weights)) == numbers(made)


@given(st.lists(st.lists(LABELS, min_size=3, max_size=3), min_size=2, max_size=25))
@settings(deadline=None)
def test_fleiss_kappa_is_that_of_statsmodels(ratings: list[list[str]]) -> None:
    made = fleiss_kappa(ratings, CATEGORIES)
    if made.value is None:
        assert len({one for item in ratings for one in item}) == 1
        return
    counts, _ = aggregate_raters(np.array([[CATEGORIES.index(one) for one in item] for item in ratings]))

    assert made.value == pytest.approx(statsmodels_fleiss(counts), abs=1e-9)


@given(st.lists(st.tuples(LABELS, LABELS), min_size=2, max_size=25))
@settings(deadline=None)
def test_congers_kappa_of_two_raters_is_cohens(pairs: list[tuple[str, str]]) -> None:
    cohen = cohen_kappa(confusion([one for one, _ in pairs], [other for _, other in pairs], CATEGORIES))

    made = conger_kappa(pairs, CATEGORIES)
    assert made == (None if cohen.value is None else pytest.approx(cohen.value, abs=1e-9))


def test_the_weights_of_three_grades_by_hand() -> None:
    """Grades 0, .5, 1: neighbours agree by .5 linearly, .75 quadratically, 2/3 by their order."""
    ratings = [["low", "middle"]]

    seen = [gwet(ratings, CATEGORIES, weights=weights).observed for weights in ("linear", "quadratic", "ordinal")]
    assert seen == pytest.approx([1 / 2, 3 / 4, 2 / 3])
    assert gwet(ratings, CATEGORIES, weights="linear", values=[0, 0.9, 1]).observed == pytest.approx(0.1)


def test_a_strange_rating_or_category_is_refused() -> None:
    with pytest.raises(ValueError, match="'maybe' is none of the categories"):
        gwet([["yes", "maybe"]], ["yes", "no"])
    with pytest.raises(ValueError, match="named twice"):
        gwet([["yes", "yes"]], ["yes", "yes"])
    with pytest.raises(ValueError, match="do not go with the values"):
        gwet([["yes", "yes"]], ["yes", "no"], weights="linear", values=[1, 1])
    with pytest.raises(ValueError, match="one place per rater"):
        conger_kappa([["yes", "no"], ["yes", "no", "no"]], ["yes", "no"])
