"""A suite whose candidates come to each verdict, and pytest runs beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from evalkit import api, decisions

N_CASES = 60
CONFIG = """
name = "sums"
[dataset]
path = "cases.jsonl"
[[graders]]
name = "exact"
check = "exact"
[[candidates]]
name = "main"
outputs = "main.jsonl"
[[candidates]]
name = "same"
outputs = "same.jsonl"
[[candidates]]
name = "worse"
outputs = "worse.jsonl"
[[candidates]]
name = "unclear"
outputs = "unclear.jsonl"
[gate]
baseline = "main"
margin = 0.1
"""
WRONG = {"main": range(6), "same": range(1, 7), "worse": range(30), "unclear": range(10)}


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a suite whose store holds a run of each candidate, under the label `first`."""
    folder = tmp_path_factory.mktemp("judged") / "evals"
    folder.mkdir()
    _write(folder / "cases.jsonl", [{"id": f"c{i:02}", "input": f"{i}+1?", "expected": f"{i + 1}"} for i in range(60)])
    for name, wrong in WRONG.items():
        rows = [{"id": f"c{i:02}", "output": "?" if i in wrong else f"{i + 1}"} for i in range(N_CASES)]
        _write(folder / f"{name}.jsonl", rows)
    (folder / "evalkit.toml").write_text(CONFIG, encoding="utf-8")
    api.submit(folder, label="first")
    # What pytest runs in this process imports must not be imported again by the next: numpy refuses that.
    decisions.gate("same", config=folder, cases=True).to_frame()
    return folder


@pytest.fixture
def beside(pytester: pytest.Pytester, judged: Path) -> Callable[..., pytest.RunResult]:
    """Runs pytest on one test, whose ini file says where the judged suite is."""

    def run(body: str, *words: str, ini: Mapping[str, str] | None = None, mark: str = "") -> pytest.RunResult:
        lines = {"evalkit_config": str(judged), **(ini or {})}
        pytester.makeini("\n".join(["[pytest]", *(f"{name} = {value}" for name, value in lines.items() if value)]))
        pytester.makepyfile(f"import pytest\n{mark}\ndef test_gate(evalkit_gate):\n    {body}\n")
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", *words)

    return run
