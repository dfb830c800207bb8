from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from statsmodels.stats.power import TTestPower

from evalkit.stats import cases_needed_for_margin, difference_variance, mde, sample_size, with_samples

VARIANCES = st.floats(0.001, 2)


def miller(samples: int) -> float:
    return difference_variance(1 / 9, within=(1 / 6, 1 / 6), samples=(samples, samples))


def test_three_points_need_millers_969_cases() -> None:
    """Miller 2024 (arXiv 2411.00640): omega^2 = 1/9, no judge noise, 3 points, 5 %, 80 %: 969."""
    made = sample_size(0.03, variance=1 / 9)

    assert made == pytest.approx(968.997, abs=5e-4)
    assert made is not None
    assert math.ceil(made) == 969


@pytest.mark.parametrize(("samples", "n", "smallest"), [(1, 3875.99, 0.132733), (10, 1259.70, 0.0756696)])
def test_samples_save_cases_as_miller_says(samples: int, n: float, smallest: float) -> None:
    """Miller 2024: sigma^2 = 1/6 on each side, K = 1 and 10; MDE at n = 198."""
    assert sample_size(0.03, variance=miller(samples)) == pytest.approx(n, abs=5e-3)
    assert mde(198, variance=miller(samples)) == pytest.approx(smallest, rel=5e-6)


@given(VARIANCES, st.integers(1, 10_000))
def test_sample_size_and_smallest_difference_are_each_others_inverse(variance: float, n: int) -> None:
    smallest = mde(n, variance=variance)

    assert smallest is not None
    assert sample_size(smallest, variance=variance) == pytest.approx(n)
    assert sample_size(-smallest, variance=variance) == pytest.approx(n)


def test_nothing_to_see_needs_no_number() -> None:
    assert sample_size(0, variance=1) is None
    assert mde(0, variance=1) is None


def test_more_samples_leave_the_variance_of_the_cases() -> None:
    """By hand: .30 seen once with noise .10 a side leaves .10 between cases."""
    assert with_samples(0.30, within_variance=0.10, samples=4) == pytest.approx(0.15)
    assert with_samples(0.15, within_variance=0.10, seen=4, samples=1) == pytest.approx(0.30)
    assert with_samples(0.05, within_variance=0.10, samples=1) == pytest.approx(0.20), "never below the noise"


@given(st.floats(0.02, 0.5), st.floats(0.01, 1), st.floats(-0.01, 0.1))
@settings(deadline=None)
def test_the_cases_needed_for_a_margin_are_those_of_a_power_calculation(
    margin: float, variance: float, delta: float
) -> None:
    """statsmodels' noncentral t at that n; of a handful of cases the quantiles add up only roughly."""
    n = cases_needed_for_margin(margin, variance=variance, delta=delta)
    assert n is not None

    def power(cases: int) -> float:
        return TTestPower().power((margin + delta) / math.sqrt(variance), cases, 0.025, alternative="larger")

    assert power(n) > (0.79 if n >= 10 else 0.7)
    assert n <= 10 or power(n - 1) < 0.81


def test_so_many_cases_do_pass_the_margin_four_times_in_five() -> None:
    """Seed 3: 4,000 runs of the promised size, differences normal with mean 0 and sd .4, margin .05."""
    n = cases_needed_for_margin(0.05, variance=0.16)
    assert n is not None
    rows = np.random.default_rng(3).normal(0, 0.4, (4000, n))
    low = rows.mean(axis=1) - scipy_stats.t.ppf(0.975, n - 1) * rows.std(axis=1, ddof=1) / math.sqrt(n)

    assert np.mean(low > -0.05) == pytest.approx(0.8, abs=0.02)


def test_no_number_of_cases_passes_a_margin_that_is_lost() -> None:
    assert cases_needed_for_margin(0.05, variance=0.2, delta=-0.05) is None
    assert cases_needed_for_margin(0.05, variance=0.0) is None


@pytest.mark.parametrize(
    "call",
    [
        lambda: sample_size(0.1, variance=-1),
        lambda: mde(-1, variance=1),
        lambda: cases_needed_for_margin(0.1, variance=-1),
        lambda: difference_variance(0.1, samples=(0, 1)),
        lambda: with_samples(0.1, within_variance=-0.1, samples=1),
        lambda: sample_size(0.1, variance=1, power=1),
    ],
)
def test_the_impossible_is_refused(call: type) -> None:
    with pytest.raises(ValueError, match=r"cannot be|not negative|a power lies"):
        call()
