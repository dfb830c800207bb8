"""How far the judges of a page agree with one another, where several scored the same outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final

from evalkit.analysis.agree import Scale, nearest
from evalkit.pipeline.agree import scales_of
from evalkit.report.page import JudgeMatrix, JudgePair
from evalkit.run import Judge, Run, RunKind
from evalkit.stats import gwet
from evalkit.store import Store

_STATISTIC: Final = "AC1"


def judge_matrices(store: Store, runs: Sequence[Run], names: Mapping[str, str]) -> tuple[JudgeMatrix, ...]:
    """One for each candidate, grader and criterion that two judges or more have scored whole, of the newest runs.

    Runs with cases that wait for a result are left out: what has come so far is no sample of the rest.

    Args:
        store: where their scores are.
        runs: the runs of the page.
        names: the candidate of each run as the page calls it, by run id.
    """
    found: list[JudgeMatrix] = []
    for alike in _alike(runs):
        called = _called(alike)
        for criterion, scale in scales_of(store, alike[0]).items():
            places = {called[run.id]: _places(store, run, criterion, scale) for run in alike}
            said = {judge: found for judge, found in places.items() if found is not None}
            if len(said) > 1:
                found.append(
                    JudgeMatrix(
                        grader=alike[0].grader,
                        criterion=criterion,
                        candidate=names[alike[0].id],
                        judges=tuple(said),
                        pairs=tuple(_pair(one, other, len(scale)) for one, other in combinations(said.items(), 2)),
                    )
                )
    return tuple(found)


def _alike(runs: Sequence[Run]) -> Iterator[list[Run]]:
    """Runs of the same outputs under the same rubric, the newest of each judge, where there are several judges.

    Of a rubric that changed, the version counts that was used last: two rubrics do not tell two judges apart.
    """
    rubrics: dict[tuple[str, str, str], dict[str, dict[str, Run]]] = {}
    for run in sorted(runs, key=lambda run: (run.as_of, run.id)):
        if run.judge is not None and run.kind is not RunKind.JURY:  # whose members it would agree with by itself
            versions = rubrics.setdefault((run.candidate_digest, run.dataset, run.grader), {})
            judges = versions.pop(run.grader_digest, {})  # the one that was used last moves to the end
            judges[run.judge.digest] = run
            versions[run.grader_digest] = judges
    for versions in rubrics.values():
        several = [judges for judges in versions.values() if len(judges) > 1]
        if several:
            yield list(several[-1].values())


def _called(runs: Sequence[Run]) -> dict[str, str]:
    """The judge of each run, by run id; with its effort where one model is there twice."""
    judges: dict[str, Judge] = {run.id: run.judge for run in runs if run.judge is not None}
    models = Counter(judge.model for judge in judges.values())
    return {run: judge.model if models[judge.model] == 1 else _in_full(judge) for run, judge in judges.items()}


def _in_full(judge: Judge) -> str:
    return f"{judge.model} ({judge.effort or 'default'} effort{', simulated' if judge.simulated else ''})"


def _places(store: Store, run: Run, criterion: str, scale: Scale) -> dict[str, int] | None:
    """The place on the scale of each case that has a score; None where cases are pending."""
    rows = store.case_scores.of(run.id, criterion, run.dataset)
    if len(rows) < run.cases:
        return None
    values = {case_id: value for case_id, _, value, *_ in rows if value is not None}
    places = {value: nearest(value, scale) for value in set(values.values())}
    return {case_id: places[value] for case_id, value in values.items()}


def _pair(one: tuple[str, Mapping[str, int]], other: tuple[str, Mapping[str, int]], size: int) -> JudgePair:
    (before, first), (after, second) = one, other
    found = gwet([(place, second[case_id]) for case_id, place in first.items() if case_id in second], range(size))
    return JudgePair(
        one=before,
        other=after,
        n=found.n,
        statistic=_STATISTIC,
        value=found.value,
        low=found.low,
        high=found.high,
    )
