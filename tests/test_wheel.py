"""The wheel is what users get: the tests run on it, and it carries every file that is not code."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

import pytest

import evalkit
from evalkit.starter import example_sets

ROOT = Path(__file__).resolve().parent.parent
WHEEL = os.environ.get("EVALKIT_WHEEL")
installed = pytest.mark.skipif(WHEEL is None, reason="runs against the source tree; `make test` builds the wheel")


def data_files(folder: Path) -> set[str]:
    """Everything below a folder that is not code, by its path."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder))
        for path in found
        if path.suffix not in (".py", ".pyc") and "__pycache__" not in path.parts and ".evalkit" not in path.parts
    }


@installed
def test_the_tests_import_the_installed_wheel_and_not_the_source_tree() -> None:
    assert WHEEL is not None
    assert Path(evalkit.__file__ or "").is_relative_to(WHEEL)


def test_every_data_file_of_the_source_tree_is_in_the_package() -> None:
    package = Path(str(resources.files("evalkit")))

    assert data_files(ROOT / "evalkit") <= data_files(package)
    assert {"py.typed", "data/prices.json", "graders/prompts/judge.md"} <= data_files(package)
    assert "graders/rubrics/tone.md.j2" in data_files(package)


@installed
def test_the_example_sets_come_with_the_wheel() -> None:
    assert example_sets().is_relative_to(WHEEL or "")
    assert data_files(ROOT / "datasets") == data_files(example_sets())
    assert {"rubrics/tone/cases.jsonl", "injection/cases.jsonl"} <= data_files(example_sets())


@installed
def test_the_migrations_come_with_the_wheel() -> None:
    versions = resources.files("evalkit.store").joinpath("migrations", "versions")

    found = sorted(path.name for path in versions.iterdir() if path.name.endswith(".py"))
    assert found == ["0001_first_schema.py", "0002_trust.py", "0003_stages.py", "0004_money.py"]
