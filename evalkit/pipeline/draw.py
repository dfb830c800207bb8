"""A random sample of a run's cases for people to label, without a word of what the judge said.

The sample is the first cases in the order of a digest of run and case id: the same every time, a longer one begins
with a shorter one, and labels that come back for exactly the first of them are known to be of a random sample.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evalkit import ids
from evalkit.errors import UsageError
from evalkit.run import Run
from evalkit.store import Store

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_FORMS: Final = (".jsonl", ".csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A file of cases that wait for labels."""

    path: Path
    run: str
    cases: int
    of: int
    """Cases of the run that have an output."""
    labels: Mapping[str, Sequence[str]]
    """What may be written as the label, by criterion, worst first."""

    def json(self) -> dict[str, object]:
        """The document of `agree --draw --json`."""
        return {
            "path": str(self.path),
            "run": self.run,
            "cases": self.cases,
            "of": self.of,
            "labels": {name: list(labels) for name, labels in self.labels.items()},
        }


def draw_order(store: Store, run: Run) -> list[str]:
    """The ids of the cases that have an output, in the order in which a sample is drawn."""
    held = store.content.cases_with_outputs(run.dataset, run.candidate_digest)
    return sorted((case.id for case, output in held if output is not None), key=lambda case: ids.digest([run.id, case]))


def draw(store: Store, run: Run, n: int, out: Path, labels: Mapping[str, Sequence[str]]) -> Drawn:
    """Write the first `n` cases of a run's draw, one row per case and criterion, each with an empty label.

    Raises:
        UsageError: the file is there already, cannot be written, or is of no form that people can fill in.
    """
    if out.suffix.lower() not in _FORMS:
        raise UsageError(f"--out {out}: people fill in a .jsonl or a .csv file; give it one of these names")
    order = draw_order(store, run)
    rows = list(_rows(store, run, order[:n], labels))
    try:
        # Never over a file that somebody may have filled in.
        with out.open("x", encoding="utf-8", newline="") as file:
            if out.suffix.lower() == ".csv":
                writer = csv.writer(file)
                writer.writerow(rows[0] if rows else ())
                writer.writerows([_cell(value) for value in row.values()] for row in rows)
            else:
                file.writelines(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    except FileExistsError:
        raise UsageError(f"{out} is there already, and may hold labels; choose another --out") from None
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}; choose another place with --out") from error
    return Drawn(path=out, run=run.id, cases=min(n, len(order)), of=len(order), labels=labels)


def _rows(
    store: Store, run: Run, wanted: Sequence[str], labels: Mapping[str, Sequence[str]]
) -> Iterator[dict[str, object]]:
    rank = {case_id: place for place, case_id in enumerate(wanted)}
    held = store.content.cases_with_outputs(run.dataset, run.candidate_digest)
    found = [(case, output) for case, output in held if case.id in rank]
    for case, output in sorted(found, key=lambda one: rank[one[0].id]):
        for criterion, names in labels.items():
            yield {
                "id": case.id,
                "input": case.input,
                "expected": case.expected,
                "output": output,
                "criterion": criterion,
                "choices": ", ".join(names),
                "label": "",
            }


def _cell(value: object) -> str:
    """A value as a CSV cell; text that a spreadsheet would run as a formula is made plain text by a quote."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA) else text
