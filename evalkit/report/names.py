"""The short names of runs: the candidate, with label, judge or run id only where runs must be told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from evalkit.report.page import RunRow

_SAID = {"judge": "judged by "}
"""What stands before a part, where the part alone could be taken for the candidate's."""


def run_names(rows: Iterable[RunRow]) -> dict[str, str]:
    """A distinct name for every run among those that share its grader."""
    runs = {row.run: row for row in rows}
    by_grader: dict[str, list[RunRow]] = {}
    for row in runs.values():
        by_grader.setdefault(row.grader, []).append(row)
    return {run: name for group in by_grader.values() for run, name in _tell_apart(group).items()}


def _tell_apart(group: list[RunRow]) -> dict[str, str]:
    names = {row.run: row.candidate for row in group}
    for part in ("label", "judge", "run"):
        taken = Counter(names.values())
        values: dict[str, set[str]] = {}
        for row in group:
            values.setdefault(names[row.run], set()).add(getattr(row, part))
        for row in group:
            name = names[row.run]
            if taken[name] > 1 and len(values[name]) > 1 and getattr(row, part):
                names[row.run] = f"{name} · {_SAID.get(part, '')}{getattr(row, part).removeprefix('claude-')}"
    return names


def criterion_name(grader: str, criterion: str) -> str:
    """The grader, and the criterion where it says more."""
    return grader if criterion in ("", grader) else f"{grader} · {criterion}"
