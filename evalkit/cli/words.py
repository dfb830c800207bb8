"""How numbers and times are written in tables: short, aligned, and a dash for what is not there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from math import ceil, floor, log10
from typing import TYPE_CHECKING

from evalkit.cli.progress import duration
from evalkit.cli.screen import visible

if TYPE_CHECKING:
    from evalkit.analysis.corrected import Corrected
    from evalkit.stats import Estimate

NONE = "–"


def one_line(text: str) -> str:
    """A name as it goes into a cell: on one line, with control characters made visible."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def count(number: int, noun: str) -> str:
    """A number and its noun: `1 batch`, `2 batches`, `1,200 requests`."""
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun[:-1]}ies" if noun.endswith("ply") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def usd(amount: float | None) -> str:
    """A sum of money as it was paid."""
    if amount is None:
        return "unknown"
    return f"${amount:.4f}" if amount < 1 else f"${amount:,.2f}"


def usd_range(low: float | None, high: float | None) -> str:
    """A range of money before it is paid, to two digits: no estimate knows more."""
    if low is None or high is None:
        return "unknown"
    return f"{about_usd(low)}{NONE}{about_usd(high)}"


def about_usd(amount: float | None) -> str:
    """An estimated sum of money, to two digits."""
    if amount is None:
        return "unknown"
    if amount <= 0:
        return "$0"
    places = 1 - floor(log10(amount))
    return f"${round(amount, places):,.{max(0, places)}f}"


def most_usd(amount: float | None) -> str:
    """What something may cost at most, rounded up: a limit of this amount suffices."""
    if amount is None:
        return "unknown"
    digits = 2 if amount >= 1 or amount <= 0 else 4
    return f"${ceil(round(amount * 10**digits, 6)) / 10**digits:,.{digits}f}"


def size(n_bytes: int) -> str:
    """Bytes in kB or MB."""
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 1e5 else f"{n_bytes / 1e3:.1f} kB"


def compact(time: timedelta) -> str:
    """A time span in a cell: `40s`, `12m`, `3h05m`."""
    return re.sub(r" (s|m|h)(in)?", r"\1", duration(time)).replace(" ", "")


def mean(estimate: Estimate) -> str:
    """A mean to three digits."""
    return "" if estimate.mean is None else f"{estimate.mean:.3f}"


def interval(estimate: Estimate) -> str:
    """The ends of an interval."""
    if estimate.low is None or estimate.high is None:
        return "" if estimate.mean is None else NONE
    return f"{estimate.low:.3f}{NONE}{estimate.high:.3f}"


def corrected(found: Corrected) -> str:
    """A mean as human labels correct it, or why they do not."""
    if found.value is None:
        return f"{NONE}: {found.why}"
    ends = "" if found.low is None or found.high is None else f", 95 % interval {found.low:.3f}{NONE}{found.high:.3f}"
    why = f"; {found.why}" if found.why else ""
    return f"{found.value:.3f}{ends} ({found.method}, {count(found.n_labels, 'label')}){why}"


def reasons(unscored: Mapping[str, int]) -> str:
    """Why cases have no score: `2 refused, 1 expired`."""
    return ", ".join(f"{n:,} {status}" for status, n in unscored.items())
