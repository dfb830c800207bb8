"""Looking more than once: what stays true however often one looks, and looks that were planned.

Peeking at an ordinary 95 % interval after every case is wrong in a third of all null comparisons. An e-process and
a confidence sequence hold at every moment at once, so one may stop whenever one likes; they are wider for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from evalkit.stats.distribution import tail
from evalkit.stats.interval import Interval

Shape: TypeAlias = Literal["obrien-fleming", "pocock"]
TIGHTEST_AT: Final = 200.0
"""The number of cases at which a confidence sequence is the tightest; fixed, as it must not depend on the data."""
_GRID: Final = 128
"""Points of the density that is carried from look to look."""
_HALVINGS: Final = 45


@dataclass(frozen=True, slots=True, kw_only=True)
class EProcess:
    """The evidence against a fair coin after every toss; 20 or more, ever, is evidence at the level of 5 %."""

    e_value: float
    """After the last toss."""
    highest: float
    p_value: float
    """Valid at every moment: the smallest of 1 / E so far."""


def e_value(wins: int, losses: int) -> float:
    """The e-value of wins and losses against a fair coin, with a uniform prior: 2^m B(1 + wins, 1 + losses).

    Raises:
        ValueError: a count is negative.
    """
    if wins < 0 or losses < 0:
        raise ValueError(f"{wins} wins and {losses} losses cannot be")
    return _exp(_log_e(wins, losses))


def _log_e(wins: int, losses: int) -> float:
    tosses = wins + losses
    log_beta = math.lgamma(wins + 1) + math.lgamma(losses + 1) - math.lgamma(tosses + 2)
    return tosses * math.log(2) + log_beta


def _exp(log: float) -> float:
    return math.exp(log) if log < 700 else math.inf


def e_process(won: Iterable[bool]) -> EProcess:
    """The e-process of discordant cases in the order in which they were seen; True is a case that was won."""
    wins = losses = 0
    now = highest = 0.0
    for one in won:
        wins, losses = wins + one, losses + (not one)
        now = _log_e(wins, losses)
        highest = max(highest, now)
    return EProcess(e_value=_exp(now), highest=_exp(highest), p_value=math.exp(-highest))


def sequence_quantile(n: int, *, tightest_at: float = TIGHTEST_AT, confidence: float = 0.95) -> float:
    """What takes the place of the normal quantile after n >= 1 cases, at every n at once.

    Waudby-Smith et al. 2024, "Time-uniform central limit theory and asymptotic confidence sequences".
    """
    mixed = n * _mixing(tightest_at, confidence)
    alpha = 2 * tail(confidence)
    return math.sqrt(2 * (mixed + 1) / mixed * math.log(math.sqrt(mixed + 1) / alpha))


def _mixing(tightest_at: float, confidence: float) -> float:
    """The variance of the mixture (r^2) whose sequence is the tightest at that number of cases."""
    loss = -2 * math.log(2 * tail(confidence))
    return (loss + math.log(loss) + 1) / tightest_at


def confidence_sequence(
    mean: float, sd: float, n: int, *, tightest_at: float = TIGHTEST_AT, confidence: float = 0.95
) -> Interval:
    """An interval of a mean that holds at every n at once, from the standard deviation so far.

    Raises:
        ValueError: there are no cases.
    """
    if n < 1:
        raise ValueError("a confidence sequence begins with the first case")
    half = sequence_quantile(n, tightest_at=tightest_at, confidence=confidence) * sd / math.sqrt(n)
    return Interval(low=mean - half, high=mean + half)


def sequence_p(z: float, n: int, *, tightest_at: float = TIGHTEST_AT, confidence: float = 0.95) -> float:
    """The two-sided p-value, valid at every moment, of a mean that lies z standard errors from 0 after n cases."""
    mixed = n * _mixing(tightest_at, confidence)
    return min(1.0, math.sqrt(mixed + 1) * math.exp(-z * z * mixed / (2 * (mixed + 1))))


def spend(alpha: float, look: int) -> float:
    """What the look (1, 2, ...) may spend of alpha, if there is no end of looks: alpha * 6 / (pi^2 look^2).

    Raises:
        ValueError: looks are counted from 1.
    """
    if look < 1:
        raise ValueError("looks are counted from 1")
    return alpha * 6 / (math.pi * look) ** 2


def group_sequential_bounds(
    looks: int, shape: Shape = "obrien-fleming", *, confidence: float = 0.95
) -> tuple[float, ...]:
    """The |z| that each of equally spaced planned looks has to reach (Jennison and Turnbull 2000, tables 2.1, 2.3).

    Raises:
        ValueError: there are no looks.
    """
    if looks < 1:
        raise ValueError("a plan has at least one look")
    alpha = 2 * tail(confidence)
    low, high = 0.0, 10.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _ever_beyond(_bounds(middle, looks, shape)) > alpha:
            low = middle
        else:
            high = middle
    return _bounds(high, looks, shape)


def _bounds(constant: float, looks: int, shape: Shape) -> tuple[float, ...]:
    if shape == "pocock":
        return (constant,) * looks
    return tuple(constant * math.sqrt(looks / look) for look in range(1, looks + 1))


def _ever_beyond(bounds: tuple[float, ...]) -> float:
    """P(any |z_k| >= bound_k) for sums of equal normal steps, carrying the density inside from look to look."""
    import numpy as np

    nodes, weights = np.polynomial.legendre.leggauss(_GRID)
    points, density = np.zeros(1), np.ones(1)
    for look, bound in enumerate(bounds, start=1):
        reach = bound * math.sqrt(look)
        ahead = nodes * reach
        steps = np.exp(-((ahead[:, None] - points[None, :]) ** 2) / 2) / math.sqrt(2 * math.pi)
        density = (steps @ density) * weights * reach
        points = ahead
    return 1 - float(density.sum())
