"""The command that says which judge is good enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from evalkit.cli import options
from evalkit.cli.app import app

if TYPE_CHECKING:
    from evalkit.analysis.judges import Cascade, CascadePoint, Standing
    from evalkit.analysis.measure import Measure
    from evalkit.pipeline.judge_routing import JudgeRouting


@app.command(short_help="Say whether a cheaper judge is good enough, alone or in a cascade.")
def judges(
    config: options.Config = None,
    store: options.Store = None,
    strong: Annotated[
        str | None, typer.Option("--strong", help="The judge to be no worse than.", show_default="the dearest")
    ] = None,
    margin: Annotated[
        float, typer.Option("--margin", help="The loss of accuracy that is accepted, as a share of the scale.")
    ] = 0.05,
    grader: Annotated[str | None, typer.Option("--grader", help="This grader only.")] = None,
    criterion: Annotated[str | None, typer.Option("--criterion", help="This criterion only.")] = None,
    label: Annotated[
        str | None, typer.Option("--label", help="Runs of this label.", show_default="every label")
    ] = None,
    json: options.Json = False,
) -> None:
    """Say whether a cheaper judge is good enough: beside the strong judge, beside people, and in the gates of the past.

    It reads runs of the same outputs under two judges or more, and sends nothing.

    Example: evalkit rejudge RUN --judge claude-opus-5-5 --wait, then evalkit judges
    """
    from evalkit import routing
    from evalkit.analysis.judges import CAUTION
    from evalkit.cli import tables
    from evalkit.cli.screen import say, say_wrapped

    found = routing.judges(
        strong=strong, margin=margin, grader=grader, criterion=criterion, label=label, config=config, store=store
    )
    if json:
        tables.print_json(found.json())
        return
    for place, row in enumerate(found):
        if place:
            say()
        _print(row)
    say_wrapped(CAUTION, style="dim")
    if any(row.simulated for row in found):
        say_wrapped(f"~ {tables.SIMULATED}", style="yellow")


def _print(row: JudgeRouting) -> None:
    from evalkit.cli.screen import say_title, say_wrapped
    from evalkit.cli.words import one_line
    from evalkit.tables.judge_routings import lines_of

    name = row.criterion if row.grader == row.criterion else f"{row.grader}/{row.criterion}"
    say_title(one_line(f"{name}: who judges, beside {row.strong}"))
    _print_standings(row.standings)
    for one in row.standings:
        for line in lines_of(one):
            say_wrapped(one_line(line), indent="  ")
        if one.cascade and len(one.cascade.points) > 2:
            _print_cascade(one.cascade)


def _print_standings(standings: tuple[Standing, ...]) -> None:
    from evalkit.cli.columns import Column
    from evalkit.cli.screen import say_table
    from evalkit.cli.words import one_line

    strong = standings[0]
    names = [*(one_line(one.judge) for one in standings), one_line(strong.strong)]
    people = [one.people for one in standings]
    best = next((one.strong_accuracy for one in people if one), None)
    say_table(
        [
            Column(name="judge", cells=names, least=16),
            Column(
                name="$ per 1,000",
                cells=[_dollars(cost) for cost in (*(one.cost_usd for one in standings), strong.strong_cost_usd)],
                right=True,
            ),
            Column(name="outputs", cells=[*(f"{one.n:,}" for one in standings), ""], right=True, drop=2),
            Column(name="agreement", cells=[*(_number(one.agreement.agreement) for one in standings), ""], right=True),
            Column(name="AC1", cells=[*(_spanned(one.ac1) for one in standings), ""], right=True),
            Column(name="kappa", cells=[*(_plain(one.agreement.kappa) for one in standings), ""], right=True, drop=3),
            Column(
                name="Spearman",
                cells=[*(_plain(one.agreement.spearman) for one in standings), ""],
                right=True,
                drop=1,
            ),
            Column(
                name="bias",
                cells=[*(_number(one.agreement.bias, sign="+") for one in standings), ""],
                right=True,
                drop=4,
            ),
            Column(
                name="accuracy",
                cells=[*(f"{one.accuracy:.3f}" if one else "" for one in people), _plain(best)],
                right=True,
            ),
        ]
    )


def _print_cascade(found: Cascade) -> None:
    """Every way to escalate, with what as many outputs drawn at random would do."""
    from evalkit.cli.columns import Column
    from evalkit.cli.screen import say_table

    points = found.points
    say_table(
        [
            Column(name="escalated where", cells=[_way(one) for one in points], least=16),
            Column(name="share", cells=[f"{one.escalated:.1%}" for one in points], right=True),
            Column(name="agreement", cells=[f"{one.agreement:.3f}" for one in points], right=True, drop=1),
            Column(name="distance", cells=[f"{one.distance:.3f}" for one in points], right=True),
            Column(name="at random", cells=[_plain(one.random_distance) for one in points], right=True),
            Column(name="saves", cells=[_share(one.saving) for one in points], right=True),
            Column(name="", cells=[_note(found, one) for one in points], drop=2),
        ]
    )


def _way(one: CascadePoint) -> str:
    return f"{one.signal} ≥ {one.at_least:.2f}" if one.at_least else one.signal


def _note(found: Cascade, one: CascadePoint) -> str:
    if one.worthless:
        return "no better than chance"
    return "← within the margin" if one == found.recommended else ""


def _dollars(cost: float | None) -> str:
    return "unknown" if cost is None else f"{1000 * cost:.4g}"


def _number(measure: Measure, sign: str = "") -> str:
    return _plain(measure.value, sign)


def _spanned(measure: Measure) -> str:
    span = "" if measure.low is None or measure.high is None else f" {measure.low:.3f}–{measure.high:.3f}"
    return f"{_plain(measure.value)}{span}"


def _plain(value: float | None, sign: str = "") -> str:
    return "" if value is None else f"{value:{sign}.3f}"


def _share(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f} %"
