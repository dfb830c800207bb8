"""Rows of a dataset of another tool as cases: what every such import has in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from evalkit.errors import DatasetError
from evalkit.foreign.project import DEFAULT_MODEL, Generated, Project, Recorded, fresh, printed
from evalkit.foreign.source import as_dict, as_list, document, is_dict, is_list, rows_of_csv, text_of, value_of

_FILES: Final = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".yaml", ".yml")
_LISTS: Final = ("data", "goldens", "test_cases", "testCases", "examples", "items", "rows", "events", "records")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row with the place it is from."""

    fields: dict[str, Any]
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Which members of a row are what; the first that a row has counts."""

    input: tuple[str, ...]
    expected: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    id: tuple[str, ...] = ("id",)
    metadata: tuple[str, ...] = ("metadata",)
    tags: tuple[str, ...] = ("tags",)
    beside: Mapping[str, str] = field(default_factory=dict[str, str])
    """Members that become metadata, under a name of evalkit's: contexts for groundedness."""
    dropped: Mapping[str, str] = field(default_factory=dict[str, str])
    """Members that stay behind, with the reason."""
    silent: tuple[str, ...] = ()
    """Members that only the other tool's own books need: ids of its objects, times."""


def rows_in(path: Path) -> list[Row]:
    """Every row of a file, or of the files of a folder.

    Raises:
        DatasetError: a file cannot be read.
    """
    if path.is_dir():
        return [row for child in sorted(path.iterdir()) if child.suffix.lower() in _FILES for row in rows_in(child)]
    if path.suffix.lower() in {".csv", ".tsv"}:
        return [Row(fields=dict(row), where=f"{path.name}:{line}") for line, row in rows_of_csv(path)]
    found = document(path)
    return list(_listed(found.value, found.at))


def _listed(value: Any, at: Callable[..., str]) -> Iterator[Row]:
    if is_list(value):
        for index, one in enumerate(as_list(value)):
            if is_dict(one):
                yield Row(fields=as_dict(one), where=at(index))
        return
    fields = as_dict(value)
    columns, data = fields.get("columns"), fields.get("data")
    if is_list(columns) and is_list(data):
        names = [text_of(name) for name in as_list(columns)]
        for one in as_list(data):
            yield Row(fields=dict(zip(names, as_list(one), strict=False)), where=at())
        return
    for key in _LISTS:
        if is_list(fields.get(key)):
            yield from _listed(fields[key], partial(at, key))


def project_of(
    tool: str, name: str, rows: Sequence[Row], reading: Reading, *, candidate: Callable[[Row], str] | None = None
) -> Project:
    """A project of rows; its graders are still to be added.

    Args:
        tool: who wrote them.
        name: of the project.
        rows: all of them.
        reading: which members are what.
        candidate: what made the output of a row.
    """
    project = Project(tool=tool, name=printed(name))
    ids: set[str] = set()
    outputs: dict[str, list[dict[str, Any]]] = {}
    known: dict[str, str] = {}
    given = [(row, _first(row.fields, reading.input)) for row in rows]
    unwrap_input = _only_key([value for _, value in given])
    unwrap_expected = _only_key([_first(row.fields, reading.expected) for row in rows])
    unwrap_output = _only_key([_first(row.fields, reading.output) for row in rows])
    for number, (row, raw) in enumerate(given, start=1):
        value = _input(_inner(raw, unwrap_input))
        if value is None:
            project.leave_out(row.where, " or ".join(reading.input), "the row has no input")
            continue
        case = {"input": value, **_expected(_inner(_first(row.fields, reading.expected), unwrap_expected))}
        case |= _beside(project, row, reading)
        same = text_of([case[key] for key in sorted(case) if key != "tags"])
        if candidate is None or same not in known:
            known[same] = _id(_first(row.fields, reading.id), number, ids)
            project.cases.append({"id": known[same], **case})
        output = _inner(_first(row.fields, reading.output), unwrap_output)
        if output is not None:
            made = printed(candidate(row) if candidate else "") or "recorded"
            if any(one["id"] == known[same] for one in outputs.get(made, ())):
                project.leave_out(row.where, "output", "this candidate has an output for this case; the first is kept")
            else:
                outputs.setdefault(made, []).append({"id": known[same], "output": text_of(output)})
    for made, found in outputs.items():
        project.recorded.append(Recorded(name=fresh(made, (one.name for one in project.recorded)), rows=found))
    return project


def _first(fields: Mapping[str, Any], names: Sequence[str]) -> Any:
    found = next((fields[name] for name in names if fields.get(name) not in (None, "")), None)
    return _parsed(found)


def _parsed(value: Any) -> Any:
    """A cell of a CSV file that holds JSON, as what it says."""
    if isinstance(value, str) and value[:1] in {"{", "["} and value.rstrip()[-1:] in {"}", "]"}:
        try:
            return value_of(value, "")
        except DatasetError:
            return value
    return value


def _only_key(values: Sequence[Any]) -> str | None:
    """The one key that all objects among some values have, where its values stand for themselves."""
    objects = [as_dict(value) for value in values if value is not None]
    keys = {tuple(one) for one in objects}
    if len(keys) != 1 or len(only := keys.pop()) != 1:
        return None
    return only[0] if all(isinstance(one[only[0]], str) or is_list(one[only[0]]) for one in objects) else None


def _inner(value: Any, key: str | None) -> Any:
    return value if key is None or value is None else as_dict(value)[key]


def _input(value: Any) -> Any:
    """The input as a case has it: a text, messages, an object; None where there is none."""
    if is_list(value):
        turns = as_list(value)
        messages = turns and all(
            is_dict(turn) and isinstance(turn.get("role"), str) and isinstance(turn.get("content"), str | list)
            for turn in turns
        )
        return value if messages else text_of(value) if turns else None
    if is_dict(value):
        return value if any(one is not None for one in as_dict(value).values()) else None
    text = text_of(value)
    return text if text.strip() else None


def _expected(value: Any) -> dict[str, Any]:
    return {} if value is None else {"expected": value if is_list(value) or is_dict(value) else text_of(value)}


def _beside(project: Project, row: Row, reading: Reading) -> dict[str, Any]:
    """The metadata and the tags of a row."""
    read = {*reading.input, *reading.expected, *reading.output, *reading.id, *reading.tags, *reading.silent}
    metadata: dict[str, Any] = {}
    for name, raw in row.fields.items():
        value = _parsed(raw)
        if value in (None, "", [], {}) or name in read:
            continue
        if name in reading.dropped:
            project.leave_out(row.where, name, reading.dropped[name])
        elif name in reading.metadata and is_dict(value):
            metadata |= as_dict(value)
        else:
            metadata[reading.beside.get(name, name)] = value
    tags = [tag for tag in map(text_of, as_list(_first(row.fields, reading.tags))) if tag.strip()]
    return {**({"metadata": metadata} if metadata else {}), **({"tags": tags} if tags else {})}


def _id(value: Any, number: int, taken: set[str]) -> str:
    stem = printed(text_of(value)) or f"case-{number}"
    free = fresh(stem, taken)
    taken.add(free)
    return free


def add_judge(project: Project, where: str, why: str = "") -> None:
    """Add a rubric, for a dataset says nothing of graders: correctness where every case has a reference."""
    every = all("expected" in case for case in project.cases)
    some = any("expected" in case for case in project.cases)
    rubric = "correctness" if every else "relevance"
    lacking = " (some cases have no expected answer)" if some and not every else ""
    project.add(where, "graders", f"{why or 'a dataset names no grader'}: evalkit:{rubric} judges the outputs{lacking}")
    project.grade(rubric, {"rubric": f"evalkit:{rubric}"})


def add_candidate(project: Project, where: str) -> None:
    """Add a candidate that evalkit runs, where no output is recorded."""
    if project.recorded or project.generated:
        return
    why = f"no output is recorded: {DEFAULT_MODEL} answers the input as it is"
    project.add(where, "candidates", why)
    project.generated.append(Generated(name=DEFAULT_MODEL, model=DEFAULT_MODEL, prompt="{{ input }}\n"))
