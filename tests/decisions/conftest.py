"""A project whose nights are scored by the sandbox, into a store of its own, through the verbs that users call."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from evalkit import api, decisions
from evalkit.store import Store

N = 12


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, kw_only=True)
class Project:
    """One suite of two candidates, and one store."""

    folder: Path
    store: str
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def outputs(self, candidate: str, wrong: Sequence[int], *, lacking: Sequence[int] = ()) -> None:
        """Record outputs that are right but for some cases."""
        rows = [
            {"id": f"case-{at:02}", "output": "Nobody knows." if at in wrong else f"They are {2 * at}."}
            for at in range(N)
            if at not in lacking
        ]
        _write_lines(self.folder / f"{candidate}.jsonl", rows)

    def night(self, label: str, **wrong: Sequence[int]) -> dict[str, str]:
        """Score every candidate; the run ids by candidate, of the first grader."""
        for candidate, cases in wrong.items():
            self.outputs(candidate, cases)
        found, _ = api.run(self.folder, store=self.store, label=label, sandbox=True)
        return {row.candidate: row.run for row in reversed(found) if row.grader == "correctness"}

    def edit(self, before: str, after: str) -> None:
        """Change the config."""
        config = self.folder / "evalkit.toml"
        text = config.read_text(encoding="utf-8")
        assert before in text
        config.write_text(text.replace(before, after), encoding="utf-8")

    def command(self, *words: object, columns: int = 80) -> Ended:
        """A command line, in this process, on a terminal of `columns`."""
        from evalkit.cli import exits

        args = [*map(str, words), "-c", str(self.folder), "--store", self.store]
        self.monkeypatch.setenv("COLUMNS", str(columns))
        self.monkeypatch.setattr(sys, "argv", ["evalkit", *args])
        self.capsys.readouterr()
        code = exits.run(args)
        said = self.capsys.readouterr()
        return Ended(code=code, out=said.out, err=said.err)


def _write_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")


@pytest.fixture
def project(
    suite_folder: Callable[..., Path], sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> Project:
    cases = [
        {
            "id": f"case-{at:02}",
            "input": f"How many are {at} and {at}?",
            "expected": f"They are {2 * at}.",
            "tags": ["small" if at < 6 else "large"],
            "metadata": {"parity": "even" if at % 2 == 0 else "odd", "row": at},
        }
        for at in range(N)
    ]
    nobody: dict[str, str] = {"case-00": "x"}
    folder = suite_folder(cases, outputs={"production": nobody, "challenger": nobody}, check=True)
    with (folder / "evalkit.toml").open("a", encoding="utf-8") as config:
        config.write('\n[gate]\nbaseline = "production"\n')
    return Project(folder=folder, store=sqlite_url, monkeypatch=monkeypatch, capsys=capsys)


GATE_N = 40
"""Cases of the gated project: enough for a margin of 0.2."""


@pytest.fixture(scope="session")
def gated_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a gate and one scored label, `main`, whose candidates say the same of every case but one."""
    root = tmp_path_factory.mktemp("gated") / "project"
    root.mkdir()
    cases = [
        {"id": f"case-{at:02}", "input": f"{at} + {at}?", "expected": f"They are {2 * at}."} for at in range(GATE_N)
    ]
    _write_lines(root / "cases.jsonl", cases)
    (root / "evalkit.toml").write_text(GATED, encoding="utf-8")
    made = Gated(root)
    made.outputs("production", [0])
    made.outputs("challenger", [1])
    made.score("main")
    return root


GATED = """
name = "sums"
[dataset]
path = "cases.jsonl"
[judge]
model = "claude-haiku-5-5"
max_tokens = 1024
[[graders]]
name = "correctness"
rubric = "Does the output say what the expected answer says?"
labels = { incorrect = 0, correct = 1 }
[[graders]]
name = "exact"
check = "exact"
[[candidates]]
name = "production"
outputs = "production.jsonl"
[[candidates]]
name = "challenger"
outputs = "challenger.jsonl"
[gate]
baseline = "production"
margin = 0.2
"""


@dataclass(frozen=True)
class Gated:
    """A folder with a suite and its store, and the verbs that a CI job calls."""

    folder: Path

    @property
    def store(self) -> str:
        return f"sqlite:///{self.folder / 'store.db'}"

    @property
    def config(self) -> Path:
        return self.folder / "evalkit.toml"

    def outputs(self, candidate: str, wrong: Sequence[int]) -> None:
        """Record outputs that are right but for some cases."""
        rows = [json.loads(line) for line in (self.folder / "cases.jsonl").read_text("utf-8").splitlines()]
        said = [
            {"id": row["id"], "output": "Nobody knows." if at in wrong else row["expected"]}
            for at, row in enumerate(rows)
        ]
        _write_lines(self.folder / f"{candidate}.jsonl", said)

    def edit(self, before: str, after: str) -> None:
        """Change the config."""
        text = self.config.read_text(encoding="utf-8")
        assert before in text
        self.config.write_text(text.replace(before, after), encoding="utf-8")

    def score(self, label: str, **options: Any) -> None:
        """Submit and collect every candidate under a label, with the offline judge."""
        api.run(self.folder, store=self.store, label=label, sandbox=True, **options)

    def gate(self, *candidates: str, **options: Any) -> Any:
        """The table of gates."""
        return decisions.gate(*candidates, config=self.folder, store=self.store, **options)

    def judged(self, *candidates: str, **options: Any) -> Any:
        """The only gate."""
        (gate,) = self.gate(*candidates, **options)
        return gate

    def runs(self, **wanted: str) -> dict[str, str]:
        """Run ids by candidate, under the rubric grader unless another is wanted."""
        wanted = {"grader": "correctness", **wanted}
        rows = reversed(api.runs(self.folder, store=self.store))  # the newest last, so that it stays
        return {
            row.candidate: row.run for row in rows if all(getattr(row, key) == word for key, word in wanted.items())
        }

    def open(self) -> Store:
        return Store.open(self.store)

    def sql(self, statement: str, *values: object) -> None:
        """The test's own reach into the store, for what would take another judge or weeks to come about."""
        with closing(sqlite3.connect(self.folder / "store.db")) as connection, connection:
            connection.execute(statement, values)


@pytest.fixture
def gated(gated_base: Path, tmp_path: Path) -> Gated:
    """A copy of the gated project, for this test alone."""
    folder = tmp_path / "project"
    shutil.copytree(gated_base, folder)
    return Gated(folder)
