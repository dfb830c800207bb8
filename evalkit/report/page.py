"""What the report shows, as typed data: the page knows nothing of the store or of the API.

    Page -> notices, runs, comparisons, slices, agreement     small, held as they are
         -> cases                                             read once, may be a generator

Every number is given, none is computed here, except the difference of one case between two runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from evalkit.score import Status

AGREES: Final = 0.7
"""The agreement with people below which a judge's scores are not to be acted on alone."""


class Severity(StrEnum):
    """How much a notice takes away from the numbers."""

    NOTE = "note"
    CAUTION = "caution"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing a reader must know before any number; shown first."""

    severity: Severity
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetHead:
    """The dataset that the runs scored."""

    name: str
    digest: str
    n_cases: int


class CellKey(NamedTuple):
    """Names one column of scores: a run and one criterion of its grader."""

    run: str
    criterion: str


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
    """The judge model; empty for a deterministic check."""
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
    batch_saving_usd: float | None = None
    cache_read_share: float | None = None
    batches: tuple[str, ...] = ()
    simulated: bool = False
    status: str = "collected"
    """planned, submitted or collected."""
    submitted_at: datetime | None = None
    collected_at: datetime | None = None

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
    """One tag of one run on one criterion: the delta against `baseline`, or the mean where that is None."""

    name: str
    run: str
    baseline: str | None
    grader: str
    criterion: str
    n: int
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far a grader agrees with human labels on one criterion."""

    grader: str
    criterion: str
    judge: str = ""
    n: int
    statistic: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One score of one case; `status` None means pending.

    Raises:
        ValueError: a value without a score, or a score without a value.
    """

    status: Status | None
    value: float | None = None
    label: str | None = None
    reason: str | None = None
    custom_id: str | None = None
    batch: str | None = None
    served_model: str | None = None
    stop_reason: str | None = None

    def __post_init__(self) -> None:
        if (self.value is not None) != (self.status is Status.SCORED):
            raise ValueError(f"status {self.status} does not go with value={self.value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """One case with every candidate's output and every cell; a run that lacks the case lacks its cell."""

    case_id: str
    input: str
    expected: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    tags: tuple[str, ...] = ()
    cluster: str | None = None
    outputs: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """By candidate; None says that the candidate gave no output."""
    cells: Mapping[CellKey, Cell] = field(default_factory=dict[CellKey, Cell])
    changed_in: frozenset[str] = frozenset()
    """Runs that scored another content under this id: their cells are shown, never paired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything the report shows; `cases` is read once."""

    title: str
    dataset: DatasetHead
    created_at: datetime
    version: str
    command: str
    price_date: str | None = None
    notices: tuple[Notice, ...] = ()
    baseline: str | None = None
    """The run id that stands first; comparisons name their own."""
    margin: float | None = None
    """Differences within plus or minus this are of no practical weight."""
    adjustment: str | None = None
    """How `p_adjusted` was corrected for several comparisons, as words ("Holm over 3 comparisons")."""
    runs: tuple[RunRow, ...]
    comparisons: tuple[ComparisonRow, ...] = ()
    slices: tuple[SliceRow, ...] = ()
    agreement: tuple[Agreement, ...] = ()
    cases: Iterable[CaseRow] = ()
    prompts: Mapping[str, str] = field(default_factory=dict[str, str])
    """The system prompt by grader; shown once."""
    provenance: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        if self.created_at.tzinfo is None:
            raise ValueError("created_at must carry a time zone")
