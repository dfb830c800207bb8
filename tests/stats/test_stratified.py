from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.api import OLS

from evalkit.stats import stratified, stratified_standard_error
from evalkit.stats.clusters import clustered_standard_error, clusters_of

ROWS = st.lists(st.tuples(st.floats(-100, 100), st.sampled_from("abcd")), min_size=8, max_size=40)


@given(ROWS)
@settings(max_examples=60)
def test_the_clustered_error_agrees_with_statsmodels_with_and_without_its_correction(
    rows: list[tuple[float, str]],
) -> None:
    values, names = np.array([value for value, _ in rows]), [name for _, name in rows]
    clusters = clusters_of(names, len(names))
    if clusters is None or clusters.count < 2 or np.ptp(values) < 1e-3:
        return
    fit = OLS(values, np.ones(len(values)))
    survey = fit.fit(cov_type="cluster", cov_kwds={"groups": clusters.codes, "df_correction": False}).bse[0]
    miller = fit.fit(
        cov_type="cluster", cov_kwds={"groups": clusters.codes, "use_correction": False, "df_correction": False}
    ).bse[0]

    # The correction of statsmodels for one regressor, (n - 1) / (n - 1), leaves G / (G - 1).
    assert clustered_standard_error(values, clusters) == pytest.approx(survey, rel=1e-6, abs=1e-9)
    assert clustered_standard_error(values, clusters, corrected=False) == pytest.approx(miller, rel=1e-6, abs=1e-9)


def test_the_small_sample_factor_is_that_of_rs_survey() -> None:
    """R `survey`, svymean(~api00, dclus1), 15 districts: Miller 22.972707 and 23.779011 differ by sqrt(15/14)."""
    rng = np.random.default_rng(0)
    names = [str(at % 15) for at in range(183)]
    clusters = clusters_of(names, 183)
    assert clusters is not None
    values = rng.normal(644, 100, 183)
    miller = clustered_standard_error(values, clusters, corrected=False)
    survey = clustered_standard_error(values, clusters)

    assert miller is not None
    assert survey is not None
    assert survey / miller == pytest.approx(23.779011 / 22.972707, abs=1e-7)


def test_two_strata_by_hand() -> None:
    """Means 2 and 11, variances 1 and 2, sizes 3 and 2; weights 3/4, 1/4: SE^2 = 9/16 * 1/3 + 1/16 * 1."""
    found = stratified([1, 2, 3, 10, 12], ["a", "a", "a", "b", "b"], weights={"a": 3, "b": 1})

    assert found is not None
    assert (found.n, found.strata, found.mean) == (5, 2, pytest.approx(0.75 * 2 + 0.25 * 11))
    assert found.standard_error == pytest.approx(math.sqrt(9 / 16 / 3 + 1 / 16))


@given(ROWS)
def test_without_weights_the_mean_is_the_plain_one_and_the_error_leaves_out_what_strata_differ_by(
    rows: list[tuple[float, str]],
) -> None:
    values, names = [value for value, _ in rows], [name for _, name in rows]
    found = stratified(values, names)
    shifted = stratified([value + ord(name) for value, name in rows], names)

    assert found is not None
    assert shifted is not None
    assert found.mean == pytest.approx(np.mean(values), abs=1e-9)
    assert (found.standard_error is None) == (min(names.count(name) for name in set(names)) == 1)
    if found.standard_error is not None:
        assert shifted.standard_error == pytest.approx(found.standard_error, abs=1e-6)


def test_one_stratum_is_the_plain_standard_error() -> None:
    values = [0.0, 0.5, 1.0, 1.0]

    assert stratified_standard_error(values, ["s"] * 4) == pytest.approx(np.std(values, ddof=1) / 2)
    assert stratified_standard_error([], []) is None


def test_weights_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="1 strata"):
        stratified([1, 2], ["a"])
    with pytest.raises(ValueError, match="one for each stratum"):
        stratified([1, 2], ["a", "b"], weights={"a": 1})
    with pytest.raises(ValueError, match="positive"):
        stratified([1, 2], ["a", "b"], weights={"a": 1, "b": 0})
