"""Ready-made rubrics: files that evalkit ships, each with the labels that its text explains.

A file begins with TOML between two lines of `+++`: what the rubric asks, what it needs of a case, where it comes
from, and what a judge may answer. The rest is the rubric, and all that a judge sees of it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, cast

from evalkit.config.words import closest, either, quoted

PREFIX: Final = "evalkit:"
_SUFFIX: Final = ".md.j2"
_FENCE: Final = "+++\n"
_ANSWERS: Final = ("labels", "scale", "criteria")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyMade:
    """A rubric that evalkit ships."""

    name: str
    about: str
    """The question that it puts to a judge."""
    needs: tuple[str, ...]
    """The fields of a case that it shows, and which of them must be there."""
    origin: tuple[str, ...]
    """The public work that it follows."""
    options: Mapping[str, Any]
    """What a judge may answer, in the keys of a grader's table: labels and unsure, or criteria."""
    text: str
    """The Jinja2 source."""
    pairwise: bool = False
    """Whether it compares two outputs; then a judge says which, and there are no labels."""

    @property
    def spelling(self) -> str:
        """How a config names it."""
        return f"{PREFIX}{self.name}"

    @property
    def criteria(self) -> dict[str, Mapping[str, Any]]:
        """The labels, and what else may be answered, by criterion; one without a name where it is the grader's own."""
        if self.pairwise:
            return {}
        several = cast("list[Mapping[str, Any]]", self.options.get("criteria", [{"name": "", **self.options}]))
        return {one["name"]: one for one in several}


def named(value: object) -> str | None:
    """The name of the ready-made rubric that the value of a config names; none where it is a path or a text."""
    if not isinstance(value, str) or "\n" in value or not value.startswith(PREFIX):
        return None
    return value.removeprefix(PREFIX).strip()


@cache
def names() -> tuple[str, ...]:
    """The names of all ready-made rubrics."""
    folder = resources.files("evalkit").joinpath("graders", "rubrics")
    found = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX)))


@cache
def ready_made(name: str) -> ReadyMade:
    """The rubric of a name that is one of `names`."""
    file = resources.files("evalkit").joinpath("graders", "rubrics", f"{name}{_SUFFIX}")
    _, front, text = file.read_text(encoding="utf-8").split(_FENCE, 2)
    said = tomllib.loads(front)
    about, needs, origin = said.pop("about"), said.pop("needs"), said.pop("origin")
    return ReadyMade(
        name=name,
        about=about,
        needs=tuple(needs),
        origin=tuple(origin),
        pairwise=said.pop("pairwise", False),
        options=said,
        text=text.lstrip("\n"),
    )


def unknown(name: str, prefix: str = "") -> tuple[str, str]:
    """What is said of a name that no ready-made rubric has, and the mend; `prefix` is written before names."""
    meant = closest(name, names())
    known = either((quoted(prefix + one) for one in names()), "and")
    mend = f"did you mean {quoted(prefix + meant)}?" if meant else f"there are {known}"
    return f"there is no ready-made rubric {quoted(name)}", mend


def completed(table: Mapping[str, Any]) -> dict[str, Any]:
    """A grader's table, with what its ready-made rubric brings and the table itself leaves out."""
    name = named(table.get("rubric"))
    if name is None or name not in names():
        return dict(table)
    options = ready_made(name).options
    if isinstance(table.get("criteria"), list) and "criteria" in options:
        return {**table, "criteria": [_completed(item, ready_made(name)) for item in table["criteria"]]}
    given = [key for key in _ANSWERS if key in table]
    if given not in ([], ["labels"]):
        return dict(table)  # what contradicts the rubric is told as it stands
    return {**options, **table}


def _completed(item: object, made: ReadyMade) -> object:
    if not isinstance(item, dict):
        return item
    table = cast("dict[str, Any]", item)
    return {**made.criteria.get(str(table.get("name")), {}), **table}
