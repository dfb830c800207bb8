"""Resampled means of several columns: they belong together, and their middle is where the formula puts it."""

from __future__ import annotations

import numpy as np
import pytest

from evalkit.stats import joint_means, percentiles


def test_columns_are_drawn_together() -> None:
    values = np.random.default_rng(0).random(50)
    for one, twice, whole in joint_means([values, 2 * values, np.ones(50)], resamples=50):
        assert (twice, whole) == (pytest.approx(2 * one), pytest.approx(1.0))


@pytest.mark.parametrize("size", [1, 10])
def test_the_spread_is_that_of_a_mean_of_cases_or_of_clusters(size: int) -> None:
    units = np.random.default_rng(1).random(200)
    values = np.repeat(units, size)
    clusters = [f"doc-{at // size}" for at in range(len(values))]
    means = [mean for (mean,) in joint_means([values], clusters=clusters, resamples=2000)]

    assert np.std(means) == pytest.approx(units.std() / np.sqrt(200), rel=0.06)
    found = percentiles(list(means))
    assert found is not None
    assert found.high - found.low == pytest.approx(2 * 1.96 * units.std() / np.sqrt(200), rel=0.1)


def test_one_unit_has_no_resamples_and_columns_must_be_of_the_same_cases() -> None:
    assert joint_means([[1.0, 0.0]], clusters=["a", "a"]) == []
    assert percentiles([]) is None
    with pytest.raises(ValueError, match="differ in length"):
        joint_means([[1.0], [1.0, 2.0]])


def test_too_many_undefined_numbers_have_no_interval() -> None:
    assert percentiles([*map(float, range(98)), None, None]) is not None
    assert percentiles([*map(float, range(97)), None, None, None]) is None
