"""The command that ranks candidates by the pairs that they stood in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from evalkit.cli import options
from evalkit.cli.app import app

if TYPE_CHECKING:
    from evalkit.pipeline.ranking import Rated


@app.command(short_help="Rank candidates by the pairs they stood in.")
def rank(
    config: options.Config = None,
    store: options.Store = None,
    grader: Annotated[str | None, typer.Option("--grader", help="Pairs under this grader only.")] = None,
    label: Annotated[str | None, typer.Option("--label", "-l", help="Runs of this label; the newest without.")] = None,
    baseline: Annotated[
        str | None, typer.Option("--baseline", help="Whose strength is 0.", show_default="whom most stood beside")
    ] = None,
    json: options.Json = False,
) -> None:
    """Rank candidates by Bradley-Terry from the runs of pairwise graders: strengths with intervals, and what is open.

    A strength is the log-odds to win against the baseline. Graders that ask the same of other pairs are taken together.

    Example: evalkit rank --baseline production
    """
    from evalkit import decisions
    from evalkit.cli import tables
    from evalkit.cli.screen import say

    found = decisions.rank(grader=grader, label=label, baseline=baseline, config=config, store=store)
    if json:
        tables.print_json(found.json())
        return
    for place, rated in enumerate(found):
        if place:
            say()
        _print(rated)


def _print(rated: Rated) -> None:
    from evalkit.cli.columns import Column
    from evalkit.cli.screen import say, say_table, say_wrapped
    from evalkit.cli.tables import SIMULATED
    from evalkit.cli.words import one_line

    rows = rated.ranking.rows
    pairs = sum(row.pairs for row in rows) // 2
    label = f", label {rated.label}" if rated.label else ""
    say_wrapped(
        one_line(f"{', '.join(rated.graders)}: {pairs:,} pairs of {rated.dataset}, judge {rated.judge}{label}"),
        style="bold",
        indent="  ",
    )
    say_table(
        [
            Column(name="", cells=[str(row.rank) for row in rows], right=True),
            Column(name="candidate", cells=[one_line(row.candidate) for row in rows]),
            Column(name="strength", cells=[_signed(row.strength) for row in rows], right=True),
            Column(
                name="95 %",
                cells=["baseline" if row.is_baseline else f"{_signed(row.low)} to {_signed(row.high)}" for row in rows],
                right=True,
            ),
            Column(name="win rate", cells=[f"{row.win_rate:.3f}" for row in rows], right=True),
            Column(
                name="won-tied-lost", cells=[f"{row.wins}-{row.ties}-{row.losses}" for row in rows], right=True, drop=1
            ),
        ]
    )
    for note in rated.notes:
        say_wrapped(f"  {one_line(note)}", style="yellow", indent="    ")
    if rated.simulated:
        say(SIMULATED, style="yellow")


def _signed(strength: float) -> str:
    """A strength to two digits; none is neither more nor less."""
    text = f"{strength:+.2f}"
    return "0.00" if float(text) == 0 else text
