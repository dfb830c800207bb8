"""Where the cases of a file stand, for those who point at them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from evalkit.dataset.columns import ALIASES


def case_lines(path: Path, fields: Mapping[str, str] | None = None) -> dict[str, int]:
    """The line of each case of a JSON lines file, counted from 1; nothing for a file of another kind.

    It is for people to look at, so a file that has changed or gone in the meantime is no error.
    """
    if path.suffix not in (".jsonl", ".ndjson"):
        return {}
    keys = (fields["id"],) if fields and "id" in fields else ("id", *ALIASES["id"])
    found: dict[str, int] = {}
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                for case_id in _ids(line, keys):
                    found.setdefault(case_id, number)
    except OSError:
        return {}
    return found


def _ids(line: bytes, keys: tuple[str, ...]) -> list[str]:
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError):
        return []
    members = cast("dict[str, object]", row) if isinstance(row, dict) else {}
    return [str(members[key]) for key in keys if isinstance(members.get(key), str | int)][:1]
