"""The counts that a picture of a spread shows: rows of slots, each with its number of cases."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from evalkit.report.words import figures
from evalkit.report.words.numbers import NONE, Numbers
from evalkit.stats import TIE

SAME: Final = TIE
"""Values that differ by less are a tie, as everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One bar's place: what it counts, and its kind (quiet, worse, tie, better)."""

    name: str
    kind: str = "quiet"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadRow:
    """One run, or one comparison: how many cases each slot holds."""

    name: str
    counts: tuple[int, ...]
    note: str
    """What is not counted, and why; empty where nothing is left out."""
    label: str

    @property
    def total(self) -> int:
        """How many cases are counted."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The rows of one criterion on one scale of slots and shares."""

    name: str
    title: str
    slots: tuple[Slot, ...]
    edges: tuple[str, ...]
    """What is written under bins: at their two ends, or at both ends and the middle; empty where slots have names."""
    rows: tuple[SpreadRow, ...]
    folded: bool
    numbers: Numbers

    @property
    def peak(self) -> float:
        """The largest share that a slot holds in any row."""
        return max((max(row.counts) / row.total for row in self.rows if row.total), default=1.0)

    @property
    def largest(self) -> int:
        """The largest count."""
        return max(max(row.counts) for row in self.rows)


def near(value: float, places: Iterable[float]) -> float | None:
    """The place that a value stands at; None where it stands at none."""
    return next((place for place in places if abs(place - value) < SAME), None)


def sorted_into(values: Counter[float], places: Sequence[float]) -> tuple[int, ...]:
    """How many values stand at each place."""
    counts = dict.fromkeys(places, 0)
    for value, number in values.items():
        place = near(value, places)
        if place is not None:
            counts[place] += number
    return tuple(counts.values())


def in_bins(values: Counter[float], edges: Sequence[float]) -> tuple[int, ...]:
    """How many values lie between these edges, which ascend: one bin more than edges."""
    counts = [0] * (len(edges) + 1)
    for place, number in zip(map(partial(bisect_right, edges), values), values.values(), strict=True):
        counts[place] += number
    return tuple(counts)


def said_of(counts: tuple[int, ...], slots: Sequence[Slot], *, bins: bool) -> str:
    """The counts in words; of bins only the fullest, since the table has the others."""
    if not bins:
        told = zip(counts, slots, strict=True)
        return ", ".join(f"{figures.count(number)} {slot.name}" for number, slot in told)
    most = max(range(len(counts)), key=counts.__getitem__)
    return f"{figures.some(sum(counts), 'case')}, most ({figures.count(counts[most])}) at {slots[most].name}"


def spread_of(
    name: str,
    title: str,
    slots: tuple[Slot, ...],
    edges: tuple[str, ...],
    rows: tuple[SpreadRow, ...],
    *,
    folded: bool,
) -> Spread:
    """The picture of these rows with its table: one line per slot, one column per row."""
    # Bins that are empty everywhere would only lengthen the table.
    shown = [place for place in range(len(slots)) if not edges or any(row.counts[place] for row in rows)]
    turned = Numbers(
        head=("value", *(row.name for row in rows)),
        rows=(
            *((slots[place].name, *(figures.count(row.counts[place]) for row in rows)) for place in shown),
            *([("left out", *(row.note or NONE for row in rows))] if any(row.note for row in rows) else []),
        ),
    )
    return Spread(name=name, title=title, slots=slots, edges=edges, rows=rows, folded=folded, numbers=turned)
