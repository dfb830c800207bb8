"""Scores for other programs: JSON lines, CSV or Parquet, one row per score, the same fields in all of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, TextIO

from evalkit.errors import UsageError
from evalkit.pipeline.whole import whole_file, whole_text_file
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
    "reused_from",
    "price_date",
)
Form = Literal["jsonl", "csv", "parquet"]

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(FIELDS, "text"),
    "value": "number",
    "cost_usd": "number",
    "simulated": "truth",
    "usage": "counts",
}


def export_scores(store: Store, runs: Sequence[Run], out: Path | TextIO, form: Form) -> int:
    """Write the scores of runs; a file is written beside its place and moved there, so it is never half there.

    Raises:
        UsageError: the file cannot be written, or Parquet is wanted of a stream or without pyarrow.
    """
    if not isinstance(out, Path):
        if form == "parquet":
            raise UsageError("Parquet is no text: name a file for it with --out")
        return _write(store, runs, out, form)
    if form == "parquet":
        _need_parquet()
    with whole_file(out) as file:
        return _write_file(store, runs, file, form)


def score_rows(store: Store, runs: Sequence[Run], *, judgements: bool = True) -> Iterator[dict[str, Any]]:
    """The scores of runs, run by run, each with the keys of `FIELDS`; without `judgements` the cases' own alone."""
    for run in runs:
        batches = {batch.id: batch for batch in store.progress([run.id])[run.id][1]}
        # A score that is reduced from judgements is of no batch of its own.
        taken = store.results.spending([run.id]).get(run.id)
        simulated = any(batch.simulated for batch in batches.values()) or bool(taken and taken.taken.simulated)
        for placed in store.scores.of(run.id):
            if judgements or not placed.score.suffix:
                batch = batches.get(placed.score.batch or "")
                row = _row(run, placed, simulated=simulated if batch is None else batch.simulated)
                yield row | {"price_date": batch.price_date if batch else None}


def _need_parquet() -> None:
    from evalkit.dataset.parquet import can_write

    if not can_write():
        raise UsageError("Parquet needs pyarrow, which is not installed: pip install 'evalkit-batch[parquet]'")


def _write_file(store: Store, runs: Sequence[Run], file: BinaryIO, form: Form) -> int:
    if form == "parquet":
        from evalkit.dataset import parquet

        return parquet.write(file, score_rows(store, runs), _TYPES)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    try:
        return _write(store, runs, text, form)
    finally:
        text.detach()


def _write(store: Store, runs: Sequence[Run], file: TextIO, form: Form) -> int:
    if form == "csv":
        file.write(_csv_line(FIELDS))
    n = 0
    for row in score_rows(store, runs):
        file.write(f"{json.dumps(row, ensure_ascii=False)}\n" if form == "jsonl" else _csv_line(_cells(row)))
        n += 1
    return n


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
        "reused_from": placed.reused_from,
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


def write_table(rows: Sequence[Mapping[str, object]], out: Path | TextIO) -> None:
    """Write rows as CSV with a header, of which no spreadsheet runs a cell; a file whole or not at all.

    Raises:
        UsageError: the file cannot be written.
    """
    if isinstance(out, Path):
        with whole_text_file(out) as file:
            write_table(rows, file)
        return
    names = list(dict.fromkeys(name for row in rows for name in row))
    out.write(_csv_line(tuple(names)))
    for row in rows:
        out.write(_csv_line(tuple(_cell(row.get(name)) for name in names)))


def _csv_line(cells: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
