"""The cases of a gate as CI shows them, with the judge's reasons for those that got worse and where they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from evalkit.ci import CaseRow, CaseTable, Fate, case_table
from evalkit.config import Config
from evalkit.dataset import case_lines
from evalkit.pipeline.gating import Judged
from evalkit.store import Store

_AT_ONCE: Final = 500
"""Cases that one query asks for: no database takes any number of ids."""


def gate_cases(store: Store, config: Config, judged: Sequence[Judged]) -> tuple[CaseTable, ...]:
    """One table per candidate and criterion that has a run."""
    file = in_repository(config.dataset.files[0])
    places = dict(_places(config))
    return tuple(table for one in judged for table in _tables(store, one, file=file, places=places))


def _places(config: Config) -> Iterator[tuple[str, tuple[str | None, int]]]:
    """Each case with its file and line, where they are known."""
    for path in config.dataset.files:
        file = in_repository(path)
        for case_id, line in case_lines(path, config.dataset.fields).items():
            yield case_id, (file, line)


def in_repository(path: Path) -> str | None:
    """A file as its repository calls it, from the root and with forward slashes; None outside of one."""
    resolved = path.resolve()
    for folder in resolved.parents:
        if (folder / ".git").exists():
            return resolved.relative_to(folder).as_posix()
    return None


def _tables(
    store: Store, judged: Judged, *, file: str | None, places: Mapping[str, tuple[str | None, int]]
) -> Iterator[CaseTable]:
    names = {run.id: run.dataset_name for run in judged.runs}
    for entry in judged.entries:
        checks = [c for c in judged.gate.checks if (c.grader, c.criterion) == (entry.grader, entry.criterion)]
        if entry.candidate is None or not checks:
            continue
        plain = case_table(
            entry.candidate,
            entry.baseline,
            dataset=names[entry.candidate.run],
            # A ceiling is for scores of which lower are better, whatever the rule says of a difference.
            direction="lower" if all(check.kind == "max" for check in checks) else checks[0].direction,
            pass_value=next((check.limit for check in checks if check.kind in ("min", "max")), None),
            file=file,
        )
        telling = [row.case_id for row in plain.rows if row.fate in (Fate.WORSE, Fate.UNSCORED)]
        reasons = _reasons(store, plain.run, entry.criterion, telling)
        yield replace(plain, rows=tuple(_told(row, reasons, places) for row in plain.rows))


def _told(row: CaseRow, reasons: Mapping[str, str], places: Mapping[str, tuple[str | None, int]]) -> CaseRow:
    file, line = places.get(row.case_id, (None, None))
    return replace(row, reason=reasons.get(row.case_id, ""), file=file, line=line)


def _reasons(store: Store, run: str, criterion: str, case_ids: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(case_ids), _AT_ONCE):
        for case_id, placed in store.scores.for_cases([run], case_ids[start : start + _AT_ONCE]).items():
            for one in placed:
                verdict = one.score.verdict
                if verdict.criterion == criterion and not one.score.suffix and verdict.reason:
                    found[case_id] = verdict.reason
    return found
