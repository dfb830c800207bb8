"""Deadlines: whether what is sent now can be expected in time, which the API promises for 24 hours only."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from evalkit.errors import UsageError

_LONGEST: Final = timedelta(hours=24)
_CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def doubt(deadline: str, now: datetime, *, judge: str, usual_seconds: float | None) -> str | None:
    """Why a batch sent now may come too late; None where even the longest comes in time.

    Args:
        deadline: `HH:MM`, the next time that the clock shows it.
        now: the time on that clock.
        judge: the model that the batch goes to.
        usual_seconds: how long earlier batches of that judge took, where there are any.

    Raises:
        UsageError: it is no time of day, or even a usual batch comes too late.
    """
    left = _left(deadline, now)
    usual = None if usual_seconds is None else timedelta(seconds=usual_seconds)
    if usual is not None and usual > left:
        raise UsageError(
            f"nothing was sent: {deadline} is {_said(left)} away, and batches of {judge} took {_said(usual)} of late; "
            "submit earlier, send it with --realtime, which answers at once at full price, or leave out --deadline"
        )
    if left >= _LONGEST:
        return None
    known = f"usually took {_said(usual)} of late" if usual else "have not been seen before"
    return (
        f"{deadline} is {_said(left)} away and a batch may take 24 hours; batches of {judge} {known}; --realtime "
        "answers at once, at full price"
    )


def _left(deadline: str, now: datetime) -> timedelta:
    match = _CLOCK.fullmatch(deadline)
    if match is None:
        raise UsageError(f"--deadline {deadline!r} is no time of day; write hours and minutes, such as 09:00")
    due = now.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0)
    if due <= now:
        due += timedelta(days=1)
    # By timestamps, because a night may have an hour more or less.
    return timedelta(seconds=due.timestamp() - now.timestamp())


def _said(span: timedelta) -> str:
    minutes = max(1, round(span.total_seconds() / 60))
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
