"""The cases of a page in two readings: the numbers of all of them as columns, then the texts of those that are shown.

A page of 100,000 cases holds a few bytes for each score, and the texts of one window of cases at a time.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from evalkit.report.page.runs import CellKey
from evalkit.score import Status


@dataclass(slots=True, kw_only=True)
class CellColumn:
    """One run's scores on one criterion over all cases, in their order; every sequence has one item per case."""

    values: array[float] = field(default_factory=lambda: array("d"))
    """NaN where there is no value."""
    statuses: list[Status | None] = field(default_factory=list[Status | None])
    """None: pending, or that the run lacks the case, which `absent` tells."""
    absent: set[int] = field(default_factory=set[int])
    """Positions of cases that the run does not have."""
    changed: set[int] = field(default_factory=set[int])
    """Positions of cases that the run scored with another content: shown, never paired."""
    split: set[int] = field(default_factory=set[int])
    """Positions of cases whose judge samples do not all give the same value."""

    def add(self, status: Status | None, value: float | None) -> None:
        """Add the next case.

        Raises:
            ValueError: a value without a score, or a score without a value.
        """
        if (value is not None) != (status is Status.SCORED):
            raise ValueError(f"status {status} does not go with value={value}")
        self.values.append(math.nan if value is None else value)
        self.statuses.append(status)

    def value(self, position: int) -> float | None:
        """The value of a case; None where it has none."""
        found = self.values[position]
        return None if math.isnan(found) else found


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseColumns:
    """Every case of a page without its texts, in the order of the dataset."""

    ids: Sequence[str]
    heads: Sequence[str]
    """How each input begins."""
    tags: Sequence[tuple[str, ...]]
    cells: Mapping[CellKey, CellColumn]
    """A column for every row of `Page.runs`."""

    def __len__(self) -> int:
        """How many cases there are."""
        return len(self.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleText:
    """One judgement behind a score that was reduced from several."""

    status: Status
    value: float | None = None
    label: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreText:
    """The words of one score."""

    label: str | None = None
    reason: str | None = None
    samples: tuple[SampleText, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyText:
    """One reply of a judge: what it said, and where it came from. A run has one per case, or one per sample."""

    custom_id: str | None = None
    batch: str | None = None
    served_model: str | None = None
    stop_reason: str | None = None
    usage: Mapping[str, int] = field(default_factory=dict[str, int])
    """Tokens by kind."""
    cost_usd: float | None = None
    raw: str | None = None
    """The text of the reply, or the error, as the API gave it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputText:
    """What a candidate answered, and what is known of how."""

    text: str
    cost_usd: float | None = None
    seconds: float | None = None
    """How long it took."""
    usage: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTexts:
    """Everything that is written of one case."""

    case_id: str
    input: str
    expected: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    cluster: str | None = None
    outputs: Mapping[str, OutputText | None] = field(default_factory=dict[str, OutputText | None])
    """By candidate; None says that the candidate gave no output."""
    scores: Mapping[CellKey, ScoreText] = field(default_factory=dict[CellKey, ScoreText])
    replies: Mapping[str, tuple[ReplyText, ...]] = field(default_factory=dict[str, tuple[ReplyText, ...]])
    """By run; none for a check."""
    prompts: Mapping[str, str] = field(default_factory=dict[str, str])
    """By run, the user message as it was sent; the system prompt stands once on the page."""
    more: Mapping[str, str] = field(default_factory=dict[str, str])
    """What else belongs to the case, by its heading: the names of its attachments, the other side of its pairs."""


class CaseSource(Protocol):
    """Where a page's cases come from."""

    def columns(self) -> CaseColumns:
        """All cases without their texts."""
        ...

    def texts(self, positions: Sequence[int]) -> Iterator[CaseTexts]:
        """The texts of some cases, in the order of `positions`, which count from 0 in the order of the dataset."""
        ...


@dataclass(frozen=True, slots=True)
class NoCases:
    """The source of a page without cases."""

    def columns(self) -> CaseColumns:
        """No case."""
        return CaseColumns(ids=(), heads=(), tags=(), cells={})

    def texts(self, positions: Sequence[int]) -> Iterator[CaseTexts]:
        """No text."""
        del positions
        yield from ()
