"""The command that takes a bundle in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evalkit.cli import options
from evalkit.cli.app import app, progress_of


@app.command("import", short_help="Take the runs of a bundle into the store.")
def import_bundle(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A bundle, from `evalkit export --bundle`.")],
    config: options.Config = None,
    store: options.Store = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Take the runs of a bundle into the store, all or none; their open batches are collected here from now on.

    Example: evalkit import runs.evalkit
    """
    from evalkit import transfer
    from evalkit.cli import tables

    with progress_of(quiet=quiet) as progress:
        found = transfer.import_bundle(file, config=config, store=store, progress=progress)
    tables.print_rows(found, as_json=json)
