"""Since last time: each run beside the newest earlier one of the same things under another label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from evalkit.analysis import Comparison, compare
from evalkit.pipeline.overview import overview
from evalkit.pipeline.scores import run_scores
from evalkit.pipeline.selection import scope_of
from evalkit.pipeline.view import RunView
from evalkit.report.compose.scored import ScoreBook
from evalkit.report.page import CellKey, Since
from evalkit.report.words import figures
from evalkit.run import Run, RunKind
from evalkit.store import Store

MOST_PAIRED: Final = 20_000
"""Cases beyond which only means are told: to pair more of every run with its last time would take too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Times:
    """A run on one criterion, now and the last time."""

    run: Run
    last: Run
    view: RunView
    then: RunView
    most_paired: int

    @property
    def too_many(self) -> bool:
        return max(self.run.cases, self.last.cases) > self.most_paired


def since(
    store: Store,
    runs: Sequence[Run],
    views: Sequence[RunView],
    book: ScoreBook,
    *,
    most_paired: int = MOST_PAIRED,
) -> dict[CellKey, Since]:
    """By run and criterion, what became of it since the last time; nothing where there was none.

    Args:
        store: where the earlier runs are.
        runs: the runs of the page.
        views: where they stand.
        book: their scores.
        most_paired: cases of a run above which there is no difference, only the mean then.
    """
    earlier = _earlier(store, runs)
    before = {(view.run, view.criterion): view for view in overview(store, list(earlier.values()))}
    by_id = {run.id: run for run in runs}
    found: dict[CellKey, Since] = {}
    for view in views:
        last = earlier.get(view.run)
        then = before.get((last.id, view.criterion)) if last else None
        if last is not None and then is not None:
            times = _Times(run=by_id[view.run], last=last, view=view, then=then, most_paired=most_paired)
            found[CellKey(view.run, view.criterion)] = _since(times, _compared(store, book, times))
    return found


def _earlier(store: Store, runs: Sequence[Run]) -> dict[str, Run]:
    """By run, the newest earlier one of the same suite, candidate, grader and judge model under another label."""
    scopes = {suite: scope_of(store, suite) for suite in {run.suite for run in runs}}
    found = {run.id: _last_time(run, scopes[run.suite]) for run in runs}
    return {run: last for run, last in found.items() if last is not None}


def _last_time(run: Run, scope: Sequence[Run]) -> Run | None:
    same = (
        other
        for other in scope
        if (other.candidate, other.grader, _judge(other)) == (run.candidate, run.grader, _judge(run))
        and other.label != run.label
        and other.as_of < run.as_of
    )
    return max(same, key=lambda other: other.as_of, default=None)


def _judge(run: Run) -> tuple[str, bool]:
    """The model, and whether the sandbox answered in its place: that is another judge."""
    return (run.judge.model, run.judge.simulated) if run.judge else ("", False)


def _compared(store: Store, book: ScoreBook, times: _Times) -> Comparison | None:
    """The paired comparison; None where there are too many cases for one, or nothing to pair."""
    if times.too_many or not times.view.scored or not times.then.scored:
        return None
    criterion = times.view.criterion
    return compare(run_scores(store, times.last, criterion), book.of(times.run.id, criterion))


def _since(times: _Times, compared: Comparison | None) -> Since:
    return Since(
        run=times.last.id,
        label=times.last.label,
        date=times.last.as_of,
        mean=times.then.estimate.mean,
        delta=compared.delta if compared else None,
        low=compared.low if compared else None,
        high=compared.high if compared else None,
        n_paired=compared.n_paired if compared else 0,
        wins=(compared.wins or 0) if compared else 0,
        losses=(compared.losses or 0) if compared else 0,
        changes=tuple(_changes(times, compared)),
        reasons=compared.reasons if compared else (_uncompared(times),),
    )


def _changes(times: _Times, compared: Comparison | None) -> Iterator[str]:
    """What is not the same as then, in words."""
    run, last = times.run, times.last
    if run.candidate_digest != last.candidate_digest:
        yield "other outputs"
    if run.dataset != last.dataset:
        yield _dataset(compared)
    if run.grader_digest != last.grader_digest:
        yield "another scorer" if run.kind is RunKind.IMPORTED else "another rubric" if run.judge else "another check"
    if _effort(run) != _effort(last):
        yield "another effort"
    if compared and compared.n_shared:
        everything = compared.n_shared == compared.n_paired
        yield "every score taken over" if everything else f"{figures.some(compared.n_shared, 'score')} taken over"
    was, now = (set(view.spending.served_models) for view in (times.then, times.view))
    if was and now and was != now:
        yield f"served by {_models(now)}, then by {_models(was)}"


def _dataset(compared: Comparison | None) -> str:
    if compared is None:
        return "another dataset"
    counts = ((len(compared.added), "added"), (len(compared.removed), "removed"), (len(compared.changed), "changed"))
    said = ", ".join(f"{figures.count(n)} {what}" for n, what in counts if n)
    return f"another dataset: {said}" if said else "another dataset, with the same cases in another order"


def _effort(run: Run) -> str:
    return (run.judge.effort or "") if run.judge else ""


def _models(models: set[str]) -> str:
    return " and ".join(sorted(models))


def _uncompared(times: _Times) -> str:
    """Why there is no paired difference where the runs were not held against each other."""
    if times.too_many:
        return f"more than {figures.count(times.most_paired)} cases are not paired with the last time"
    return "no case has a score yet" if times.then.scored else "no case had a score then"
