"""How many cases a difference of means needs, and what a given number of cases can see (Miller 2024, section 5).

The variance of a paired difference is the variance over cases of the true difference, plus each side's judge noise
divided by its samples. Sample sizes come unrounded; a number of cases to ask for is an int.
"""

from __future__ import annotations

import math

from evalkit.stats.distribution import normal_quantile, two_sided_t, two_sided_z


def difference_variance(
    between_variance: float, *, within: tuple[float, float] = (0.0, 0.0), samples: tuple[int, int] = (1, 1)
) -> float:
    """The variance of one case's difference: omega^2 + sigma_A^2 / K_A + sigma_B^2 / K_B.

    `between_variance` is omega^2, over cases, of the true difference; `within` and `samples` are the two sides'.

    Raises:
        ValueError: a variance is negative, or a side has no samples.
    """
    if min(between_variance, *within) < 0 or min(samples) < 1:
        raise ValueError("a variance is not negative, and a case is judged at least once")
    return between_variance + within[0] / samples[0] + within[1] / samples[1]


def with_samples(observed: float, *, within_variance: float, seen: int = 1, samples: int) -> float:
    """The variance of one case's difference with `samples` a case on both sides, from that observed with `seen`.

    Never below what the judge's noise alone leaves.

    Raises:
        ValueError: a variance is negative, or there are no samples.
    """
    if min(observed, within_variance) < 0 or min(seen, samples) < 1:
        raise ValueError("a variance is not negative, and a case is judged at least once")
    between = max(0.0, observed - 2 * within_variance / seen)
    return between + 2 * within_variance / samples


def sample_size(delta: float, *, variance: float, confidence: float = 0.95, power: float = 0.8) -> float | None:
    """The n at which a true difference of `delta` is seen with this power; None for no difference.

    Raises:
        ValueError: the variance is negative.
    """
    if variance < 0:
        raise ValueError(f"a variance of {variance} cannot be")
    if delta == 0:
        return None
    return _factor(confidence, power) ** 2 * variance / delta**2


def mde(n: int, *, variance: float, confidence: float = 0.95, power: float = 0.8) -> float | None:
    """The smallest true difference that n cases show with this power; None for no cases.

    Raises:
        ValueError: n or the variance is negative.
    """
    if n < 0 or variance < 0:
        raise ValueError(f"{n} cases with a variance of {variance} cannot be")
    return _factor(confidence, power) * math.sqrt(variance / n) if n else None


def cases_needed_for_margin(
    margin: float, *, variance: float, delta: float = 0.0, confidence: float = 0.95, power: float = 0.8
) -> int | None:
    """The fewest cases at which the lower end of the t interval is above -margin with this power.

    `variance` is that of one paired difference, for clusters n times the squared standard error; `delta` is the true
    difference hoped for. None where no number of cases is enough (delta <= -margin), and for a variance of 0, which
    says only that too little has been seen.

    Raises:
        ValueError: the variance is negative, or the power is not between 0 and 1.
    """
    if variance < 0:
        raise ValueError(f"a variance of {variance} cannot be")
    distance = margin + delta
    if distance <= 0 or variance == 0:
        return None
    ratio = variance / distance**2
    strength = _power_quantile(power)
    # The normal quantile is the smaller one, so this is where to begin; t asks for a few cases more.
    n = max(2, math.ceil((two_sided_z(confidence) + strength) ** 2 * ratio))
    while n < (two_sided_t(n - 1, confidence) + strength) ** 2 * ratio:
        n += 1
    return n


def _factor(confidence: float, power: float) -> float:
    return two_sided_z(confidence) + _power_quantile(power)


def _power_quantile(power: float) -> float:
    if not 0 < power < 1:
        raise ValueError(f"a power lies between 0 and 1, not {power}")
    return normal_quantile(power)
