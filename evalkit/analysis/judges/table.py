"""What two judges said of the same outputs, as columns: what a cheap judge is held against a strong one by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from evalkit import ids
from evalkit.analysis.agree import Scale


@dataclass(frozen=True, kw_only=True)
class JudgePair:
    """Columns of one length, a row per output that both judges were asked about.

    Raises:
        ValueError: the columns differ in length.
    """

    cheap: str
    strong: str
    scale: Scale
    """The criterion's labels, worst first."""
    cases: tuple[str, ...]
    """Case ids; a case occurs as often as candidates answered it."""
    clusters: tuple[str | None, ...]
    """Two outputs to one case are in one cluster: an odd case is odd under every candidate."""
    cheap_values: tuple[float | None, ...]
    strong_values: tuple[float | None, ...]
    cheap_costs: tuple[float | None, ...]
    """In USD, of every request that the output took; None where that is not known."""
    strong_costs: tuple[float | None, ...]
    people: tuple[float | None, ...]
    """What people say, where they were asked."""
    doubts: Mapping[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])
    """By signal: how unsure the cheap judge is of each output, 0 where it is not."""

    def __post_init__(self) -> None:
        columns = (self.clusters, self.cheap_values, self.strong_values, self.cheap_costs, self.strong_costs)
        if any(len(column) != len(self.cases) for column in (*columns, self.people, *self.doubts.values())):
            raise ValueError("every column of two judges has a value for each output")

    @property
    def n(self) -> int:
        """How many outputs both were asked about."""
        return len(self.cases)

    @property
    def width(self) -> float:
        """The length of the criterion's scale."""
        return self.scale[-1][1] - self.scale[0][1]

    @property
    def both(self) -> list[int]:
        """The rows that both judges scored."""
        return [row for row in self.answered if self.cheap_values[row] is not None]

    @property
    def answered(self) -> list[int]:
        """The rows that the strong judge scored: where it said nothing, there is nothing to agree with."""
        return [row for row in range(self.n) if self.strong_values[row] is not None]

    @cached_property
    def distances(self) -> tuple[float, ...]:
        """How far apart the judges are on each output, as a share of the scale; 1 where either has no score."""
        both = zip(self.cheap_values, self.strong_values, strict=True)
        return tuple(self._apart(one, other) for one, other in both)

    def accuracy(self, row: int, value: float | None) -> float:
        """How near a score is to that of people, as a share of the scale; of two labels, right or wrong."""
        return 1 - self._apart(value, self.people[row])

    def clusters_of(self, rows: Sequence[int]) -> list[str | None]:
        """The clusters of some rows."""
        return [self.clusters[row] for row in rows]

    def folds(self, rows: Sequence[int]) -> tuple[list[int], list[int]]:
        """The rows in two halves, the same every time; what is of one cluster or one case is never parted."""
        halves: tuple[list[int], list[int]] = ([], [])
        for row in rows:
            cluster = self.clusters[row]
            key = f"case {self.cases[row]}" if cluster is None else f"cluster {cluster}"
            halves[int(ids.text_digest(key)[:12], 16) % 2].append(row)
        return halves

    def _apart(self, one: float | None, other: float | None) -> float:
        if one is None or other is None:
            return 1.0
        return min(1.0, abs(one - other) / self.width) if self.width else 0.0


def cost_per_scored(costs: Sequence[float | None], values: Sequence[float | None]) -> float | None:
    """The cost of all replies, by scored output; None where one is not known, or nothing is scored."""
    known = [cost for cost in costs if cost is not None]
    scored = sum(value is not None for value in values)
    return math.fsum(known) / scored if scored and len(known) == len(costs) else None
