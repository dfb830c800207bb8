"""What `export` writes and says: scores for other programs, or a bundle for another store."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import typer

from evalkit.cli import tables, words

Form = Literal["jsonl", "csv", "parquet", "inspect", "promptfoo", "every_eval_ever"]


def write_scores(
    runs: Sequence[str],
    out: Path | None,
    form: Form,
    *,
    label: str | None,
    config: Path | None,
    store: str | None,
    as_json: bool,
) -> None:
    """Write the scores of runs, or of every run of a label."""
    from evalkit import api

    if as_json and out is None:
        raise typer.BadParameter("--json needs --out: stdout cannot hold the scores and a document about them")
    if bool(runs) == (label is not None):
        raise typer.BadParameter("say which runs to export: their ids, or --label")
    wanted = runs if label is None else api.runs(config, store=store, label=label).runs
    if form in ("inspect", "promptfoo", "every_eval_ever"):
        _write_for(wanted, out, form, config=config, store=store, as_json=as_json)
        return
    n = api.export(wanted, out or sys.stdout, format=form, config=config, store=store)
    if as_json:
        tables.print_json({"path": str(out), "scores": n})
    elif out is not None:
        print(f"wrote {n:,} scores to {out}")  # noqa: T201


def _write_for(
    runs: Sequence[str],
    out: Path | None,
    form: Literal["inspect", "promptfoo", "every_eval_ever"],
    *,
    config: Path | None,
    store: str | None,
    as_json: bool,
) -> None:
    """Write runs for another tool, and say what its format cannot hold."""
    from evalkit import transfer

    written = transfer.export_for(runs, out or sys.stdout, format=form, config=config, store=store)
    if as_json:
        tables.print_json(written.json())
    elif out is not None:
        several = len(written.paths) > 1
        named = f"{len(written.paths)} files in {written.paths[0].parent}" if several else str(written.paths[0])
        print(f"wrote {words.count(written.scores, 'score')} to {named}")  # noqa: T201
    for line in written.losses.lines():
        print(f"not carried as it is: {line}", file=sys.stderr)  # noqa: T201


def write_bundle(
    runs: Sequence[str], path: Path, *, label: str | None, config: Path | None, store: str | None, as_json: bool
) -> None:
    """Write a bundle of runs, or of every run of a label, and say which of them are handed over."""
    from evalkit import transfer

    written = transfer.export_bundle(runs, path, label=label, config=config, store=store)
    if as_json:
        document = {"bundle": str(written.path), "runs": written.runs, "handed_over": written.handed_over}
        tables.print_json({**document, "bytes": written.bytes})
        return
    print(f"wrote {words.count(len(written.runs), 'run')} to {path}, {words.size(written.bytes)}")  # noqa: T201
    if written.handed_over:
        print(  # noqa: T201
            f"handed over: {', '.join(written.handed_over)}; the store that imports {path} collects them, this one no "
            "longer"
        )
