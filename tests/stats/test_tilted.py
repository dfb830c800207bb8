from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats import Interval, estimate, noninferiority, paired, tango, wilson
from evalkit.stats.distribution import t_upper_p, two_sided_t
from evalkit.stats.tilted import tilted_interval, tilted_statistic

UNIT = Interval(low=0.0, high=1.0)
WIDE = Interval(low=-1.0, high=1.0)
Z = 1.959963984540054
COUNTS = st.lists(st.integers(0, 60), min_size=4, max_size=4).filter(lambda counts: sum(counts) > 1)
GRADES = np.array([0.0, 0.25, 0.5, 1.0])


def of(values: list[float], counts: list[int], scale: Interval, quantile: float = Z) -> Interval:
    kept = np.array(counts) > 0
    return tilted_interval(np.array(values)[kept], np.array(counts, dtype=float)[kept], scale=scale, quantile=quantile)


@given(st.integers(1, 3000), st.data())
def test_of_zeros_and_ones_it_is_wilsons_interval(n: int, data: st.DataObject) -> None:
    passed = data.draw(st.integers(0, n))
    found, expected = of([0.0, 1.0], [n - passed, passed], UNIT), wilson(passed, n)

    assert expected is not None
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 500))
def test_of_wins_and_losses_it_is_tangos_interval(wins: int, losses: int, ties: int) -> None:
    n = wins + losses + ties
    expected = tango(wins, losses, n)
    if expected is None:
        return
    found = of([-1.0, 0.0, 1.0], [losses, ties, wins], WIDE)

    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(COUNTS, st.floats(1.0, 4.0))
def test_each_end_is_where_the_statistic_reaches_the_quantile(counts: list[int], quantile: float) -> None:
    found = of(GRADES.tolist(), counts, UNIT, quantile)
    kept = np.array(counts) > 0
    values, seen = GRADES[kept], np.array(counts, dtype=float)[kept]
    mean = float(values @ seen / seen.sum())

    assert 0 <= found.low <= mean + 1e-12
    assert mean - 1e-12 <= found.high <= 1
    for end, sign in ((found.low, 1), (found.high, -1)):
        if 1e-6 < end < 1 - 1e-6 and abs(end - mean) > 1e-6:
            z = tilted_statistic(values, seen, scale=UNIT, mean=end)
            assert z == pytest.approx(sign * quantile, rel=1e-5)


@given(COUNTS)
def test_turning_the_scale_mirrors_the_interval(counts: list[int]) -> None:
    found = of(GRADES.tolist(), counts, UNIT)
    mirrored = of((1 - GRADES).tolist(), counts, UNIT)

    assert (mirrored.low, mirrored.high) == pytest.approx((1 - found.high, 1 - found.low), abs=1e-9)


def test_the_ends_of_the_scale_are_infinitely_far() -> None:
    values, counts = np.array([0.5, 1.0]), np.array([3.0, 7.0])

    assert tilted_statistic(values, counts, scale=UNIT, mean=0.0) == math.inf
    assert tilted_statistic(values, counts, scale=UNIT, mean=1.0) == -math.inf
    assert tilted_statistic(values, counts, scale=UNIT, mean=0.85) is None


def test_many_scores_give_what_t_gives() -> None:
    values = np.random.default_rng(0).beta(4, 2, 20_000)
    found = estimate(values, low_value=0, high_value=1)
    plain = estimate(values, low_value=0, high_value=1, interval="t")

    assert (found.method, plain.method) == ("tilted", "t")
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=2e-5)


def test_mostly_perfect_scores_are_covered_where_t_is_sure_too_soon() -> None:
    """3 % of 0, 7 % of 0.5, 90 % of 1, n = 30, by simulation: t covers 90 %, and its misses are all too high."""
    rng = np.random.default_rng(0)
    covered = {"default": 0, "t": 0}
    for counts in rng.multinomial(30, [0.03, 0.07, 0.9], size=800):
        values = np.repeat([0.0, 0.5, 1.0], counts)
        for interval in ("default", "t"):
            made = estimate(values, low_value=0, high_value=1, interval="t" if interval == "t" else "default")
            assert made.low is not None
            assert made.high is not None
            covered[interval] += made.low <= 0.935 <= made.high

    assert covered["t"] / 800 < 0.92
    assert covered["default"] / 800 > 0.945


def test_few_clusters_say_that_they_are_few() -> None:
    values, names = [0.0, 0.5, 1.0, 1.0] * 20, [str(at // 4) for at in range(80)]
    few = estimate(values, clusters=names, low_value=0, high_value=1)
    many = estimate(values, clusters=[str(at // 2) for at in range(80)], low_value=0, high_value=1)
    pairs = paired(values, values[::-1], clusters=names, low_value=0, high_value=1)

    assert (few.clusters, few.few_clusters) == (20, True)
    assert (many.clusters, many.few_clusters) == (40, False)
    assert pairs.few_clusters
    assert not estimate(values).few_clusters


def test_clusters_of_unequal_size_count_as_few_and_widen_every_interval_by_them() -> None:
    """Forty clusters of which one holds half of the cases say as much as 3.9 of one size."""
    sizes = [39] + [1] * 39
    names = [str(at) for at, size in enumerate(sizes) for _ in range(size)]
    before, after = [0.5] * 78, [0.5, 0.5, 1.0] * 26
    found = estimate(after, clusters=names, low_value=0, high_value=1)
    pairs = paired(before, after, clusters=names, low_value=0, high_value=1)
    plain = paired(before, after, clusters=names)
    tested = noninferiority(before, after, clusters=names, margin=0.0, low_value=0, high_value=1)
    same = paired(before, before, clusters=names, low_value=0, high_value=1)
    effective = 78**2 / (39**2 + 39)

    for made in (found, pairs, plain):
        assert (made.clusters, made.few_clusters) == (40, True)
        assert made.effective_clusters == pytest.approx(effective)
    assert plain.standard_error is not None
    assert plain.delta is not None
    assert plain.low == pytest.approx(plain.delta - two_sided_t(effective - 1, 0.95) * plain.standard_error)
    assert tested.statistic is not None
    assert tested.p_value == pytest.approx(t_upper_p(tested.statistic, effective - 1))
    assert tested.bound == pairs.low
    # The lower end of the interval is the margin of which the p-value is 0.025.
    assert pairs.low is not None
    at_bound = noninferiority(before, after, clusters=names, margin=abs(pairs.low), low_value=0, high_value=1)
    assert pairs.low > 0 or at_bound.p_value == pytest.approx(0.025)
    assert same.high == pytest.approx(1 - 0.025 ** (1 / effective))


def test_clusters_of_one_size_are_as_many_as_they_are_and_one_giant_leaves_a_degree_of_freedom() -> None:
    names = [str(at // 4) for at in range(160)]
    equal = paired([0.0, 1.0] * 80, [1.0, 1.0, 0.5, 0.0] * 40, clusters=names)
    giant = paired([0.0] * 99 + [0.5], [0.5] * 99 + [0.0], clusters=["all"] * 99 + ["one"])

    assert (equal.effective_clusters, equal.few_clusters) == (40.0, False)
    assert giant.effective_clusters == pytest.approx(100**2 / (99**2 + 1))
    assert giant.delta is not None
    assert giant.low is not None
    assert giant.standard_error is not None
    assert giant.low == pytest.approx(giant.delta - two_sided_t(1, 0.95) * giant.standard_error)


@pytest.mark.parametrize("ties", [999_999, 2_999_999, 99_999_999])
def test_one_loss_in_millions_keeps_its_reach(ties: int) -> None:
    expected = tango(0, 1, ties + 1)
    assert expected is not None
    found = of([-1.0, 0.0], [1, ties], WIDE)

    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-6)
