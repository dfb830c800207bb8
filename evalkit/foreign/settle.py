"""The last look at a project before it is written: what a case cannot be is mended, or told and left out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from evalkit.config import load_config
from evalkit.dataset import load_dataset, load_outputs
from evalkit.errors import InputError
from evalkit.foreign.project import Project
from evalkit.foreign.source import as_dict, as_list, is_dict, is_list, text_of, wrong
from evalkit.graders import build_graders


def settle(project: Project) -> None:
    """Give every case an input and an id that evalkit takes; a case without an input is told and left out."""
    kept: list[dict[str, Any]] = []
    gone: set[str] = set()
    for number, case in enumerate(project.cases, start=1):
        given = text_of(case.get("id"))
        found = {key: _finite(value) for key, value in case.items()}
        found["id"] = given if given.strip() else f"case-{number}"
        found["input"] = _input(found.get("input"))
        if found["input"] is None:
            gone.add(given)
            project.leave_out(project.name, given, "the case has no input")
            continue
        if not given.strip():
            _rename(project, given, found["id"])
        kept.append({"id": found["id"], **found})
    project.cases = kept
    for recorded in project.recorded:
        recorded.rows[:] = [row for row in recorded.rows if row["id"] not in gone]
    project.recorded = [recorded for recorded in project.recorded if recorded.rows]


def check(folder: Path, name: str) -> None:
    """See that a project is sound, as `evalkit validate` does; no code of it is run.

    Raises:
        DatasetError: it is not.
    """
    try:
        config = load_config(folder)
        build_graders(config)
        load_dataset(config.dataset.path)
        for candidate in config.candidates:
            if candidate.outputs_path is not None:
                load_outputs(candidate.outputs_path)
    except InputError as error:
        first = str(error).splitlines()[0].replace(f"{folder}/", "")
        raise wrong(name, f"does not make a sound project: {first}", "mend it there; nothing was written") from error


def _rename(project: Project, old: str, new: str) -> None:
    for recorded in project.recorded:
        for row in recorded.rows:
            row["id"] = new if row["id"] == old else row["id"]


def _input(value: Any) -> Any:
    if is_list(value):
        turns = [as_dict(turn) for turn in as_list(value)]
        right = turns and all(_is_role(turn.get("role")) and _is_content(turn.get("content")) for turn in turns)
        return value if right else text_of(value) if value else None
    if is_dict(value):
        return value or None
    text = text_of(value)
    return text if text.strip() else None


def _is_role(role: Any) -> bool:
    return isinstance(role, str) and bool(role)


def _is_content(content: Any) -> bool:
    return isinstance(content, str) or is_list(content)


def _finite(value: Any) -> Any:
    """The value with numbers that JSON cannot say as texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if is_dict(value):
        return {str(key): _finite(one) for key, one in as_dict(value).items()}
    return [_finite(one) for one in as_list(value)] if is_list(value) else value
