"""The README and the pages of docs/ are true: their commands run, in order, and say what is shown."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
PAGES: Final = tuple(
    str(path.relative_to(ROOT))
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    if "```console" in path.read_text(encoding="utf-8")
)
NOT_RUN: Final = ("git clone", "make", "pip install")
"""What is for whoever has no checkout yet, or takes too long."""
_BLOCK: Final = re.compile(r"```console\n(.*?)```", re.DOTALL)
_FILE: Final = re.compile(r"`([\w./-]+\.(?:toml|yaml|jsonl))`:\n\n```(?:toml|yaml|json)\n(.*?)```", re.DOTALL)
_ANY: Final = "..."
# What differs from day to day and from run to run.
_PASSING: Final = (
    (re.compile(r"msgbatch_\w+"), "BATCH"),
    (re.compile(r"\b[a-z2-7]{12}\b(?<![a-z]{12})"), "RUN"),
    (re.compile(r"\$[\d.]+"), "$"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "DATE"),
    (re.compile(r"\b20\d\d-\d\d\b"), "MONTH"),
    (re.compile(r"\d+(\.\d+)? (kB|MB)"), "SIZE"),
)


@dataclass(kw_only=True)
class Step:
    """A command of a page, and what the page says that it prints."""

    command: str
    shown: list[str] = field(default_factory=list)

    @property
    def is_run(self) -> bool:
        return not self.command.startswith(NOT_RUN) and " > " not in self.command


def steps_of(page: str) -> list[Step]:
    found: list[Step] = []
    for block in _BLOCK.findall(page):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Step(command=line.removeprefix("$ ")))
            elif line.strip():
                found[-1].shown.append(line)
    return [step for step in found if step.is_run]


@pytest.fixture
def play(tmp_path: Path, sandbox: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Plays a page in a copy of the example sets; (exit code, what was printed) of each step.

    evalkit runs in this process, because a new one for each command would take a minute; all else runs in bash.
    """
    from evalkit.cli import exits

    for name in [name for name in os.environ if name.startswith("GITHUB_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "ANTHROPIC_API_KEY": "any",
        "ANTHROPIC_BASE_URL": sandbox.url,
        "COLUMNS": "80",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "HOME": str(tmp_path),
        "NO_COLOR": "1",
    }.items():
        monkeypatch.setenv(name, value)
    shutil.copytree(ROOT / "datasets", tmp_path / "datasets", ignore=shutil.ignore_patterns(".evalkit", "reports"))
    monkeypatch.chdir(tmp_path)
    _bash("git init -q . && git -c user.name=a -c user.email=a@b.example commit -q --allow-empty -m first")

    def run(command: str, last: int) -> tuple[int, str]:
        match re.split(r"[ =]", command):
            case ["cd", folder]:
                os.chdir(folder)
                return 0, ""
            case ["export", name, *value]:
                monkeypatch.setenv(name, "=".join(value))
                return 0, ""
            case ["evalkit", *_]:
                words = _bash(rf"printf '%s\0' {command}").stdout.split("\0")[:-1]
                monkeypatch.setattr(sys, "argv", words)
                capsys.readouterr()
                code = exits.run(words[1:])
                said = capsys.readouterr()
                return code, said.err + said.out
            case _:
                ended = _bash(f"(exit {last}); {command}")
                return ended.returncode, ended.stdout

    def played(page: str) -> Iterator[tuple[int, str]]:
        for name, text in _FILE.findall(page):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        last = 0
        for step in steps_of(page):
            last, said = run(step.command, last)
            yield last, said

    return played


def _bash(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", command], capture_output=True, encoding="utf-8", check=False)


@pytest.mark.parametrize("name", PAGES)
def test_every_command_of_a_page_runs_and_says_what_is_shown(name: str, play: Any) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    steps = steps_of(page)

    for place, (step, (code, said)) in enumerate(zip(steps, play(page), strict=True)):
        told = next((one.shown[0] for one in steps[place + 1 : place + 2] if one.command == "echo $?"), "0")
        assert str(code) == told, f"$ {step.command}\n{said}"
        if step.shown:
            assert re.fullmatch(_pattern(step.shown), _words(said)), f"$ {step.command}\n{said}"


def test_the_gate_story_of_the_readme_has_its_three_endings() -> None:
    steps = steps_of((ROOT / "README.md").read_text(encoding="utf-8"))

    gates = {
        step.command: (step.shown[0].split()[0], after.shown)
        for step, after in itertools.pairwise(steps)
        if step.command.startswith("evalkit gate")
    }

    assert gates == {
        "evalkit gate wobble": ("PASS", ["0"]),
        "evalkit gate shortcut": ("FAIL", ["3"]),
        "evalkit gate": ("INCONCLUSIVE", ["4"]),
    }


def test_the_config_that_the_readme_shows_is_that_of_the_support_set() -> None:
    (shown, *_) = re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)

    assert tomllib.loads(shown) == tomllib.loads((ROOT / "datasets/support/evalkit.toml").read_text(encoding="utf-8"))


def test_the_gates_that_are_shown_are_valid() -> None:
    from evalkit.config import GateConfig

    page = (ROOT / "docs/gate.md").read_text(encoding="utf-8")
    gates = [tomllib.loads(block)["gate"] for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL)]

    assert [len(GateConfig.model_validate(gate).rules) for gate in gates] == [0, 3]


def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "import evalkit\n" in block]
    ignored = shutil.ignore_patterns(".evalkit", "reports")
    shutil.copytree(ROOT / "datasets/support", tmp_path / "datasets/support", ignore=ignored)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}

    exec(code.replace("evalkit.gate(", "verdict = evalkit.gate("), names)

    assert names["verdict"] == "INCONCLUSIVE"
    assert {row.candidate for row in names["runs"]} == {"production", "challenger"}


@pytest.mark.parametrize("name", PAGES)
def test_every_file_that_a_page_links_to_is_there(name: str) -> None:
    page = ROOT / name
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))

    missing = [link for link in links if not (page.parent / link).exists()]

    assert not missing


def _words(text: str) -> str:
    for pattern, word in _PASSING:
        text = pattern.sub(word, text)
    return " ".join(text.split())


def _pattern(shown: list[str]) -> str:
    """What is shown as a pattern; a line of three dots stands for anything."""
    parts: list[list[str]] = [[]]
    for line in shown:
        if line == _ANY:
            parts.append([])
        else:
            parts[-1].append(line)
    return ".*".join(re.escape(_words("\n".join(part))) for part in parts)
