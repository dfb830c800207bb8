"""How many cases a difference of two pass rates over the same cases needs, and the exact power of McNemar's tests.

`discordance` is the share of cases that only one side passes, `delta` the true difference of the pass rates.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias

from evalkit.stats.distribution import normal_quantile, two_sided_z
from evalkit.stats.mcnemar import mcnemar_exact, mcnemar_midp

Test: TypeAlias = Literal["midp", "exact"]
_NEGLIGIBLE = 1e-12


class _Binomial(Protocol):
    """The part of `scipy.special` in use; scipy ships no types."""

    def bdtr(self, k: float, n: int, p: float, /) -> float: ...


def mcnemar_sample_size(
    *, discordance: float, delta: float, confidence: float = 0.95, power: float = 0.8
) -> float | None:
    """The n, unrounded, at which McNemar's test sees a true difference of `delta`; None for no difference.

    Raises:
        ValueError: not |delta| <= discordance <= 1.
    """
    _check(discordance, delta)
    if delta == 0:
        return None
    null = two_sided_z(confidence) * math.sqrt(discordance)
    alternative = normal_quantile(power) * math.sqrt(discordance - delta**2)
    return (null + alternative) ** 2 / delta**2


def non_inferiority_sample_size(
    margin: float, *, discordance: float, delta: float = 0.0, confidence: float = 0.95, power: float = 0.8
) -> float | None:
    """The n, unrounded, at which the interval's lower end is above -margin; None where none is enough.

    The one-sided error is (1 - confidence) / 2: that of the lower end of the two-sided interval.

    Raises:
        ValueError: not |delta| <= discordance <= 1.
    """
    _check(discordance, delta)
    if margin + delta <= 0:
        return None
    factor = two_sided_z(confidence) + normal_quantile(power)
    return factor**2 * (discordance - delta**2) / (margin + delta) ** 2


def cases_needed_without_flips(margin: float, *, confidence: float = 0.95) -> int:
    """The fewest cases, all passed or failed by both sides, whose Tango interval lies above -margin.

    Raises:
        ValueError: the margin is not strictly between 0 and 1.
    """
    if not 0 < margin < 1:
        raise ValueError(f"a margin of pass rates lies between 0 and 1, not {margin}")
    # With no discordant case the score statistic at -margin is sqrt(n * margin / (1 - margin)).
    return math.floor(two_sided_z(confidence) ** 2 * (1 - margin) / margin) + 1


def mcnemar_power(n: int, *, discordance: float, delta: float, test: Test = "midp", confidence: float = 0.95) -> float:
    """The exact chance that the test rejects, either way, over all tables of n cases.

    Raises:
        ValueError: not |delta| <= discordance <= 1, or n is negative.
    """
    _check(discordance, delta)
    if n < 0:
        raise ValueError(f"{n} cases cannot be")
    if discordance == 0:
        return 0.0
    p_value = mcnemar_midp if test == "midp" else mcnemar_exact
    won = min(1.0, (discordance + delta) / (2 * discordance))
    chances: list[float] = []
    critical = -1
    for discordant in range(n + 1):
        critical = _critical(discordant, critical, p_value, 1 - confidence)
        weight = _binomial_pmf(discordant, n, discordance)
        if critical >= 0 and weight > _NEGLIGIBLE:
            chances.append(weight * _beyond(critical, discordant, won))
    return math.fsum(chances)


def _critical(discordant: int, before: int, p_value: Callable[[int, int], float], level: float) -> int:
    """The most wins out of `discordant` that are significantly few, -1 for none; grows by at most 1 with each case."""
    candidate = before + 1
    few = 2 * candidate < discordant and p_value(candidate, discordant - candidate) <= level
    return candidate if few else before


def _beyond(critical: int, discordant: int, won: float) -> float:
    """P(at most `critical` wins, or at most as many losses) of `discordant` cases."""
    from scipy import special  # pyright: ignore[reportMissingTypeStubs]  # scipy ships no types

    binomial: _Binomial = special
    return float(binomial.bdtr(critical, discordant, won)) + float(binomial.bdtr(critical, discordant, 1 - won))


def _binomial_pmf(k: int, n: int, p: float) -> float:
    if p == 1:
        return float(k == n)
    log_choose = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(log_choose + k * math.log(p) + (n - k) * math.log1p(-p))


def _check(discordance: float, delta: float) -> None:
    if not abs(delta) <= discordance <= 1:
        raise ValueError(f"a difference of {delta} with a share of {discordance} discordant cases cannot be")
