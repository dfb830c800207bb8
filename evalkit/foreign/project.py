"""What an import makes of another tool's files: cases, outputs, graders, candidates; and what had to stay behind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Kind = Literal["left out", "changed", "added"]
DEFAULT_MODEL: Final = "claude-haiku-5-5"
"""Judges, and makes outputs, where the other tool's files name no model of Anthropic's."""
_NOT_PRINTED: Final = re.compile(r"\s+")
_MOST_NAME: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing that is not in the project as it was in the other tool's files."""

    kind: Kind
    where: str
    """File, with `:line` where known."""
    field: str
    why: str

    def json(self) -> dict[str, str]:
        """The note as a program reads it."""
        return {"kind": self.kind, "where": self.where, "field": self.field, "why": self.why}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grader:
    """A `[[graders]]` of the config: its name, its other keys in their order, and a comment."""

    name: str
    keys: Mapping[str, Any]
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A candidate with recorded outputs: rows of `id`, `output` and what is known beside."""

    name: str
    rows: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """A candidate whose outputs evalkit makes."""

    name: str
    model: str
    prompt: str
    """The text of the prompt, Jinja2."""
    max_tokens: int | None = None
    comment: str = ""


@dataclass(slots=True, kw_only=True)
class Project:
    """An evalkit project, before it is written."""

    tool: str
    name: str
    cases: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    graders: list[Grader] = field(default_factory=list[Grader])
    recorded: list[Recorded] = field(default_factory=list[Recorded])
    generated: list[Generated] = field(default_factory=list[Generated])
    judge: str = DEFAULT_MODEL
    files: dict[str, str] = field(default_factory=dict[str, str])
    """Texts to write beside the config, by file name: rubrics, schemas, functions."""
    notes: list[Note] = field(default_factory=list[Note])
    coverage: float = 1.0
    """The least share of the cases that a grader says anything about."""

    def covers(self, n: int, of: int) -> None:
        """Say how many of the cases a grader says anything about."""
        self.coverage = min(self.coverage, n / of)

    def leave_out(self, where: str, name: str, why: str) -> None:
        """Say what stays behind."""
        self._note("left out", where, name, why)

    def change(self, where: str, name: str, why: str) -> None:
        """Say what means something else here."""
        self._note("changed", where, name, why)

    def add(self, where: str, name: str, why: str) -> None:
        """Say what the other tool's files do not have, and a project needs."""
        self._note("added", where, name, why)

    def _note(self, kind: Kind, where: str, name: str, why: str) -> None:
        note = Note(kind=kind, where=where, field=name, why=why)
        if note not in self.notes:
            self.notes.append(note)

    def grade(self, name: str, keys: Mapping[str, Any], comment: str = "") -> str:
        """Add a grader under a name that is still free; returns the name."""
        free = fresh(name, (grader.name for grader in self.graders))
        self.graders.append(Grader(name=free, keys=keys, comment=comment))
        return free

    def file(self, name: str, text: str) -> str:
        """Keep a text as a file of the project, under a name that is still free; returns the name."""
        stem, dot, suffix = name.partition(".")
        number, free = 1, name
        while free in self.files and self.files[free] != text:
            number += 1
            free = f"{stem}-{number}{dot}{suffix}"
        self.files[free] = text
        return free


def fresh(name: str, taken: Iterable[str]) -> str:
    """A name that can be printed, with a number behind where another has it."""
    clean = printed(name) or "unnamed"
    used = {one.casefold() for one in taken}
    number, free = 1, clean
    while free.casefold() in used:
        number += 1
        free = f"{clean}-{number}"
    return free


def printed(text: str) -> str:
    """A text of others as a name: on one line, of letters that print, not too long."""
    joined = _NOT_PRINTED.sub(" ", text)
    return "".join(letter for letter in joined if letter.isprintable()).strip()[:_MOST_NAME].strip()


def slug(text: str, *, most: int = 48) -> str:
    """A text of others as a file name or a case id: ASCII letters, digits, `-` and `_`."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-")[:most].strip("-").lower()
