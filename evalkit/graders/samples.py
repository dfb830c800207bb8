"""Samples: one output judged several times, and how the judgements become the case's own verdict.

The case stays the unit of inference: a case judged five times is one case with a steadier value, not five cases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import fsum
from typing import Final, Literal

from evalkit.score import UNSCORED, Status, Verdict

Reducer = Literal["mean", "majority", "all", "orders"]
ORDERS: Final = ("ab", "ba")
"""The suffixes of a pair that is judged in both orders."""
INCONSISTENT: Final = "inconsistent"
"""The label of a case that is won in one order and lost in the other."""


def suffixes(samples: int) -> tuple[str, ...]:
    """The suffix of each request of a case: none where there is one request, else `s1` to `sk`."""
    return ("",) if samples == 1 else tuple(f"s{number}" for number in range(1, samples + 1))


def reduced(judgements: Sequence[Verdict], reducer: Reducer) -> Verdict:
    """The verdict of a case from all its judgements under one criterion, in whatever order they come.

    `mean` and `majority` need more than half of them scored, `all` and `orders` need every one; else the case is
    unscored, for the reason that most of them give. A label is kept only where it says what the value says. Those of
    `orders` are one for each of `ORDERS`, in that order.
    """
    scored = [one for one in judgements if one.status is Status.SCORED]
    enough = len(scored) == len(judgements) if reducer in ("all", "orders") else 2 * len(scored) > len(judgements)
    if not enough:
        return _unscored(judgements)
    value, label, note = {"mean": _mean, "majority": _majority, "all": _lowest, "orders": _orders}[reducer](scored)
    return Verdict(
        criterion=judgements[0].criterion,
        status=Status.SCORED,
        value=value,
        label=label,
        reason=_counted(judgements) + note,
    )


def _mean(scored: Sequence[Verdict]) -> tuple[float, str | None, str]:
    return _mean_of(_values(scored)), _only_label(scored), ""


def _majority(scored: Sequence[Verdict]) -> tuple[float, str | None, str]:
    counts = Counter(one.label for one in scored)
    most = max(counts.values())
    first = [one for one in scored if counts[one.label] == most]
    label = _only_label(first)
    if label is not None:
        return _values(first)[0], label, ""
    return _mean_of(_values(first)), None, "; a tie, so the mean of these"


def _lowest(scored: Sequence[Verdict]) -> tuple[float, str | None, str]:
    lowest = min(_values(scored))
    return lowest, _only_label([one for one in scored if one.value == lowest]), ""


def _orders(scored: Sequence[Verdict]) -> tuple[float, str | None, str]:
    """The mean of both orders; a win and a loss cancel out, and are called what they are."""
    value, label, note = _mean(scored)
    if label is None and value == 0.5:
        in_ab, in_ba = _values(scored)
        place = "first" if in_ab > in_ba else "second"
        return value, INCONSISTENT, f"; the output shown {place} wins in both orders"
    return value, label, note


def _unscored(judgements: Sequence[Verdict]) -> Verdict:
    counts = Counter(one.status for one in judgements if one.status is not Status.SCORED)
    status = max(counts, key=lambda status: (counts[status], -UNSCORED.index(status)))
    said = Counter(one.reason or "" for one in judgements if one.status is status)
    reason = min(said, key=lambda text: (-said[text], text))
    counted = _counted(judgements)
    return Verdict(
        criterion=judgements[0].criterion, status=status, reason=f"{counted}; {reason}" if reason else counted
    )


def _counted(judgements: Sequence[Verdict]) -> str:
    """What was said how often, the most frequent first: `2 of 3: correct, 1: partial`."""
    counts = Counter((one.status, one.label or one.status.value, one.value or 0.0) for one in judgements)
    order = sorted(counts, key=lambda said: (-counts[said], said[0] is not Status.SCORED, -said[2], said[1]))
    (_, word, _), *others = order
    more = "".join(f", {counts[said]}: {said[1]}" for said in others)
    return f"{counts[order[0]]} of {len(judgements)}: {word}{more}"


def _values(scored: Sequence[Verdict]) -> list[float]:
    return [one.value for one in scored if one.value is not None]


def _mean_of(values: Sequence[float]) -> float:
    """The mean, the same in any order, and never beyond the values by a rounding."""
    return min(max(fsum(values) / len(values), min(values)), max(values))


def _only_label(scored: Sequence[Verdict]) -> str | None:
    labels = {one.label for one in scored}
    return labels.pop() if len(labels) == 1 else None
