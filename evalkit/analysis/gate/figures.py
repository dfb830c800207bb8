"""Numbers of a gate as a person reads them: few digits, and never so few that a verdict looks wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping

from evalkit.score import Status


def signed(number: float, *, places: int = 3) -> str:
    """A difference with its sign; a small one keeps a digit that is not 0."""
    if number and abs(number) < 0.5 * 10**-places:
        places = min(9, -math.floor(math.log10(abs(number))))
    text = f"{number:+.{places}f}"
    return "0" if float(text) == 0 else text


def interval(low: float, high: float, *, limit: float, sign: bool = True) -> str:
    """`[-0.013, +0.005]`, with as many digits as it takes to see on which side of the limit each end is."""
    places = 3
    while places < 9 and any(end != limit and round(end, places) == round(limit, places) for end in (low, high)):
        places += 1
    ends = (signed(end, places=places) if sign else f"{end:.{places}f}" for end in (low, high))
    return f"[{', '.join(ends)}]"


def share(part: int, whole: int) -> str:
    """A share in percent, rounded down: what is short of 98 % never reads as 98 %."""
    return f"{math.floor(1000 * part / whole) / 10:g} %"


def percent(number: float) -> str:
    """A share of the policy in percent."""
    return f"{100 * number:.4g} %"


def p_text(p_value: float) -> str:
    """A p-value to two digits, or as small as `< 0.0001`."""
    return "p < 0.0001" if p_value < 0.0001 else f"p {p_value:.2g}"


def dollars(usd: float) -> str:
    """An amount, to the cent or to two digits below a cent."""
    return f"${usd:,.2f}" if usd >= 0.01 or usd == 0 else f"${usd:.2g}"


def reasons(unscored: Mapping[Status, int]) -> str:
    """`3 truncated, 2 errored`."""
    return ", ".join(f"{count:,} {status}" for status, count in unscored.items())


def cases(n: int) -> str:
    """`1 case`, `640 cases`."""
    return f"{n:,} case" if n == 1 else f"{n:,} cases"
