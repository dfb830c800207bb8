"""How many cases would decide what these leave open, from their own spread, with 80 % power.

Assumed is the observed difference, or none where the candidate looks better: hoping for an improvement that may be
chance would promise too few. Of the two ways out, a pass and a failure, the nearer one is counted.
"""

from __future__ import annotations

import math
from typing import Final

from evalkit.stats import Estimate, Paired
from evalkit.stats.distribution import normal_quantile, tail, two_sided_z
from evalkit.stats.power import cases_needed_for_margin
from evalkit.stats.sequential import sequence_quantile

POWER: Final = 0.8
_ROUNDS: Final = 8
MOST: Final = 10_000_000
"""More cases than this are not a number to ask for."""


def cases_for_margin(margin: float, made: Paired, *, width: float) -> int | None:
    """Cases in all at which a gate with this margin, or this loss allowed, would decide; None where none can be told.

    `width` is that of the scale.
    """
    if made.delta is None:
        return None
    if not made.standard_error:
        return _without_spread(margin, made, width=width)
    assumed = min(made.delta, 0.0)
    passing, failing = _to_see(margin + assumed, made), _to_see(-assumed, made)
    if passing is not None:
        passing = max(passing, _least(margin + assumed, assumed + width, made))
    found = [n for n in (passing, failing) if n is not None]
    return _asked(min(found), made.n) if found else None


def cases_for_level(limit: float, made: Estimate) -> int | None:
    """Cases in all at which the interval of this mean would lie on one side of the limit."""
    if made.mean is None or made.low is None or made.high is None:
        return None
    half, distance = (made.high - made.low) / 2, abs(made.mean - limit)
    if distance <= half * 1e-3:
        return None
    ratio = 1 + normal_quantile(POWER) / two_sided_z(made.confidence)
    return _asked(made.n * (ratio * half / distance) ** 2, made.n)


def _to_see(distance: float, made: Paired) -> float | None:
    """Cases in all at which a difference of `distance` is seen with this power; None where it is out of reach."""
    variance = made.n * (made.standard_error or 0.0) ** 2
    if distance <= 0 or variance / distance**2 > MOST:
        return None
    if made.looks == "once":
        return cases_needed_for_margin(distance, variance=variance, confidence=made.confidence, power=POWER)
    n = float(made.n)
    for _ in range(_ROUNDS):  # the quantile of a confidence sequence depends, weakly, on the number of cases
        quantile = sequence_quantile(max(1, round(n)), confidence=made.confidence)
        n = (quantile + normal_quantile(POWER)) ** 2 * variance / distance**2
    return n


def _least(room: float, reach: float, made: Paired) -> float:
    """Cases in all below which the score interval is wider than `room` whatever they show: of clusters, so many."""
    z = two_sided_z(made.confidence) if made.looks == "once" else sequence_quantile(made.n, confidence=made.confidence)
    return max(0.0, z * z * (reach - room) / room) * made.n / (made.effective_clusters or made.n)


def _without_spread(margin: float, made: Paired, *, width: float) -> int | None:
    """Where every difference is the same, the interval is that of "nothing else seen", and shrinks with about 1 / n."""
    once = made.looks == "once"
    z = two_sided_z(made.confidence) if once else sequence_quantile(made.n, confidence=made.confidence)
    if made.p_method in ("mcnemar-midp", "e-process"):
        return _asked(z * z * (1 - margin) / margin, made.n) if made.delta == 0 else None
    reach = (made.delta or 0.0) + width
    room = (made.delta or 0.0) + margin
    if made.low is None or not 0 < room < reach:
        return None
    units = math.log(tail(made.confidence)) / math.log1p(-room / reach) if once else z * z * (reach - room) / room
    return _asked(units * made.n / (made.effective_clusters or made.n), made.n)


def _asked(n: float, have: int) -> int | None:
    """A whole number of cases, more than there are; rounded up to two digits, because it is an estimate."""
    if n > MOST:
        return None
    step = 10 ** max(0, math.floor(math.log10(max(n, 1))) - 1)
    return max(have + 1, math.ceil(n / step) * step)
