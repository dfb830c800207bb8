from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats import both_orders, estimate, order_scores, wilson, win_rate

DATA = Path(__file__).parents[2].parent / "shared" / "data"
WINNERS = st.sampled_from(["a", "b", "tie", None])
ORDERS = st.lists(st.tuples(WINNERS, WINNERS), max_size=40)


def test_ties_count_half() -> None:
    """By hand: 1, 1, .5, 0 has mean .625 and sd .478714."""
    made = win_rate([1, 1, 0.5, 0])

    assert (made.wins, made.ties, made.losses, made.rate.mean) == (2, 1, 1, 0.625)
    assert made.standard_error == pytest.approx(0.478714 / 2, abs=1e-6)
    assert made.rate == estimate([1, 1, 0.5, 0], low_value=0, high_value=1)
    assert (win_rate([1.0]).standard_error, win_rate([]).rate.mean) == (None, None)


def test_without_ties_the_interval_is_wilsons() -> None:
    made, expected = win_rate([1] * 15 + [0] * 5), wilson(15, 20)

    assert expected is not None
    assert (made.rate.low, made.rate.high, made.rate.method) == (expected.low, expected.high, "wilson")


def test_instructions_of_one_cluster_are_not_independent() -> None:
    names = ["x"] * 10 + ["y"] * 10 + ["z"] * 10
    scores = [1.0] * 10 + [0.0] * 10 + [0.5] * 10
    plain, clustered = win_rate(scores), win_rate(scores, clusters=names)

    assert clustered.rate.clusters == 3
    assert clustered.rate.low is not None
    assert plain.rate.low is not None
    assert clustered.rate.low < plain.rate.low
    assert clustered.standard_error == pytest.approx(0.5 / 3**0.5), "that of the three means 1, 0, .5"


def test_a_score_off_the_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0, lost, and 1, won"):
        win_rate([0.5, 1.5])


def test_the_two_orders_by_hand() -> None:
    first = ["a", "a", "b", "tie", "a", None, "tie"]
    second = ["a", "b", "a", "a", None, "b", "tie"]
    made = both_orders(first, second)

    assert (made.n, made.unjudged, made.consistent, made.first, made.second, made.half) == (5, 2, 2, 1, 1, 1)
    assert made.consistency.mean == pytest.approx(0.4)
    assert made.p_value == 1
    assert order_scores(first, second) == (1, 0.5, 0.5, 0.5, None, None, 0.5)
    assert order_scores(first, second, rule="signed") == (1, 0.5, 0.5, 1, None, None, 0.5)


def test_ten_first_places_of_ten_are_a_bias() -> None:
    """A fair coin: 2 / 2^10."""
    assert both_orders(["a"] * 10, ["b"] * 10).p_value == pytest.approx(2 / 2**10)


@given(ORDERS)
def test_swapping_the_names_mirrors_the_scores_and_keeps_the_rest(rows: list[tuple[str | None, str | None]]) -> None:
    first, second = [one for one, _ in rows], [other for _, other in rows]
    made, swapped = both_orders(first, second), both_orders(second, first, names=("b", "a"))

    assert swapped == made
    assert made.n == made.consistent + made.first + made.second + made.half == len(rows) - made.unjudged
    for rule in ("tie", "signed"):
        scores = order_scores(first, second, rule=rule)
        mirrored = order_scores(second, first, rule=rule, names=("b", "a"))
        assert [score if score is None else 1 - score for score in scores] == list(mirrored)
        assert [score is None for score in scores] == [None in row for row in rows]


def test_a_strange_winner_or_a_lost_order_is_refused() -> None:
    with pytest.raises(ValueError, match="not 'c'"):
        both_orders(["a"], ["c"])
    with pytest.raises(ValueError, match="1 verdicts in one order"):
        both_orders(["a"], [])


@pytest.mark.skipif(not DATA.is_dir(), reason="the real data sets are not beside the project")
@pytest.mark.parametrize(
    ("judge", "consistent", "first", "second", "p"),
    [
        ("GPT-4", 382, 19, 18, 1.0),
        ("ChatGPT", 256, 159, 4, 4.97e-42),
        ("LLaMA2", 323, 77, 18, None),
        ("PaLM2", 313, 66, 31, None),
        ("Falcon", 185, 229, 5, None),
    ],
)
def test_llmbars_judges_have_the_known_bias_to_a_place(
    judge: str, consistent: int, first: int, second: int, p: float | None
) -> None:
    """princeton-nlp/LLMBar, prompt Vanilla_NoRules, 419 items; an unparseable verdict is no verdict."""
    with gzip.open(DATA / "llmbar_verdicts.csv.gz", "rt", encoding="utf-8") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["evaluator"] == f"{judge}/Vanilla_NoRules" and row["subset"].startswith("LLMBar/")
        ]
    names = ("1", "2")
    winners = [[row[order] if row[order] in names else None for row in rows] for order in ("ab_winner", "ba_winner")]
    made = both_orders(*winners, names=names)

    assert len(rows) == 419
    assert (made.consistent, made.first, made.second) == (consistent, first, second)
    if p is not None:
        assert made.p_value == pytest.approx(p, rel=2e-3)
