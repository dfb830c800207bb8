"""The evidence on a win rate: one sample beside one half, as exact as its intervals are."""

from __future__ import annotations

from typing import Any

import pytest

from evalkit.analysis.gate import GatePolicy, GateRule
from evalkit.analysis.gate.even import Even, even_evidence
from evalkit.analysis.scores import CaseScore, RunScores
from evalkit.score import Status
from evalkit.stats import estimate

POLICY = GatePolicy(baseline="production", rules=(GateRule(grader="p", criterion="p", margin=0.1),))


def scores(*values: float | None) -> RunScores:
    cases = [
        CaseScore(
            case_id=f"c{n}", case_digest="d", position=n, value=value,
            status=Status.SCORED if value is not None else Status.REFUSED,
        )
        for n, value in enumerate(values)
    ]  # fmt: skip
    return RunScores(
        run="r", candidate="c", grader="p", criterion="p", judge="j", label="", dataset="d", cases=cases, pending=()
    )


def evidence(*values: float | None, kind: Any = "margin", limit: float = 0.1, direction: Any = "higher") -> Any:
    return even_evidence(scores(*values), Even(kind=kind, limit=limit, direction=direction), policy=POLICY)


def test_the_interval_is_that_of_the_win_rate_less_one_half() -> None:
    values = [1.0] * 20 + [0.5] * 15 + [0.0] * 5
    made, plain = evidence(*values), estimate(values, low_value=0, high_value=1)

    assert (made.low + 0.5, made.high + 0.5) == pytest.approx((plain.low, plain.high))
    assert (made.baseline, made.candidate, made.wins, made.losses) == (0.5, plain.mean, 20, 5)
    assert made.passes


def test_it_leaves_no_room_for_what_no_win_rate_can_be() -> None:
    won, lost = evidence(*[1.0] * 40), evidence(*[0.0] * 40)

    assert (won.high, lost.low) == (0.5, -0.5)
    assert lost.passes is False
    assert lost.p_value < 1e-6 < won.p_value


def test_pairs_that_all_tie_show_that_neither_is_worse() -> None:
    made = evidence(*[0.5] * 40, limit=0.05)
    assert (made.passes, made.delta) == (True, 0)
    assert made.p_value == 1


def test_lower_is_better_turns_wins_and_losses_around() -> None:
    values = [1.0] * 4 + [0.5] * 6 + [0.0] * 20
    up, down = evidence(*values, direction="lower"), evidence(*(1 - value for value in values))

    assert (up.low, up.high, up.p_value) == (down.low, down.high, down.p_value)
    assert up.candidate == pytest.approx(1 - down.candidate)


def test_a_relative_drop_is_one_of_one_half() -> None:
    values = [1.0] * 8 + [0.5] * 20 + [0.0] * 10
    share, margin = evidence(*values, kind="max_relative_drop", limit=0.2), evidence(*values, limit=0.1)

    assert share.passes == margin.passes
    assert share.low == pytest.approx(margin.low + 0.1)


def test_a_pass_that_unscored_cases_could_turn_says_so() -> None:
    values = [1.0] * 10 + [0.5] * 10 + [None] * 8
    made = evidence(*values)
    assert (made.passes, made.fragile) == (True, 8)
