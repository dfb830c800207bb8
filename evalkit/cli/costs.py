"""The command that shows what was paid."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from evalkit.cli import options
from evalkit.cli.app import app
from evalkit.errors import UsageError

if TYPE_CHECKING:
    from evalkit.cli.columns import Column
    from evalkit.pipeline.costs import CostRow
    from evalkit.pipeline.estimated import Estimated
    from evalkit.tables.costs import CostTable


@app.command(short_help="Show what was paid: by day, judge, run and more.")
def costs(
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar="GROUP",
            help="day, month, suite, candidate, grader, judge, label, run or kind; several, one within the other.",
        ),
    ] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="DAY", help="From this UTC day on.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DAY", help="To this UTC day, with it.")] = None,
    suite: Annotated[str | None, typer.Option("--suite", help="Only runs of this suite.")] = None,
    label: Annotated[str | None, typer.Option("--label", "-l", help="Only runs of this label.")] = None,
    log: Annotated[
        str | None, typer.Option("--log", metavar="FILE", help="Write a line of JSON for every request; - is stdout.")
    ] = None,
    out: options.Out = None,
    format: Annotated[  # noqa: A002 # the word of the command line
        Literal["text", "csv"], typer.Option("--format", "-f", help="csv writes the rows for a spreadsheet.")
    ] = "text",
    config: options.Config = None,
    store: options.Store = None,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="What the sandbox answered, in place of what was paid.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Show what was paid: every request once, by the price of the model that served it on the day of its batch.

    Example: evalkit costs --by judge --by month
    """
    from evalkit import operations
    from evalkit.cli import tables

    first, end = _day(since), _day(until, days=1)
    if log is not None:
        to = sys.stdout if log == "-" else Path(log)
        n = operations.write_usage(
            to, since=first, until=end, suite=suite, label=label, config=config, store=store, sandbox=sandbox
        )
        if log != "-":
            print(f"wrote {n:,} requests to {log}")  # noqa: T201
        return
    found = operations.costs(
        by or (), since=first, until=end, suite=suite, label=label, config=config, store=store, sandbox=sandbox
    )
    if json:
        tables.print_json(found.json())
    elif format == "csv":
        _write_csv(found, out)
    else:
        _print(found)


def _day(text: str | None, *, days: int = 0) -> datetime | None:
    """The beginning of a UTC day, or of one that is so many days later.

    Raises:
        UsageError: it is no day.
    """
    if text is None:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), tzinfo=UTC) + timedelta(days=days)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text!r} is no day; write it as 2026-11-30") from error


def _write_csv(found: CostTable, out: Path | None) -> None:
    from evalkit.cli.words import count
    from evalkit.pipeline.export import write_table
    from evalkit.tables.costs import flat

    rows = [flat(row) for row in found]
    write_table(rows, out or sys.stdout)
    if out is not None:
        print(f"wrote {count(len(rows), 'row')} to {out}")  # noqa: T201


def _print(found: CostTable) -> None:
    from evalkit.cli.columns import Column
    from evalkit.cli.screen import say, say_table, say_wrapped
    from evalkit.cli.words import NONE, about_usd, one_line
    from evalkit.tables.costs import cost, notes, usd

    told = found.costs
    rows = [*told.rows, told.total]
    if not told.total.requests:
        say("nothing was paid yet" if not told.simulated else "the sandbox has answered nothing yet")
    else:
        per_case = [NONE if row.per_scored_usd is None else about_usd(row.per_scored_usd) for row in rows]
        heads = [
            Column(name=name, cells=[*(one_line(row.by[name]) for row in told.rows), "" if i else "total"], least=10)
            for i, name in enumerate(told.by)
        ]
        say_table(
            [
                *heads,
                _number("requests", [f"{row.requests:,}" for row in rows]),
                _number("input", [tokens(row.input_tokens) for row in rows], drop=1),
                _number("read", [tokens(row.cache_read_tokens) for row in rows], drop=1),
                _number("written", [tokens(row.cache_write_tokens) for row in rows], drop=1),
                _number("output", [tokens(row.output_tokens) for row in rows], drop=1),
                _number("USD", [cost(row) for row in rows]),
                _number("estimate", [_estimate(row) for row in rows], drop=4),
                _number("", [_fit(row.estimate) for row in rows], drop=4),
                _number("saved", [usd(row.saved_batch_usd) for row in rows], drop=3),
                _number("by caching", [usd(row.saved_cache_usd) for row in rows], drop=3),
                _number("a case", per_case, drop=2),
            ]
        )
    for note in notes(told):
        say_wrapped(f"~ {note}", indent="  ", style="dim")


def _number(name: str, cells: list[str], *, drop: int = 0) -> Column:
    from evalkit.cli.columns import Column

    return Column(name=name, cells=cells, right=True, drop=drop)


def tokens(n: int) -> str:
    """Tokens in a cell: `950`, `12.3k`, `4.56M`."""
    if n < 1000:
        return str(n)
    return f"{n / 1e3:.1f}k" if n < 1e6 else f"{n / 1e6:.2f}M"


def _estimate(row: CostRow) -> str:
    from evalkit.cli.words import usd_range

    told = row.estimate
    return "" if told is None else usd_range(told.low_usd, told.high_usd)


def _fit(told: Estimated | None) -> str:
    return told.fit.value if told and told.fit else ""
