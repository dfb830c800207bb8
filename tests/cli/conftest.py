"""evalkit as its users call it: in this process where speed matters, and as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HOSTILE = "\x1b[31mred\x1b]0;title\x07 [bold]plain[/bold] :warning: \u202eevil \x9b2J"
LONG = ("support-assistant-prompt-v12-with-tools-haiku", "support-assistant-prompt-v12-with-tools-sonnet")


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A project whose runs are scored."""

    folder: Path
    store: str
    runs: tuple[str, ...]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Ended]:
    """Runs a command line in this process, in a folder of its own, on a terminal of `columns`."""
    from evalkit.cli import exits

    monkeypatch.chdir(tmp_path)

    def called(*words: object, columns: int = 80) -> Ended:
        monkeypatch.setenv("COLUMNS", str(columns))
        args = [str(word) for word in words]
        monkeypatch.setattr(sys, "argv", ["evalkit", *args])
        capsys.readouterr()
        code = exits.run(args)
        said = capsys.readouterr()
        return Ended(code=code, out=said.out, err=said.err)

    return called


@pytest.fixture
def process(nest: Any, tmp_path: Path) -> Callable[..., Ended]:
    """Runs a command line as a process of its own, without a terminal."""

    def ran(*words: object, **env: str) -> Ended:
        running = nest.hatch([str(word) for word in words], env={**os.environ, **env}, cwd=tmp_path)
        out, err = running.communicate(timeout=60)
        return Ended(code=running.returncode, out=out, err=err)

    return ran


@pytest.fixture
def cold(tmp_path: Path) -> Callable[..., Ended]:
    """The same in a Python that starts for it, for what depends on how that starts."""

    def ran(*words: object, stdout: Any = subprocess.PIPE, **env: str) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "evalkit", *map(str, words)],
            cwd=tmp_path,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
        return Ended(code=done.returncode, out=(done.stdout or b"").decode(), err=done.stderr.decode())

    return ran


@pytest.fixture(scope="session")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """Two candidates of long names under a rubric and a check, hostile text among their cases, scored by two judges."""
    import evalkit

    root = tmp_path_factory.mktemp("scored")
    cases = [{"id": f"case-{n:03}", "input": f"What is {n} + 1?", "expected": f"It is {n + 1}."} for n in range(12)]
    cases[3] |= {"id": "=1+1", "input": HOSTILE, "expected": "It is 2.", "tags": ["\x1b[2J"], "note": "\x1b[1mnote"}
    _lines(root / "cases.jsonl", cases)
    config = [
        'name = "sums"\n[dataset]\npath = "cases.jsonl"\n[judge]\nmodel = "claude-haiku-5-5"',
        '[[graders]]\nname = "correctness"\nrubric = "Is it right?"\n'
        "labels = { incorrect = 0, partial = 0.5, correct = 1 }",
        '[[graders]]\nname = "exact"\ncheck = "exact"',
    ]
    for name, wrong in zip(LONG, (2, 5), strict=True):
        rows = [{"id": c["id"], "output": HOSTILE if n % wrong == 1 else c["expected"]} for n, c in enumerate(cases)]
        _lines(root / f"{name}.jsonl", rows[:-1])
        config.append(f'[[candidates]]\nname = "{name}"\noutputs = "{name}.jsonl"')
    (root / "evalkit.toml").write_text("\n".join(config) + "\n")
    store = f"sqlite:///{root / 'store.db'}"
    ids: dict[str, None] = {}
    for judge in (None, "claude-sonnet-5-5"):
        found, _ = evalkit.run(root, store=store, label="nightly", judge=judge, sandbox=True)
        ids |= dict.fromkeys(found.runs)
    return Scored(folder=root, store=store, runs=tuple(ids))


def _lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
