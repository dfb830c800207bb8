"""The runs of a page, how they compare, and where: one row per run and criterion, comparison, or slice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from evalkit.score import Status


class CellKey(NamedTuple):
    """Names one column of scores: a run and one criterion of its grader."""

    run: str
    criterion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """The same candidate on the same grader the last time it was scored, and the difference to then."""

    run: str
    label: str
    date: datetime
    mean: float | None
    delta: float | None = None
    """Now less then, over paired cases; None where the two are not comparable."""
    low: float | None = None
    high: float | None = None
    n_paired: int = 0
    wins: int = 0
    losses: int = 0
    changes: tuple[str, ...] = ()
    """What is not the same as then, in words: other outputs, another dataset, 3 cases added."""
    reasons: tuple[str, ...] = ()
    """Why the two cannot be compared; empty where they can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run on one criterion: n, what is scored, what is not and why, the estimate, the money.

    Raises:
        ValueError: scored + unscored + pending is not n.
    """

    run: str
    candidate: str
    grader: str
    criterion: str
    judge: str
    """The judge model; empty for a deterministic check, and for what another tool scored."""
    scored_by: str = ""
    """The tool that gave the scores, where it was not evalkit."""
    label: str = ""
    served_models: tuple[str, ...] = ()
    n: int
    scored: int
    unscored: Mapping[Status, int] = field(default_factory=dict[Status, int])
    pending: int = 0
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    method: str = ""
    worst: float | None = None
    """The mean if every unscored case had the lowest value."""
    best: float | None = None
    corrected: float | None = None
    """The mean as human labels correct it; None where there are none, or where they cannot."""
    corrected_low: float | None = None
    corrected_high: float | None = None
    corrected_by: str = ""
    """How many labels corrected it and how; or why those there are cannot."""
    cost_usd: float | None = None
    """None: unknown, which is never shown as 0."""
    reused: int = 0
    """Cases whose score was taken over from an earlier run, which has paid for it."""
    reused_from: str = ""
    """Those runs, each with how many of them it has judged."""
    batch_saving_usd: float | None = None
    """Against the same requests one by one."""
    cache_read_share: float | None = None
    cache_saving_usd: float | None = None
    """Against the same tokens without a cache; below 0 where the cache was dearer, None where nothing was cached."""
    estimated_usd: tuple[float, float] | None = None
    """What it was to cost, low and high, as it was told before it was sent."""
    batches: tuple[str, ...] = ()
    realtime: str = ""
    """`realtime` where all of it went one by one at full price, `3 realtime` where so many requests did."""
    simulated: bool = False
    status: str = "collected"
    """planned, submitted or collected."""
    submitted_at: datetime | None = None
    collected_at: datetime | None = None
    labels: tuple[tuple[str, float], ...] = ()
    """The labels of the criterion with their values, worst first; empty where any value may be given."""
    low_value: float = 0.0
    high_value: float = 1.0
    samples: int = 1
    """How often each case was judged."""
    sentinels: int | None = None
    """How many known outputs the judge has judged beside the cases; None where there were none."""
    sentinels_caught: int = 0
    since: Since | None = None
    """What changed since the same thing was last measured; None where it never was."""

    def __post_init__(self) -> None:
        if self.scored + sum(self.unscored.values()) + self.pending != self.n:
            raise ValueError(f"run {self.run}: scored + unscored + pending is not n={self.n}")

    @property
    def key(self) -> CellKey:
        """The column of cells that belongs to this row."""
        return CellKey(self.run, self.criterion)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """A candidate run against a baseline run on one criterion, joined case by case.

    A refused comparison is not comparable and has no delta; a forced one is not comparable and has one.
    """

    baseline: str
    candidate: str
    """Both are run ids."""
    grader: str
    criterion: str
    comparable: bool = True
    reasons: tuple[str, ...] = ()
    n_paired: int
    n_unpaired: int = 0
    delta: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    """The p value after the correction named in `Page.adjustment`."""
    method: str = ""
    p_method: str = ""
    """How the p value was made."""
    wins: int = 0
    ties: int = 0
    losses: int = 0
    mde: float | None = None
    """The smallest difference that this many pairs can show with 80 % power."""
    added: int = 0
    removed: int = 0
    changed: int = 0

    @property
    def refused(self) -> bool:
        """Whether there is no difference to show because the runs do not measure the same thing."""
        return not self.comparable and self.delta is None


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceRow:
    """One tag, or value of the metadata, of one run: the delta against `baseline`, or the mean where that is None."""

    name: str
    run: str
    baseline: str | None
    grader: str
    criterion: str
    n: int
    value: float | None
    low: float | None = None
    high: float | None = None
    key: str | None = None
    """The key of the metadata that the slice is made by; None for a tag."""
    p_adjusted: float | None = None
    """The p value after the correction for all slices of the same two runs."""
