"""The command that takes in what others wrote: a bundle, another tool's scores, or another tool's project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalkit.cli import options
from evalkit.cli.app import app, progress_of
from evalkit.errors import UsageError

if TYPE_CHECKING:
    from evalkit.foreign import Imported


@app.command("import", short_help="Take in a bundle, or another tool's scores, config or dataset.")
def import_command(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="A bundle; Inspect logs, promptfoo results and others with scores; or a config, dataset or folder.",
        ),
    ],
    tool: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TOOL",
            help="Of a project: promptfoo, openai-evals, inspect, deepeval, langsmith, langfuse, braintrust, mlflow, "
            "huggingface.",
            show_default="told by the files",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Make a project of it, in this folder.", show_default="called after the file"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the files of a project that is there.")] = False,
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
    """Take in what others wrote, told by the files: a bundle of runs, another tool's scores, or its config or dataset.

    Of a file with scores, every model and scorer becomes a run in the store. Of a config or a dataset, and of anything
    with --out, a project is written: config, cases, outputs, and a list of what could not be kept.

    Example: evalkit import promptfooconfig.yaml
    Example: evalkit import logs/*.eval
    """
    from evalkit.pipeline.scored_elsewhere import recognise

    scored = [file for file in files if recognise(file)]
    packed = [file for file in files if file not in scored and not _is_of_another_tool(file)]
    if packed and tool is None and (out is not None or force):
        raise UsageError(f"{packed[0]} is taken for a bundle, which goes into the store: leave out --out and --force")
    if tool is not None or out is not None:
        _import_project(files, tool=tool, out=out, force=force, json=json)
        return
    others = [file for file in files if file not in scored and _is_of_another_tool(file)]
    if others:
        _import_project(files, tool=None, out=None, force=force, json=json)
        return
    if force:
        raise UsageError("--force is of a project's files; what goes into the store is never replaced")
    if not scored and any(option is not None for option in (label, suite, scale)):
        raise UsageError("--label, --suite and --scale are of another tool's scores; a bundle has its own")
    bundles = [file for file in files if file not in scored]
    told = {"label": label, "suite": suite, "scale": scale}
    _import_runs(bundles, scored, told, config=config, store=store, json=json, quiet=quiet)


def _import_runs(
    bundles: list[Path],
    scored: list[Path],
    told: dict[str, str | None],
    *,
    config: Path | None,
    store: str | None,
    json: bool,
    quiet: bool,
) -> None:
    from evalkit import transfer
    from evalkit.cli import tables
    from evalkit.pipeline.view import RunView
    from evalkit.tables import RunTable

    rows: list[RunView] = []
    with progress_of(quiet=quiet) as progress:
        for file in bundles:
            rows += transfer.import_bundle(file, config=config, store=store, progress=progress)
        if scored:
            rows += transfer.import_scores(scored, **told, config=config, store=store, progress=progress)
    tables.print_rows(RunTable(tuple(rows)), as_json=json)


def _import_project(files: list[Path], *, tool: str | None, out: Path | None, force: bool, json: bool) -> None:
    from evalkit import transfer
    from evalkit.cli import tables

    if len(files) > 1:
        names = ", ".join(file.name for file in files[:3])
        raise UsageError(f"one project is made of one file or folder, and there are {len(files)}: {names}")
    found = transfer.import_project(files[0], tool=tool, out=out, force=force)
    if json:
        tables.print_json(found.json())
    else:
        _print_imported(found)


def _is_of_another_tool(file: Path) -> bool:
    """Whether a file or folder can only be another tool's: a bundle is one file, and packed."""
    from evalkit.foreign import SUFFIXES

    if file.is_dir():
        return True
    if file.suffix.lower() not in SUFFIXES:
        return False
    try:
        with file.open("rb") as opened:
            return opened.read(2) != b"PK"
    except OSError:
        return True


def _print_imported(found: Imported) -> None:
    from evalkit.cli.screen import say, say_wrapped

    say(f"{'recognised' if found.recognised else 'read'} as {found.tool}")
    say_wrapped(
        f"{found.folder}: {_count(found.cases, 'case')}, {_count(len(found.graders), 'grader')} "
        f"({', '.join(found.graders)}), {_count(len(found.candidates), 'candidate')} ({', '.join(found.candidates)})",
        indent="  ",
    )
    for kind in ("left out", "changed", "added"):
        notes = [note for note in found.notes if note.kind == kind]
        if notes:
            say(f"{kind}:")
        for note in notes:
            say_wrapped(f"  {note.where}: {note.field}: {note.why}", indent="    ")
    say(f"next: evalkit validate -c {found.folder}")


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
