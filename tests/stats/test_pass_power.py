from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from evalkit.stats import (
    cases_needed_without_flips,
    mcnemar_exact,
    mcnemar_midp,
    mcnemar_power,
    mcnemar_sample_size,
    non_inferiority_sample_size,
    tango,
)


@pytest.mark.parametrize(
    ("discordance", "delta", "n", "midp", "exact"),
    [(0.10, 0.05, 311.59, 0.810, 0.764), (0.30, 0.10, 233.09, 0.807, 0.776), (0.20, 0.05, 625.55, 0.803, 0.779)],
)
def test_mcnemars_sample_size_gives_the_power_it_promises(
    discordance: float, delta: float, n: float, midp: float, exact: float
) -> None:
    """Connor 1987's sample size, and the power of both tests at that n by enumerating all tables."""
    made = mcnemar_sample_size(discordance=discordance, delta=delta)

    assert made == pytest.approx(n, abs=5e-3)
    cases = math.ceil(n)
    assert mcnemar_power(cases, discordance=discordance, delta=delta) == pytest.approx(midp, abs=5e-4)
    assert mcnemar_power(cases, discordance=discordance, delta=delta, test="exact") == pytest.approx(exact, abs=5e-4)


def test_the_size_of_both_tests_under_no_difference() -> None:
    """n = 100, 10 % of cases discordant each way, nominal 5 %: exact .029, mid-p .046."""
    assert mcnemar_power(100, discordance=0.2, delta=0, test="exact") == pytest.approx(0.029, abs=5e-4)
    assert mcnemar_power(100, discordance=0.2, delta=0) == pytest.approx(0.046, abs=5e-4)


@given(st.integers(0, 25), st.floats(0.05, 1), st.floats(-1, 1), st.sampled_from(["midp", "exact"]))
@settings(deadline=None, max_examples=40)
def test_the_power_is_that_of_every_table(n: int, discordance: float, lean: float, test: str) -> None:
    delta = lean * discordance
    won, lost = (discordance + delta) / 2, (discordance - delta) / 2
    p_value = mcnemar_midp if test == "midp" else mcnemar_exact
    chance = sum(
        scipy_stats.multinomial.pmf([wins, losses, n - wins - losses], n, [won, lost, 1 - won - lost])
        for wins in range(n + 1)
        for losses in range(n + 1 - wins)
        if p_value(wins, losses) <= 0.05
    )

    made = mcnemar_power(n, discordance=discordance, delta=delta, test="midp" if test == "midp" else "exact")
    assert made == pytest.approx(chance, abs=1e-9)


def test_the_non_inferiority_sample_size_by_hand() -> None:
    """(1.959964 + .841621)^2 x .10 / .05^2 = 313.96; with a true gain of 2 points x (.10 - .0004) / .07^2 = 159.54."""
    assert non_inferiority_sample_size(0.05, discordance=0.10) == pytest.approx(313.96, abs=5e-3)
    assert non_inferiority_sample_size(0.05, discordance=0.10, delta=0.02) == pytest.approx(159.54, abs=5e-3)
    assert non_inferiority_sample_size(0.05, discordance=0.10, delta=-0.05) is None


@pytest.mark.parametrize("margin", [0.01, 0.02, 0.05, 0.1, 0.5])
def test_without_a_flip_the_interval_passes_the_margin_at_just_so_many_cases(margin: float) -> None:
    n = cases_needed_without_flips(margin)
    enough, too_few = tango(0, 0, n), tango(0, 0, n - 1)

    assert enough is not None
    assert too_few is not None
    assert too_few.low <= -margin < enough.low


def test_no_difference_is_never_found_and_the_impossible_is_refused() -> None:
    assert mcnemar_sample_size(discordance=0.1, delta=0) is None
    assert mcnemar_power(50, discordance=0, delta=0) == 0
    with pytest.raises(ValueError, match="cannot be"):
        mcnemar_sample_size(discordance=0.1, delta=0.2)
    with pytest.raises(ValueError, match="cannot be"):
        mcnemar_power(-1, discordance=0.1, delta=0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        cases_needed_without_flips(0)
