"""The files of another tool: found below one folder, read as text, with the line that each value stands on."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from evalkit.errors import DatasetError, Problem

_MOST_BYTES: Final = 512 * 1024 * 1024
_DEEPEST: Final = 100
At = tuple[str | int, ...]


class OutsideError(ValueError):
    """A file names another that is not below its folder."""


@dataclass(frozen=True, slots=True)
class Document:
    """A value of a file, and on which line its parts stand, where the format has lines."""

    value: Any
    name: str
    lines: Mapping[At, int] = field(default_factory=dict[At, int])

    def at(self, *path: str | int) -> str:
        """Where a part stands: `file:line`, or `file` where that is not known."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return f"{self.name}:{self.lines[path[:length]]}"
        return self.name


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        DatasetError: it is not there, too large, or not UTF-8.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise wrong(path.name, f"has more than {_MOST_BYTES // 2**20} MB", "split it")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise wrong(path.name, "is not UTF-8", "save it as UTF-8") from error
    except OSError as error:
        raise wrong(str(path), f"cannot be read: {error.strerror}", "check the path and its permissions") from error


def document(path: Path) -> Document:
    """The value of a YAML, JSON or JSONL file; a JSONL file's value is the list of its rows.

    Raises:
        DatasetError: it cannot be read.
    """
    text = read_text(path)
    suffix = path.suffix.lower()
    if suffix in {".yaml", ".yml"}:
        from evalkit.foreign.yamltext import load

        return load(text, path.name)
    if suffix in {".jsonl", ".ndjson"}:
        return json_lines(text, path.name)
    return Document(value_of(text, path.name), path.name)


def json_lines(text: str, name: str) -> Document:
    """The rows of a JSONL text."""
    rows: list[Any] = []
    lines = dict[At, int]()
    for number, line in enumerate(io.StringIO(text), start=1):
        if line.strip():
            lines[len(rows),] = number
            rows.append(value_of(line, f"{name}:{number}"))
    return Document(rows, name, lines)


def value_of(text: str, where: str) -> Any:
    """The value of a JSON text.

    Raises:
        DatasetError: it is none, or nested beyond reason.
    """
    try:
        value = json.loads(text, parse_constant=lambda _: None)
        limit(value, where)
    except RecursionError:
        raise wrong(where, f"is nested more than {_DEEPEST} levels deep", "flatten it") from None
    except ValueError as error:
        raise wrong(where, f"is not valid JSON: {str(error)[:120]}", "write it with a JSON library") from error
    return value


def limit(value: Any, where: str, depth: int = 0) -> None:
    """See that a value is not nested beyond reason, and has no halves of letters that no file can hold."""
    if depth > _DEEPEST:
        raise wrong(where, f"is nested more than {_DEEPEST} levels deep", "flatten it")
    if isinstance(value, dict):
        for key, item in cast("dict[Any, Any]", value).items():
            limit(key, where, depth + 1)
            limit(item, where, depth + 1)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            limit(item, where, depth + 1)
    elif isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise wrong(where, "holds half of a surrogate pair", "write the text as UTF-8")


def rows_of_csv(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The line and the cells of each row of a CSV or TSV file."""
    text = read_text(path)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    csv.field_size_limit(2**31 - 1)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restkey="")
    try:
        for row in reader:
            cells = cast("dict[str, Any]", row)
            yield reader.line_num, {key: value or "" for key, value in cells.items() if isinstance(value, str | None)}
    except csv.Error as error:
        raise wrong(f"{path.name}:{reader.line_num}", f"is not valid CSV: {error}", "save it again as CSV") from error


def inside(root: Path, name: str) -> Path:
    """The file below a folder that another file names.

    Raises:
        OutsideError: it stands elsewhere, whether by its name or by a link, or cannot be a path.
        DatasetError: it is not there.
    """
    try:
        path = (root / name).resolve()
        there = path.is_relative_to(root.resolve())
    except (OSError, ValueError) as error:
        raise OutsideError(f"{name!r} is no path") from error
    if not there:
        raise OutsideError(f"{name!r} is not below the folder that is imported; copy it there")
    if not path.is_file():
        raise wrong(name, "there is no such file", "paths count from the folder of the file that names it")
    return path


def wrong(where: str, what: str, mend: str, name: str | None = None) -> DatasetError:
    """An error about one place of a file."""
    return DatasetError([Problem(where, name, what, mend)])


def as_dict(value: Any) -> dict[str, Any]:
    """The value where it is an object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """The value where it is a list; a list of it where it is something else; empty for none."""
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def is_dict(value: Any) -> bool:
    """Whether a value is an object; what it holds stays open."""
    return isinstance(value, dict)


def is_list(value: Any) -> bool:
    """Whether a value is a list; what it holds stays open."""
    return isinstance(value, list)


def text_of(value: Any) -> str:
    """A value as text: a text as it is, the rest as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)
