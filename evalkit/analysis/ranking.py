"""A ranking of candidates from pairs: Bradley-Terry strengths, as far as the pairs can tell them apart.

Two candidates are told apart by the pairs that join them, straight or through others. A strength is the log-odds to
win against the baseline; the covariance is that of cases, since each of them is in many pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from evalkit.stats import BradleyTerry, Gap, bradley_terry_battles


@dataclass(frozen=True, slots=True, kw_only=True)
class Battle:
    """One case on which two candidates stood beside each other; `score` is that of `candidate`, 1 being a win."""

    candidate: str
    against: str
    case_id: str
    cluster: str | None
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One candidate in a ranking; its strength and interval are of the difference to the baseline."""

    rank: int
    candidate: str
    strength: float
    low: float
    high: float
    is_baseline: bool
    pairs: int
    wins: int
    ties: int
    losses: int
    win_rate: float
    """The mean of its own scores, against whoever it stood beside."""

    def json(self) -> dict[str, Any]:
        """The row as plain JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Candidates from the strongest to the weakest, and what the order can bear."""

    rows: tuple[Ranked, ...]
    baseline: str
    connected: bool
    """Whether a chain of wins leads from each candidate to every other, so that the strengths are determined."""
    separate: tuple[tuple[str, ...], ...]
    """Groups of candidates that no pair joins; one group is as it should be."""
    undecided: tuple[tuple[str, str], ...]
    """Neighbours in the order whose difference may be nothing."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the order."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[str]:
        if len(self.separate) > 1:
            groups = "; ".join(" and ".join(group) for group in self.separate)
            yield f"no pair joins these groups, so nothing tells how they compare: {groups}"
        if not self.connected:
            yield (
                "somebody here never won or never lost, so the strengths are not determined by the pairs alone: half "
                "a win each way between every two candidates was added, and the intervals are rough"
            )
        if self.undecided:
            pairs = ", ".join(f"{one} and {other}" for one, other in self.undecided)
            yield f"not told apart (95 %): {pairs}"

    def json(self) -> dict[str, Any]:
        """The ranking as plain JSON."""
        return {
            "baseline": self.baseline,
            "connected": self.connected,
            "separate": [list(group) for group in self.separate],
            "undecided": [list(pair) for pair in self.undecided],
            "notes": list(self.notes),
            "rows": [row.json() for row in self.rows],
        }


def ranking(battles: Sequence[Battle], *, baseline: str, confidence: float = 0.95) -> Ranking:
    """The candidates of some battles by their strength against one of them.

    Raises:
        ValueError: the baseline is in no battle.
    """
    names = list(dict.fromkeys(name for one in battles for name in (one.candidate, one.against)))
    place = {name: index for index, name in enumerate(names)}
    if baseline not in place:
        raise ValueError(f"{baseline!r} stood beside nobody")
    made = bradley_terry_battles(
        [(place[one.candidate], place[one.against], one.score) for one in battles],
        players=len(names),
        clusters=[one.cluster or f"case {one.case_id}" for one in battles],
        baseline=place[baseline],
    )
    strengths = made.strengths or tuple(0.0 for _ in names)
    order = sorted(names, key=lambda name: (-strengths[place[name]], name))
    base = place[baseline]
    rows = [
        _row(
            name,
            battles,
            rank=rank,
            gap=made.difference(place[name], base, confidence=confidence),
            is_baseline=name == baseline,
        )
        for rank, name in enumerate(order, start=1)
    ]
    return Ranking(
        rows=tuple(rows),
        baseline=baseline,
        connected=made.connected,
        separate=_groups(names, battles),
        undecided=tuple(
            (one, other) for one, other in pairwise(order) if not _apart(made, place[one], place[other], confidence)
        ),
    )


def _row(name: str, battles: Sequence[Battle], *, rank: int, gap: Gap, is_baseline: bool) -> Ranked:
    scores = [one.score if one.candidate == name else 1 - one.score for one in battles if name in _names(one)]
    return Ranked(
        rank=rank,
        candidate=name,
        strength=gap.value or 0.0,
        low=gap.low or 0.0,
        high=gap.high or 0.0,
        is_baseline=is_baseline,
        pairs=len(scores),
        wins=sum(score > 0.5 for score in scores),
        ties=sum(score == 0.5 for score in scores),
        losses=sum(score < 0.5 for score in scores),
        win_rate=sum(scores) / len(scores),
    )


def _apart(made: BradleyTerry, one: int, other: int, confidence: float) -> bool:
    low = made.difference(one, other, confidence=confidence).low
    return low is not None and low > 0


def _groups(names: Sequence[str], battles: Sequence[Battle]) -> tuple[tuple[str, ...], ...]:
    """The candidates that pairs join, straight or through others."""
    group = {name: {name} for name in names}
    for one in battles:
        joined = group[one.candidate] | group[one.against]
        if group[one.candidate] is not group[one.against]:
            for name in joined:
                group[name] = joined
    return tuple(dict.fromkeys(tuple(name for name in names if name in group[other]) for other in names))


def _names(one: Battle) -> tuple[str, str]:
    return one.candidate, one.against
