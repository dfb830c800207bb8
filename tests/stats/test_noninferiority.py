from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from statsmodels.stats.weightstats import ttost_paired

from evalkit.stats import noninferiority, noninferiority_counts, paired, tost

# Two of five measurements of 30 patients in two groups of 15, as R's `equivalence` and statsmodels test with them.
FIRST = [
    [2.84, 2.51, 2.41, 2.95, 3.14, 3.79, 4.14, 3.85, 3.02, 3.45, 5.37, 3.81, 4.19, 3.16, 3.84],
    [2.60, 2.82, 2.18, 3.46, 4.01, 3.04, 3.47, 4.06, 2.91, 3.59, 4.51, 3.16, 3.86, 3.31, 3.02],
]
SECOND = [
    [4.00, 3.26, 4.14, 3.42, 3.25, 4.34, 4.97, 4.31, 3.11, 3.41, 5.02, 4.21, 4.59, 5.30, 4.32],
    [3.76, 3.66, 3.65, 3.60, 3.48, 2.87, 3.24, 3.92, 3.99, 4.21, 4.21, 3.31, 3.61, 2.97, 2.73],
]
GRADES = st.lists(st.tuples(*[st.sampled_from([0.0, 0.25, 0.5, 1.0])] * 2), min_size=2, max_size=40)


def test_tangos_own_example_rules_out_a_loss_of_a_tenth_only_just() -> None:
    """Tango 1998, Statistics in Medicine 17:891: n = 44, discordant 0 and 1, margin 0.1: Z = 1.709, p = 0.044."""
    found = noninferiority_counts(0, 1, 44, margin=0.1)

    assert (found.statistic, found.p_value) == pytest.approx((1.708564, 0.043766), abs=5e-7)
    assert not found.holds
    assert noninferiority_counts(0, 1, 44, margin=0.1, confidence=0.9).holds


@pytest.mark.parametrize(("groups", "p_value"), [(FIRST, 0.003166881489265175), (SECOND, 0.4412034046017588)])
def test_rs_equivalence_gives_the_same_p_value(groups: list[list[float]], p_value: float) -> None:
    """R `equivalence::tost` with epsilon 0.6, as quoted in statsmodels, test_tost.py."""
    found = tost(np.subtract(groups[0], groups[1]), margin=0.6)

    assert found is not None
    assert found.p_value == pytest.approx(p_value, rel=1e-10)


@given(st.lists(st.floats(-2, 2).map(lambda x: round(x, 2)), min_size=3, max_size=40), st.floats(0.01, 1))
@settings(max_examples=40)
def test_equivalence_agrees_with_statsmodels(differences: list[float], margin: float) -> None:
    found = tost(differences, margin=margin)
    if found is None:
        assert np.ptp(differences) < 1e-6
        return
    p_value, _, _ = ttost_paired(np.asarray(differences), np.zeros(len(differences)), -margin, margin)

    assert found.p_value == pytest.approx(p_value, rel=1e-6, abs=1e-12)


@given(GRADES, st.floats(0.01, 0.5), st.sampled_from(["default", "t"]), st.data())
def test_the_p_value_and_the_bound_say_the_same(
    pairs: list[tuple[float, float]], margin: float, interval: str, data: st.DataObject
) -> None:
    names = data.draw(st.none() | st.lists(st.sampled_from("abcdefgh"), min_size=len(pairs), max_size=len(pairs)))
    before, after = [a for a, _ in pairs], [b for _, b in pairs]
    found = noninferiority(
        before,
        after,
        margin=margin,
        clusters=names,
        low_value=0,
        high_value=1,
        interval="t" if interval == "t" else "default",
    )
    made = paired(
        before, after, clusters=names, low_value=0, high_value=1, interval="t" if interval == "t" else "default"
    )

    assert (found.bound, found.delta, found.p_worse, found.method) == (made.low, made.delta, made.p_worse, made.method)
    if found.p_value is not None and found.bound is not None and abs(found.bound + margin) > 1e-9:
        assert found.holds == (found.p_value < 0.025)


def test_a_graded_gate_on_an_unknown_scale_is_the_one_sample_t() -> None:
    rng = np.random.default_rng(0)
    before, after = rng.normal(0, 1, 80), rng.normal(0.05, 1, 80)
    found = noninferiority(before, after, margin=0.2)
    expected = scipy_stats.ttest_1samp(after - before, -0.2, alternative="greater")

    assert (found.method, found.statistic, found.p_value) == (
        "t",
        pytest.approx(expected.statistic),
        pytest.approx(expected.pvalue),
    )


def test_lack_of_evidence_never_holds() -> None:
    nothing = noninferiority([], [], margin=0.1)
    one_cluster = noninferiority([0, 0.5], [0.5, 0.5], margin=0.1, clusters=["a", "a"])

    assert (nothing.holds, nothing.bound, nothing.p_value, nothing.p_worse) == (False, None, None, None)
    assert not one_cluster.holds
    assert not noninferiority([1.0], [1.0], margin=0.3).holds
    assert not noninferiority_counts(0, 0, 0, margin=0.3).holds
    assert tost([0.1], margin=1) is None
    with pytest.raises(ValueError, match="a margin is"):
        noninferiority([1], [1], margin=-0.1)


def test_worse_at_all_is_half_the_two_sided_p_value_on_the_losing_side() -> None:
    losing = paired([1.0] * 20, [0.0] * 8 + [1.0] * 12)
    graded = paired([1.0] * 20, [0.5] * 8 + [1.0] * 12, low_value=0, high_value=1)
    for made in (losing, graded):
        assert made.p_value is not None
        assert made.p_worse == pytest.approx(made.p_value / 2)
    winning = paired([0.0] * 8 + [1.0] * 12, [1.0] * 20)
    assert winning.p_worse is not None
    assert winning.p_worse > 0.99


@pytest.mark.parametrize("grades", [[0.0, 1.0], [0.0, 0.5, 1.0]])
def test_repeated_looks_widen_the_interval_and_raise_the_p_value(grades: list[float]) -> None:
    rng = np.random.default_rng(1)
    before, after = (
        rng.choice(grades, 200),
        rng.choice(grades, 200, p=[0.1, *[0.9 / (len(grades) - 1)] * (len(grades) - 1)]),
    )
    once = paired(before, after, low_value=0, high_value=1)
    often = paired(before, after, low_value=0, high_value=1, looks="repeated")

    assert None not in (once.low, once.high, often.low, often.high, once.p_value, often.p_value)
    assert often.low < once.low < once.high < often.high  # type: ignore[operator]  # none is None, as asserted
    assert often.p_value > once.p_value  # type: ignore[operator]  # none is None, as asserted
    assert often.method == "confidence-sequence"
    assert often.p_method == ("e-process" if len(grades) == 2 else "confidence-sequence")
    assert paired(after, before, looks="repeated").p_worse == paired(after, before, looks="repeated").p_value


def test_two_losses_that_are_nearly_equal_by_chance_are_no_evidence_at_the_first_look() -> None:
    # Their standard error is a hundredth of what two differences like these have; the interval knows, by Student's t.
    found = paired([0.5, 0.51], [0.2, 0.2], low_value=0, high_value=1, looks="repeated")
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0 < found.high
    assert found.p_worse is not None
    assert found.p_worse > 0.025
