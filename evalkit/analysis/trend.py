"""A candidate over time on one criterion: runs of the same measure in a row, broken where the measure changed.

Two scores are on one line only if the same grader, answered by the same model, made both. Where that changed the
trend is broken, and what changed is named. Where the dataset or the candidate changed it goes on: the first is
paired on the cases that stayed, the second is what a trend is there to show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from evalkit.analysis.comparability import reasons_against
from evalkit.analysis.comparison import Comparison, compare
from evalkit.analysis.outcome import Outcome, outcome_of
from evalkit.analysis.scores import RunScores
from evalkit.analysis.summary import summarise

_SIDES = ("the segment before", "this one")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedRun:
    """A run of one candidate on one grader, with its date and with all that decides which segment it is in."""

    run: str
    label: str
    dataset: str
    """Dataset digest."""
    candidate_digest: str
    grader_digest: str
    judge_digest: str
    served_models: tuple[str, ...] = ()
    simulated: bool = False
    cases: int
    judged_at: datetime
    """When its outputs were first judged, by whatever judge: a history that is judged again keeps its dates."""
    created_at: datetime
    """When this run was made."""

    @property
    def outputs(self) -> tuple[str, str, str]:
        """What was judged: the same for a run and for one that judges it again."""
        return (self.candidate_digest, self.dataset, self.label)

    @property
    def measure(self) -> tuple[str, str, tuple[str, ...], bool]:
        """What judged it: the same within a segment."""
        return (self.grader_digest, self.judge_digest, tuple(sorted(set(self.served_models))), self.simulated)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One run of a trend, and its difference to the run before it in its segment; what is undefined is None."""

    run: str
    label: str
    date: datetime
    mean: float | None
    low: float | None
    high: float | None
    n: int
    coverage: float | None
    delta: float | None = None
    delta_low: float | None = None
    delta_high: float | None = None
    p_value: float | None = None
    mde: float | None = None
    n_paired: int | None = None
    n_shared: int | None = None
    """How many of the pairs are one and the same score, which the run took over."""
    outcome: Outcome | None = None
    """None for the first of a segment."""
    candidate_changed: bool = False
    """False too where the same outputs were judged twice: then any difference is the judge's noise."""
    dataset_changed: bool = False
    added: int = 0
    removed: int = 0
    changed: int = 0
    rebased: bool = False
    """The newest segment has the same outputs under its own measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Points of one measure, by date."""

    points: tuple[Point, ...]
    judge: str
    grader_digest: str
    judge_digest: str
    served_models: tuple[str, ...]
    simulated: bool
    differs: tuple[str, ...]
    """What of the measure differs from the segment before; empty for the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A candidate's runs on one grader and criterion; the newest segment, which is the last, is the one to read."""

    candidate: str
    grader: str
    criterion: str
    segments: tuple[Segment, ...]
    to_rebase: tuple[str, ...]
    """Runs of older segments whose outputs the newest segment lacks: judging them again would join them to it."""
    low_value: float = 0.0
    high_value: float = 1.0

    @property
    def newest(self) -> Segment:
        """The segment to read."""
        return self.segments[-1]


def trend(runs: Sequence[DatedRun], read: Callable[[str], RunScores]) -> Trend:
    """The trend over runs of one candidate on one grader, in whatever order they are given.

    Args:
        runs: one at least.
        read: the scores of a run on the trend's criterion; each run is read once, and two are held at a time.

    Raises:
        ValueError: there is no run.
        IntegrityError: a run holds a case twice, or more cases than its dataset.
    """
    if not runs:
        raise ValueError("a trend needs a run")
    lines = _lines(runs)
    of_newest = {run.outputs for run in lines[-1]}
    made = [_points(line, read, frozenset() if line is lines[-1] else of_newest) for line in lines]
    heads = [head for _, head in made]
    differs = [(), *(reasons_against(one, other, sides=_SIDES) for one, other in pairwise(heads))]
    segments = [
        _segment(points, line[-1], head, parts)
        for (points, head), line, parts in zip(made, lines, differs, strict=True)
    ]
    last = heads[-1]
    older = {run.outputs: run.run for line in lines[:-1] for run in line}
    return Trend(
        candidate=last.candidate,
        grader=last.grader,
        criterion=last.criterion,
        segments=tuple(segments),
        to_rebase=tuple(run for outputs, run in older.items() if outputs not in of_newest),
        low_value=last.low_value,
        high_value=last.high_value,
    )


def _lines(runs: Sequence[DatedRun]) -> list[list[DatedRun]]:
    """The runs of each measure by date, the measure that was used last at the end."""
    lines: dict[tuple[object, ...], list[DatedRun]] = {}
    for run in sorted(runs, key=lambda run: (run.judged_at, run.created_at, run.run)):
        lines.setdefault(run.measure, []).append(run)
    return sorted(lines.values(), key=lambda line: max((run.created_at, run.run) for run in line))


def _points(
    line: Sequence[DatedRun], read: Callable[[str], RunScores], rebased: Set[tuple[str, str, str]]
) -> tuple[list[Point], RunScores]:
    """The points of a segment, and its last run without its cases."""
    scores = read(line[0].run)
    points = [_point(line[0], scores, rebased=line[0].outputs in rebased)]
    for before, run in pairwise(line):
        earlier, scores = scores, read(run.run)
        point = _point(run, scores, rebased=run.outputs in rebased)
        points.append(_after(point, before, run, compare(earlier, scores)))
    return points, replace(scores, cases=(), pending=None)


def _point(run: DatedRun, scores: RunScores, *, rebased: bool) -> Point:
    summary = summarise(scores, run.cases)
    found = summary.estimate
    return Point(
        run=run.run,
        label=run.label,
        date=run.judged_at,
        mean=found.mean,
        low=found.low,
        high=found.high,
        n=summary.scored,
        coverage=summary.coverage,
        rebased=rebased,
    )


def _after(point: Point, before: DatedRun, run: DatedRun, made: Comparison) -> Point:
    """A point with its difference to the one before it."""
    return replace(
        point,
        delta=made.delta,
        delta_low=made.low,
        delta_high=made.high,
        p_value=made.p_value,
        mde=made.mde,
        n_paired=made.n_paired,
        n_shared=made.n_shared,
        outcome=outcome_of(made),
        candidate_changed=run.candidate_digest != before.candidate_digest,
        dataset_changed=run.dataset != before.dataset,
        added=len(made.added),
        removed=len(made.removed),
        changed=len(made.changed),
    )


def _segment(points: Sequence[Point], run: DatedRun, scores: RunScores, differs: tuple[str, ...]) -> Segment:
    return Segment(
        points=tuple(points),
        judge=scores.judge,
        grader_digest=run.grader_digest,
        judge_digest=run.judge_digest,
        served_models=run.served_models,
        simulated=run.simulated,
        differs=differs,
    )
