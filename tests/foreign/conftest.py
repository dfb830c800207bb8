"""Files in the very shape that other tools write, imported as a user would."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from evalkit.config import Config, load_config
from evalkit.dataset import Dataset, load_dataset
from evalkit.foreign import Imported, import_files
from evalkit.graders import build_graders


@dataclass(frozen=True)
class Made:
    """A project that was imported."""

    said: Imported
    folder: Path

    @property
    def config(self) -> Config:
        return load_config(self.folder)

    @property
    def dataset(self) -> Dataset:
        return load_dataset(self.config.dataset.path)

    @property
    def cases(self) -> list[dict[str, Any]]:
        return self.rows("cases.jsonl")

    @property
    def why(self) -> dict[str, str]:
        """Why each field was left out, changed or added."""
        return {note.field: note.why for note in self.said.notes}

    def rows(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / name).read_text(encoding="utf-8").splitlines()]

    def note(self, field: str) -> Any:
        return next(note for note in self.said.notes if note.field == field)

    def scores(self, grader: str, outputs: dict[str, str]) -> dict[str, Any]:
        """What a check says of an output for each case."""
        check: Any = next(one for one in build_graders(self.config) if one.name == grader)
        cases = {case.id: case for case in self.dataset}
        found = {name: check.verdict(cases[name], output) for name, output in outputs.items()}
        return {name: verdict.reason if verdict.value is None else verdict.value for name, verdict in found.items()}

    def rendered(self, grader: str, case: str, output: str) -> tuple[str, str]:
        """The system prompt and the message that put an output to the judge."""
        rubric: Any = next(one for one in build_graders(self.config) if one.name == grader)
        found = next(one for one in self.dataset if one.id == case)
        return "\n".join(rubric.system), rubric.prompt(found, output)


@pytest.fixture
def save(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes one file; its path."""

    def saved(name: str, text: str) -> Path:
        path = tmp_path / "theirs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    return saved


@pytest.fixture
def take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Made]:
    """Imports a file or folder; what was made, with a config that is sound."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in sys.modules if name.startswith(("promptfoo_", "openai_", "inspect_checks"))]:
        monkeypatch.delitem(sys.modules, name)  # of the project of another test

    def taken(path: Path, **options: Any) -> Made:
        folder = tmp_path / f"ours-{len(list(tmp_path.iterdir()))}"
        made = Made(import_files(path, out=folder, **options), folder)
        assert build_graders(made.config)
        assert made.dataset.n == made.said.cases
        return made

    return taken
