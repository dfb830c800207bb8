from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from evalkit.stats import bca, estimate

SURVIVAL = [10, 12, 12.5, 12.5, 13.9, 15, 21, 22, 23, 34, 50, 81, 89, 121, 134, 213]
SPATIAL_A = [48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6, 0, 33, 28, 34, 4, 32, 24, 47, 41, 24, 26, 30, 41]


def test_rs_boot_gives_the_same_interval() -> None:
    """R `boot.ci`, as quoted in scipy's own test of BCa: 32.31 to 91.43 of the mean."""
    found = bca(SURVIVAL, resamples=200_000)

    assert found is not None
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((32.31, 91.43), rel=0.005)


def test_the_spatial_test_gives_the_published_acceleration() -> None:
    """Efron and Tibshirani 1993, table 14.1: the variance 171.5 of 26 children, acceleration 0.061.

    The jackknife's pseudo-values of the variance have a mean whose acceleration is that of the variance.
    """
    n, variance = len(SPATIAL_A), np.var(SPATIAL_A)
    left_out = np.array([np.var(np.delete(SPATIAL_A, at)) for at in range(n)])
    found = bca(n * variance - (n - 1) * left_out, resamples=999)

    assert variance == pytest.approx(171.5, abs=0.05)
    assert found is not None
    assert found.acceleration == pytest.approx(0.06124, abs=5e-6)


@pytest.mark.parametrize("kind", ["labels", "continuous", "many", "clusters"])
def test_every_way_of_drawing_agrees_with_scipy(kind: str) -> None:
    rng = np.random.default_rng(11)
    values = {
        "labels": rng.choice([0.0, 0.5, 1.0], 60, p=[0.1, 0.2, 0.7]),
        "continuous": rng.exponential(1, 400),
        "many": rng.exponential(1, 5000),
        "clusters": np.repeat(rng.exponential(1, 300), 3) + rng.normal(0, 0.01, 900),
    }[kind]
    clusters = [str(at // 3) for at in range(900)] if kind == "clusters" else None
    drawn = values.reshape(300, 3).mean(axis=1) if clusters else values
    found = bca(values, clusters=clusters)
    expected = scipy_stats.bootstrap((drawn,), np.mean, method="BCa", n_resamples=9999, batch=500, rng=1)
    low, high = expected.confidence_interval

    assert found is not None
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high), abs=0.06 * (high - low))


def test_clusters_of_different_sizes_are_drawn_as_a_ratio_of_sums() -> None:
    rng = np.random.default_rng(2)
    sizes = rng.integers(1, 9, 60)
    values = np.repeat(rng.normal(0, 1, 60), sizes) + rng.normal(0, 0.3, sizes.sum())
    codes = np.repeat(np.arange(60), sizes)
    drawn = rng.integers(0, 60, (9999, 60))
    sums, counts = np.bincount(codes, weights=values), np.bincount(codes)
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    found = bca(values, clusters=[str(code) for code in codes])

    assert found is not None
    assert found.interval is not None
    width = np.quantile(means, 0.975) - np.quantile(means, 0.025)
    assert found.interval.high - found.interval.low == pytest.approx(width, rel=0.1)


@given(
    st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=2, max_size=40),
    st.data(),
    st.randoms(use_true_random=False),
)
@settings(max_examples=40)
def test_the_interval_contains_the_mean_stays_on_the_scale_and_knows_no_order(
    values: list[float], data: st.DataObject, shuffler: random.Random
) -> None:
    names = data.draw(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=len(values), max_size=len(values)))
    rows = list(zip(values, names, strict=True))
    shuffled = shuffler.sample(rows, len(rows))

    def of(order: list[tuple[float, str | None]]) -> tuple[float, float] | None:
        found = bca([v for v, _ in order], clusters=[c for _, c in order], resamples=500, low_value=0, high_value=1)
        return None if found is None or found.interval is None else (found.interval.low, found.interval.high)

    ends = of(rows)
    if ends is None:
        return
    assert 0 <= ends[0] <= np.mean(values) + 1e-12
    assert np.mean(values) - 1e-12 <= ends[1] <= 1
    # Clusters are numbered as they come, so the last bits of their sums may differ.
    assert of(shuffled) == pytest.approx(ends, abs=1e-9)


def test_equal_values_fall_back_to_what_can_be_said_of_them() -> None:
    found = bca([0.5] * 30, low_value=0, high_value=1)
    known = estimate([0.5] * 30, low_value=0, high_value=1)
    unknown = bca([0.5] * 30)

    assert found is not None
    assert found.interval is not None
    assert (found.method, found.bias, found.acceleration) == ("all-equal", None, None)
    assert (found.interval.low, found.interval.high) == (known.low, known.high)
    assert unknown is not None
    assert unknown.interval is None
    assert bca([0.5]) is None


def test_a_bootstrap_may_be_asked_for_and_is_the_same_every_time() -> None:
    values = [0.0, 0.5, 0.5, 1.0, 1.0, 1.0, 1.0, 0.5] * 5
    made = estimate(values, low_value=0, high_value=1, interval="bca")
    found = bca(values, low_value=0, high_value=1)

    assert found is not None
    assert found.interval is not None
    assert (made.method, made.low, made.high) == ("bca", found.interval.low, found.interval.high)
    assert estimate(values, low_value=0, high_value=1, interval="bca") == made
