"""The commands of decision: what the scores of runs say beside one another, and over time."""

from __future__ import annotations

from typing import Annotated

import typer

from evalkit.cli import options
from evalkit.cli.app import app

Criterion = Annotated[str | None, typer.Option("--criterion", help="This criterion only.")]


@app.command(short_help="Compare runs case by case.")
def compare(
    runs: Annotated[
        list[str] | None,
        typer.Argument(help="Runs or candidates; the first of several is the baseline. All of the label without."),
    ] = None,
    config: options.Config = None,
    store: options.Store = None,
    label: options.CandidateLabel = None,
    baseline: options.Baseline = None,
    baseline_label: Annotated[
        str | None,
        typer.Option("--baseline-label", metavar="LABEL", help="Of the baseline; alone: each with itself under it."),
    ] = None,
    criterion: Criterion = None,
    flips: Annotated[
        int | None,
        typer.Option("--flips", "-n", min=0, metavar="N", help="Cases to show that moved.", show_default="5, or 0"),
    ] = None,
    slices: Annotated[bool, typer.Option("--slices", help="Differences by tag and by metadata, to explore.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Compare what is not comparable, and say so.")] = False,
    json: options.Json = False,
) -> None:
    """Compare runs case by case: the difference with its interval, and the cases that moved.

    A run is named by its id, or by its candidate's name, which stands for the newest run. Exits with 4 where runs
    are not comparable, and with 5 where no case is scored on both sides yet.

    Example: evalkit compare production challenger --label monday
    """
    from evalkit import decisions
    from evalkit.cli import beside, tables

    found = decisions.compare(
        *(runs or ()),
        baseline=baseline,
        baseline_label=baseline_label,
        label=label,
        criterion=criterion,
        slices=slices,
        flips=5 if flips is None else flips,
        force=force,
        config=config,
        store=store,
    )
    if json:
        tables.print_json(found.json())
    else:
        beside.print_comparisons(found, flips=(len(found) == 1) if flips is None else flips > 0, sliced=slices)
    if found.exit_code:
        raise typer.Exit(int(found.exit_code))


@app.command(short_help="Say how many cases it takes to see a difference.")
def power(
    runs: Annotated[
        list[str] | None, typer.Argument(help="Runs or candidates, as for compare; all of the label without.")
    ] = None,
    config: options.Config = None,
    store: options.Store = None,
    label: options.CandidateLabel = None,
    baseline: options.Baseline = None,
    delta: Annotated[
        list[float] | None,
        typer.Option("--delta", "-d", help="A difference to see; repeatable.", show_default="the margin, and a ladder"),
    ] = None,
    criterion: Criterion = None,
    confidence: Annotated[float, typer.Option("--confidence", min=0.5, max=0.9999, help="Of the interval.")] = 0.95,
    chance: Annotated[
        float, typer.Option("--power", min=0.5, max=0.999, help="The chance to see what is there.")
    ] = 0.8,
    json: options.Json = False,
) -> None:
    """Say how many cases, or judge samples, it takes to see a difference: from the spread of your own runs.

    `evalkit noise` first, and it weighs judge samples too.

    Example: evalkit power production challenger --delta 0.02
    """
    from evalkit import decisions
    from evalkit.cli import powers, tables

    found = decisions.power(
        *(runs or ()),
        deltas=delta or (),
        baseline=baseline,
        label=label,
        criterion=criterion,
        confidence=confidence,
        power=chance,
        config=config,
        store=store,
    )
    if json:
        tables.print_json(found.json())
    else:
        powers.print_power(found)
    raise typer.Exit(int(found.exit_code))


@app.command(short_help="Show candidates over time.")
def trend(
    candidate: Annotated[str | None, typer.Argument(help="A candidate; every one without.")] = None,
    config: options.Config = None,
    store: options.Store = None,
    grader: Annotated[str | None, typer.Option("--grader", help="This grader only.")] = None,
    criterion: Criterion = None,
    json: options.Json = False,
) -> None:
    """Show candidates over time, each run beside the one before it; broken where the grader or the judge changed.

    Example: evalkit trend production --criterion correctness
    """
    from evalkit import decisions
    from evalkit.cli import beside, tables

    found = decisions.trend(candidate, grader=grader, criterion=criterion, config=config, store=store)
    if json:
        tables.print_json(found.json())
    else:
        beside.print_trends(found)
