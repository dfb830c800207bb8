"""The work behind `compare`: pairs of runs read, compared, and told with what a person needs to judge them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from evalkit.analysis import Comparison, Flip, RunScores, adjusted, compare, slices
from evalkit.analysis.comparability import mixed_by_reuse
from evalkit.errors import UsageError
from evalkit.pipeline.overview import overview
from evalkit.pipeline.rebase import Present, mend
from evalkit.pipeline.scores import run_scores
from evalkit.pipeline.selection import RunPair
from evalkit.store import PlacedScore, Store
from evalkit.tables.comparisons import ComparedRuns, Moved

_AT_ONCE: Final = 500
"""Cases whose texts are read by one query: no database takes any number of ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparer:
    """Compares pairs of runs."""

    store: Store
    now: Present
    """What the config scores with, to say how what is not comparable becomes so."""
    slices: bool = False
    flips: int = 0
    """For how many flips of a pair to read the outputs and the reasons."""
    force: bool = False

    def compared(self, pairs: Sequence[RunPair], criterion: str | None) -> tuple[ComparedRuns, ...]:
        """Every pair on every criterion of both, in the order of the pairs, with p-values adjusted together.

        A baseline is read once for all its candidate runs, and then let go.

        Raises:
            UsageError: no pair has the criterion, or any in common.
            IntegrityError: the cases of a run do not add up.
        """
        order = {pair.candidate.id: place for place, pair in enumerate(pairs)}
        jobs = [(pair.baseline.id, name, pair) for pair in pairs for name in self._criteria(pair, criterion)]
        if not jobs:
            raise UsageError(_without_criterion(pairs, criterion))
        rows: list[ComparedRuns] = []
        for (_, name), group in groupby(sorted(jobs, key=lambda job: job[:2]), key=lambda job: job[:2]):
            rows += self._beside_one_baseline([pair for _, _, pair in group], name)
        rows.sort(key=lambda row: order[row.candidate.run])
        made = adjusted([row.comparison for row in rows])
        return tuple(self._told(replace(row, comparison=one)) for row, one in zip(rows, made, strict=True))

    def _beside_one_baseline(self, pairs: Sequence[RunPair], criterion: str) -> Iterator[ComparedRuns]:
        before = run_scores(self.store, pairs[0].baseline, criterion)
        both = [pairs[0].baseline, *(pair.candidate for pair in pairs)]
        views = {view.run: view for view in overview(self.store, both) if view.criterion == criterion}
        for pair in pairs:
            metadata = self.store.case_scores.metadata(pair.candidate.dataset) if self.slices else None
            after = run_scores(self.store, pair.candidate, criterion, metadata=metadata)
            made = compare(before, after, force=self.force)
            yield ComparedRuns(
                baseline=views[pair.baseline.id],
                candidate=views[pair.candidate.id],
                comparison=made,
                slices=slices(before, after, force=self.force) if self.slices else (),
                mend=None if made.comparable else self._mend(pair, before, after),
            )

    def _mend(self, pair: RunPair, before: RunScores, after: RunScores) -> str | None:
        if any(map(mixed_by_reuse, (before, after))):
            label = f"{pair.candidate.label}-fresh".lstrip("-")
            return f"evalkit submit --fresh --label {shlex.quote(label)}"
        newer = after if pair.candidate.as_of >= pair.baseline.as_of else before
        return mend(pair.baseline, pair.candidate, self.now, served_models=newer.served_models)

    def _told(self, row: ComparedRuns) -> ComparedRuns:
        """The row with the outputs and the reasons of its first flips: the worst, then the best."""
        n, made = self.flips, row.comparison
        flips = [*made.regressed[:n], *made.improved[:n]][:n]
        return replace(row, moved=tuple(self._moved(made, flips))) if flips else row

    def _moved(self, made: Comparison, flips: Sequence[Flip]) -> Iterator[Moved]:
        before, after = self.store.runs.get(made.baseline), self.store.runs.get(made.candidate)
        for start in range(0, len(flips), _AT_ONCE):
            some = flips[start : start + _AT_ONCE]
            ids = [flip.case_id for flip in some]
            outputs = self.store.content.outputs_for([before.candidate_digest, after.candidate_digest], ids)
            placed = self.store.scores.for_cases([before.id, after.id], ids)
            for flip in some:
                yield Moved(
                    flip=flip,
                    baseline_output=outputs.get((before.candidate_digest, flip.case_id)),
                    candidate_output=outputs.get((after.candidate_digest, flip.case_id)),
                    baseline_reason=_reason(placed[flip.case_id], before.id, made.criterion),
                    candidate_reason=_reason(placed[flip.case_id], after.id, made.criterion),
                )

    def _criteria(self, pair: RunPair, criterion: str | None) -> list[str]:
        scales = self.store.content.scales({pair.baseline.grader_digest, pair.candidate.grader_digest})
        shared = scales[pair.baseline.grader_digest]
        return [n for n in scales[pair.candidate.grader_digest] if n in shared and criterion in (None, n)]


def _without_criterion(pairs: Sequence[RunPair], criterion: str | None) -> str:
    if criterion is not None:
        return f"no two of these runs are both scored on {criterion!r}; `evalkit show RUN` says on what one is"
    one = pairs[0]
    return (
        f"run {one.baseline.id} is scored by {one.baseline.grader} and run {one.candidate.id} by "
        f"{one.candidate.grader}: they have no criterion in common, so there is nothing to compare"
    )


def _reason(placed: Sequence[PlacedScore], run: str, criterion: str) -> str | None:
    found = (
        one.score.verdict.reason for one in placed if one.score.run == run and one.score.verdict.criterion == criterion
    )
    return next(found, None)
