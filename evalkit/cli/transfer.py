"""The command that takes in what others wrote: a bundle of runs, or the files of another tool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalkit.cli import options
from evalkit.cli.app import app, progress_of
from evalkit.errors import UsageError

if TYPE_CHECKING:
    from evalkit.foreign import Imported


@app.command("import", short_help="Take in a bundle, or the files of another tool.")
def import_command(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE_OR_FOLDER", help="A config, dataset or results of another tool; or a bundle of runs."
        ),
    ],
    tool: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TOOL",
            help="promptfoo, openai-evals, inspect, deepeval, langsmith, langfuse, braintrust, mlflow, huggingface.",
            show_default="told by the files",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder of the new project.", show_default="called after the file"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the files of an import that is there.")] = False,
    config: options.Config = None,
    store: options.Store = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Write an evalkit project from the files of another tool: config, cases, outputs, and what could not be kept.

    A bundle, from `evalkit export --bundle`, is taken into the store: all its runs or none; their open batches are
    collected here from now on.

    Example: evalkit import promptfooconfig.yaml
    """
    from evalkit import transfer
    from evalkit.cli import tables

    if tool is not None or _is_of_another_tool(file):
        found = transfer.import_project(file, tool=tool, out=out, force=force)
        if json:
            tables.print_json(found.json())
        else:
            _print_imported(found)
        return
    if out is not None or force:
        raise UsageError(f"{file} is taken for a bundle, which goes into the store: leave out --out and --force")
    with progress_of(quiet=quiet) as progress:
        runs = transfer.import_bundle(file, config=config, store=store, progress=progress)
    tables.print_rows(runs, as_json=json)


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
