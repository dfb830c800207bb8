"""Promptfoo's prompts: inline texts, files, lists of messages; as Jinja2 over the fields of a case."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from evalkit.errors import DatasetError
from evalkit.foreign.chat import Turn, assembled, turns_of
from evalkit.foreign.project import Project
from evalkit.foreign.source import Document, OutsideError, as_dict, as_list, document, inside, read_text
from evalkit.foreign.text import TemplateError, is_template, rewritten

_CODE: Final = (".js", ".cjs", ".mjs", ".ts", ".py", ".sh")
_TEXT: Final = (".txt", ".md", ".j2")
_FILE: Final = re.compile(r"[^\n{}]+\.(txt|md|j2|json|jsonl|yaml|yml|csv|js|cjs|mjs|ts|py)(:\w+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A prompt as its file has it."""

    label: str
    source: str
    """The template, or the JSON of a list of messages."""
    where: str


def read_prompts(config: Document, root: Path, project: Project) -> list[Prompt]:
    """The prompts of a config; those that are code are noted."""
    given = as_dict(config.value).get("prompts")
    found: list[Prompt] = []
    if isinstance(given, dict):
        # An old form: file -> label.
        given = [{"id": name, "label": label} for name, label in as_dict(given).items()]
    for index, one in enumerate(as_list(given)):
        where = config.at("prompts", index)
        try:
            found += _prompts(one, where, root, project)
        except (OutsideError, DatasetError) as error:
            project.leave_out(where, "prompts", str(error))
    return found


def _prompts(given: Any, where: str, root: Path, project: Project) -> Iterator[Prompt]:
    fields = as_dict(given)
    text = str(fields.get("raw") or fields.get("id") or "") if fields else str(given or "")
    label = str(fields.get("label") or "")
    for key in sorted(fields.keys() - {"raw", "id", "label", "display"}):
        project.leave_out(where, f"prompts: {key}", "a prompt has no settings of its own here")
    if not text.strip():
        return
    named = text.removeprefix("file://") if text.startswith("file://") or _FILE.fullmatch(text.strip()) else None
    if named is None:
        yield Prompt(label=label, source=text, where=where)
        return
    if re.search(r"\.(js|cjs|mjs|ts|py|sh)(:\w+)?$", named) or named.startswith("exec:"):
        project.leave_out(where, "prompts", f"{named} is code, which is not run; write the prompt as a template")
        return
    for path in _paths(root, named):
        yield from _of_file(path, label)


def _paths(root: Path, named: str) -> list[Path]:
    if not any(letter in named for letter in "*?["):
        return [inside(root, named)]
    if ".." in Path(named).parts or Path(named).is_absolute():
        raise OutsideError(f"{named!r} is not below the folder that is imported; copy it there")
    return [inside(root, str(path.relative_to(root))) for path in sorted(root.glob(named)) if path.is_file()]


def _of_file(path: Path, label: str) -> Iterator[Prompt]:
    suffix = path.suffix.lower()
    if suffix == ".csv":
        from evalkit.foreign.source import rows_of_csv

        for line, row in rows_of_csv(path):
            text = row.get("prompt") or next(iter(row.values()), "")
            yield Prompt(label=row.get("label") or label, source=text, where=f"{path.name}:{line}")
        return
    if suffix in {".yaml", ".yml"}:
        value = document(path).value
        source = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else read_text(path)
        yield Prompt(label=label or path.stem, source=source, where=path.name)
        return
    parts = re.split(r"^---\s*$", read_text(path), flags=re.MULTILINE) if suffix in _TEXT else [read_text(path)]
    texts = [part.strip("\n") for part in parts if part.strip()]
    for number, text in enumerate(texts, start=1):
        own = f"{label or path.stem}{f'-{number}' if len(texts) > 1 else ''}"
        yield Prompt(label=own, source=text, where=path.name)


def ported(prompt: Prompt, rename: Callable[[str], str | None], project: Project) -> str | None:
    """The prompt as a template of evalkit; None where it cannot be one, which is noted."""
    try:
        turns = [
            Turn(role=role, text=rewritten(text, rename), fixed=not is_template(text)) for role, text in _chat(prompt)
        ]
        if turns:
            return assembled(turns, project, prompt.where)
        return rewritten(prompt.source, rename).rstrip() + "\n"
    except TemplateError as error:
        project.leave_out(prompt.where, "prompts", f"the prompt {error}")
        return None


def _chat(prompt: Prompt) -> list[tuple[str, str]]:
    """The messages of a prompt that is a list of them in JSON; empty where it is a text."""
    text = prompt.source.strip()
    try:
        return turns_of(json.loads(text)) if text.startswith("[") else []
    except (ValueError, RecursionError):
        return []
