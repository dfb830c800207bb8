"""The cascade, measured: where the cheap judge is unsure, the strong one is asked."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.analysis.judges import Cascade, JudgePair, cascade, cascade_line

TWO = (("bad", 0.0), ("good", 1.0))


def a_pair(
    cheap: list[float | None], strong: list[float | None], *, doubts: dict[str, list[float]] | None = None, **more: Any
) -> JudgePair:
    n = len(cheap)
    columns: dict[str, Any] = {
        "clusters": (None,) * n,
        "cheap_costs": (1.0,) * n,
        "strong_costs": (10.0,) * n,
        "people": (None,) * n,
    }
    return JudgePair(
        cheap="cheap",
        strong="strong",
        scale=TWO,
        cases=tuple(f"case-{row}" for row in range(n)),
        cheap_values=tuple(cheap),
        strong_values=tuple(strong),
        doubts={signal: tuple(values) for signal, values in (doubts or {}).items()},
        **{**columns, **more},
    )


def measured(table: JudgePair, margin: float = 0.05) -> Cascade:
    found = cascade(table, margin=margin)
    assert found is not None
    return found


def at(found: Cascade, signal: str) -> Any:
    (point,) = [one for one in found.points if one.signal == signal]
    return point


def unsure_where_wrong(n: int = 400, wrong: int = 80, missed: int = 8, unsure: int = 100) -> JudgePair:
    """The cheap judge differs on `wrong` outputs and doubts `unsure`, all wrong ones but `missed` among them."""
    differs = [row % n < wrong for row in range(n)]
    doubt = [float(missed <= row < missed + unsure) for row in range(n)]
    order = random.Random(1).sample(range(n), n)
    return a_pair(
        [0.0 if differs[row] else 1.0 for row in order],
        [1.0] * n,
        doubts={"disagreement": [doubt[row] for row in order]},
    )


def test_a_signal_that_finds_where_the_judges_differ_keeps_near_the_strong_one_and_saves() -> None:
    found = measured(unsure_where_wrong())
    point, expected = at(found, "disagreement"), found.expected

    assert (point.escalated, point.distance, point.agreement) == pytest.approx((0.25, 8 / 400, 392 / 400))
    assert (point.cost_usd, point.saving) == pytest.approx((1 + 2.5, 1 - 3.5 / 10))
    assert point.random_distance == pytest.approx(0.75 * 80 / 400)
    assert point.gain.value == pytest.approx(72 / 400 - 0.25 * 80 / 400)
    assert not point.worthless
    assert found.recommended == point
    assert expected.saving is not None
    assert expected.saving.low is not None
    assert expected.saving.low < 0.65 < expected.saving.high  # type: ignore[operator]
    assert expected.escalated == pytest.approx(0.25)
    assert "cheap first, strong where its judgements of one output differ" in cascade_line("cheap", "strong", found)


def test_a_signal_that_is_no_better_than_drawing_lots_is_said_to_be_worthless() -> None:
    rng = random.Random(5)
    cheap = [float(rng.random() < 0.8) for _ in range(400)]
    doubts = [float(rng.random() < 0.9) for _ in range(400)]
    found = measured(a_pair(cheap, [1.0] * 400, doubts={"disagreement": doubts}, cheap_costs=(0.1,) * 400))

    assert found.is_worthless("disagreement")
    assert found.json()["signals"] == {"disagreement": False}
    assert found.recommended.signal == "disagreement"  # the distance is kept, as lots would keep it
    assert "worthless" in cascade_line("cheap", "strong", found)


def test_of_many_signals_of_nothing_none_is_called_better_than_chance() -> None:
    rng = random.Random(6)
    cheap = [float(rng.random() < 0.85) for _ in range(300)]
    levels = [rng.random() for _ in range(300)]
    found = measured(a_pair(cheap, [1.0] * 300, doubts={"middle": [round(one, 1) for one in levels]}))

    assert len(found.points) > 8
    assert found.is_worthless("middle")


@pytest.mark.parametrize("levels", [1, 7, 20, 21, 333])
def test_a_fine_scale_has_a_readable_number_of_thresholds(levels: int) -> None:
    doubts = [(row + 1) / levels for row in range(levels)]
    found = measured(a_pair([1.0] * levels, [1.0] * levels, doubts={"middle": doubts}))
    thresholds = [point.at_least for point in found.points[1:-1]]

    assert len(thresholds) == min(levels, 20)
    assert thresholds[-1] == min(doubts)
    assert thresholds == sorted(set(thresholds), reverse=True)


def test_what_is_expected_is_not_told_from_the_outputs_that_the_choice_was_made_by() -> None:
    rng = random.Random(9)
    n = 60
    cheap = [float(rng.random() < 0.7) for _ in range(n)]
    doubts = {f"signal {k}": [float(rng.random() < 0.5) for _ in range(n)] for k in range(60)}
    found = measured(a_pair(cheap, [1.0] * n, doubts=doubts), margin=0.08)

    assert found.recommended.distance <= 0.08
    assert found.expected.distance.value is not None
    assert found.expected.distance.value > found.recommended.distance + 0.02


def test_where_no_signal_keeps_within_the_margin_the_strong_judge_is_asked_always() -> None:
    found = measured(unsure_where_wrong(missed=60, wrong=80))

    assert found.recommended.signal == "always strong"
    assert found.expected.saving is not None
    assert found.expected.saving.value == pytest.approx(0)
    assert found.expected.distance.value == 0
    assert "still 0.150 of the scale from strong, and 0.05 is accepted" in cascade_line("cheap", "strong", found)


def test_where_the_cheap_judge_is_near_enough_nothing_is_escalated() -> None:
    found = measured(unsure_where_wrong(wrong=12))

    assert (found.recommended.signal, found.recommended.escalated) == ("unscored", 0)
    assert found.expected.escalated == 0


def test_what_the_cheap_judge_did_not_score_is_escalated_whatever_the_signal() -> None:
    cheap: list[float | None] = [None] * 30 + [1.0] * 70
    doubts = {"disagreement": [0.0] * 90 + [1.0] * 10}
    found = measured(a_pair(cheap, [0.0] * 30 + [1.0] * 70, doubts=doubts))

    assert found.points[0].escalated == pytest.approx(0.3)
    assert found.points[0].distance == 0
    assert at(found, "disagreement").escalated == pytest.approx(0.4)
    assert at(found, "disagreement").worthless  # what had no score is no merit of the signal


def test_outputs_that_the_strong_judge_did_not_score_are_left_out() -> None:
    found = measured(a_pair([1.0] * 10, [None] * 4 + [1.0] * 6))
    assert found.n == 6
    assert cascade(a_pair([1.0], [None]), margin=0.05) is None


def test_with_an_unknown_price_there_is_no_saving_and_the_least_is_escalated() -> None:
    table = unsure_where_wrong()
    found = measured(
        a_pair(
            list(table.cheap_values),
            list(table.strong_values),
            doubts={"disagreement": list(table.doubts["disagreement"])},
            cheap_costs=(None,) + (1.0,) * 399,
        )
    )

    assert found.recommended.signal == "disagreement"
    assert (at(found, "disagreement").saving, found.expected.saving, found.expected.cost_usd) == (None, None, None)


def test_a_cascade_that_costs_more_than_the_strong_judge_alone_is_not_recommended() -> None:
    table = unsure_where_wrong()
    dear = a_pair(
        list(table.cheap_values),
        list(table.strong_values),
        doubts={"disagreement": list(table.doubts["disagreement"])},
        cheap_costs=(9.0,) * 400,
    )
    assert measured(dear).recommended.signal == "always strong"


def test_beside_people_the_cascade_is_as_right_as_those_it_asked() -> None:
    table = unsure_where_wrong()
    labelled = a_pair(
        list(table.cheap_values),
        list(table.strong_values),
        doubts={"disagreement": list(table.doubts["disagreement"])},
        people=(1.0,) * 400,
    )
    people = measured(labelled).expected.people
    assert people is not None
    assert people.value == pytest.approx(-8 / 400)


values = st.lists(
    st.tuples(
        st.sampled_from([None, 0.0, 0.5, 1.0]),
        st.sampled_from([0.0, 0.5, 1.0]),
        st.sampled_from([0.0, 0.25, 0.5, 1.0]),
        st.sampled_from(["a", "b", None]),
    ),
    min_size=1,
    max_size=30,
)


@given(values)
def test_to_escalate_more_brings_the_cascade_nearer_and_makes_it_dearer(rows: list[Any]) -> None:
    cheap, strong, doubts, clusters = (list(column) for column in zip(*rows, strict=True))
    table = a_pair(cheap, strong, doubts={"disagreement": doubts}, clusters=tuple(clusters))
    found = measured(table)

    own = found.points[:-1]  # always strong does not pay the cheap judge
    for fewer, more in itertools.pairwise(own):
        assert more.escalated > fewer.escalated
        assert more.distance <= fewer.distance + 1e-12
        assert more.cost_usd > fewer.cost_usd
    assert found.points[-1].distance == 0
    assert 0 <= found.expected.escalated <= 1
    one, other = table.folds(range(table.n))
    assert sorted([*one, *other]) == list(range(table.n))
    assert not {clusters[row] for row in one} & {clusters[row] for row in other} - {None}
