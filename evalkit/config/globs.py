"""Candidates by pattern: `outputs = "runs/*/outputs.jsonl"` stands for one candidate per file that is there.

Its name says where what the pattern's wildcards stand for goes: `name = "*"`, or `name = "nightly *"`.
"""

from __future__ import annotations

import glob
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final, cast

from evalkit.config.sources import is_data_file

_STAR: Final = "*"


def is_pattern(value: str) -> bool:
    """Whether a value is written like a pattern of files."""
    return glob.has_magic(value)


def spread(values: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """The values of a config with one candidate in the place of each file that a pattern finds.

    The first file's takes the pattern's own place and the others follow after the last candidate, so that errors of
    the others still find their lines. A pattern that finds nothing stays, and is told with all other problems.
    """
    listed = values.get("candidates")
    if not isinstance(listed, list):
        return dict(values)
    first: list[object] = []
    more: list[object] = []
    for table in cast("list[object]", listed):
        one, *others = _spread(cast("dict[str, Any]", table), root) if isinstance(table, dict) else [table]
        first.append(one)
        more += others
    return {**values, "candidates": [*first, *more]}


def _spread(table: dict[str, Any], root: Path) -> list[object]:
    outputs, name = table.get("outputs"), table.get("name")
    if not isinstance(outputs, str) or not is_pattern(outputs) or (root / outputs).is_file():
        return [table]
    if not isinstance(name, str) or _STAR not in name:
        return [table]
    found = sorted(path for path in glob.glob(outputs, root_dir=root) if is_data_file(path))  # noqa: PTH207 # patterns may be absolute
    named = [{**table, "outputs": path, "name": name.replace(_STAR, _part(outputs, path))} for path in found]
    return [*named] or [table]


def _part(pattern: str, path: str) -> str:
    """What of a path the pattern leaves open: the folders and the file, without its suffix, that a wildcard found."""
    asked, there = PurePosixPath(pattern).parts, list(Path(path).parts)
    there[-1] = there[-1].removesuffix(".gz").rpartition(".")[0]
    return "-".join(part for wanted, part in zip(asked, there, strict=False) if is_pattern(wanted))
