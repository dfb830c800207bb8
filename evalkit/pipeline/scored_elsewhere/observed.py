"""What another tool says of one output under one criterion, and how its words become a value, or none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Final, cast

from evalkit.errors import UsageError
from evalkit.graders import Criterion
from evalkit.score import Status, Verdict

LETTERS: Final[Mapping[str, float]] = {"I": 0.0, "N": 0.0, "P": 0.5, "C": 1.0}
"""Inspect's letters: incorrect, no answer, partial, correct; with the values that it gives them."""
_WORDS: Final[Mapping[str, float]] = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
_LONGEST: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One observation: a value with the label it was written as, or the reason why there is none."""

    value: float | None = None
    label: str | None = None
    status: Status = Status.SCORED
    reason: str | None = None

    @property
    def said(self) -> str:
        """In a word."""
        return self.label or (self.status.value if self.value is None else f"{self.value:g}")

    def verdict(self, criterion: str) -> Verdict:
        """As a score of a criterion."""
        reason = None if self.reason is None else self.reason[:_LONGEST]
        return Verdict(criterion=criterion, status=self.status, value=self.value, label=self.label, reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The lowest and the highest value that a scorer can give."""

    low: float
    high: float

    @classmethod
    def read(cls, text: str) -> Scale:
        """A scale as a person writes it, `0..5`.

        Raises:
            UsageError: it is none.
        """
        low, _, high = text.partition("..")
        try:
            scale = cls(low=float(low), high=float(high))
        except ValueError:
            scale = cls(low=0.0, high=0.0)
        if not (math.isfinite(scale.low) and math.isfinite(scale.high) and scale.low < scale.high):
            raise UsageError(f"{text!r} is no scale; write the lowest and the highest value, as in --scale 0..5")
        return scale

    @classmethod
    def holding(cls, values: Sequence[float]) -> Scale:
        """The scale that values are taken to be on: 0 to 1, or to the power of ten that holds them.

        It goes by steps, so that two logs of one scorer are on one scale though their extremes differ.
        """
        most = max((abs(value) for value in values), default=0.0)
        high = 1.0
        while high < most:
            high *= 10
        return cls(low=-high if min(values, default=0.0) < 0 else 0.0, high=high)


def observed(value: object, reason: str | None) -> Observed:
    """A scalar value as Inspect's `value_to_float` reads it; what that makes a 0 for want of a number is unscored."""
    if isinstance(value, str):
        return _word(value, reason)
    if value is None:
        return Observed(status=Status.MISSING, reason=reason or "the scorer gave no value")
    if not isinstance(value, int | float):
        return Observed(
            status=Status.UNPARSABLE, reason=f"the scorer gave a {type(value).__name__}, which is no number"
        )
    if not math.isfinite(value):
        return Observed(status=Status.UNPARSABLE, reason=reason or f"the scorer gave {value}, which is no score")
    return Observed(value=float(value), label=str(value).lower() if isinstance(value, bool) else None, reason=reason)


def _word(value: str, reason: str | None) -> Observed:
    number = LETTERS.get(value, _WORDS.get(value.lower(), _number(value)))
    if number is not None:
        return Observed(value=number, label=value, reason=reason)
    said = f"the scorer said {value[:80]!r}, which is no number"
    return Observed(status=Status.UNPARSABLE, reason=f"{said}: {reason}" if reason else said)


def criterion_of(name: str, said: Sequence[Observed], scale: Scale | None) -> tuple[Criterion, bool]:
    """The criterion that observations are of, and whether values may lie between its labels.

    Raises:
        UsageError: a value is beyond the scale that was named.
    """
    values = [one.value for one in said if one.value is not None]
    if scale is None and values and all(one.label in LETTERS for one in said if one.value is not None):
        return Criterion.of(name, LETTERS), False
    held = scale or Scale.holding(values)
    if beyond := next((value for value in values if not held.low <= value <= held.high), None):
        raise UsageError(
            f"{name} has a score of {beyond:g}, beyond the scale {held.low:g}..{held.high:g}; mend --scale"
        )
    return Criterion.of(name, {f"{held.low:g}": held.low, f"{held.high:g}": held.high}), True


def mean_of(said: Sequence[Observed]) -> Observed:
    """Several epochs as one: the mean of those that have a value, as Inspect has it; none where none has one."""
    values = [one.value for one in said if one.value is not None]
    counted = f"mean of {len(values)} of {len(said)} epochs: {', '.join(one.said for one in said)}"
    if not values:
        return Observed(status=said[0].status, reason=f"{counted}; {said[0].reason or ''}".rstrip("; "))
    mean = min(max(fsum(values) / len(values), min(values)), max(values))
    labels = {one.label for one in said if one.value is not None}
    return Observed(value=mean, label=labels.pop() if len(labels) == 1 else None, reason=counted)


def members(value: object) -> Mapping[str, object] | None:
    """The parts of a value that has several: an object by its keys, a list by its places."""
    if isinstance(value, Mapping):
        return {str(key): item for key, item in cast("Mapping[object, object]", value).items()}
    if isinstance(value, list | tuple):
        items = cast("Sequence[object]", value)
        return {str(place): item for place, item in enumerate(items, 1)}
    return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
