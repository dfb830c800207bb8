"""Intervals for the difference of two pass rates over the same cases.

`wins` are the cases that only the candidate passed, `losses` those that only the baseline passed; the
difference is (wins - losses) / n. All are within [-1, 1] and mirrored when wins and losses swap.
"""

from __future__ import annotations

import math

from evalkit.stats.distribution import two_sided_z
from evalkit.stats.interval import Interval
from evalkit.stats.proportion import wilson

_HALVINGS = 60
"""Halvings of an interval of width 2 until its ends are neighbours."""

DIFFERENCE_SCALE = Interval(low=-1.0, high=1.0)


def tango(wins: int, losses: int, n: int, *, confidence: float = 0.95) -> Interval | None:
    """Tango's score interval; None for n = 0.

    Raises:
        ValueError: wins and losses are not counts within n.
    """
    _check(wins, losses, n)
    if n == 0:
        return None
    return tango_at(wins, losses, n, two_sided_z(confidence))


def tango_at(wins: int, losses: int, n: int, z: float) -> Interval:
    """Tango's score interval for n >= 1 with a normal quantile of one's own."""
    return Interval(low=_tango_low(wins, losses, n, z), high=-_tango_low(losses, wins, n, z))


def tango_z(wins: int, losses: int, n: int, delta: float) -> float | None:
    """Tango's score statistic for a true difference of `delta`; None where it has no variance.

    At delta = 0 it is the root of McNemar's statistic; at minus the margin it tests non-inferiority.
    """
    _check(wins, losses, n)
    if n == 0:
        return None
    spread = _tango_spread(wins, losses, n, delta)
    return (wins - losses - n * delta) / spread if spread > 0 else None


def _tango_low(wins: int, losses: int, n: int, z: float) -> float:
    """The difference, below the observed one, at which the score statistic is z."""
    below, above = -1.0, (wins - losses) / n
    for _ in range(_HALVINGS):
        middle = (below + above) / 2
        # Without the division the statistic is defined at the ends too, where its variance is 0.
        if wins - losses - n * middle > z * _tango_spread(wins, losses, n, middle):
            below = middle
        else:
            above = middle
    return below


def _tango_spread(wins: int, losses: int, n: int, delta: float) -> float:
    """Standard deviation of wins - losses when the difference is delta, by restricted maximum likelihood."""
    a, b, c = 2 * n, (2 * n - wins + losses) * delta - wins - losses, -losses * delta * (1 - delta)
    only_baseline = (math.sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)
    return math.sqrt(max(0.0, n * (2 * only_baseline + delta * (1 - delta))))


def newcombe(*, both: int, wins: int, losses: int, neither: int, confidence: float = 0.95) -> Interval | None:
    """Newcombe's square-and-add interval (his method 10) from all four cells; None for no cases.

    Raises:
        ValueError: a cell is negative.
    """
    if min(both, wins, losses, neither) < 0:
        raise ValueError("a cell of the table cannot be negative")
    n = both + wins + losses + neither
    candidate = wilson(both + wins, n, confidence=confidence)
    baseline = wilson(both + losses, n, confidence=confidence)
    if candidate is None or baseline is None:
        return None
    phi = _corrected_phi(both, wins, losses, neither)
    rate, base = (both + wins) / n, (both + losses) / n
    delta = (wins - losses) / n
    low = delta - _square_and_add(rate - candidate.low, baseline.high - base, phi)
    high = delta + _square_and_add(candidate.high - rate, base - baseline.low, phi)
    return Interval(low=low, high=high).clip(DIFFERENCE_SCALE)


def _square_and_add(one: float, other: float, phi: float) -> float:
    return math.sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))


def _corrected_phi(both: int, wins: int, losses: int, neither: int) -> float:
    """The table's correlation, its positive numerator reduced by n / 2 for continuity."""
    sides = (both + wins) * (losses + neither) * (both + losses) * (wins + neither)
    if sides == 0:
        return 0.0
    numerator = both * neither - wins * losses
    if numerator > 0:
        numerator = max(0.0, numerator - (both + wins + losses + neither) / 2)
    return numerator / math.sqrt(sides)


def bonett_price(wins: int, losses: int, n: int, *, confidence: float = 0.95) -> Interval | None:
    """Bonett and Price's adjusted Wald interval: one more win and one more loss; None for n = 0.

    Raises:
        ValueError: wins and losses are not counts within n.
    """
    _check(wins, losses, n)
    if n == 0:
        return None
    return _wald(wins + 1, losses + 1, n + 2, two_sided_z(confidence))


def agresti_min(wins: int, losses: int, n: int, *, confidence: float = 0.95) -> Interval | None:
    """Agresti and Min's adjusted Wald interval: half a case more in each of the four cells; None for n = 0.

    Raises:
        ValueError: wins and losses are not counts within n.
    """
    _check(wins, losses, n)
    if n == 0:
        return None
    return _wald(wins + 0.5, losses + 0.5, n + 2, two_sided_z(confidence))


def diff_wald(wins: int, losses: int, n: int, *, confidence: float = 0.95) -> Interval | None:
    """Difference +- z * SE, for comparison only: it has no width where every case ties; None for n = 0.

    Raises:
        ValueError: wins and losses are not counts within n.
    """
    _check(wins, losses, n)
    if n == 0:
        return None
    return _wald(wins, losses, n, two_sided_z(confidence))


def _wald(won: float, lost: float, n: float, z: float) -> Interval:
    half = z * math.sqrt(max(0.0, won + lost - (won - lost) ** 2 / n)) / n
    delta = (won - lost) / n
    return Interval(low=delta - half, high=delta + half).clip(DIFFERENCE_SCALE)


def _check(wins: int, losses: int, n: int) -> None:
    if min(wins, losses) < 0 or wins + losses > n:
        raise ValueError(f"{wins} wins and {losses} losses of {n} cannot be")
