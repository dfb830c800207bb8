"""Where each key of a TOML text stands, because neither `tomllib` nor `tomlkit` says.

The walk believes what it reads: of a text that is not TOML it finds fewer keys, and never raises for it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Loc = tuple[str | int, ...]
"""The way to a value: keys of tables and indices of lists."""

_TOKEN: Final = re.compile(
    r"""
      (?P<skip> [ \t\r]+ | \#[^\n]* )
    | (?P<newline> \n )
    | (?P<string> \"{3} (?: [^\\"] | \\. | "{1,2}(?!") )* \"{3,5}
                | '{3} (?: [^'] | '{1,2}(?!') )* '{3,5}
                | " (?: [^"\\\n] | \\[^\n] )* "
                | ' [^'\n]* ' )
    | (?P<mark> [\[\]{},=.] )
    | (?P<word> [^\s\[\]{},=.\#"']+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A key or table that is given twice."""

    loc: Loc
    first: int
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """The line of every key, table header and list item; lines count from 1."""

    lines: Mapping[Loc, int]
    repeats: tuple[Repeat, ...]
    unclosed: int | None
    """Line of a quote, `[` or `{` that the text never closes."""

    def line(self, loc: Loc) -> int | None:
        """The line of a key, or of the nearest table around it where the key is not in the file."""
        for length in range(len(loc), 0, -1):
            if loc[:length] in self.lines:
                return self.lines[loc[:length]]
        return None


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int


_END: Final = _Token("end", "end", 0)


def find_positions(text: str) -> Positions:
    """Walk a TOML text once and note the line of everything in it."""
    walk = _Walk(_tokens(text))
    walk.statements()
    return Positions(lines=walk.lines, repeats=tuple(walk.repeats), unclosed=walk.unclosed)


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    line = 1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "skip"
        if kind != "skip":
            tokens.append(_Token(kind, match.group(), line))
        line += match.group().count("\n")
    return tokens


class _Walk:
    """The state of one walk: what was found, and the place it has reached."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.lines: dict[Loc, int] = {}
        self.repeats: list[Repeat] = []
        self.unclosed = next((token.line for token in tokens if token.text in {'"', "'"}), None)
        self._tokens = tokens
        self._at = 0
        self._given: set[Loc] = set()
        self._lengths: dict[Loc, int] = {}
        """How many tables each `[[list]]` has so far."""

    def statements(self) -> None:
        base: Loc = ()
        while (token := self._peek()) is not _END:
            if token.kind == "newline":
                self._at += 1
            elif token.text == "[":
                base = self._header()
            else:
                self._pair(base)

    def _header(self) -> Loc:
        line = self._next().line
        listed = self._peek().text == "["
        keys = self._keys(opening="[")
        self._skip_line()
        outer: Loc = ()
        for key in keys[:-1]:
            outer = self._enter((*outer, key), line)
        table = (*outer, *keys[-1:])
        if listed:
            return self._append(table, line)
        self._give(table, line)
        return table

    def _enter(self, loc: Loc, line: int) -> Loc:
        """Note a table that a header names in passing; of a `[[list]]` the newest table is meant."""
        self.lines.setdefault(loc, line)
        return (*loc, self._lengths[loc] - 1) if loc in self._lengths else loc

    def _append(self, table: Loc, line: int) -> Loc:
        index = self._lengths.get(table, 0)
        self._lengths[table] = index + 1
        self._given.add(table)
        self.lines.setdefault(table, line)
        self.lines[*table, index] = line
        return (*table, index)

    def _pair(self, base: Loc) -> None:
        line = self._peek().line
        keys = self._keys()
        for length in range(1, len(keys)):
            self.lines.setdefault((*base, *keys[:length]), line)
        if not keys or self._peek().text != "=":
            self._skip_line()
            return
        self._next()
        loc = (*base, *keys)
        self._give(loc, line)
        self._value(loc)

    def _give(self, loc: Loc, line: int) -> None:
        if loc in self._given:
            self.repeats.append(Repeat(loc=loc, first=self.lines[loc], line=line))
            return
        self._given.add(loc)
        self.lines[loc] = line

    def _value(self, loc: Loc) -> None:
        opening = self._peek()
        if opening.text in {"[", "{"}:
            self._next()
            self._items(loc, opening)
            return
        while (token := self._peek()) is not _END and token.kind != "newline" and token.text not in {",", "]", "}"}:
            self._next()

    def _items(self, loc: Loc, opening: _Token) -> None:
        """The items of a list, or the pairs of an inline table, up to the closing bracket."""
        index = 0
        while (token := self._peek()) is not _END:
            if token.text in {"]", "}"}:
                self._next()
                return
            if token.text == "," or token.kind == "newline":
                index += token.text == ","
                self._next()
            elif opening.text == "{":
                self._pair(loc)
            else:
                self.lines[*loc, index] = token.line
                self._value((*loc, index))
        self.unclosed = self.unclosed or opening.line

    def _keys(self, opening: str = ".") -> list[str]:
        """The parts of a dotted key, up to `=`, `]` or the end of the line."""
        keys: list[str] = []
        while (token := self._peek()).kind in {"word", "string"} or token.text in {".", opening}:
            if token.kind != "mark":
                keys.append(_key(token))
            self._next()
        return keys

    def _skip_line(self) -> None:
        while self._peek().kind not in {"newline", "end"}:
            self._next()

    def _peek(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def _next(self) -> _Token:
        token = self._peek()
        self._at += 1
        return token


def _key(token: _Token) -> str:
    if token.kind == "word":
        return token.text
    try:
        return str(tomllib.loads(f"key = {token.text}")["key"])
    except tomllib.TOMLDecodeError:
        return token.text
