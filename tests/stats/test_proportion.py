from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from evalkit.stats import wilson


@pytest.mark.parametrize(
    ("passed", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_intervals(passed: int, n: int, low: float, high: float) -> None:
    """Newcombe 1998, Statistics in Medicine 17:857, Table I, method 3."""
    interval = wilson(passed, n)

    assert interval is not None
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


def test_wilson_agrees_with_statsmodels_own_test() -> None:
    """statsmodels, test_proportion.py: 19 of 38."""
    interval = wilson(19, 38)

    assert interval is not None
    assert interval.low == pytest.approx(0.348499283643951, abs=1e-14)
    assert interval.high == pytest.approx(0.651500716356049, abs=1e-14)


@given(st.integers(1, 100_000), st.data(), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_wilson_agrees_with_scipy_and_contains_the_rate(n: int, data: st.DataObject, confidence: float) -> None:
    passed = data.draw(st.integers(0, n))
    interval = wilson(passed, n, confidence=confidence)
    expected = scipy_stats.binomtest(passed, n).proportion_ci(confidence, method="wilson")

    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= interval.low <= passed / n <= interval.high <= 1


@given(st.integers(1, 100_000))
def test_wilson_touches_its_end_exactly_where_all_passed_or_none(n: int) -> None:
    none, every = wilson(0, n), wilson(n, n)

    assert none is not None
    assert every is not None
    assert none.low == 0
    assert every.high == 1


def test_no_cases_have_no_pass_rate() -> None:
    assert wilson(0, 0) is None


@pytest.mark.parametrize(("passed", "n"), [(3, 2), (-1, 2), (0, -1)])
def test_a_pass_rate_of_impossible_counts_is_refused(passed: int, n: int) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        wilson(passed, n)


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.5, float("nan")])
def test_a_confidence_that_is_none_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        wilson(1, 2, confidence=confidence)
