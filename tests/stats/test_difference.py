from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize
from scipy import stats as scipy_stats

from evalkit.stats import Interval, bonett_price, newcombe, tango, tango_z

CELLS = st.tuples(*[st.integers(0, 500)] * 4).filter(lambda cells: sum(cells) > 0)


def ends(interval: Interval | None, digits: int) -> tuple[float, float]:
    assert interval is not None
    return round(interval.low, digits), round(interval.high, digits)


def test_airway_hyperresponsiveness_gives_the_published_intervals() -> None:
    """Bentur et al. 2009, [[1, 1], [7, 12]], in Fagerland et al. 2014 and R `contingencytables`."""
    assert ends(tango(1, 7, 21), 4) == (-0.5172, -0.0260)
    assert ends(newcombe(both=1, wins=1, losses=7, neither=12), 4) == (-0.5069, -0.0256)


def test_complete_response_gives_the_published_intervals() -> None:
    """Cavo et al. 2012, [[59, 6], [16, 80]], in R `contingencytables`."""
    assert ends(tango(6, 16, 161), 4) == (-0.1240, -0.0054)
    assert ends(newcombe(both=59, wins=6, losses=16, neither=80), 4) == (-0.1186, -0.0046)


def test_two_models_on_gsm8k_give_the_known_intervals() -> None:
    """RouteLLM's GSM8K answers, [[739, 382], [94, 92]] of 1,307."""
    assert ends(tango(382, 94, 1307), 6) == (0.189862, 0.250841)
    assert ends(newcombe(both=739, wins=382, losses=94, neither=92), 4) == (0.1896, 0.2506)
    assert ends(bonett_price(382, 94, 1307), 6) == (0.189526, 0.250504)


def test_tangos_own_example_of_non_inferiority() -> None:
    """Tango 1998, Statistics in Medicine 17:891: n = 44, 0 and 1 discordant, margin 0.1: Z = 1.709, p = 0.044."""
    z = tango_z(0, 1, 44, -0.1)

    assert z is not None
    assert z == pytest.approx(1.708564, abs=1e-6)
    assert scipy_stats.norm.sf(z) == pytest.approx(0.043766, abs=1e-6)


@given(CELLS)
def test_tangos_ends_are_where_its_statistic_reaches_the_quantile(cells: tuple[int, int, int, int]) -> None:
    _, wins, losses, _ = cells
    n = sum(cells)
    interval = tango(wins, losses, n)
    delta = (wins - losses) / n

    def distance(end: float, sign: int) -> float:
        z = tango_z(wins, losses, n, end)
        return (z if z is not None else 0.0) - sign * 1.959963984540054

    assert interval is not None
    if interval.low > -1 + 1e-9:
        low = optimize.brentq(distance, -1 + 1e-12, delta, args=(1,), xtol=1e-14)
        assert interval.low == pytest.approx(low, abs=1e-9)
    if interval.high < 1 - 1e-9:
        high = optimize.brentq(distance, delta, 1 - 1e-12, args=(-1,), xtol=1e-14)
        assert interval.high == pytest.approx(high, abs=1e-9)


@given(CELLS)
def test_tangos_statistic_of_no_difference_is_the_root_of_mcnemars(cells: tuple[int, int, int, int]) -> None:
    _, wins, losses, _ = cells
    z = tango_z(wins, losses, sum(cells), 0.0)

    if wins + losses == 0:
        assert z is None
    else:
        assert z == pytest.approx((wins - losses) / math.sqrt(wins + losses))


@given(CELLS, st.sampled_from([0.8, 0.95, 0.99]))
def test_every_interval_contains_the_difference_it_is_for_and_stays_on_the_scale(
    cells: tuple[int, int, int, int], confidence: float
) -> None:
    both, wins, losses, neither = cells
    n = sum(cells)
    score = tango(wins, losses, n, confidence=confidence)
    square = newcombe(both=both, wins=wins, losses=losses, neither=neither, confidence=confidence)
    adjusted = bonett_price(wins, losses, n, confidence=confidence)

    assert score is not None
    assert square is not None
    assert adjusted is not None
    assert -1 <= score.low <= (wins - losses) / n <= score.high <= 1
    assert -1 <= square.low <= (wins - losses) / n <= square.high <= 1
    assert -1 <= adjusted.low <= (wins - losses) / (n + 2) <= adjusted.high <= 1


@given(CELLS)
def test_swapping_the_sides_mirrors_every_interval(cells: tuple[int, int, int, int]) -> None:
    both, wins, losses, neither = cells
    n = sum(cells)
    pairs = [
        (tango(wins, losses, n), tango(losses, wins, n)),
        (bonett_price(wins, losses, n), bonett_price(losses, wins, n)),
        (
            newcombe(both=both, wins=wins, losses=losses, neither=neither),
            newcombe(both=both, wins=losses, losses=wins, neither=neither),
        ),
    ]

    for interval, mirrored in pairs:
        assert interval is not None
        assert mirrored is not None
        assert (mirrored.low, mirrored.high) == pytest.approx((-interval.high, -interval.low), abs=1e-12)


def test_an_interval_keeps_its_width_where_every_case_ties_or_every_case_is_won() -> None:
    assert ends(tango(0, 0, 10), 4) == (-0.2775, 0.2775)
    assert ends(tango(5, 0, 5), 4) == (0.1310, 1.0)
    assert ends(newcombe(both=10, wins=0, losses=0, neither=0), 4) == (-0.2775, 0.2775)


def test_no_cases_have_no_difference() -> None:
    assert tango(0, 0, 0) is None
    assert tango_z(0, 0, 0, 0.1) is None
    assert bonett_price(0, 0, 0) is None
    assert newcombe(both=0, wins=0, losses=0, neither=0) is None


@pytest.mark.parametrize(("wins", "losses", "n"), [(-1, 0, 3), (2, 2, 3), (0, 4, 3)])
def test_impossible_counts_are_refused(wins: int, losses: int, n: int) -> None:
    for refuse in (tango, bonett_price):
        with pytest.raises(ValueError, match="cannot be"):
            refuse(wins, losses, n)
    with pytest.raises(ValueError, match="negative"):
        newcombe(both=0, wins=-1, losses=0, neither=2)
