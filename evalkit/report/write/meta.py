"""What the page's script must know besides the columns: names, runs, comparisons, tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evalkit.report.page import Page
from evalkit.report.words import visible
from evalkit.report.words.names import criterion_name
from evalkit.report.write import chunks, columns
from evalkit.report.write.ledger import Ledger

LEFT_OUT = (
    "The texts of this case were left out to keep the file small; make the report again with a higher text limit,"
    " or export the run."
)


def meta(page: Page, ledger: Ledger, order: Sequence[int], names: Mapping[str, str]) -> dict[str, object]:
    """The cases' frame as JSON; `order` holds the positions of the cases that the page lists."""
    sets = columns.tagsets(ledger, order)
    tags = {tag: number for number, tag in enumerate(sorted({tag for tags in sets for tag in tags}))}
    prompts = {grader: number for number, grader in enumerate(page.prompts, start=1)}
    return {
        "n": len(order),
        "title": page.title,
        "statuses": columns.STATUSES,
        "hidden": visible.HIDDEN,
        "perChunk": chunks.CASES_PER_CHUNK,
        "leftOut": LEFT_OUT,
        "candidates": ledger.candidates,
        "baseline": ledger.candidates.index(ledger.candidate_of[page.baseline])
        if page.baseline in ledger.candidate_of
        else None,
        "runs": _runs(page, prompts),
        "columns": _columns(page, ledger, names),
        "first": _first(page, ledger),
        "comparisons": [{"before": before, "after": after} for before, after in ledger.pairs],
        "tags": list(tags),
        "tagsets": [[tags[tag] for tag in found] for found in sets],
    }


def _runs(page: Page, prompts: Mapping[str, int]) -> list[dict[str, object]]:
    """Every run once, with the number of its grader's system prompt on the page."""
    rows = {row.run: row for row in reversed(page.runs)}
    return [
        {"id": run, "grader": rows[run].grader, "judge": rows[run].judge, "prompt": prompts.get(rows[run].grader)}
        for run in dict.fromkeys(row.run for row in page.runs)
    ]


def _first(page: Page, ledger: Ledger) -> int:
    """The comparison to begin with: of those that fail the gate, or of all, the one with the most regressions."""
    failed = {
        (check.run, check.criterion)
        for gate in page.gates
        for check in gate.checks
        if check.decides and check.verdict == "FAIL"
    }

    def weight(at: int) -> tuple[bool, int]:
        row = ledger.comparisons[at]
        return (row.candidate, row.criterion) in failed, ledger.tallies[at].losses

    return max(range(len(ledger.comparisons)), key=weight, default=0)


def _columns(page: Page, ledger: Ledger, names: Mapping[str, str]) -> list[dict[str, object]]:
    return [
        {
            "run": ledger.runs.index(row.run),
            "name": names[row.run],
            "group": criterion_name(row.grader, row.criterion),
            "candidate": ledger.candidates.index(row.candidate),
            "judge": row.judge,
        }
        for row in page.runs
    ]
