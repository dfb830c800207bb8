"""What the tables of a config must agree on: distinct names, a baseline that exists, a judge for rubrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from evalkit.config.positions import Loc
from evalkit.config.words import closest, either, quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A problem by its place in the values of the file."""

    loc: Loc
    what: str
    mend: str = ""
    lacks: tuple[Loc, ...] = ()
    """Keys any of which would end the problem."""
    means: Loc | None = None
    """The key that a misspelt one was probably meant to be."""


def disagreements(values: Mapping[str, object]) -> Iterator[Finding]:
    """What contradicts itself across tables; values of a wrong type are passed over."""
    yield from _repeated_names("graders", values)
    yield from _repeated_names("candidates", values)
    yield from _unknown_baseline(values)
    yield from _no_judge(values)


def _tables(key: str, values: Mapping[str, object]) -> list[Mapping[str, object]]:
    listed = values.get(key)
    if not isinstance(listed, list | tuple):
        return []
    items = cast("list[object]", listed)
    return [cast("Mapping[str, object]", item) if isinstance(item, dict) else {} for item in items]


def _repeated_names(key: str, values: Mapping[str, object]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, table in enumerate(_tables(key, values)):
        name = table.get("name")
        if not isinstance(name, str):
            continue
        if name.casefold() in first:
            other = f"{key}[{first[name.casefold()]}]"
            yield Finding(
                loc=(key, index, "name"),
                what=f"{quoted(name)} is the name of {other} too",
                mend="give it another name",
            )
        first.setdefault(name.casefold(), index)


def _unknown_baseline(values: Mapping[str, object]) -> Iterator[Finding]:
    gate = values.get("gate")
    baseline = cast("Mapping[str, object]", gate).get("baseline") if isinstance(gate, dict) else None
    names = [table.get("name") for table in _tables("candidates", values)]
    known = [name for name in names if isinstance(name, str)]
    if not isinstance(baseline, str) or not known or len(known) < len(names) or baseline in known:
        return
    meant = closest(baseline, known)
    mend = f"did you mean {quoted(meant)}?" if meant else f"it can be {either(map(quoted, known))}"
    yield Finding(loc=("gate", "baseline"), what=f"there is no candidate {quoted(baseline)}", mend=mend)


def _no_judge(values: Mapping[str, object]) -> Iterator[Finding]:
    if values.get("judge") is not None:
        return
    for index, table in enumerate(_tables("graders", values)):
        if table.get("rubric") is not None:
            yield Finding(
                loc=("judge",),
                what=f"is missing, and graders[{index}] has a rubric, which a judge answers",
                mend='add [judge] with model = "claude-haiku-5-5"',
                lacks=(("judge",),),
            )
            return
