"""What `power` prints: what the cases show now, and what smaller differences would take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evalkit.cli.columns import Column
from evalkit.cli.screen import say, say_table, say_wrapped
from evalkit.cli.words import NONE, one_line

if TYPE_CHECKING:
    from evalkit.analysis import Need, Power
    from evalkit.tables.powers import PoweredPair, PowerTable


def print_power(found: PowerTable) -> None:
    """Pairs of runs, one after another."""
    for place, row in enumerate(found):
        if place:
            say()
        _print_pair(row)
    for note in found.notes:
        say_wrapped(f"left out: {one_line(note)}", style="yellow")


def _print_pair(row: PoweredPair) -> None:
    made = row.power
    first, *others = row.sentences
    say_wrapped(one_line(f"{row.baseline} and {row.candidate} on {first}"), style="bold", indent="  ")
    if not others:
        return
    plain = [need for need in made.needs if need.samples == 1]
    more = sorted({need.samples for need in made.needs} - {1}) if made.within_variance else []
    say_table(
        [
            Column(name="difference", cells=[f"{need.delta:g}" for need in plain], right=True),
            Column(name="cases to see it", cells=[_cases(need.to_see) for need in plain], right=True),
            *(_sampled(made, plain, samples) for samples in more),
            Column(name="to pass it as a margin", cells=[_cases(need.to_pass) for need in plain], right=True),
        ]
    )
    for text in others:
        if not text.endswith("enough"):
            say_wrapped(f"  {text}", indent="    ")
    how = f"{100 * made.power:.3g} % power, {100 * made.confidence:.4g} % confidence"
    noise = "" if made.within_variance is not None else "; `evalkit noise` would tell what judge samples are worth"
    say_wrapped(f"  {how}{noise}", style="dim", indent="  ")


def _sampled(made: Power, plain: Sequence[Need], samples: int) -> Column:
    found = (made.need(need.delta, samples) for need in plain)
    cells = [_cases(need.to_see if need else None) for need in found]
    return Column(name=f"{samples} samples", cells=cells, right=True, drop=samples)


def _cases(n: int | None) -> str:
    return NONE if n is None else f"{n:,}"
