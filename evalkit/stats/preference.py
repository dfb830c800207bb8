"""Pairwise preferences: the win rate with ties, and both orders of presentation.

An instruction judged in both orders is one observation, not two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from evalkit.stats.clusters import clustered_standard_error, clusters_of
from evalkit.stats.estimate import Estimate, estimate, estimate_counts
from evalkit.stats.mcnemar import mcnemar_exact
from evalkit.stats.values import TIE, vector

if TYPE_CHECKING:
    from evalkit.stats.values import Values, Vector

Rule: TypeAlias = Literal["tie", "signed"]
"""What an instruction scores whose two orders disagree.

tie      half a win, unless both orders name the same winner
signed   the sign of the two votes' sum, so that one win and one tie is a win (JudgeBench)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WinRate:
    """The mean of scores of 1 for a win, 0.5 for a tie and 0 for a loss; anything between leans that way."""

    rate: Estimate
    standard_error: float | None
    """Of the rate over instructions, or over clusters where they share them; None for fewer than two."""
    wins: int
    ties: int
    losses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BothOrders:
    """How a judge's verdicts hold when the outputs change places."""

    n: int
    """Instructions with a verdict in both orders; only these count."""
    unjudged: int
    consistent: int
    """The same winner, or a tie, in both orders."""
    first: int
    """The output shown first won in both orders."""
    second: int
    """The output shown second won in both orders."""
    half: int
    """A tie in one order only."""
    consistency: Estimate
    p_value: float | None
    """Exact two-sided p of `first` against `second` by a fair coin: is there a bias to one place?"""


def win_rate(scores: Values, *, clusters: Sequence[str | None] | None = None, confidence: float = 0.95) -> WinRate:
    """The win rate of one score per instruction within [0, 1], with its interval.

    Raises:
        ValueError: a score is outside [0, 1], or the clusters are not one per score.
    """
    array = vector(scores)
    if array.size and not 0 <= array.min() <= array.max() <= 1:
        raise ValueError("a preference lies between 0, lost, and 1, won")
    wins, losses = int((array > 0.5 + TIE).sum()), int((array < 0.5 - TIE).sum())
    rate = estimate(array, clusters=clusters, confidence=confidence, low_value=0, high_value=1)
    return WinRate(
        rate=rate,
        standard_error=_standard_error(array, clusters),
        wins=wins,
        ties=len(array) - wins - losses,
        losses=losses,
    )


def _standard_error(array: Vector, names: Sequence[str | None] | None) -> float | None:
    clusters = clusters_of(names, len(array))
    if clusters is not None:
        return clustered_standard_error(array, clusters)
    return float(array.std(ddof=1)) / math.sqrt(len(array)) if len(array) > 1 else None


def both_orders(
    first: Sequence[str | None],
    second: Sequence[str | None],
    *,
    names: tuple[str, str] = ("a", "b"),
    tie: str = "tie",
    confidence: float = 0.95,
) -> BothOrders:
    """Consistency and place bias of the winners in order (a, b), `first`, and in order (b, a), `second`.

    Winners are named by output, not by place; None is no verdict.

    Raises:
        ValueError: the orders differ in length, or a winner is neither of the names nor a tie.
    """
    votes = [pair for pair in _votes(first, second, names=names, tie=tie) if pair is not None]
    consistent = sum(one == other for one, other in votes)
    in_first, in_second = votes.count((1, -1)), votes.count((-1, 1))
    n = len(votes)
    return BothOrders(
        n=n,
        unjudged=len(first) - n,
        consistent=consistent,
        first=in_first,
        second=in_second,
        half=n - consistent - in_first - in_second,
        consistency=estimate_counts({1.0: consistent, 0.0: n - consistent}, confidence=confidence),
        p_value=mcnemar_exact(in_first, in_second) if n else None,
    )


def order_scores(
    first: Sequence[str | None],
    second: Sequence[str | None],
    *,
    rule: Rule = "tie",
    names: tuple[str, str] = ("a", "b"),
    tie: str = "tie",
) -> tuple[float | None, ...]:
    """The score of the first name per instruction, 1, 0.5 or 0; None without a verdict in both orders.

    Raises:
        ValueError: as for `both_orders`.
    """
    return tuple(pair and _score(*pair, rule=rule) for pair in _votes(first, second, names=names, tie=tie))


def _score(one: int, other: int, *, rule: Rule) -> float:
    if rule == "tie" and one != other:
        return 0.5
    total = one + other
    return 0.5 + 0.5 * ((total > 0) - (total < 0))


def _votes(
    first: Sequence[str | None], second: Sequence[str | None], *, names: tuple[str, str], tie: str
) -> list[tuple[int, int] | None]:
    """Per instruction the votes of both orders: 1 for the first name, -1 for the second, 0 for a tie."""
    if len(first) != len(second):
        raise ValueError(f"{len(first)} verdicts in one order do not go with {len(second)} in the other")
    vote = {names[0]: 1, names[1]: -1, tie: 0}
    strange = {winner for winner in (*first, *second) if winner is not None} - vote.keys()
    if strange:
        raise ValueError(f"a winner is one of {', '.join(vote)} or None, not {sorted(strange)[0]!r}")
    return [
        None if one is None or other is None else (vote[one], vote[other])
        for one, other in zip(first, second, strict=True)
    ]
