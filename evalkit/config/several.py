"""The files of cases that a config names: one, a list of them, or a pattern that stands for some."""

from __future__ import annotations

from pathlib import Path
from typing import Final, cast

from evalkit.config.sources import data_file, is_data_file, is_file, refusal
from evalkit.config.words import described, quoted

_WILD: Final = frozenset("*?[")


def data_paths(value: object, root: Path) -> Path | tuple[Path, ...]:
    """The files that a value names: one path for one name, else a tuple; no file is named twice."""
    if isinstance(value, str | Path):
        found = _matching(str(value), root)
        return found[0] if len(found) == 1 else found
    if not isinstance(value, list | tuple):
        raise refusal(f"must be text, not {described(value)}", "" if isinstance(value, dict) else "put text in quotes")
    items = cast("list[object]", value)
    if not items or not all(isinstance(item, str | Path) for item in items):
        raise refusal("is not a list of paths", 'write them as in path = ["a.jsonl", "more/*.csv"]')
    named = [(str(item), path) for item in items for path in _matching(str(item), root)]
    first: dict[Path, str] = {}
    for item, path in named:
        if path in first:
            again = "twice" if first[path] == item else f"by {quoted(first[path])} and by {quoted(item)}"
            raise refusal(f"names {path.name} {again}", "name every file once")
        first[path] = item
    return tuple(first)


def _matching(value: str, root: Path) -> tuple[Path, ...]:
    """The files that one path or pattern stands for, by name."""
    if not _WILD & set(value) or is_file(value, root):
        return (data_file(value, root),)
    pattern = Path(value)
    base = Path(pattern.anchor) if pattern.is_absolute() else root
    parts = str(pattern.relative_to(pattern.anchor)) if pattern.is_absolute() else value
    try:
        matching = sorted(path for path in base.glob(parts) if path.is_file())
    except (ValueError, OSError) as error:
        raise refusal(f"{quoted(value)} is not a pattern of paths: {error}", "write it as in cases/*.jsonl") from error
    found = tuple(path.parent.resolve() / path.name for path in matching if is_data_file(path.name))
    if not found:
        what = f"no data file matches {quoted(value)}"
        others = f"; {len(matching)} files of other kinds do" if matching else ""
        raise refusal(f"{what}{others}", "patterns are relative to the folder of the config file")
    return found


def written_name(value: object) -> str:
    """What several files are called together: as they are written; empty where there is one."""
    if isinstance(value, str):
        return value if _WILD & set(value) else ""
    items = [str(item) for item in cast("list[object]", value)] if isinstance(value, list | tuple) else []
    return ", ".join(item if _WILD & set(item) else Path(item).name for item in items)
