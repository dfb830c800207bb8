"""The command that shows the ready-made rubrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalkit.cli import options
from evalkit.cli.app import app
from evalkit.errors import UsageError

if TYPE_CHECKING:
    from evalkit.config.ready_made import ReadyMade


@app.command(short_help="List the ready-made rubrics, or print one.")
def rubrics(
    name: Annotated[str, typer.Argument(help="Print this one, as a file to edit; a list without.")] = "",
    json: options.Json = False,
) -> None:
    """List the ready-made rubrics, which a config names as in rubric = "evalkit:correctness"; or print one whole.

    Example: evalkit rubrics correctness > correctness.md.j2
    """
    from evalkit.cli import tables
    from evalkit.config import ready_made as shelf

    if name:
        made = _of(name)
        tables.print_json({**_facts(made), "text": made.text}) if json else _print_whole(made)
        return
    found = [shelf.ready_made(one) for one in shelf.names()]
    tables.print_json({"rubrics": [_facts(made) for made in found]}) if json else _print_list(found)


def _of(name: str) -> ReadyMade:
    """The rubric of that name, with or without the prefix that a config takes.

    Raises:
        UsageError: there is none.
    """
    from evalkit.config.ready_made import PREFIX, names, ready_made, unknown

    plain = name.removeprefix(PREFIX)
    if plain not in names():
        raise UsageError("; ".join(unknown(plain)))
    return ready_made(plain)


def _facts(made: ReadyMade) -> dict[str, Any]:
    return {
        "name": made.name,
        "rubric": made.spelling,
        "about": made.about,
        **made.options,
        **({"pairwise": True} if made.pairwise else {}),
        "needs": list(made.needs),
        "origin": list(made.origin),
    }


def _print_list(found: list[ReadyMade]) -> None:
    from evalkit.cli.screen import say, say_wrapped

    indent = " " * 14
    for made in found:
        say_wrapped(f"{made.name:<14}{made.about}", indent=indent)
        for criterion, options_of in made.criteria.items():
            say_wrapped(f"{indent}{_answers(criterion, options_of)}", style="dim", indent=indent)
        if made.pairwise:
            say_wrapped(f"{indent}first, second or tie", style="dim", indent=indent)
        say_wrapped(f"{indent}needs {'; '.join(made.needs)}", style="dim", indent=indent)
    say('in a config: rubric = "evalkit:NAME"; to read or edit one: evalkit rubrics NAME', style="dim")


def _answers(criterion: str, one: Mapping[str, Any]) -> str:
    labels = ", ".join(f"{label} {value:g}" for label, value in one["labels"].items())
    unsure = f", or {one['unsure']}" if "unsure" in one else ""
    return f"{criterion}: {labels}{unsure}" if criterion else f"{labels}{unsure}"


def _print_whole(made: ReadyMade) -> None:
    """The rubric as a file that works where it is copied to; what it cannot say itself is a comment at its head."""
    from evalkit.cli.screen import say

    say(f"{{#- {made.about}")
    say()
    say("Needs:")
    for need in made.needs:
        say(f"- {need}")
    say()
    say("Follows, in words of its own:")
    for origin in made.origin:
        say(f"- {origin}")
    say()
    say(f'In a config: rubric = "{made.spelling}". Beside a copy of this file, the answers that it explains:')
    say(_toml(made))
    say("-#}")
    say(made.text.rstrip())


def _toml(made: ReadyMade) -> str:
    """What a judge may answer, as the table of a grader says it."""
    from evalkit.config.words import quoted

    if made.pairwise:
        return 'against = "..."'
    if "criteria" in made.options:
        tables = (f"[[graders.criteria]]\nname = {quoted(name)}\n{_keys(one)}" for name, one in made.criteria.items())
        return "\n".join(tables)
    return _keys(made.options)


def _keys(one: Mapping[str, Any]) -> str:
    from evalkit.config.words import quoted

    labels = ", ".join(f"{label} = {value:g}" for label, value in one["labels"].items())
    unsure = f"\nunsure = {quoted(one['unsure'])}" if "unsure" in one else ""
    return f"labels = {{ {labels} }}{unsure}"
