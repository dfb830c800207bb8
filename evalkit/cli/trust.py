"""The commands of trust: noise, rejudge, agree."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evalkit.cli import options
from evalkit.cli.app import app, progress_of
from evalkit.errors import ExitCode, UsageError

Wait = Annotated[bool, typer.Option("--wait", "-w", help="Go on until it is collected.")]


@app.command(short_help="Measure how often a judge contradicts itself.")
def noise(
    run: Annotated[str, typer.Argument(help="A run id, or the beginning of one.")],
    cases: Annotated[int, typer.Option("--cases", "-n", min=1, help="Scored cases to judge again.")] = 50,
    samples: Annotated[int, typer.Option("--samples", "-k", min=2, help="How often each of them is judged.")] = 5,
    seed: Annotated[int, typer.Option("--seed", help="Another seed takes other cases.")] = 0,
    config: options.Config = None,
    store: options.Store = None,
    wait: Wait = False,
    timeout: options.Timeout = None,
    poll: options.Poll = None,
    max_cost: options.MaxCost = None,
    sandbox: options.Sandbox = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Judge some outputs of a run again, several times each, and say how often the judge contradicts itself.

    Call it again to go on: the same words mean the same noise run. Exits with 5 while judgements are to come.

    Example: evalkit noise k3f9 --cases 50 --samples 5 --wait
    """
    from evalkit import trust
    from evalkit.cli import noise_report, tables

    with progress_of(quiet=quiet) as progress:
        found = trust.noise(
            run,
            cases=cases,
            samples=samples,
            seed=seed,
            config=config,
            store=store,
            wait=wait,
            timeout=timeout,
            poll=poll,
            max_cost=max_cost,
            sandbox=sandbox,
            progress=progress,
        )
    if json:
        tables.print_json(found.json())
    elif found.report is None:
        tables.print_runs(found.runs)
    else:
        noise_report.print_noise(found.report)
    if found.report is None:
        raise typer.Exit(ExitCode.PENDING)


@app.command(short_help="Judge stored outputs again, as the config says today.")
def rejudge(
    runs: Annotated[list[str], typer.Argument(help="Run ids, or the beginnings of them.")],
    grader: Annotated[
        str | None, typer.Option("--grader", help="Another grader of the config.", show_default="each run's own")
    ] = None,
    judge: options.JudgeModel = None,
    config: options.Config = None,
    store: options.Store = None,
    wait: Wait = False,
    timeout: options.Timeout = None,
    poll: options.Poll = None,
    max_cost: options.MaxCost = None,
    sandbox: options.Sandbox = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Judge the stored outputs of runs again, under the config's rubric and judge of today.

    The runs that come of it have the outputs and the label of the old ones. Exits with 5 while scores are to come.

    Example: evalkit rejudge k3f9 --judge claude-sonnet-5-5 --wait
    """
    from evalkit import trust
    from evalkit.cli import tables

    with progress_of(quiet=quiet) as progress:
        found = trust.rejudge(
            runs,
            grader=grader,
            judge=judge,
            config=config,
            store=store,
            wait=wait,
            timeout=timeout,
            poll=poll,
            max_cost=max_cost,
            sandbox=sandbox,
            progress=progress,
        )
    tables.print_rows(found, as_json=json)
    if any(row.is_open for row in found):
        raise typer.Exit(ExitCode.PENDING)


@app.command(short_help="Hold a judge against people, or judges against each other.")
def agree(
    runs: Annotated[list[str], typer.Argument(help="One run with labels or --draw; two or more without.")],
    labels: Annotated[
        Path | None, typer.Option("--labels", help="Human labels: rows of id and label, in any format of a dataset.")
    ] = None,
    labels_field: Annotated[
        str | None, typer.Option("--labels-field", metavar="COLUMN", help="Labels in a column of the dataset itself.")
    ] = None,
    criterion: Annotated[
        str | None, typer.Option("--criterion", help="Only this one.", show_default="every one")
    ] = None,
    random: Annotated[
        bool, typer.Option("--random", help="The labelled cases are a random sample of the run's.")
    ] = False,
    field: Annotated[
        list[str] | None, typer.Option("--field", metavar="FIELD=COLUMN", help="A column of another name; repeatable.")
    ] = None,
    draw: Annotated[
        int | None, typer.Option("--draw", metavar="N", min=1, help="Write N random cases to label, to --out.")
    ] = None,
    out: options.Out = None,
    config: options.Config = None,
    store: options.Store = None,
    json: options.Json = False,
) -> None:
    """Hold a run's judge against human labels, or the judges of several runs against each other.

    With labels, the run's mean is corrected by them, and the agreement is kept for the gate and the report.

    Example: evalkit agree k3f9 --labels labels.jsonl
    """
    from evalkit import trust
    from evalkit.cli import agreement, tables

    if labels is not None and labels_field is not None:
        raise UsageError("--labels reads a file and --labels-field a column of the dataset: say one of them")
    _check_agree(runs, labels=labels or labels_field, draw=draw, out=out)
    if draw is not None and out is not None:
        drawn = trust.draw_cases(runs[0], draw, out, criterion=criterion, config=config, store=store)
        tables.print_json(drawn.json()) if json else agreement.print_drawn(drawn)
    elif labels is not None or labels_field is not None:
        found = trust.agree(
            runs[0],
            labels,
            labels_field=labels_field,
            criterion=criterion,
            random=random,
            fields=fields_of(field),
            config=config,
            store=store,
        )
        tables.print_json(found.json()) if json else agreement.print_agreed(found)
    else:
        between = trust.agree_between(runs, criterion=criterion, config=config, store=store)
        tables.print_json(between.json()) if json else agreement.print_judges(between)


def _check_agree(runs: list[str], *, labels: Path | str | None, draw: int | None, out: Path | None) -> None:
    if (draw is None) != (out is None):
        raise UsageError("--draw N and --out FILE go together: the cases to label go into the file")
    if labels is not None and draw is not None:
        raise UsageError("--labels reads labels and --draw writes cases to label: say one of them")
    if (labels or draw) and len(runs) > 1:
        raise UsageError(f"{'--labels' if labels else '--draw'} is of one run; name one, not {len(runs)}")
    if not labels and not draw and len(runs) == 1:
        raise UsageError("name a second run, a file of --labels, or --draw N cases to label")


def fields_of(words: list[str] | None) -> dict[str, str]:
    """The mapping that `--field label=verdict` means."""
    fields: dict[str, str] = {}
    for word in words or ():
        name, equals, column = (part.strip() for part in word.partition("="))
        if not (name and equals and column):
            raise UsageError(f"--field {word!r} is no FIELD=COLUMN; write it like --field label=verdict")
        fields[name] = column.strip("\"'")
    return fields
