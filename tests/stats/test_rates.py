"""The pass-rate intervals beside Wilson's, and the intervals of a difference that are kept for comparison."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from statsmodels.stats.proportion import proportion_confint

from evalkit.stats import (
    Interval,
    agresti_min,
    beta_posterior,
    clopper_pearson,
    diff_wald,
    jeffreys,
    mcnemar_midp,
    mcnemar_worse,
    paired_posterior,
    wald,
    wilson,
    wilson_corrected,
)

ALL = (wilson, wilson_corrected, clopper_pearson, jeffreys, wald)
RATES = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def ends(interval: Interval | None) -> tuple[float, float]:
    assert interval is not None
    return interval.low, interval.high


@pytest.mark.parametrize(
    ("passed", "n", "plain", "corrected", "exact"),
    [
        (81, 263, (0.2522, 0.3638), (0.2535, 0.3682), (0.2527, 0.3676)),
        (15, 148, (0.0527, 0.1500), (0.0598, 0.1644), (0.0578, 0.1617)),
        (0, 20, None, (0.0000, 0.2005), (0.0000, 0.1684)),
        (1, 29, None, (0.0018, 0.1963), (0.0009, 0.1776)),
    ],
)
def test_newcombes_table_is_met(
    passed: int, n: int, plain: tuple[float, float] | None, corrected: tuple[float, float], exact: tuple[float, float]
) -> None:
    """Newcombe 1998, Statistics in Medicine 17:857, Table I, methods 1, 4 and 5."""
    if plain is not None:
        assert ends(wald(passed, n)) == pytest.approx(plain, abs=5e-5)
    assert ends(wilson_corrected(passed, n)) == pytest.approx(corrected, abs=5e-5)
    assert ends(clopper_pearson(passed, n)) == pytest.approx(exact, abs=5e-5)


def test_the_exact_interval_is_rs() -> None:
    """R's documentation of `binom.test(682, 925)`: 0.7076683 to 0.7654066."""
    assert ends(clopper_pearson(682, 925)) == pytest.approx((0.7076683, 0.7654066), abs=5e-8)


def test_jeffreys_is_statsmodels() -> None:
    """statsmodels, test_proportion.py: 100 of 200."""
    assert ends(jeffreys(100, 200)) == pytest.approx((0.4311217, 0.5688783), abs=5e-8)


@given(RATES, st.sampled_from([0.8, 0.95, 0.99]))
def test_each_agrees_with_its_oracle(rate: tuple[int, int], confidence: float) -> None:
    passed, n = rate
    test = scipy_stats.binomtest(passed, n)
    exact, corrected = (test.proportion_ci(confidence, method=method) for method in ("exact", "wilsoncc"))

    assert ends(clopper_pearson(passed, n, confidence=confidence)) == pytest.approx((exact.low, exact.high), abs=1e-9)
    assert ends(wilson_corrected(passed, n, confidence=confidence)) == pytest.approx(
        (corrected.low, corrected.high), abs=1e-9
    )
    low, high = proportion_confint(passed, n, 1 - confidence, method="jeffreys")
    found = ends(jeffreys(passed, n, confidence=confidence))
    assert found == pytest.approx((low if passed else 0.0, high if passed < n else 1.0), abs=1e-9)
    posterior = scipy_stats.beta(passed + 1, n - passed + 1).interval(confidence)
    assert ends(beta_posterior(passed, n, confidence=confidence)) == pytest.approx(posterior, abs=1e-9)


@given(RATES, st.sampled_from(ALL))
def test_each_contains_the_rate_meets_its_ends_and_mirrors(
    rate: tuple[int, int], interval: Callable[[int, int], Interval | None]
) -> None:
    passed, n = rate
    low, high = ends(interval(passed, n))
    turned = ends(interval(n - passed, n))

    assert 0 <= low <= passed / n + 1e-12
    assert passed / n - 1e-12 <= high <= 1
    assert turned == pytest.approx((1 - high, 1 - low), abs=1e-9)
    if passed == 0:
        assert low == 0
    if passed == n:
        assert high == 1


def test_no_cases_have_no_interval_but_a_prior() -> None:
    for interval in ALL:
        assert interval(0, 0) is None
        with pytest.raises(ValueError, match="cannot be"):
            interval(2, 1)
    assert ends(beta_posterior(0, 0)) == pytest.approx((0.025, 0.975))


@pytest.mark.parametrize(("wins", "losses", "share"), [(7, 1, 0.98046875), (6, 16, 0.0173448324), (0, 0, 0.5)])
def test_the_posterior_of_a_paired_table_is_the_known_one(wins: int, losses: int, share: float) -> None:
    """Bowyer et al. 2025, arXiv 2503.01747: P(Beta(wins + 1, losses + 1) > 1/2)."""
    assert paired_posterior(wins, losses) == pytest.approx(share, abs=5e-11)


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_posteriors_of_both_sides_add_up(wins: int, losses: int) -> None:
    assert paired_posterior(wins, losses) + paired_posterior(losses, wins) == pytest.approx(1)
    assert paired_posterior(wins, losses) == pytest.approx(scipy_stats.beta.sf(0.5, wins + 1, losses + 1), rel=1e-6)


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_two_sided_midp_is_twice_the_smaller_one_sided(wins: int, losses: int) -> None:
    worse, better = mcnemar_worse(wins, losses), mcnemar_worse(losses, wins)

    assert worse + better == pytest.approx(1)
    assert mcnemar_midp(wins, losses) == pytest.approx(min(1.0, 2 * min(worse, better)), rel=1e-9)


def test_rs_propcis_gives_the_same_difference_intervals() -> None:
    """R `PropCIs`: diffpropci.mp(b=40, c=20, n=160) and diffpropci.Wald.mp(3, 9, 32), whose sign is c - b."""
    assert ends(agresti_min(20, 40, 160)) == pytest.approx((-0.21601726, -0.03089632), abs=5e-9)
    assert ends(diff_wald(9, 3, 32)) == pytest.approx((-0.01448204, 0.38948204), abs=5e-9)


def test_two_models_on_gsm8k_give_the_known_wald_interval() -> None:
    """RouteLLM's GSM8K answers, 382 and 94 of 1,307."""
    assert ends(diff_wald(382, 94, 1307)) == pytest.approx((0.189894, 0.250811), abs=1e-6)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 200))
def test_difference_intervals_mirror_and_stay_on_the_scale(wins: int, losses: int, ties: int) -> None:
    n = wins + losses + ties
    for interval in (agresti_min, diff_wald):
        found = interval(wins, losses, n)
        if n == 0:
            assert found is None
            continue
        low, high = ends(found)
        assert -1 <= low <= high <= 1
        assert ends(interval(losses, wins, n)) == pytest.approx((-high, -low), abs=1e-12)
