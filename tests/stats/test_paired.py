from __future__ import annotations

import csv
import gzip
import random
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from evalkit.stats import Paired, mcnemar_exact, mcnemar_midp, paired, tango

DATA = Path(__file__).parents[2].parent / "shared" / "data"
DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
BITS = st.sampled_from([0.0, 1.0])
GRADES = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
LETTERS = st.sampled_from(["a", "b", "c", "d", None])
PAIRS = st.lists(st.tuples(BITS, BITS), min_size=1, max_size=60) | st.lists(
    st.tuples(GRADES, GRADES), min_size=1, max_size=60
)


def table(both: int, losses: int, wins: int, neither: int) -> tuple[list[float], list[float]]:
    """The baseline's and the candidate's passes that make this 2 x 2 table."""
    cells = [(1.0, 1.0)] * both + [(1.0, 0.0)] * losses + [(0.0, 1.0)] * wins + [(0.0, 0.0)] * neither
    return [before for before, _ in cells], [after for _, after in cells]


def interval_of(made: Paired) -> tuple[float, float]:
    assert made.low is not None
    assert made.high is not None
    return made.low, made.high


def test_two_models_on_gsm8k_give_the_known_difference() -> None:
    """RouteLLM's GSM8K answers: both 739, GPT-4 only 382, Mixtral only 94, neither 92; MDE = 2.8016 Wald SE."""
    made = paired(*table(739, 94, 382, 92))

    assert (made.n, made.wins, made.ties, made.losses) == (1307, 382, 831, 94)
    assert made.method == "tango"
    assert made.delta == pytest.approx(0.2203520, abs=1e-7)
    assert interval_of(made) == pytest.approx((0.189862, 0.250841), abs=1e-6)
    assert made.p_value == mcnemar_midp(382, 94)
    wald_error = (0.250811 - 0.189894) / 2 / 1.959964
    assert made.mde == pytest.approx((1.959964 + 0.841621) * wald_error, rel=1e-4)


def test_darwins_maize_gives_the_known_t() -> None:
    """Fisher 1935 on Darwin's maize: paired t = 2.148 on 14 df, and 1,726 of 32,768 sign assignments as extreme."""
    made = paired([0.0] * 15, DARWIN)
    low, high = interval_of(made)

    assert (made.method, made.wins, made.ties, made.losses) == ("t", 13, 0, 2)
    assert made.delta is not None
    error = (high - low) / 2 / scipy_stats.t.ppf(0.975, 14)
    assert made.delta / error == pytest.approx(2.148, abs=5e-4)
    assert (made.p_method, made.p_value) == ("sign-flip", pytest.approx(1726 / 32768, rel=1e-12))
    assert made.p_worse == pytest.approx(31933 / 32768, rel=1e-12), "28 of the 863 are as large as it"


@given(st.lists(st.tuples(st.floats(-10, 10), st.floats(-10, 10)), min_size=3, max_size=60))
def test_graded_pairs_agree_with_scipy(pairs: list[tuple[float, float]]) -> None:
    before, after = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    made = paired(before, after)
    if made.method != "t" or np.ptp(np.subtract(after, before)) < 1e-3:
        return
    expected = scipy_stats.ttest_rel(after, before)

    assert interval_of(made) == pytest.approx(tuple(expected.confidence_interval()), rel=1e-6, abs=1e-6)


@given(PAIRS, st.data())
def test_swapping_the_sides_mirrors_everything(pairs: list[tuple[float, float]], data: st.DataObject) -> None:
    names = data.draw(st.none() | st.lists(LETTERS, min_size=len(pairs), max_size=len(pairs)))
    before, after = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    made = paired(before, after, clusters=names, low_value=0, high_value=1)
    swapped = paired(after, before, clusters=names, low_value=0, high_value=1)

    assert made.delta is not None
    assert swapped.delta == -made.delta
    assert (swapped.wins, swapped.ties, swapped.losses) == (made.losses, made.ties, made.wins)
    assert (swapped.p_value, swapped.mde) == pytest.approx((made.p_value, made.mde))
    if made.method == "none":
        assert (made.low, made.high, swapped.low, swapped.high) == (None,) * 4
    else:
        assert interval_of(swapped) == pytest.approx((-interval_of(made)[1], -interval_of(made)[0]))


@given(PAIRS, st.data())
def test_the_interval_contains_the_difference_and_stays_on_the_scale(
    pairs: list[tuple[float, float]], data: st.DataObject
) -> None:
    names = data.draw(st.none() | st.lists(LETTERS, min_size=len(pairs), max_size=len(pairs)))
    before, after = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    made = paired(before, after, clusters=names, low_value=0, high_value=1)

    assert made.wins + made.ties + made.losses == made.n == len(pairs)
    assert made.delta == pytest.approx(np.mean(after) - np.mean(before))
    assert made.p_value is None or 0 <= made.p_value <= 1
    if made.method != "none":
        low, high = interval_of(made)
        assert -1 <= low <= made.delta + 1e-12
        assert made.delta - 1e-12 <= high <= 1
        assert low < high


@given(PAIRS, st.data(), st.randoms(use_true_random=False))
def test_the_order_of_the_pairs_does_not_matter(
    pairs: list[tuple[float, float]], data: st.DataObject, shuffler: random.Random
) -> None:
    names = data.draw(st.lists(LETTERS, min_size=len(pairs), max_size=len(pairs)))
    rows = [(*pair, name) for pair, name in zip(pairs, names, strict=True)]
    shuffled = shuffler.sample(rows, len(rows))

    def of(order: list[tuple[float, float, str | None]]) -> Paired:
        return paired([row[0] for row in order], [row[1] for row in order], clusters=[row[2] for row in order])

    made, again = of(rows), of(shuffled)
    assert (again.n, again.method, again.clusters, again.delta) == (made.n, made.method, made.clusters, made.delta)
    assert (again.low, again.high, again.p_value) == pytest.approx((made.low, made.high, made.p_value))


def test_binary_scores_that_share_clusters_get_the_clustered_interval() -> None:
    """By hand: cluster means of d are 1, 0, 0, -0.5: mean .125, SE sd/2, t(3)."""
    before = [0, 0, 1, 1, 0, 0, 1, 1]
    after = [1, 1, 1, 1, 0, 0, 1, 0]
    made = paired(before, after, clusters=["a", "a", "b", "b", "c", "c", "d", "d"], interval="t")
    means = [1, 0, 0, -0.5]

    assert (made.method, made.clusters, made.delta) == ("cluster-t", 4, 0.125)
    low, high = scipy_stats.t.interval(0.95, 3, 0.125, scipy_stats.sem(means))
    assert interval_of(made) == pytest.approx((low, 1.0)), "the t interval ends at 1.126, off the scale"
    assert high > 1
    assert made.p_value == 1.0, "sums of 2 and -1 are as extreme whichever way they turn, in 4 of 4"


def test_all_ties_of_binary_scores_keep_an_honest_interval() -> None:
    made = paired([1.0, 0.0] * 5, [1.0, 0.0] * 5)
    expected = tango(0, 0, 10)

    assert expected is not None
    assert (made.method, made.delta, made.p_value, made.mde) == ("tango", 0, 1, None)
    assert interval_of(made) == (expected.low, expected.high)


def test_all_ties_of_graded_scores_say_so_and_are_not_perfectly_sure() -> None:
    """A share of at most 1 - 0.025^(1/n) differs, each by at most the scale; by hand n = 100: .036217."""
    grades = [0.0, 0.5, 1.0, 0.25] * 25
    made = paired(grades, grades, low_value=0, high_value=1)

    assert (made.method, made.delta, made.p_value, made.mde) == ("all-equal", 0, 1, None)
    assert interval_of(made) == pytest.approx((-0.036217, 0.036217), abs=1e-6)


def test_all_equal_differences_on_an_unknown_scale_have_no_interval() -> None:
    """The sign-flip test of five equal differences: 2 of 2^5 assignments are as extreme."""
    made = paired([0.1, 0.2, 0.3, 0.4, 0.5], [0.3, 0.4, 0.5, 0.6, 0.7])

    assert (made.method, made.low, made.high, made.mde) == ("all-equal", None, None, None)
    assert made.delta == pytest.approx(0.2)
    assert made.p_value == 2 / 2**5


def test_clusters_whose_means_agree_are_not_perfectly_sure() -> None:
    made = paired([0, 1, 0, 1], [1, 0, 1, 0], clusters=["a", "a", "b", "b"])

    assert (made.method, made.delta, made.p_value) == ("all-equal", 0, 1)
    assert interval_of(made) == pytest.approx((-0.841886, 0.841886), abs=1e-6)


def test_scores_that_differ_in_their_last_bits_tie() -> None:
    made = paired([0.3, 0.5], [0.1 + 0.2, 0.75])

    assert (made.wins, made.ties, made.losses) == (1, 1, 0)


def test_too_few_pairs_have_no_interval() -> None:
    nothing = paired([], [])
    one = paired([0.25], [0.5])
    one_cluster = paired([0, 1, 0], [1, 1, 1], clusters=["doc"] * 3)

    assert (nothing.n, nothing.delta, nothing.p_value, nothing.method) == (0, None, None, "none")
    assert (one.delta, one.low, one.high, one.p_value, one.mde) == (0.25, None, None, None, None)
    assert (one_cluster.method, one_cluster.low, one_cluster.p_value) == ("none", None, None)


def test_one_binary_pair_has_an_interval_that_says_nothing_for_sure() -> None:
    made = paired([0], [1])

    assert made.method == "tango"
    assert interval_of(made)[0] < 0
    assert made.p_value == 0.5


def test_sides_of_different_length_or_without_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="2 baseline scores do not pair with 1"):
        paired([1, 2], [1])
    with pytest.raises(ValueError, match="finite"):
        paired([1, 2], [1, float("nan")])


def test_the_inputs_are_left_as_they_were() -> None:
    before, after = np.array([0.0, 0.5, 1.0]), np.array([1.0, 0.5, 1.0 + 1e-12])
    paired(before, after)

    assert (before.tolist(), after.tolist()) == ([0.0, 0.5, 1.0], [1.0, 0.5, 1.0 + 1e-12])


@pytest.mark.skipif(not DATA.is_dir(), reason="the real data sets are not beside the project")
def test_routellms_own_file_gives_the_known_table() -> None:
    """lm-sys/RouteLLM: GSM8K, 1,307 questions, Mixtral 63.7337 % and GPT-4 85.7689 %."""
    with (DATA / "routellm_gsm8k_correct.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    made = paired([float(row["mixtral"]) for row in rows], [float(row["gpt4"]) for row in rows])

    assert (made.n, made.wins, made.losses) == (1307, 382, 94)
    assert made.delta == pytest.approx(0.8576893649579189 - 0.63733741392501905, abs=1e-12)
    assert mcnemar_exact(made.wins, made.losses) == pytest.approx(3.2573e-42, rel=1e-4)


@pytest.mark.skipif(not DATA.is_dir(), reason="the real data sets are not beside the project")
def test_llmbars_two_prompts_differ_by_the_known_amount() -> None:
    """princeton-nlp/LLMBar, adversarial subsets, mean of both orders: .133229 with SE .019630, 319 items."""
    accuracy: defaultdict[str, dict[tuple[str, str], float]] = defaultdict(dict)
    with gzip.open(DATA / "llmbar_verdicts.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            right = [row[winner] == row["label"] for winner in ("ab_winner", "ba_winner")]
            if row["subset"].startswith("LLMBar/Adversarial/"):
                accuracy[row["evaluator"]][row["subset"], row["i"]] = sum(right) / 2
    before, after = accuracy["GPT-4/Vanilla_NoRules"], accuracy["GPT-4/Metrics_Reference"]
    made = paired([before[item] for item in after], list(after.values()))

    assert (made.n, made.method) == (319, "t")
    assert made.delta == pytest.approx(0.133229, abs=1e-6)
    assert made.mde == pytest.approx((1.959964 + 0.841621) * 0.019630, abs=2e-6)
