"""The paired difference within each tag and each value of the metadata: where to look next, never what to gate on.

Many slices are compared at once, so some move by chance alone: their p-values are adjusted together
(Benjamini-Hochberg), their intervals are not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from evalkit.analysis.comparability import reasons_against
from evalkit.analysis.pairing import paired_difference, pairing
from evalkit.analysis.scores import CaseScore, RunScores, Scalar
from evalkit.stats import Paired, benjamini_hochberg

MOST_VALUES: Final = 20
"""A key of the metadata with more distinct values than this tells cases apart; it does not group them."""
LEAST_PAIRS: Final = 5
"""Paired cases below which a slice by metadata is left out: its interval would say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The paired difference over the cases of one tag, or of one value of the metadata; what is undefined is None."""

    key: str | None
    """The key of the metadata; None for a tag."""
    value: str
    """The tag, or the value under the key."""
    n: int
    delta: float | None
    low: float | None
    high: float | None
    p_value: float | None
    p_adjusted: float | None
    """Adjusted for all slices of the same two runs."""
    method: str
    wins: int
    ties: int
    losses: int
    exploratory: bool = True

    @property
    def name(self) -> str:
        """The tag, or `key=value`."""
        return self.value if self.key is None else f"{self.key}={self.value}"


def slices(
    baseline: RunScores, candidate: RunScores, *, force: bool = False, confidence: float = 0.95
) -> tuple[Slice, ...]:
    """One slice per tag of the paired cases, by tag, and then per value of their metadata, by key and value.

    None where the runs are not comparable, unless forced. Metadata is read where the candidate run's cases have it.

    Raises:
        ValueError: the runs hold scores of two criteria.
        IntegrityError: a run holds a case twice.
    """
    if reasons_against(baseline, candidate) and not force:
        return ()
    joined = pairing(baseline, candidate)
    found = [*_by_tag(joined.cases), *_by_metadata(joined.cases)]
    numbers = [paired_difference(joined, rows=rows, confidence=confidence) for _, _, rows in found]
    adjusted = _adjusted([number.p_value for number in numbers])
    return tuple(
        _slice(key, value, number, p_adjusted)
        for (key, value, _), number, p_adjusted in zip(found, numbers, adjusted, strict=True)
    )


def _by_tag(cases: Sequence[CaseScore]) -> Iterator[tuple[None, str, list[int]]]:
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for row, case in enumerate(cases):
        for tag in dict.fromkeys(case.tags):
            rows[tag].append(row)
    for tag in sorted(rows):
        yield None, tag, rows[tag]


def _by_metadata(cases: Sequence[CaseScore]) -> Iterator[tuple[str, str, list[int]]]:
    """The values of every key that has a few: two at least, or there is nothing to tell apart."""
    keys: dict[str, dict[str, list[int]] | None] = {}
    for row, case in enumerate(cases):
        _place(keys, row, case.metadata)
    for key in sorted(keys):
        values = keys[key]
        if values is None or (len(values) == 1 and sum(map(len, values.values())) == len(cases)):
            continue
        for value in sorted(values):
            if len(values[value]) >= LEAST_PAIRS:
                yield key, value, values[value]


def _place(keys: dict[str, dict[str, list[int]] | None], row: int, metadata: Mapping[str, Scalar]) -> None:
    """Put a row under each of its values; a key that has too many values is given up."""
    for key, scalar in metadata.items():
        values = keys.setdefault(key, {})
        if values is None:
            continue
        values.setdefault(_text(scalar), []).append(row)
        if len(values) > MOST_VALUES:
            keys[key] = None


def _text(scalar: Scalar) -> str:
    if isinstance(scalar, bool):
        return "true" if scalar else "false"
    return scalar if isinstance(scalar, str) else f"{scalar:g}"


def _adjusted(p_values: list[float | None]) -> list[float | None]:
    """The p-values adjusted among those that are defined; an undefined one stays None."""
    adjusted = iter(benjamini_hochberg([p for p in p_values if p is not None]))
    return [None if p is None else next(adjusted) for p in p_values]


def _slice(key: str | None, value: str, numbers: Paired, p_adjusted: float | None) -> Slice:
    return Slice(
        key=key,
        value=value,
        n=numbers.n,
        delta=numbers.delta,
        low=numbers.low,
        high=numbers.high,
        p_value=numbers.p_value,
        p_adjusted=p_adjusted,
        method=numbers.method,
        wins=numbers.wins,
        ties=numbers.ties,
        losses=numbers.losses,
    )
