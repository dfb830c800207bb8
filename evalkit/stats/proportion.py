"""Intervals of one pass rate: Wilson's is the default, the others are for those who need what they promise.

wilson            the score interval: covers what it says on average, at every rate
wilson_corrected  with correction for continuity: covers at least what it says nearly everywhere
clopper_pearson   exact: never covers less than it says, and is wider for it
jeffreys          a posterior with Jeffreys' prior, covers on average
beta_posterior    a posterior with a uniform prior
wald              rate +- z * SE; for comparison only, as it has no width at 0 and 1
"""

from __future__ import annotations

import math

from evalkit.stats.distribution import beta_quantile, fair_coin_cdf, tail, two_sided_z
from evalkit.stats.interval import Interval

_UNIT = Interval(low=0.0, high=1.0)


def wilson(passed: int, n: int, *, confidence: float = 0.95) -> Interval | None:
    """The Wilson score interval of passed / n, within [0, 1]; None for n = 0.

    Raises:
        ValueError: not 0 <= passed <= n.
    """
    _check(passed, n)
    return wilson_at(passed, n, two_sided_z(confidence)) if n else None


def wilson_at(passed: int, n: int, z: float) -> Interval:
    """Wilson's score interval for n >= 1 with a normal quantile of one's own."""
    # The upper end is the lower end of the failures, mirrored: so 0 and 1 are met exactly and never passed.
    return Interval(low=_low(passed, n, z), high=1 - _low(n - passed, n, z))


def _low(passed: int, n: int, z: float) -> float:
    rate, weight = passed / n, z * z / n
    centre = rate + weight / 2
    half = math.sqrt(weight * (rate * (1 - rate) + weight / 4))
    return max(0.0, centre - half) / (1 + weight)


def wilson_corrected(passed: int, n: int, *, confidence: float = 0.95) -> Interval | None:
    """Wilson's interval corrected for continuity (Newcombe 1998, method 4); None for n = 0.

    Raises:
        ValueError: not 0 <= passed <= n.
    """
    _check(passed, n)
    if n == 0:
        return None
    z = two_sided_z(confidence)
    return Interval(low=_corrected_low(passed, n, z), high=1 - _corrected_low(n - passed, n, z))


def _corrected_low(passed: int, n: int, z: float) -> float:
    if passed == 0:
        return 0.0
    rate = passed / n
    root = z * z - 2 - 1 / n + 4 * rate * (n * (1 - rate) + 1)
    return max(0.0, (2 * passed + z * z - 1 - z * math.sqrt(max(0.0, root))) / (2 * (n + z * z)))


def clopper_pearson(passed: int, n: int, *, confidence: float = 0.95) -> Interval | None:
    """The exact interval of passed / n; None for n = 0.

    Raises:
        ValueError: not 0 <= passed <= n.
    """
    _check(passed, n)
    if n == 0:
        return None
    alpha = tail(confidence)
    low = beta_quantile(alpha, passed, n - passed + 1) if passed else 0.0
    high = beta_quantile(1 - alpha, passed + 1, n - passed) if passed < n else 1.0
    return Interval(low=low, high=high)


def jeffreys(passed: int, n: int, *, confidence: float = 0.95) -> Interval | None:
    """The equal-tailed posterior interval with Jeffreys' prior, its end 0 or 1 where none or all passed.

    Raises:
        ValueError: not 0 <= passed <= n.
    """
    _check(passed, n)
    if n == 0:
        return None
    alpha = tail(confidence)
    low = beta_quantile(alpha, passed + 0.5, n - passed + 0.5) if passed else 0.0
    high = beta_quantile(1 - alpha, passed + 0.5, n - passed + 0.5) if passed < n else 1.0
    return Interval(low=low, high=high)


def beta_posterior(passed: int, n: int, *, confidence: float = 0.95) -> Interval:
    """The equal-tailed posterior interval with a uniform prior, Beta(1, 1); of no cases, the prior's own.

    Raises:
        ValueError: not 0 <= passed <= n.
    """
    _check(passed, n)
    alpha = tail(confidence)
    low, high = (beta_quantile(p, passed + 1, n - passed + 1) for p in (alpha, 1 - alpha))
    return Interval(low=low, high=high)


def paired_posterior(wins: int, losses: int) -> float:
    """P(the candidate's rate is the higher one), given the cases that only one side passed, from a uniform prior.

    Bowyer et al. 2025 (arXiv 2503.01747): Dirichlet(1, 1, 1, 1) on the four cells of the paired table.

    Raises:
        ValueError: a count is negative.
    """
    if wins < 0 or losses < 0:
        raise ValueError(f"{wins} wins and {losses} losses cannot be")
    return fair_coin_cdf(wins, wins + losses + 1)


def wald(passed: int, n: int, *, confidence: float = 0.95) -> Interval | None:
    """Rate +- z * SE, within [0, 1]; None for n = 0.

    Raises:
        ValueError: not 0 <= passed <= n.
    """
    _check(passed, n)
    if n == 0:
        return None
    rate = passed / n
    half = two_sided_z(confidence) * math.sqrt(rate * (1 - rate) / n)
    return Interval(low=rate - half, high=rate + half).clip(_UNIT)


def _check(passed: int, n: int) -> None:
    if not 0 <= passed <= n:
        raise ValueError(f"{passed} passed of {n} cannot be")
