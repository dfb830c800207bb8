"""The command that takes runs in: of a bundle, or of another tool's scores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evalkit.cli import options
from evalkit.cli.app import app, progress_of


@app.command("import", short_help="Take runs into the store: of a bundle, or of another tool's scores.")
def import_runs(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="A bundle, from `evalkit export --bundle`; or Inspect logs, promptfoo results, output items of evals.",
        ),
    ],
    label: Annotated[
        str | None,
        typer.Option("--label", "-l", help="Of runs from another tool.", show_default="the id of its own run"),
    ] = None,
    suite: Annotated[
        str | None, typer.Option("--suite", help="Of runs from another tool.", show_default="its task")
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option("--scale", metavar="LOW..HIGH", help="Of another tool's values.", show_default="read off them"),
    ] = None,
    config: options.Config = None,
    store: options.Store = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Take the runs of a bundle into the store, all or none; their open batches are collected here from now on.

    Of a file that another tool scored, every model and scorer becomes a run, with its cases, outputs and scores.

    Example: evalkit import runs.evalkit
    Example: evalkit import logs/*.eval
    """
    from evalkit import transfer
    from evalkit.cli import tables
    from evalkit.pipeline.scored_elsewhere import recognise
    from evalkit.pipeline.view import RunView
    from evalkit.tables import RunTable

    scored = [file for file in files if recognise(file)]
    if not scored and any(option is not None for option in (label, suite, scale)):
        raise typer.BadParameter("--label, --suite and --scale are of another tool's scores; a bundle has its own")
    rows: list[RunView] = []
    with progress_of(quiet=quiet) as progress:
        for file in (file for file in files if file not in scored):
            rows += transfer.import_bundle(file, config=config, store=store, progress=progress)
        if scored:
            rows += transfer.import_scores(
                scored, label=label, suite=suite, scale=scale, config=config, store=store, progress=progress
            )
    tables.print_rows(RunTable(tuple(rows)), as_json=json)
