"""Time spans as a command line writes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from evalkit.errors import UsageError

_UNITS: Final = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}


def age(text: str) -> timedelta:
    """A time span such as `90d`, `12h`, `30m` or `45s`.

    Raises:
        UsageError: it is none.
    """
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not number.replace(".", "", 1).isdigit():
        raise UsageError(f"{text!r} is no time span; write a number and d, h, m or s, such as 90d")
    return timedelta(seconds=float(number) * _UNITS[unit])
