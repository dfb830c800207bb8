"""Quantiles and tails of the normal, t and binomial distributions: the one place that imports scipy.

`scipy.special` holds all of them and starts in a third of the time that `scipy.stats` needs.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist
from typing import Protocol


class _Special(Protocol):
    """The part of `scipy.special` in use; scipy ships no types."""

    def stdtr(self, df: float, t: float, /) -> float: ...
    def stdtrit(self, df: float, p: float, /) -> float: ...
    def bdtr(self, k: float, n: int, p: float, /) -> float: ...
    def betaincinv(self, a: float, b: float, p: float, /) -> float: ...


def _special() -> _Special:
    from scipy import special  # pyright: ignore[reportMissingTypeStubs]  # scipy ships no types

    return special


@cache
def normal_quantile(p: float) -> float:
    """The normal quantile of p in (0, 1), to double precision (Wichura's AS 241), without waiting for scipy."""
    return NormalDist().inv_cdf(p)


def two_sided_z(confidence: float) -> float:
    """The normal quantile that leaves (1 - confidence) / 2 in each tail; confidence in (0, 1).

    Raises:
        ValueError: the confidence is not strictly between 0 and 1.
    """
    return normal_quantile(1 - tail(confidence))


def two_sided_t(df: float, confidence: float) -> float:
    """The t quantile with `df` degrees of freedom that leaves (1 - confidence) / 2 in each tail."""
    return -float(_special().stdtrit(df, tail(confidence)))


def t_two_sided_p(t: float, df: int) -> float:
    """The two-sided p-value of a t statistic."""
    return 2 * float(_special().stdtr(df, -abs(t)))


def normal_cdf(z: float) -> float:
    """P(Z <= z)."""
    return math.erfc(-z / math.sqrt(2)) / 2


def normal_two_sided_p(z: float) -> float:
    """The two-sided p-value of a normal statistic."""
    return math.erfc(abs(z) / math.sqrt(2))


def normal_upper_p(z: float) -> float:
    """The one-sided p-value of a normal statistic: P(Z >= z)."""
    return math.erfc(z / math.sqrt(2)) / 2


def t_upper_p(t: float, df: float) -> float:
    """The one-sided p-value of a t statistic: P(T >= t)."""
    return float(_special().stdtr(df, -t))


def beta_quantile(p: float, a: float, b: float) -> float:
    """The quantile of p of the beta distribution with a, b > 0."""
    return float(_special().betaincinv(a, b, p))


def fair_coin_cdf(k: int, n: int) -> float:
    """P(X <= k) for n tosses of a fair coin; n >= 1."""
    return float(_special().bdtr(k, n, 0.5))


def fair_coin_pmf(k: int, n: int) -> float:
    """P(X = k) for n tosses of a fair coin."""
    log_choose = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(log_choose - n * math.log(2))


def tail(confidence: float) -> float:
    """The probability left in each tail: (1 - confidence) / 2.

    Raises:
        ValueError: the confidence is not strictly between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not {confidence}")
    return (1 - confidence) / 2
