from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.stats import BradleyTerry, bradley_terry, bradley_terry_battles

TEAMS = ("Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore")
WINS = [
    [0, 7, 9, 7, 7, 9, 11],
    [6, 0, 7, 5, 11, 9, 9],
    [4, 6, 0, 7, 7, 8, 12],
    [6, 8, 6, 0, 6, 7, 10],
    [6, 2, 6, 7, 0, 7, 12],
    [4, 4, 5, 6, 6, 0, 6],
    [2, 4, 1, 3, 1, 7, 0],
]
COUNTS = st.integers(1, 9)
TABLES = st.integers(2, 5).flatmap(
    lambda players: st.lists(st.lists(COUNTS, min_size=players, max_size=players), min_size=players, max_size=players)
)


def strengths_of(made: BradleyTerry) -> tuple[float, ...]:
    assert made.strengths is not None
    return made.strengths


def test_the_american_league_of_1987() -> None:
    """Agresti 2002, table 10.10 and page 438; R package BradleyTerry2, `baseball`, Baltimore as the baseline."""
    made = bradley_terry(WINS, baseline=TEAMS.index("Baltimore"))
    gaps = [made.difference(team, 6) for team in range(6)]

    assert [round(strength, 4) for strength in strengths_of(made)] == [
        1.5814,
        1.4364,
        1.2945,
        1.2476,
        1.1077,
        0.6839,
        0,
    ]
    errors = [gap.standard_error for gap in gaps]
    assert errors == pytest.approx([0.3433, 0.3396, 0.3367, 0.3359, 0.3339, 0.3319], abs=5e-5)
    assert (made.connected, made.prior_used) == (True, False)
    assert gaps[0].low == pytest.approx(1.5814 - 1.959964 * 0.343256, abs=1e-4)


def test_a_gap_of_two_players_needs_their_covariance() -> None:
    """Milwaukee - Detroit: statsmodels' GLM with Detroit as the baseline gives the same error."""
    gap, other = bradley_terry(WINS, baseline=6).difference(0, 1), bradley_terry(WINS, baseline=1).difference(0, 1)

    assert gap.value == pytest.approx(1.58136 - 1.43641, abs=1e-5)
    assert (gap.value, gap.standard_error) == pytest.approx((other.value, other.standard_error))
    assert gap.standard_error is not None
    assert gap.standard_error < np.hypot(0.3433, 0.3396), "two marginal errors would say more"


@pytest.mark.filterwarnings("ignore:Perfect separation")  # what statsmodels says of a perfect fit
@given(TABLES)
@settings(deadline=None, max_examples=30)
def test_a_binomial_glm_gives_the_same(table: list[list[int]]) -> None:
    players = len(table)
    if players == 2:
        assert strengths_of(bradley_terry(table))[1] == pytest.approx(np.log(table[1][0] / table[0][1]), abs=1e-9)
        return  # statsmodels divides by its 0 degrees of freedom
    rows, outcomes = [], []
    for i in range(players):
        for j in range(i):
            row = np.zeros(players)
            row[i], row[j] = 1, -1
            rows.append(row[1:])
            outcomes.append([table[i][j], table[j][i]])
    fit = sm.GLM(np.array(outcomes), np.array(rows), family=sm.families.Binomial()).fit(tol=1e-12, maxiter=200)
    made = bradley_terry(table)

    assert strengths_of(made)[1:] == pytest.approx(fit.params, abs=1e-6)
    assert made.covariance is not None
    assert np.array(made.covariance)[1:, 1:] == pytest.approx(fit.cov_params(), rel=1e-4, abs=1e-9)


@given(TABLES)
@settings(deadline=None, max_examples=30)
def test_turning_all_results_round_turns_the_strengths_round(table: list[list[int]]) -> None:
    made = strengths_of(bradley_terry(table))
    turned = strengths_of(bradley_terry(np.array(table).T.tolist()))

    assert turned == pytest.approx([-strength for strength in made], abs=1e-8)


def test_an_undefeated_player_gets_a_prior_and_it_is_said() -> None:
    """3 to 0 with half a win each way: odds of 3.5 to .5."""
    made = bradley_terry([[0, 3], [0, 0]], baseline=1)

    assert (made.connected, made.prior_used) == (False, True)
    assert strengths_of(made) == pytest.approx((np.log(7), 0))
    without = bradley_terry([[0, 3], [0, 0]], prior=0)
    assert (without.strengths, without.covariance, without.difference(0, 1).value) == (None, None, None)


def test_players_who_never_met_are_linked_by_the_prior_only() -> None:
    made = bradley_terry([[0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 2], [0, 0, 1, 0]])

    assert (made.connected, made.prior_used) == (False, True)
    assert made.difference(0, 2).value == pytest.approx(0)


def test_extreme_odds_still_arrive() -> None:
    made = bradley_terry([[0, 1e6, 0], [1, 0, 1e6], [0, 1, 0]])

    assert strengths_of(made) == pytest.approx((0, -np.log(1e6), -2 * np.log(1e6)))


BATTLES = [
    (int(i), int(j), float(score))
    for i, j, score in zip(
        np.random.default_rng(5).integers(0, 2, 120),
        np.random.default_rng(6).integers(2, 4, 120),
        np.random.default_rng(7).integers(0, 2, 120),
        strict=True,
    )
] + [(0, 1, 1.0), (1, 0, 1.0), (2, 3, 1.0), (3, 2, 1.0)]


def test_battles_that_share_a_prompt_get_the_sandwich() -> None:
    """statsmodels' GLM with cov_type='cluster' and no correction, times G / (G - 1); seeds 5, 6, 7."""
    names = [f"prompt-{row // 4}" for row in range(len(BATTLES))]
    rows = np.zeros((len(BATTLES), 4))
    for row, (i, j, _) in enumerate(BATTLES):
        rows[row, i], rows[row, j] = 1, -1
    groups = np.array([int(name.removeprefix("prompt-")) for name in names])
    fit = sm.GLM([score for *_, score in BATTLES], rows[:, 1:], family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}, tol=1e-12
    )
    made = bradley_terry_battles(BATTLES, players=4, clusters=names)

    assert strengths_of(made)[1:] == pytest.approx(fit.params, abs=1e-7)
    count = len(set(names))
    assert np.array(made.covariance)[1:, 1:] == pytest.approx(fit.cov_params() * count / (count - 1), rel=1e-5)


def test_battles_without_clusters_are_the_table_of_their_sums() -> None:
    table = np.zeros((4, 4))
    for i, j, score in BATTLES:
        table[i, j] += score
        table[j, i] += 1 - score

    assert bradley_terry_battles(BATTLES, players=4) == bradley_terry(table.tolist())


def test_what_is_no_table_of_wins_is_refused() -> None:
    with pytest.raises(ValueError, match="square"):
        bradley_terry([[0, 1, 2], [1, 0, 3]])
    with pytest.raises(ValueError, match="less than never"):
        bradley_terry([[0, -1], [1, 0]])
    with pytest.raises(ValueError, match="cannot be"):
        bradley_terry_battles([(0, 0, 1.0)], players=2)
