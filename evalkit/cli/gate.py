"""The command `gate`: the verdict on the terminal, in files, and where a CI job looks for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from evalkit.cli import options
from evalkit.cli.app import app

_SUMMARY_VARIABLE: Final = "GITHUB_STEP_SUMMARY"


@app.command(short_help="Judge candidates by the gate of the config.")
def gate(
    candidates: Annotated[
        list[str] | None, typer.Argument(help="Candidates; every one of the config but the baseline without.")
    ] = None,
    config: options.Config = None,
    store: options.Store = None,
    label: options.CandidateLabel = None,
    baseline: options.Baseline = None,
    policy: Annotated[
        Literal["both", "candidate", "baseline"], typer.Option("--policy", help="Whose gate counts, where they differ.")
    ] = "both",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write verdict.json there.")] = None,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML.")] = None,
    junit_failing: Annotated[
        Literal["cases", "gate"], typer.Option("--junit-failing", help="What is red in it.")
    ] = "gate",
    comment: Annotated[
        Path | None, typer.Option("--comment", metavar="FILE", help="Write Markdown for a pull request.")
    ] = None,
    summary: Annotated[
        Path | None,
        typer.Option(
            "--summary", metavar="FILE", help="Add Markdown to this file.", show_default=f"${_SUMMARY_VARIABLE}"
        ),
    ] = None,
    annotate: Annotated[
        bool | None,
        typer.Option(
            "--annotate/--no-annotate", help="Mark the worst cases by workflow commands.", show_default="on GitHub"
        ),
    ] = None,
    report_url: Annotated[str | None, typer.Option("--report-url", metavar="URL", help="Where the page is.")] = None,
    json: options.Json = False,
) -> None:
    """Judge candidates by the gate of the config: is each shown to be not worse than the baseline?

    Exits with 0 for PASS, 3 for FAIL, 4 for INCONCLUSIVE, and 5 for PENDING. Too little evidence is never a pass.
    Nothing is sent or collected: `evalkit collect` first.

    Example: evalkit gate --label "$GITHUB_SHA" --junit gate.xml --comment comment.md
    """
    from evalkit import decisions
    from evalkit.cli import tables, verdicts

    summary = summary or (Path(found) if (found := os.environ.get(_SUMMARY_VARIABLE)) else None)
    marks = annotate if annotate is not None else os.environ.get("GITHUB_ACTIONS") == "true"
    made = decisions.gate(
        *(candidates or ()),
        baseline=baseline,
        label=label,
        policy=policy,
        cases=bool(junit or comment or summary or marks),
        config=config,
        store=store,
    )
    _write(out, made.text)
    _write(junit, lambda: made.junit(failing=junit_failing))
    _write(comment, lambda: made.comment(report_url=report_url))
    if summary:
        _append(summary, made.summary(report_url=report_url))
    if json:
        tables.print_json(made.json())
    else:
        verdicts.print_gates(made)
    if marks:
        print(made.annotations(), end="", file=sys.stderr if json else sys.stdout)
    raise typer.Exit(int(made.exit_code))


def _write(path: Path | None, text: Callable[[], str]) -> None:
    from evalkit.ci import write_atomically

    if path is not None:
        write_atomically(path, text())


def _append(path: Path, text: str) -> None:
    """Add to a file that other steps of the job write to as well."""
    with path.open("a", encoding="utf-8", errors="replace") as file:
        file.write(text)
