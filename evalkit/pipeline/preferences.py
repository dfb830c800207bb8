"""The pairs of runs under a pairwise grader, read off the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from evalkit.analysis.preference import Pair, Preference, preference
from evalkit.graders.samples import ORDERS
from evalkit.pipeline.view import RunView
from evalkit.run import Run, RunKind
from evalkit.store import Store

_FIRST, _SECOND = ORDERS


def pairs_of(store: Store, run: Run) -> dict[str, Pair]:
    """Every case of a run that was put to the judge, by case id."""
    verdicts: dict[str, dict[str, float | None]] = defaultdict(dict)
    for case_id, suffix, value in store.judgements.by_suffix(run.id):
        verdicts[case_id][suffix] = value
    own = {row[0]: (row[2], row[7]) for row in store.case_scores.of(run.id, run.grader, run.dataset)}
    if run.kind is RunKind.JURY:  # which order its judges were shown is theirs to tell
        return {
            case_id: Pair(score=own[case_id][0], first=None, second=None, cluster=own[case_id][1]) for case_id in own
        }
    return {
        case_id: Pair(score=score, first=said.get(_FIRST), second=said.get(_SECOND), cluster=cluster)
        for case_id, said in verdicts.items()
        for score, cluster in [own.get(case_id, (None, None))]
    }


def preference_of(store: Store, run: Run) -> Preference | None:
    """What the pairs of a run say; None of a run under any other grader."""
    if run.baseline_digest is None:
        return None
    name, _, _ = store.content.candidate(run.baseline_digest)
    return preference(list(pairs_of(store, run).values()), against=name)


def with_preferences(store: Store, runs: Sequence[Run], views: Sequence[RunView]) -> list[RunView]:
    """The views of some runs, those of pairs with what they say beside their mean."""
    found = {run.id: preference_of(store, run) for run in runs if run.baseline_digest is not None}
    return [replace(view, preference=found.get(view.run)) for view in views]
