"""One check of a gate: one limit for one criterion of one grader, with its numbers and its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from evalkit.analysis.gate.policy import DECIDING
from evalkit.analysis.gate.verdict import GateVerdict
from evalkit.config.gate import Direction, Tier

Kind = Literal["margin", "max_relative_drop", "min", "max", "cost", "sentinels"]
COST: Final = "cost"
_BESIDE: Final = ("cost", "sentinels")
"""Kinds that say nothing of how good the candidate is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCheck:
    """The verdict of one check; a number that is undefined or was not computed is None.

    `delta`, `low` and `high` are of the difference, candidate - baseline, turned where lower is better, so that
    negative is always worse; of `max_relative_drop` they are of c - (1 - limit) b; of `min` and `max`, `low` and
    `high` are of the candidate's mean.
    """

    grader: str
    criterion: str
    kind: Kind
    tier: Tier
    verdict: GateVerdict
    cause: str
    """In a word: passed, worse, too-few, not-enough-evidence, pending, coverage, no-baseline, not-comparable ..."""
    why: str
    direction: Direction = "higher"
    limit: float | None = None
    """The margin, the relative drop, the floor, the ceiling, the most dollars, or the least share of sentinels."""
    n: int = 0
    baseline: float | None = None
    candidate: float | None = None
    delta: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    method: str = "none"
    p_method: str = "none"
    mde: float | None = None
    """The smallest difference that as many cases like these would show with 80 % power."""
    needed: int | None = None
    """How many cases in all would decide, where these do not."""
    fragile: int = 0
    """Of a pass: how many unscored cases would turn it, had they gone as badly as they can."""
    wins: int | None = None
    losses: int | None = None
    clusters: int | None = None
    coverage: float | None = None
    baseline_coverage: float | None = None
    unscored: Mapping[str, int] = field(default_factory=dict[str, int])
    added: int = 0
    removed: int = 0
    changed: int = 0
    flip_rate: float | None = None
    noise_floor: float | None = None
    agreement: float | None = None
    baseline_run: str | None = None
    candidate_run: str | None = None

    @property
    def name(self) -> str:
        """How the check is called: its criterion, and its kind where that is not the margin."""
        if self.kind == "cost":
            return COST
        own = self.grader if self.criterion in ("", self.grader) else f"{self.grader}/{self.criterion}"
        return own if self.kind == "margin" else f"{own} ({self.kind})"

    @property
    def measures(self) -> bool:
        """Whether the check is of the candidate's scores, and not of money or of the judge."""
        return self.kind not in _BESIDE

    @property
    def decides(self) -> bool:
        """Whether the check can hold the gate."""
        return self.tier in DECIDING

    @property
    def lacks(self) -> int | None:
        """How many more cases would decide."""
        return None if self.needed is None else self.needed - self.n

    def json(self) -> dict[str, Any]:
        """The check as plain JSON."""
        margin = self.limit if self.kind == "margin" else None
        return {
            **asdict(self),
            "name": self.name,
            "verdict": str(self.verdict),
            "unscored": dict(self.unscored),
            "margin": margin,
            "lacks": self.lacks,
        }
