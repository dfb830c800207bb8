from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.stats import rogan_gladen

SHARES = st.floats(0, 1)
COUNTS = st.integers(0, 300)


def test_a_known_test_gives_the_true_prevalence() -> None:
    """epiR's documentation of epi.prev: 23 of 150 positive, Se .96, Sp .89: 5.1 %."""
    made = rogan_gladen(23 / 150, 150, sensitivity=0.96, specificity=0.89)

    assert made.value == pytest.approx(0.05098, abs=5e-6)
    assert (made.raw, made.n, made.n_labels, made.why) == (23 / 150, 150, None, None)


def test_the_interval_is_that_of_lee() -> None:
    """Lee et al. 2025 (arXiv 2511.21140), README: p .4 of 1000, Sp .7 and Se .9 from 200 labels each."""
    made = rogan_gladen(0.4, 1000, sensitivity=0.9, specificity=0.7, positives=200, negatives=200)

    assert (made.value, made.low, made.high) == pytest.approx((0.166667, 0.056351, 0.262733), abs=5e-7)
    assert made.n_labels == 400


def test_the_point_estimate_of_llm_judge_agreement() -> None:
    """README of llm-judge-agreement: 320 of 400 judged a pass, Se 78/80, Sp 30/40: 75.9 %."""
    made = rogan_gladen(320 / 400, 400, sensitivity=78 / 80, specificity=30 / 40, positives=80, negatives=40)

    assert made.value == pytest.approx(0.759, abs=5e-4)
    assert made.low is not None
    assert made.high is not None
    assert made.low < 0.759 < made.high


def test_a_perfect_known_judge_changes_nothing() -> None:
    assert rogan_gladen(0.3, 100, sensitivity=1, specificity=1).value == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("sensitivity", "specificity", "positives", "negatives", "why"),
    [
        (0.5, 0.5, 100, 100, "not-better-than-chance"),
        (0.3, 0.4, None, None, "not-better-than-chance"),
        (0.7, 0.6, 10, 10, "not-separated-from-chance"),
        (0.95, 0.1, 2, 10_000, "not-separated-from-chance"),
        (0.9, 0.9, 0, 50, "too-few"),
    ],
)
def test_a_judge_that_may_know_nothing_corrects_nothing_and_says_why(
    sensitivity: float, specificity: float, positives: int | None, negatives: int | None, why: str
) -> None:
    made = rogan_gladen(
        0.4, 1000, sensitivity=sensitivity, specificity=specificity, positives=positives, negatives=negatives
    )

    assert (made.value, made.low, made.high, made.standard_error, made.why) == (None, None, None, None, why)
    assert made.raw == 0.4


def test_more_labels_separate_the_same_judge_from_chance() -> None:
    made = rogan_gladen(0.5, 1000, sensitivity=0.7, specificity=0.6, positives=200, negatives=200)

    assert made.why is None
    assert made.value == pytest.approx(1 / 3)


def test_no_case_is_no_rate() -> None:
    made = rogan_gladen(0, 0, sensitivity=0.9, specificity=0.9)

    assert (made.value, made.raw, made.why) == (None, None, "too-few")


@given(SHARES, st.integers(0, 500), SHARES, SHARES, st.none() | st.tuples(COUNTS, COUNTS))
@settings(deadline=None, max_examples=50)
def test_the_interval_holds_the_estimate_within_the_scale(
    rate: float, n: int, sensitivity: float, specificity: float, labels: tuple[int, int] | None
) -> None:
    positives, negatives = labels or (None, None)
    made = rogan_gladen(
        rate, n, sensitivity=sensitivity, specificity=specificity, positives=positives, negatives=negatives
    )

    assert (made.value is None) == (made.why is not None)
    if made.value is None or made.low is None or made.high is None:
        assert (made.value, made.low, made.high) == (None, None, None)
    else:
        assert 0 <= made.low <= made.value <= made.high <= 1


@given(SHARES, st.integers(1, 500), SHARES, SHARES, st.tuples(COUNTS, COUNTS))
@settings(deadline=None, max_examples=50)
def test_turning_pass_and_fail_round_mirrors_everything(
    rate: float, n: int, sensitivity: float, specificity: float, labels: tuple[int, int]
) -> None:
    made = rogan_gladen(
        rate, n, sensitivity=sensitivity, specificity=specificity, positives=labels[0], negatives=labels[1]
    )
    turned = rogan_gladen(
        1 - rate, n, sensitivity=specificity, specificity=sensitivity, positives=labels[1], negatives=labels[0]
    )

    assert turned.why == made.why
    if made.value is not None and made.low is not None and made.high is not None:
        assert (turned.value, turned.low, turned.high) == pytest.approx(
            (1 - made.value, 1 - made.high, 1 - made.low), abs=1e-6
        )


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Seed 11: truth .7, Se .9, Sp .8, 300 cases, 100 labels of each kind, 1,000 runs."""
    source = np.random.default_rng(11)
    covered = []
    for _ in range(1000):
        hits, rejected = source.binomial(100, 0.9) / 100, source.binomial(100, 0.8) / 100
        rate = source.binomial(300, 0.7 * 0.9 + 0.3 * 0.2) / 300
        made = rogan_gladen(rate, 300, sensitivity=hits, specificity=rejected, positives=100, negatives=100)
        assert made.low is not None
        assert made.high is not None
        covered.append(made.low <= 0.7 <= made.high)

    assert 0.935 <= np.mean(covered) <= 0.975


def test_the_impossible_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be"):
        rogan_gladen(1.2, 10, sensitivity=0.9, specificity=0.9)
    with pytest.raises(ValueError, match="both, or neither"):
        rogan_gladen(0.5, 10, sensitivity=0.9, specificity=0.9, positives=4)
