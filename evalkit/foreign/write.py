"""A project on disk: every file of it, or none."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from evalkit.config import FILE_NAME
from evalkit.errors import UsageError
from evalkit.foreign.project import Generated, Grader, Note, Project, fresh, slug
from evalkit.foreign.settle import check
from evalkit.foreign.toml import comment, toml

_NOTES: Final = "notes.md"
_KINDS: Final[Mapping[str, str]] = {
    "left out": "What could not be carried over",
    "changed": "What means something else here",
    "added": "What was added",
}


def write(project: Project, folder: Path, *, force: bool) -> list[Path]:
    """Write the project into a folder that is not there yet, or with `force` into one that is; returns the files.

    The files are written beside the folder first, and moved when all of them are there.

    Raises:
        UsageError: the folder is there, or cannot be written.
        DatasetError: the project would not be sound; nothing is written.
    """
    texts = texts_of(project)
    there = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    if there and not (force and folder.is_dir()):
        mend = "choose another with --out, or replace what the import writes with --force"
        raise UsageError(f"{folder} is there already; {mend}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".import-", dir=folder.parent))
        try:
            for name, text in texts.items():
                (beside / name).write_text(text, encoding="utf-8", newline="\n")
            check(beside, project.name)
            _move(beside, folder, list(texts))
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}; choose another folder with --out") from error
    return [folder / name for name in texts]


def _move(beside: Path, folder: Path, names: Sequence[str]) -> None:
    beside.chmod(0o777 & ~_umask())
    if not folder.exists() or not any(folder.iterdir()):
        beside.replace(folder)
        return
    # Into a folder with other files; the config comes last, so that what it names is there before it.
    for name in sorted(names, key=lambda one: one == FILE_NAME):
        (beside / name).replace(folder / name)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def texts_of(project: Project) -> dict[str, str]:
    """Every file of the project by its name, the config first."""
    outputs: dict[str, str] = {}
    named: dict[str, str] = {}
    for recorded in project.recorded:
        stem = fresh(f"outputs-{slug(recorded.name) or 'recorded'}", (name[: -len(".jsonl")] for name in outputs))
        named[recorded.name] = f"{stem}.jsonl"
        outputs[f"{stem}.jsonl"] = _lines(recorded.rows)
    prompts: dict[str, str] = {}
    by_name: dict[str, str] = {}
    for generated in project.generated:
        by_name[generated.name] = _prompt_file(generated, prompts)
    texts = {FILE_NAME: "", "cases.jsonl": _lines(project.cases), **outputs, **prompts, **project.files}
    if project.notes:
        texts[_NOTES] = _notes(project)
    texts[FILE_NAME] = "".join(_config(project, named, by_name))
    return texts


def _prompt_file(generated: Generated, prompts: dict[str, str]) -> str:
    same = next((name for name, text in prompts.items() if text == generated.prompt), None)
    name = same or f"{fresh('prompt', (one[: -len('.md.j2')] for one in prompts))}.md.j2"
    prompts[name] = generated.prompt
    return name


def _lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def _config(project: Project, outputs: Mapping[str, str], prompts: Mapping[str, str]) -> Iterator[str]:
    told = f"\n{_NOTES} says what was left out, changed or added." if project.notes else ""
    yield comment(f"Imported from {project.tool}. Paths count from this file's folder.{told}")
    yield f'name = {toml(project.name)}\n\n[dataset]\npath = "cases.jsonl"\n\n'
    if any("rubric" in grader.keys for grader in project.graders):
        yield f"[judge]\nmodel = {toml(project.judge)}\n"
        yield 'effort = "low"          # low, medium, high, xhigh, max\n'
        yield "max_tokens = 4096       # thinking counts too\n\n"
    yield from (_grader(grader) for grader in project.graders)
    for recorded in project.recorded:
        yield _candidate(recorded.name, {"outputs": outputs[recorded.name]})
    for generated in project.generated:
        keys: dict[str, Any] = {"model": generated.model, "prompt": prompts[generated.name]}
        if generated.max_tokens is not None:
            keys["max_tokens"] = generated.max_tokens
        yield _candidate(generated.name, keys, generated.comment)
    yield _gate([one.name for one in (*project.recorded, *project.generated)], project.coverage)


def _grader(grader: Grader) -> str:
    keys = "".join(f"{key} = {toml(value)}\n" for key, value in grader.keys.items())
    return f"{comment(grader.comment)}[[graders]]\nname = {toml(grader.name)}\n{keys}\n"


def _candidate(name: str, keys: Mapping[str, Any], about: str = "") -> str:
    lines = "".join(f"{key} = {toml(value)}\n" for key, value in keys.items())
    return f"{comment(about)}[[candidates]]\nname = {toml(name)}\n{lines}\n"


def _gate(candidates: Sequence[str], coverage: float) -> str:
    if len(candidates) < 2:
        return comment("A gate compares with a baseline: a second candidate, or an earlier run of this one.") + comment(
            '[gate]\nbaseline = "label:main"\nmargin = 0.02'
        )
    least = f"{0.98 if coverage == 1 else math.floor(98 * coverage) / 100:.2f}"
    return (
        f"[gate]\nbaseline = {toml(candidates[0])}\n"
        "margin = 0.02           # a loss of mean score that is still accepted\n"
        f"min_coverage = {least}     # share of cases that must have a score\n"
    )


def _notes(project: Project) -> str:
    parts = [f"# Import from {project.tool}\n"]
    for kind, title in _KINDS.items():
        found = [note for note in project.notes if note.kind == kind]
        if found:
            parts.append(f"\n## {title}\n\n")
            parts += [_item(note) for note in found]
    return "".join(parts)


def _item(note: Note) -> str:
    # A fence that no text of others can close keeps it from being read as Markdown.
    return f"- `{_inert(note.where)}` `{_inert(note.field)}`: {_inert(note.why)}\n"


def _inert(text: str) -> str:
    flat = " ".join(text.split()).replace("`", "'").replace("<", "‹").replace(">", "›")
    return "".join(letter for letter in flat if letter.isprintable())
