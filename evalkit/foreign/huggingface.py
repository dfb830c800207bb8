"""Datasets of Hugging Face, as the library saves them: Arrow or Parquet files, whose columns are told by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from evalkit.errors import UsageError
from evalkit.foreign.project import Project
from evalkit.foreign.rows import Reading, Row, add_candidate, add_judge, project_of
from evalkit.foreign.source import as_dict, as_list, is_dict, is_list, wrong

_MOST_ROWS: Final = 200_000
_READING: Final = Reading(
    input=("input", "question", "prompt", "query", "instruction", "problem", "text", "messages", "user_input"),
    expected=("expected", "answers", "answer", "target", "reference", "ground_truth", "solution", "label", "ideal"),
    output=("output", "response", "completion", "prediction"),
    id=("id", "idx", "example_id", "question_id"),
    beside={"retrieved_contexts": "contexts", "passage": "context"},
)


def read_huggingface(path: Path, name: str) -> Project:
    """The project of a saved dataset.

    Raises:
        UsageError: pyarrow is not installed.
        DatasetError: there is no Arrow or Parquet file, or it cannot be read.
    """
    files = [path] if path.is_file() else sorted([*path.rglob("*.arrow"), *path.rglob("*.parquet")])
    files = [file for file in files if not file.name.startswith("cache-")]
    if not files:
        raise wrong(str(path), "holds no .arrow and no .parquet file", "save it with save_to_disk or to_parquet")
    rows = [row for file in files for row in _rows(file, path)]
    if len(rows) > _MOST_ROWS:
        raise wrong(str(path), f"has more than {_MOST_ROWS:,} rows", "select some before you save it")
    columns = {key for row in rows for key in row.fields}
    project = project_of("huggingface", name, rows, _READING)
    for field, names in (("input", _READING.input), ("expected", _READING.expected), ("output", _READING.output)):
        used = next((one for one in names if one in columns), None)
        if used not in {None, field}:
            project.change(path.name, field, f"is read from the column {used!r}")
    add_judge(project, path.name)
    add_candidate(project, path.name)
    return project


def _rows(file: Path, root: Path) -> Iterator[Row]:
    """The rows of a file, tagged with the split that its name or folder says."""
    try:
        from importlib import import_module

        arrow: Any = import_module("pyarrow")
        ipc: Any = import_module("pyarrow.ipc")
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise UsageError("Arrow and Parquet need pyarrow: pip install 'evalkit-batch[parquet]'") from None
    try:
        table: Any = parquet.read_table(file) if file.suffix == ".parquet" else _table(file, ipc)
        split = next(
            (one for one in ("train", "validation", "test", "dev") if one in file.relative_to(root.parent).as_posix()),
            "",
        )
        for number, row in enumerate(as_list(table.to_pylist()), start=1):
            fields = as_dict(_plain(row))
            yield Row(
                fields={**fields, **({"tags": [split]} if split and "tags" not in fields else {})},
                where=f"{file.name} row {number}",
            )
    except (arrow.lib.ArrowException, OSError, ValueError) as error:
        raise wrong(file.name, f"cannot be read: {str(error)[:120]}", "save it again") from error


def _table(file: Path, ipc: Any) -> Any:
    with file.open("rb") as opened:
        head = opened.read(6)
        opened.seek(0)
        reader = ipc.open_file(opened) if head == b"ARROW1" else ipc.open_stream(opened)
        return reader.read_all()


def _plain(value: Any) -> Any:
    """A value of Arrow as JSON has it; bytes stay behind as their length."""
    if isinstance(value, bytes):
        return f"({len(value):,} bytes)"
    if is_dict(value):
        return {str(key): _plain(one) for key, one in as_dict(value).items()}
    if is_list(value):
        return [_plain(one) for one in as_list(value)]
    if isinstance(value, float) and value != value:  # noqa: PLR0124 # NaN
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)
