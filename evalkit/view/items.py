"""What the page lists, as text: runs with their criteria, and batches that are not collected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from evalkit.pipeline.view import RunView
from evalkit.report.words import figures
from evalkit.report.words.names import criterion_name
from evalkit.run import RunStatus
from evalkit.tables import OpenBatch
from evalkit.view import words
from evalkit.view.words import NONE, line

SPAN_WIDTH: Final = 96
"""The width of the picture of an interval, in CSS pixels."""
_MARGIN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A run under one criterion."""

    grader: str
    scored: str
    unscored: str
    mean: str
    interval: str
    low_x: str
    """Where the interval begins on the scale of the criterion, in its picture; empty where there is none."""
    mean_x: str
    high_x: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunItem:
    """A run."""

    run: str
    suite: str
    candidate: str
    label: str
    judge: str
    status: str
    """Empty where it is collected: the usual needs no word."""
    simulated: str
    made: str
    cost: str
    link: str
    about: str
    """All of it in a few words, for who cannot see where in the table a box stands."""
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchItem:
    """A batch that is not collected."""

    batch: str
    run: str
    name: str
    status: str
    requests: str
    age: str
    usual: str
    left: str
    share: float | None
    """Of the usual time, how much is over; None where no other batch of its judge is known."""


def run_item(views: Sequence[RunView], scales: Mapping[str, tuple[float, float]]) -> RunItem:
    """A run, from its rows: one for each criterion."""
    first = views[0]
    judge = first.judge.removeprefix("claude-") if first.judge else "a check"
    status = "" if first.status is RunStatus.COLLECTED else first.status.value.replace("_", " ")
    return RunItem(
        run=first.run,
        suite=line(first.suite),
        candidate=line(first.candidate),
        label=line(first.label),
        judge=line(judge),
        status=status,
        simulated="simulated" if first.simulated else "",
        made=words.clock(first.created_at),
        cost=_cost(first),
        link=words.address("report", run=first.run),
        about=f"{words.key(first.candidate)} on {words.key(first.grader)}, run {first.run}",
        lines=tuple(_line(one, scales.get(one.criterion)) for one in views),
    )


def batch_item(one: OpenBatch, now: datetime) -> BatchItem:
    """A batch as it stands at a time."""
    batch = one.batch
    age = now - batch.created_at
    usual = None if one.usual_seconds is None else timedelta(seconds=one.usual_seconds)
    left = None if batch.expires_at is None else batch.expires_at - now
    return BatchItem(
        batch=batch.id,
        run=batch.run,
        name=f"{line(one.candidate)} × {line(one.grader)}",
        status=batch.state.value.replace("_", " "),
        requests=figures.count(batch.requests),
        age=words.span(age),
        usual=NONE if usual is None else words.span(usual),
        left=NONE if left is None else words.span(left) if left > timedelta() else "expired",
        share=round(min(1.0, age / usual), 3) if usual else None,
    )


def document(value: Any) -> Any:
    """What a page lists as JSON: every text either as it is, or in pieces where it hides something."""
    if isinstance(value, str):
        return words.pieces(value)
    if isinstance(value, tuple | list):
        return [document(one) for one in cast("Sequence[Any]", value)]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: document(getattr(value, field.name)) for field in fields(value)}
    return value


def _cost(view: RunView) -> str:
    if view.judge is None:
        return "free"
    paid = view.spending.results or view.spending.taken.cases
    return figures.usd(view.spending.cost_usd) if paid else ""


def _line(view: RunView, scale: tuple[float, float] | None) -> Line:
    found = view.estimate
    low, mean, high = (_place(value, scale) for value in (found.low, found.mean, found.high))
    whole = view.scored == view.cases
    return Line(
        grader=line(criterion_name(view.grader, view.criterion)),
        scored=figures.count(view.scored) if whole else f"{view.scored:,} of {view.cases:,}",
        unscored=_unscored(view),
        mean="" if found.mean is None else figures.value(found.mean),
        interval=figures.interval(found.low, found.high),
        low_x=low,
        mean_x=mean,
        high_x=high,
    )


def _unscored(view: RunView) -> str:
    parts = [f"{n:,} {status}" for status, n in view.unscored.items() if n]
    return ", ".join([*parts, f"{view.pending:,} pending"] if view.pending else parts)


def _place(value: float | None, scale: tuple[float, float] | None) -> str:
    """A value as its place in the picture."""
    if value is None or scale is None or scale[0] >= scale[1]:
        return ""
    share = min(1.0, max(0.0, (value - scale[0]) / (scale[1] - scale[0])))
    return f"{_MARGIN + share * (SPAN_WIDTH - 2 * _MARGIN):.1f}"
