"""A run's scores in the form that the analysis takes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from evalkit.analysis import CaseScore, RunScores
from evalkit.analysis.scores import Scalar
from evalkit.graders.jury import members
from evalkit.run import Run
from evalkit.score import Status
from evalkit.store import Store

_STATUSES: Mapping[str, Status] = {status.value: status for status in Status}


def run_scores(store: Store, run: Run, criterion: str, *, metadata: Mapping[str, str] | None = None) -> RunScores:
    """Every case of a run under one criterion, with what decides whether another run may be compared.

    `metadata` is that of the cases, as `CaseScores.metadata` reads it: slices are made by it.
    """
    parts, _ = store.content.grader(run.grader_digest)
    low, high = store.content.scales({run.grader_digest})[run.grader_digest][criterion]
    own = [run.id, *(one.id for one in members(run))]
    spent = store.results.spending(own)
    spending = spent.get(run.id)
    taken = store.reuse.of(run.id) if spending and spending.taken.cases else {}
    cases = _cases(store, run, criterion, metadata or {}, taken)
    return RunScores(
        run=run.id,
        candidate=run.candidate,
        grader=run.grader,
        criterion=criterion,
        judge=run.judge.model if run.judge else "",
        label=run.label,
        dataset=run.dataset,
        grader_parts={**parts, **(run.judge.parts if run.judge else {})},
        served_models=tuple(sorted({model for one in spent.values() for model in one.served_models})),
        asked=run.judge is None or any(one.results or one.taken.cases for one in spent.values()),
        simulated=bool(run.judge and run.judge.simulated)
        or any(batch.simulated for _, batches in store.progress(own).values() for batch in batches)
        or any(one.taken.simulated for one in spent.values()),
        cases=cases,
        pending=store.case_scores.pending(run.id, criterion, run.dataset) if len(cases) < run.cases else (),
        low_value=low,
        high_value=high,
    )


def _cases(
    store: Store, run: Run, criterion: str, texts: Mapping[str, str], taken: Mapping[str, tuple[str, str]]
) -> list[CaseScore]:
    # Most cases share their tags and much of their metadata with others: each text is read once.
    tags: dict[str, tuple[str, ...]] = {}
    scalars: dict[str, dict[str, Scalar]] = {"": {}}
    rows = store.case_scores.of(run.id, criterion, run.dataset)
    found: list[CaseScore] = []
    for case_id, status, value, label, case_digest, position, tag_text, cluster in rows:
        if tag_text not in tags:
            tags[tag_text] = tuple(msgspec.json.decode(tag_text))
        text = texts.get(case_digest, "")
        if text not in scalars:
            scalars[text] = _scalars(text)
        found.append(
            CaseScore(
                case_id=case_id,
                case_digest=case_digest,
                status=_STATUSES[status],
                value=value,
                label=label,
                tags=tags[tag_text],
                cluster=cluster,
                position=position,
                metadata=scalars[text],
                taken_from=taken.get(case_id),
            )
        )
    return found


def _scalars(text: str) -> dict[str, Scalar]:
    members = cast("dict[str, Any]", msgspec.json.decode(text))
    return {key: value for key, value in members.items() if _is_scalar(value)}


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value))
