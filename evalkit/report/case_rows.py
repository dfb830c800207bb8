"""The cases of a page, read from the store a window at a time, so that no report holds its whole dataset."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from evalkit.dataset import Case
from evalkit.report.page import CaseRow, Cell, CellKey
from evalkit.run import Run
from evalkit.store import PlacedScore, Store
from evalkit.store.rows import chunks

_WINDOW = 500


def candidate_names(runs: Sequence[Run]) -> dict[str, str]:
    """Run id -> the candidate's name; with its digest where one name stands for several versions."""
    versions: dict[str, set[str]] = {}
    for run in runs:
        versions.setdefault(run.candidate, set()).add(run.candidate_digest)
    return {
        run.id: run.candidate if len(versions[run.candidate]) == 1 else f"{run.candidate} ({run.candidate_digest[:6]})"
        for run in runs
    }


def case_rows(store: Store, runs: Sequence[Run], dataset: str, names: Mapping[str, str]) -> Iterator[CaseRow]:
    """Every case of a dataset with all outputs and scores that these runs have under its id."""
    candidates = {run.candidate_digest: names[run.id] for run in runs}
    ids = [run.id for run in runs]
    for cases in chunks(store.content.cases(dataset), _WINDOW):
        wanted = [case.id for case in cases]
        outputs = store.content.outputs_for(list(candidates), wanted)
        scores = store.scores.for_cases(ids, wanted)
        for case in cases:
            texts = {name: outputs.get((digest, case.id)) for digest, name in candidates.items()}
            yield _case_row(case, texts, scores.get(case.id, []))


def _case_row(case: Case, outputs: Mapping[str, str | None], scores: Sequence[PlacedScore]) -> CaseRow:
    return CaseRow(
        case_id=case.id,
        input=_text(case.input),
        expected=None if case.expected is None else _text(case.expected),
        metadata={key: _text(value) for key, value in case.metadata.items()},
        tags=case.tags,
        cluster=case.cluster,
        outputs=outputs,
        cells={CellKey(one.score.run, one.score.verdict.criterion): _cell(one) for one in scores},
        changed_in=frozenset(one.score.run for one in scores if one.case_digest != case.digest),
    )


def _cell(placed: PlacedScore) -> Cell:
    score = placed.score
    return Cell(
        status=score.verdict.status,
        value=score.verdict.value,
        label=score.verdict.label,
        reason=score.verdict.reason,
        custom_id=score.custom_id,
        batch=score.batch,
        served_model=score.served_model,
        stop_reason=score.stop_reason,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
