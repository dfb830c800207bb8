"""Which tool wrote a file: told by what only that tool writes, never guessed between two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from evalkit.errors import DatasetError, UsageError
from evalkit.foreign.names import TOOLS, Tool
from evalkit.foreign.source import as_dict, as_list, document, is_dict, is_list, read_text, rows_of_csv

_LOOKED_AT: Final = 20
SUFFIXES: Final = (".yaml", ".yml", ".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".arrow")
"""Of the files that can be of another tool; a bundle of evalkit's own has none of them."""
_PROMPTFOO: Final = frozenset({"prompts", "providers", "targets", "tests", "scenarios", "defaultTest"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a first look at a file or folder shows."""

    path: Path
    names: frozenset[str] = frozenset()
    """Of the files of a folder."""
    value: Any = None
    """Of a file that is one document."""
    rows: tuple[Mapping[str, Any], ...] = ()
    """The first of a file of rows, or of a list."""
    keys: frozenset[str] = field(default=frozenset())
    """All that the rows have."""


def recognised(path: Path) -> Tool:
    """The tool that wrote a file or folder.

    Raises:
        UsageError: none did that evalkit knows, or several may have.
        DatasetError: it cannot be read.
    """
    seen = look(path)
    found: list[Tool] = [tool for tool, matches in _MARKS.items() if matches(seen)]
    if len(found) == 1:
        return found[0]
    what = f"looks like files of {' and of '.join(found)}" if found else "is of no tool that evalkit recognises"
    listed = "|".join(found or TOOLS)
    plain = "" if found else f"; rows of cases need no import: evalkit init {path}"
    raise UsageError(f"{path} {what}; say which it is with --from {listed}{plain}")


def look(path: Path) -> Look:
    """A first look at a file or folder."""
    if path.is_dir():
        return _of_folder(path)
    suffix = path.suffix.lower()
    if suffix in {".parquet", ".arrow"}:
        return Look(path=path)
    if suffix in {".csv", ".tsv"}:
        rows = tuple(row for _, row in islice(rows_of_csv(path), _LOOKED_AT))
        return _of_rows(path, rows)
    if suffix in {".jsonl", ".ndjson"}:
        return _of_rows(path, _first_rows(path))
    value = document(path).value
    listed = _listed(value)
    return _of_rows(path, tuple(as_dict(row) for row in listed[:_LOOKED_AT]), value)


def _first_rows(path: Path) -> tuple[Mapping[str, Any], ...]:
    from evalkit.foreign.source import json_lines

    head = "\n".join(islice((line for line in read_text(path).splitlines() if line.strip()), _LOOKED_AT))
    return tuple(as_dict(row) for row in json_lines(head, path.name).value)


def _listed(value: Any) -> list[Any]:
    """The rows of a document: its own, or those of the one list that tools keep them in."""
    if is_list(value):
        return as_list(value)
    fields = as_dict(value)
    for key in ("data", "goldens", "test_cases", "testCases", "examples", "items", "rows"):
        if isinstance(fields.get(key), list) and all(isinstance(row, dict) for row in fields[key]):
            return as_list(fields[key])
    return []


def _of_rows(path: Path, rows: tuple[Mapping[str, Any], ...], value: Any = None) -> Look:
    keys = frozenset(key for row in rows for key in row)
    return Look(path=path, value=value, rows=rows, keys=keys)


def _of_folder(path: Path) -> Look:
    files = [child for child in sorted(path.iterdir()) if child.is_file()]
    names = frozenset(child.name for child in files)
    inner = frozenset(child.name for child in path.iterdir() if child.is_dir())
    rows: list[Mapping[str, Any]] = []
    for child in files[:_LOOKED_AT]:
        if (
            child.suffix.lower() in {".json", ".jsonl", ".ndjson", ".yaml", ".yml"}
            and "promptfooconfig" not in child.name
        ):
            try:
                seen = look(child)
            except DatasetError:
                continue
            rows += [as_dict(seen.value), *seen.rows] if is_dict(seen.value) else seen.rows
    found = _of_rows(path, tuple(rows))
    return Look(path=path, names=names | {f"{name}/" for name in inner}, rows=found.rows, keys=found.keys)


def _promptfoo(seen: Look) -> bool:
    from evalkit.foreign.promptfoo.results import rows_of

    if any(name.startswith("promptfooconfig.") for name in seen.names):
        return True
    fields = as_dict(seen.value)
    config = {"prompts", "providers", "targets", "defaultTest"} & fields.keys() and {
        "tests",
        "scenarios",
    } & fields.keys()
    csv = any(key.startswith("__expected") for key in seen.keys)
    tests = (
        (seen.value is None or is_list(seen.value))
        and "vars" in seen.keys
        and {"assert", "vars"} & seen.keys == {"assert", "vars"}
    )
    return bool(config or csv or tests or rows_of(seen.value))


def _openai(seen: Look) -> bool:
    objects = {str(row.get("object")) for row in (*seen.rows, as_dict(seen.value))}
    if objects & {"eval", "eval.run", "eval.run.output_item"}:
        return True
    if {"testing_criteria", "data_source_config"} & {*seen.keys, *as_dict(seen.value)}:
        return True
    registry = [as_dict(one) for row in (*seen.rows, as_dict(seen.value)) for one in row.values()]
    if any(str(one.get("class", "")).startswith("evals.") for one in registry):
        return True
    if "item" in seen.keys and all(is_dict(row.get("item")) for row in seen.rows):
        return True
    return {"input", "ideal"} <= seen.keys or {"choice_strings", "prompt"} <= as_dict(seen.value).keys()


def _inspect(seen: Look) -> bool:
    own = {"choices", "sandbox", "setup", "files"} & seen.keys
    return {"input", "target"} <= seen.keys or bool("input" in seen.keys and own)


def _deepeval(seen: Look) -> bool:
    if {"goldens", "testCases", "test_cases"} & as_dict(seen.value).keys():
        return True
    own = {"actual_output", "retrieval_context", "expected_tools", "tools_called", "source_file", "actualOutput"}
    return "input" in seen.keys and bool(own & seen.keys) and not _langfuse(seen)


def _langsmith(seen: Look) -> bool:
    if not {"inputs", "outputs"} <= seen.keys or _mlflow(seen):
        return False
    return any(isinstance(row.get("inputs"), dict) for row in seen.rows) or "dataset_id" in seen.keys


def _langfuse(seen: Look) -> bool:
    own = {"datasetId", "datasetName", "sourceTraceId", "dataset_name", "source_trace_id", "sourceObservationId"}
    return "input" in seen.keys and bool({"expectedOutput", "expected_output"} & seen.keys) and bool(own & seen.keys)


def _braintrust(seen: Look) -> bool:
    return "input" in seen.keys and bool({"_xact_id", "root_span_id", "experiment_id", "span_attributes"} & seen.keys)


def _mlflow(seen: Look) -> bool:
    own = {"expectations", "dataset_record_id", "eval_item_id"} & seen.keys
    columns = as_dict(seen.value).get("columns")
    return bool("inputs" in seen.keys and own) or (isinstance(columns, list) and "data" in as_dict(seen.value))


def _huggingface(seen: Look) -> bool:
    if seen.path.suffix.lower() in {".parquet", ".arrow"} and seen.path.is_file():
        return True
    return bool({"dataset_info.json", "dataset_dict.json", "state.json"} & seen.names) or any(
        name.endswith((".arrow", ".parquet")) for name in seen.names
    )


_MARKS: Final[Mapping[Tool, Callable[[Look], bool]]] = {
    "promptfoo": _promptfoo,
    "openai-evals": _openai,
    "inspect": _inspect,
    "deepeval": _deepeval,
    "langsmith": _langsmith,
    "langfuse": _langfuse,
    "braintrust": _braintrust,
    "mlflow": _mlflow,
    "huggingface": _huggingface,
}
