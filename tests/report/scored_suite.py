"""A suite whose nights are scored by the sandbox into a real store, for what a page is composed from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalkit.pipeline.progress import Progress
from evalkit.pipeline.sending import Sending
from evalkit.report.compose.cases import candidate_names
from evalkit.run import Run
from evalkit.session import Session
from evalkit.store import Store
from evalkit.work import collect_runs, submit_suite

N = 12
CONFIG = """
name = "sums"
[dataset]
path = "cases.jsonl"
[judge]
model = "claude-haiku-5-5"
max_tokens = 1024
[[graders]]
name = "correctness"
rubric = "Does the output say what the expected answer says?"
labels = { incorrect = 0, partial = 0.5, correct = 1 }
[[graders]]
name = "exact"
check = "exact"
"""


@dataclass(frozen=True)
class Suite:
    """A folder with a suite and its store."""

    folder: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'store.db'}"

    def cases(self, n: int = N, *, clusters: int = 0) -> None:
        """Write the cases; in so many clusters, or each alone."""
        rows = [{"id": f"case-{at:02}", "input": f"{at} + {at}?", "expected": f"They are {2 * at}."} for at in range(n)]
        grouped = [{**row, "cluster": f"group-{at % clusters}"} for at, row in enumerate(rows)] if clusters else rows
        write_lines(self.folder / "cases.jsonl", grouped)

    def outputs(
        self, candidate: str, wrong: Sequence[int], facts: Mapping[int, Mapping[str, Any]] | None = None
    ) -> None:
        """Record outputs that are right but for some cases, with what is known of each."""
        rows = [json.loads(line) for line in (self.folder / "cases.jsonl").read_text("utf-8").splitlines()]
        said = [
            {
                "id": row["id"],
                "output": "Nobody knows." if at in wrong else row["expected"],
                **(facts or {}).get(at, {}),
            }
            for at, row in enumerate(rows)
        ]
        write_lines(self.folder / f"{candidate}.jsonl", said)

    def candidates(self, *names: str) -> None:
        """Write the config with these candidates."""
        named = "".join(f'[[candidates]]\nname = "{name}"\noutputs = "{name}.jsonl"\n' for name in names)
        (self.folder / "evalkit.toml").write_text(CONFIG + named, encoding="utf-8")

    def submit(self, label: str, *, judge: str | None = None, collect: bool = True, fresh: bool = False) -> list[str]:
        """Score every candidate under a label; the run ids."""
        with Session(config=self.folder, store=self.url, judge=judge, sandbox=True) as session:
            ids = submit_suite(session, label, Progress(), Sending(fresh=fresh))
            if collect:
                collect_runs(session, ids, Progress(), wait=True, timeout=None, poll=None)
        return ids

    def open(self) -> closing[Store]:
        return closing(Store.open(self.url))


def page_runs(store: Store, **wanted: object) -> tuple[list[Run], dict[str, str]]:
    """The runs of a page as it orders them, narrowed by their fields, and what it calls their candidates."""
    runs = [run for run in store.runs.select() if all(getattr(run, key) == word for key, word in wanted.items())]
    ordered = sorted(runs, key=lambda run: (run.created_at, run.id))
    return ordered, candidate_names(ordered)


def a_suite(folder: Path) -> Suite:
    """A suite of 12 cases without candidates."""
    folder.mkdir()
    made = Suite(folder)
    made.cases()
    return made


def write_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
