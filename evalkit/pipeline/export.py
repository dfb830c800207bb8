"""Scores for other programs: JSON lines or CSV, one line per score, the same fields in both."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, TextIO, cast

from evalkit.errors import UsageError
from evalkit.run import Run
from evalkit.store import PlacedScore, Store

FIELDS: Final = (
    "run",
    "case",
    "criterion",
    "candidate",
    "grader",
    "judge",
    "served_model",
    "status",
    "value",
    "label",
    "reason",
    "custom_id",
    "batch",
    "stop_reason",
    "usage",
    "cost_usd",
    "suffix",
    "simulated",
    "dataset",
    "case_digest",
    "run_label",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def export_scores(store: Store, run: Run, out: Path | TextIO, form: Literal["jsonl", "csv"]) -> int:
    """Write the scores of a run; a file is written beside its place and moved there, so it is never half there.

    Raises:
        UsageError: the file cannot be written.
    """
    if not isinstance(out, Path):
        return _write(store, run, out, form)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=out.parent, prefix=f".{out.name}.", delete=False
        ) as file:
            try:
                n = _write(store, run, cast("TextIO", file), form)
                file.flush()
                os.chmod(file.name, 0o644)  # noqa: PTH101 # the temporary file is for its owner alone, an export is not
                Path(file.name).replace(out)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}; choose another place with --out") from error
    return n


def _write(store: Store, run: Run, file: TextIO, form: Literal["jsonl", "csv"]) -> int:
    if form == "csv":
        file.write(_csv_line(FIELDS))
    n = 0
    for row in _rows(store, run):
        file.write(f"{json.dumps(row, ensure_ascii=False)}\n" if form == "jsonl" else _csv_line(_cells(row)))
        n += 1
    return n


def _rows(store: Store, run: Run) -> Iterator[dict[str, Any]]:
    batches = {batch.id: batch for batch in store.progress([run.id])[run.id][1]}
    for placed in store.scores.of(run.id):
        batch = batches.get(placed.score.batch or "")
        yield _row(run, placed, simulated=batch is not None and batch.simulated)


def _row(run: Run, placed: PlacedScore, *, simulated: bool) -> dict[str, Any]:
    score, verdict = placed.score, placed.score.verdict
    return {
        "run": run.id,
        "case": score.case_id,
        "criterion": verdict.criterion,
        "candidate": run.candidate,
        "grader": run.grader,
        "judge": run.judge.model if run.judge else None,
        "served_model": score.served_model,
        "status": verdict.status.value,
        "value": verdict.value,
        "label": verdict.label,
        "reason": verdict.reason,
        "custom_id": score.custom_id,
        "batch": score.batch,
        "stop_reason": score.stop_reason,
        "usage": placed.usage,
        "cost_usd": placed.cost_usd,
        "suffix": score.suffix,
        "simulated": simulated,
        "dataset": run.dataset,
        "case_digest": placed.case_digest,
        "run_label": run.label,
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(_cell(row[field]) for field in FIELDS)


def _cell(value: object) -> str:
    """A value as a CSV cell; text that a spreadsheet would run as a formula is made plain text by a quote."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return json.dumps(value, ensure_ascii=False)


def _csv_line(cells: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
