"""What routing is decided by: the same cases, answered by every candidate, each answer with a score and a price."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalkit import ids
from evalkit.stats import Point

BUCKETS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingTable:
    """Columns of one length, a row per case.

    Raises:
        ValueError: the columns differ in length, or there are no two candidates, or no cases.
    """

    candidates: tuple[str, ...]
    cases: tuple[str, ...]
    """Case ids."""
    kinds: tuple[str, ...]
    """The kind of each case: what a router is told, and no more than it."""
    clusters: tuple[str | None, ...]
    qualities: tuple[tuple[float, ...], ...]
    """For each candidate the score of each case, higher for better."""
    costs: tuple[tuple[float, ...], ...]
    """For each candidate the price of each case's answer, in USD."""
    low_value: float = 0.0
    high_value: float = 1.0

    def __post_init__(self) -> None:
        columns = (self.kinds, self.clusters, *self.qualities, *self.costs)
        if any(len(column) != len(self.cases) for column in columns):
            raise ValueError("every column of a routing table has a value for each case")
        if not self.cases or len(self.candidates) < 2:
            raise ValueError("to route takes two candidates and a case")
        if not len(self.candidates) == len(self.qualities) == len(self.costs):
            raise ValueError("every candidate has a column of scores and one of prices")

    @property
    def n(self) -> int:
        """How many cases there are."""
        return len(self.cases)

    @property
    def width(self) -> float:
        """The length of the scale of quality."""
        return self.high_value - self.low_value

    def rows_by_kind(self, rows: Sequence[int]) -> dict[str, list[int]]:
        """The rows of each kind, kinds in order of their names."""
        found: defaultdict[str, list[int]] = defaultdict(list)
        for row in rows:
            found[self.kinds[row]].append(row)
        return dict(sorted(found.items()))

    def point(self, candidate: int, rows: Sequence[int] | None = None) -> Point:
        """Mean price and mean quality of a candidate, over all rows or some."""
        at = range(self.n) if rows is None else rows
        return Point(
            cost=math.fsum(self.costs[candidate][row] for row in at) / len(at),
            quality=math.fsum(self.qualities[candidate][row] for row in at) / len(at),
        )

    def strongest(self, rows: Sequence[int] | None = None) -> int:
        """The candidate of the best mean quality, the cheapest of equals."""
        points = [self.point(candidate, rows) for candidate in range(len(self.candidates))]
        return max(range(len(points)), key=lambda one: (points[one].quality, -points[one].cost))

    def cheapest(self, rows: Sequence[int] | None = None) -> int:
        """The candidate of the least mean price, the better of equals."""
        points = [self.point(candidate, rows) for candidate in range(len(self.candidates))]
        return min(range(len(points)), key=lambda one: (points[one].cost, -points[one].quality))

    def folds(self, count: int) -> list[list[int]]:
        """The rows in so many parts, the same every time; cases of one cluster are never parted."""
        parts: list[list[int]] = [[] for _ in range(count)]
        for row, (case_id, cluster) in enumerate(zip(self.cases, self.clusters, strict=True)):
            key = f"case {case_id}" if cluster is None else f"cluster {cluster}"
            parts[int(ids.text_digest(key)[:12], 16) % count].append(row)
        return parts


def length_buckets(lengths: Mapping[str, int], count: int = BUCKETS) -> dict[str, str]:
    """The kind of each case by the length of its input, in parts of about equal size: `<= 240`, `> 900`.

    The limits are lengths that cases have, so that a router can tell the kind of any input.
    """
    ordered = sorted(lengths.values())
    limits = sorted({ordered[len(ordered) * part // count - 1] for part in range(1, count) if len(ordered) >= count})
    limits = [limit for limit in limits if limit < ordered[-1]]
    return {case_id: _bucket(length, limits) for case_id, length in lengths.items()}


def _bucket(length: int, limits: Sequence[int]) -> str:
    for limit in limits:
        if length <= limit:
            return f"<= {limit}"
    return f"> {limits[-1]}" if limits else "any length"
