from __future__ import annotations

import csv
import gzip
import random
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import ConvexHull

from evalkit.stats import (
    Point,
    above_random_mix,
    aiq,
    average_gap_recovered,
    call_share_for,
    gap_recovered,
    hull,
    oracle,
    random_mix,
    router_arena_score,
)

DATA = Path(__file__).parents[2].parent / "shared" / "data"
POINTS = st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50)), min_size=1, max_size=12)
REAL = pytest.mark.skipif(not DATA.is_dir(), reason="the real data sets are not beside the project")


def points(*pairs: tuple[float, float]) -> list[Point]:
    return [Point(cost=cost, quality=quality) for cost, quality in pairs]


@pytest.fixture(scope="module")
def gsm8k() -> np.ndarray:
    """Right or wrong of Mixtral and GPT-4, of shape (1307, 2)."""
    with (DATA / "routellm_gsm8k_correct.csv").open(encoding="utf-8") as file:
        return np.array([(float(row["mixtral"]), float(row["gpt4"])) for row in csv.DictReader(file)])


@REAL
def test_a_random_router_on_gsm8k_gives_routellms_digits(gsm8k: np.ndarray) -> None:
    """lm-sys/RouteLLM: random.seed(0), one uniform number per question, thresholds at the edges of ten quantiles."""
    weak, strong = gsm8k.mean(axis=0).tolist()
    source = random.Random(0)
    numbers = np.array([source.uniform(0, 1) for _ in gsm8k])
    edges = pd.qcut(pd.Series(numbers), 10, retbins=True)[1]
    calls = [numbers > edge if edge == edges[-1] else numbers >= edge for edge in edges]
    shares = [float(call.mean()) for call in calls]
    qualities = [float(np.where(call, gsm8k[:, 1], gsm8k[:, 0]).mean()) for call in calls]
    made = average_gap_recovered(shares, qualities, weak=weak, strong=strong)

    assert (100 * weak, 100 * strong) == pytest.approx((63.733741392501905, 85.76893649579189))
    assert made == pytest.approx(0.485725, abs=5e-7)
    assert 100 * (weak + (strong - weak) * (made or 0)) == pytest.approx(74.436777, abs=5e-7)
    found = [call_share_for(target, shares, qualities, weak=weak, strong=strong) for target in (0.2, 0.5, 0.8)]
    assert [round(100 * (share or 0), 2) for share in found] == [19.69, 53.05, 83.02]


@REAL
def test_the_oracle_of_gsm8k_calls_the_strong_model_where_only_it_is_right(gsm8k: np.ndarray) -> None:
    """lm-sys/RouteLLM: 92.961 % right with 29.2272 % strong calls."""
    made = oracle(np.tile([0.0, 1.0], (len(gsm8k), 1)).tolist(), gsm8k.tolist())

    assert made is not None
    assert 100 * made.point.quality == pytest.approx(92.961, abs=5e-4)
    assert 100 * made.point.cost == pytest.approx(29.2272, abs=5e-5)


@REAL
def test_the_oracle_of_router_arena() -> None:
    """RouteWorks/RouterArena, USD per 1,000: .523356 at .175992, .690119 at .047491; oracle .740773 at .056783."""
    table: defaultdict[str, dict[str, tuple[float, float]]] = defaultdict(dict)
    with gzip.open(DATA / "routerarena_sub10.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            table[row["id"]][row["model"]] = (1000 * float(row["cost"]), float(row["score"]))
    rows = np.array([[models[name] for name in sorted(models)] for models in table.values()])
    made = oracle(rows[:, :, 0].tolist(), rows[:, :, 1].tolist())

    assert rows.mean(axis=0) == pytest.approx(np.array([[0.175992, 0.523356], [0.047491, 0.690119]]), abs=5e-7)
    assert made is not None
    assert (made.point.quality, made.point.cost) == pytest.approx((0.740773, 0.056783), abs=5e-7)


def test_the_oracle_takes_the_cheapest_of_the_best() -> None:
    made = oracle([[3, 1, 2], [1, 5, 9]], [[1, 0, 1], [0, 0.5, 0.25]])

    assert made is not None
    assert made.choices == (2, 1)
    assert (made.point.cost, made.point.quality) == (3.5, 0.75)
    assert oracle([], []) is None


def test_a_random_mix_lies_on_the_line_between_two_models() -> None:
    weak, strong = points((1, 0.6), (5, 0.8))

    assert random_mix(weak, strong, cost=2) == pytest.approx(0.65)
    assert random_mix(weak, strong, cost=6) is None
    assert random_mix(weak, weak, cost=1) is None


def test_a_coin_toss_is_not_above_the_random_mix_and_a_wise_router_is() -> None:
    """Seed 2: 2,000 cases; the wise router calls the strong model where only it is right, and at random else."""
    source = np.random.default_rng(2)
    weak, strong = (source.random(2000) < 0.6).astype(float), (source.random(2000) < 0.8).astype(float)
    cheap, dear = source.gamma(2, 0.5, 2000), source.gamma(2, 5, 2000)
    for call, above in ((source.random(2000) < 0.4, False), (strong > weak, True)):
        made = above_random_mix(
            (np.where(call, dear, cheap), np.where(call, strong, weak)), (cheap, weak), (dear, strong)
        )
        assert made is not None
        assert made.low is not None
        assert (made.low > 0) == above


def test_the_height_above_the_mix_and_its_error_by_resampling() -> None:
    """Seed 14: the linearised error beside that of 2,000 bootstrap samples of 300 cases."""
    source = np.random.default_rng(14)
    cheap, dear = source.gamma(2, 0.5, 300), source.gamma(2, 5, 300)
    table = np.column_stack([cheap, source.random(300) / 4, dear, 1 - source.random(300) / 4])
    call = source.random(300) < 0.5
    table = np.column_stack([np.where(call[:, None], table[:, 2:], table[:, :2]), table])

    def height(rows: np.ndarray) -> float:
        cost, quality, *models = rows.mean(axis=0).tolist()
        mix = random_mix(*points(tuple(models[:2]), tuple(models[2:])), cost=cost)
        assert mix is not None
        return quality - mix

    sides = [(table[:, column], table[:, column + 1]) for column in (0, 2, 4)]
    made = above_random_mix(*sides)
    drawn = [height(table[source.integers(0, 300, 300)]) for _ in range(2000)]
    assert made is not None
    assert made.mean == pytest.approx(height(table))
    assert made.low is not None
    assert made.high is not None
    assert (made.high - made.low) / (2 * 1.968) == pytest.approx(np.std(drawn), rel=0.08)


def test_models_of_equal_cost_have_no_line() -> None:
    assert above_random_mix(([1], [1]), ([1], [0]), ([1], [1])) is None


def test_the_recovered_gap_by_hand() -> None:
    """Shares 0, .5, 1 recover 0, .8, 1: area .2 + .45; the half is recovered at a share of .3125."""
    shares, qualities = [1, 0, 0.5], [0.9, 0.4, 0.8]

    assert gap_recovered(0.8, weak=0.4, strong=0.9) == pytest.approx(0.8)
    assert average_gap_recovered(shares, qualities, weak=0.4, strong=0.9) == pytest.approx(0.65)
    assert call_share_for(0.5, shares, qualities, weak=0.4, strong=0.9) == pytest.approx(0.3125)
    assert call_share_for(0, shares, qualities, weak=0.4, strong=0.9) == 0
    assert call_share_for(1.1, shares, qualities, weak=0.4, strong=0.9) is None


def test_a_curve_that_falls_again_reaches_its_target_where_it_first_does() -> None:
    shares, qualities = [0, 0.25, 0.5, 1], [0, 0.6, 0.2, 1]

    assert call_share_for(0.3, shares, qualities, weak=0, strong=1) == pytest.approx(0.125)


def test_without_a_gap_nothing_is_recovered() -> None:
    assert gap_recovered(0.5, weak=0.5, strong=0.5) is None
    assert average_gap_recovered([0, 1], [0.5, 0.5], weak=0.5, strong=0.5) is None
    assert call_share_for(0.5, [0, 1], [0.5, 0.5], weak=0.5, strong=0.5) is None


def test_the_hull_drops_what_a_mixture_beats() -> None:
    assert hull(points((3, 0.4), (1, 0.2), (2, 0.5), (4, 0.6), (3, 0.51))) == tuple(
        points((1, 0.2), (2, 0.5), (4, 0.6))
    )


@given(POINTS)
@settings(deadline=None)
def test_the_area_below_the_hull_is_that_of_scipys_hull(pairs: list[tuple[int, int]]) -> None:
    costs = [cost for cost, _ in pairs]
    first, last = min(costs), max(costs)
    made = aiq(points(*pairs))
    if first == last:
        assert made is None
        return
    best = max(quality for _, quality in pairs)
    start = max(quality for cost, quality in pairs if cost == first)
    # The ground below the points makes the lower hull flat; the height is raised so that the hull has an area.
    corners = np.array([(first, -1), (last, -1), (last, best), *pairs, (first, start)], dtype=float)
    area = ConvexHull(corners).volume - (last - first)

    assert made == pytest.approx(area / (last - first), abs=1e-9)


def test_the_common_range_of_costs_counts_what_is_not_on_offer() -> None:
    """By hand: 1.0 ... area .35 + 1.1 over 1 to 4; flat .6 to 8; nothing before 1."""
    made = points((1, 0.2), (2, 0.5), (3, 0.4), (4, 0.6))

    assert aiq(made) == pytest.approx(1.45 / 3)
    assert aiq(made, cost_max=8) == pytest.approx((1.45 + 2.4) / 7)
    assert aiq(made, cost_min=0, cost_max=8) == pytest.approx((1.45 + 2.4) / 8)
    assert aiq(made, cost_min=2, cost_max=3) == pytest.approx(0.525)
    assert aiq(made, cost_max=0.5) is None
    assert aiq([]) is None


def test_router_arenas_score_by_hand() -> None:
    """C = log2(200 / cost) / log2(200 / .0044); at the cheapest C = 1 and S = 1.1 A / (.1 A + 1)."""
    assert router_arena_score(0.7, 0.0044) == pytest.approx(0.77 / 1.07)
    middle = (200 * 0.0044) ** 0.5
    assert router_arena_score(0.7, middle) == pytest.approx(1.1 * 0.7 * 0.5 / (0.07 + 0.5))
    assert router_arena_score(0.7, 500) == 0
    assert router_arena_score(0, 200) is None
    with pytest.raises(ValueError, match="no logarithm"):
        router_arena_score(0.7, 0)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="do not go with"):
        oracle([[1, 2]], [])
    with pytest.raises(ValueError, match="do not go with"):
        average_gap_recovered([0, 1], [0.5], weak=0, strong=1)
    with pytest.raises(ValueError, match="one cost and one quality"):
        above_random_mix(([1], [1]), ([1, 2], [0, 1]), ([1], [1]))
