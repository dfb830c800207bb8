from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from evalkit.stats import mcnemar_exact, mcnemar_midp

COUNTS = st.integers(0, 3000)


@pytest.mark.parametrize(
    ("wins", "losses", "p"),
    [(70, 59, 0.378688), (80, 59, 0.089452), (30, 60, 0.00206), (10, 30, 0.002221), (10, 10, 1.0)],
)
def test_the_exact_test_gives_vassars_p_values(wins: int, losses: int, p: float) -> None:
    """VassarStats' exact McNemar, as quoted by statsmodels' test_contingency_tables.py."""
    assert round(mcnemar_exact(wins, losses), 6) == p


@pytest.mark.parametrize(("wins", "losses", "exact", "midp"), [(7, 1, 0.070, 0.039), (6, 16, 0.052, 0.035)])
def test_mid_p_and_exact_give_fagerlands_p_values(wins: int, losses: int, exact: float, midp: float) -> None:
    """Fagerland, Lydersen and Laake 2013, BMC Medical Research Methodology 13:91."""
    assert round(mcnemar_exact(wins, losses), 3) == exact
    assert round(mcnemar_midp(wins, losses), 3) == midp


def test_a_tiny_p_value_keeps_its_digits() -> None:
    """GSM8K answers of two models in RouteLLM's evaluation: [[739, 382], [94, 92]]."""
    assert mcnemar_exact(382, 94) == pytest.approx(3.2573e-42, rel=1e-4)
    assert mcnemar_midp(382, 94) == pytest.approx(2.6e-42, rel=0.1)


@given(COUNTS, COUNTS)
def test_both_agree_with_scipys_binomial(wins: int, losses: int) -> None:
    n = wins + losses
    exact = scipy_stats.binomtest(wins, n, 0.5).pvalue if n else 1.0
    midp = exact - scipy_stats.binom.pmf(wins, n, 0.5) if wins != losses else 1.0

    assert mcnemar_exact(wins, losses) == pytest.approx(exact, rel=1e-9, abs=1e-280)
    assert mcnemar_midp(wins, losses) == pytest.approx(midp, rel=1e-8, abs=1e-280)


@given(COUNTS, COUNTS)
def test_swapping_wins_and_losses_changes_no_p_value(wins: int, losses: int) -> None:
    assert mcnemar_exact(wins, losses) == mcnemar_exact(losses, wins)
    assert mcnemar_midp(wins, losses) == mcnemar_midp(losses, wins)
    assert 0 <= mcnemar_midp(wins, losses) <= mcnemar_exact(wins, losses) <= 1


def test_without_a_discordant_case_p_is_one() -> None:
    assert mcnemar_exact(0, 0) == 1
    assert mcnemar_midp(0, 0) == 1


@pytest.mark.parametrize("test", [mcnemar_exact, mcnemar_midp])
def test_negative_counts_are_refused(test: type) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        test(-1, 3)
