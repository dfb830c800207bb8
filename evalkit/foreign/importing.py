"""The import itself: recognise, read, write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evalkit.errors import UsageError
from evalkit.foreign.names import TOOLS
from evalkit.foreign.project import Note, Project, slug
from evalkit.foreign.recognise import recognised
from evalkit.foreign.settle import settle
from evalkit.foreign.source import Document, as_dict, as_list, document, is_list, wrong
from evalkit.foreign.write import write


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A project that was written."""

    tool: str
    recognised: bool
    """Whether the tool was told by the files, not by the user."""
    folder: Path
    files: tuple[Path, ...]
    cases: int
    graders: tuple[str, ...]
    candidates: tuple[str, ...]
    notes: tuple[Note, ...]
    """What was left out, changed or added."""

    def json(self) -> dict[str, object]:
        """The import as a program reads it."""
        return {
            "tool": self.tool,
            "folder": str(self.folder),
            "files": [str(path) for path in self.files],
            "cases": self.cases,
            "graders": list(self.graders),
            "candidates": list(self.candidates),
            "notes": [note.json() for note in self.notes],
        }


def import_files(path: Path, *, tool: str | None = None, out: Path | None = None, force: bool = False) -> Imported:
    """Write a project from another tool's file or folder.

    Args:
        path: the file or folder.
        tool: who wrote it; told by what is in it without.
        out: the folder to write; beside the working directory and called after the file without.
        force: replace the files of an import that is there.

    Raises:
        UsageError: the tool is not known or cannot be told, or the folder is there already.
        DatasetError: the files cannot be read, or hold nothing to import.
    """
    if not path.exists():
        raise UsageError(f"there is no file or folder {path}; check the path")
    if tool is not None and tool not in TOOLS:
        raise UsageError(f"--from {tool} is no tool that evalkit imports from; it knows {', '.join(TOOLS)}")
    project = read_project(path, tool or recognised(path))
    folder = out or Path(_folder_name(path))
    files = write(project, folder, force=force)
    return Imported(
        tool=project.tool,
        recognised=tool is None,
        folder=folder,
        files=tuple(files),
        cases=len(project.cases),
        graders=tuple(grader.name for grader in project.graders),
        candidates=tuple(one.name for one in (*project.recorded, *project.generated)),
        notes=tuple(project.notes),
    )


def _folder_name(path: Path) -> str:
    """What the new folder is called: as the file or folder, and never as what is read."""
    resolved = path.resolve()
    stem = resolved.name if path.is_dir() else resolved.name.split(".")[0]
    if stem == "promptfooconfig":
        stem = resolved.parent.name
    name = slug(stem) or "imported"
    return f"{name}-evalkit" if (Path.cwd() / name).exists() else name


def read_project(path: Path, tool: str) -> Project:
    """The project of another tool's files.

    Raises:
        DatasetError: they cannot be read, or hold nothing to import.
    """
    project = _READERS[tool](path)
    settle(project)
    if not project.cases:
        raise wrong(path.name, f"holds no case that evalkit can take over from {tool}", "see docs/migrating.md")
    return project


def _name(path: Path) -> str:
    return slug(path.resolve().name if path.is_dir() else path.name.split(".")[0]) or "imported"


def _promptfoo(path: Path) -> Project:
    from evalkit.foreign.promptfoo import read_config, read_results, rows_of

    if path.is_dir():
        found = sorted(
            child for child in path.iterdir() if child.name.startswith("promptfooconfig.") and child.is_file()
        )
        readable = [child for child in found if child.suffix.lower() in {".yaml", ".yml", ".json"}]
        if not readable:
            what = f"{found[0].name} is code, which is not run" if found else "there is no promptfooconfig.yaml"
            raise wrong(str(path), what, "name the config, the tests or the results to import")
        config = document(readable[0])
        return read_config(config, path, _name(path))
    root = path.resolve().parent
    if path.suffix.lower() in {".csv", ".tsv", ".jsonl"}:
        return read_config(Document({"tests": [f"file://{path.name}"]}, path.name), root, _name(path))
    found_document = document(path)
    if rows_of(found_document.value):
        return read_results(found_document, root, _name(path))
    if is_list(found_document.value):
        lines = {("tests", *at): line for at, line in found_document.lines.items()}
        found_document = Document({"tests": as_list(found_document.value)}, path.name, lines)
    if not as_dict(found_document.value):
        raise wrong(path.name, "is no config, no tests and no results of promptfoo", "name another file")
    return read_config(found_document, root, _name(path))


def _openai(path: Path) -> Project:
    from evalkit.foreign.openai import collected, read_hosted, read_registry, read_samples

    data = [path] if path.is_file() else sorted(child for child in path.rglob("*") if child.is_file())
    found = collected(file for file in data if file.suffix.lower() in {".json", ".jsonl", ".ndjson"})
    if found.evals or found.output_items or found.items:
        return read_hosted(found, path, _name(path))
    sheets = [file for file in data if file.suffix.lower() in {".yaml", ".yml"} and "modelgraded" not in file.parts]
    if not sheets:
        return read_samples(path, _name(path))
    if len(sheets) > 1:
        names = ", ".join(sheet.name for sheet in sheets[:6])
        raise wrong(str(path), f"has several files of evals ({names})", "name the one to import")
    return read_registry(sheets[0], _name(path))


def _dataset(tool: str) -> Callable[[Path], Project]:
    def read(path: Path) -> Project:
        from evalkit.foreign import datasets, huggingface

        readers: dict[str, Callable[[Path, str], Project]] = {
            "inspect": datasets.read_inspect,
            "deepeval": datasets.read_deepeval,
            "langsmith": datasets.read_langsmith,
            "langfuse": datasets.read_langfuse,
            "braintrust": datasets.read_braintrust,
            "mlflow": datasets.read_mlflow,
            "huggingface": huggingface.read_huggingface,
        }
        return readers[tool](path, _name(path))

    return read


_READERS: Final[Mapping[str, Callable[[Path], Project]]] = {
    "promptfoo": _promptfoo,
    "openai-evals": _openai,
    **{tool: _dataset(tool) for tool in TOOLS if tool not in {"promptfoo", "openai-evals"}},
}
