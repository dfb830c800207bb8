"""The command that shows what suites may cost in a month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from evalkit.cli import options
from evalkit.cli.app import app

if TYPE_CHECKING:
    from evalkit.tables.budgets import BudgetTable


@app.command(short_help="Say what is left of each month's budget.")
def budget(
    suite: Annotated[str | None, typer.Argument(help="Only of this suite; every one without.")] = None,
    month_usd: Annotated[
        float | None, typer.Option("--set", metavar="USD", min=0, help="A month, until a submit says otherwise.")
    ] = None,
    lift: Annotated[bool, typer.Option("--lift", help="Take the suite's budget away.")] = False,
    config: options.Config = None,
    store: options.Store = None,
    json: options.Json = False,
) -> None:
    """Say what each suite may cost this month, UTC: what is spent, what is reserved, and what is left.

    A config's [budget] is written to the store by each submit; --set and --lift change what the store has.

    Example: evalkit budget support
    """
    from evalkit import limits
    from evalkit.cli import tables

    found = limits.budget(suite, month_usd=month_usd, lift=lift, config=config, store=store)
    if json:
        tables.print_json(found.json())
    else:
        print_budgets(found)


def print_budgets(found: BudgetTable) -> None:
    """Budgets, with what is held back by them and what is wrong with them."""
    from evalkit.cli import words
    from evalkit.cli.columns import Column
    from evalkit.cli.screen import say, say_table, say_wrapped

    if not found:
        say("no suite has a budget; [budget] month_usd in the config gives it one")
        return
    say_table(
        [
            Column(name="suite", cells=[_name(one.limit.suite, simulated=one.limit.simulated) for one in found]),
            Column(name="month", cells=[f"{one.limit.month:%Y-%m}" if one.limit.month else "" for one in found]),
            Column(name="limit", cells=[words.usd(one.limit.max_usd) for one in found], right=True),
            Column(name="spent", cells=[words.usd(one.counted.spent_usd) for one in found], right=True),
            Column(name="reserved", cells=[words.usd(one.counted.reserved_usd) for one in found], right=True),
            Column(name="left", cells=[words.usd(one.left_usd) for one in found], right=True),
        ]
    )
    for one in found:
        name, counted = one.limit.suite, one.counted
        if counted.held_requests:
            held = words.count(counted.held_requests, "request")
            say_wrapped(f"{name}: {held} held back, up to {words.usd(counted.held_usd)}, until there is room")
        if counted.unknown:
            runs = ", ".join(dict.fromkeys(counted.unknown))
            say_wrapped(f"{name}: what run {runs} costs is not known, so nothing more is sent", style="yellow")
        if counted.above:
            say_wrapped(
                f"{name}: batch {', '.join(counted.above)} cost more than it could at most; it counts as it was billed",
                style="yellow",
            )


def _name(suite: str, *, simulated: bool) -> str:
    from evalkit.cli.words import one_line

    return f"{one_line(suite)} (sandbox)" if simulated else one_line(suite)
