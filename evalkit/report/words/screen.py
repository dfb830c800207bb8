"""The first screen: the gate, what must be known first, what was found, what can be trusted, and the run table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from evalkit.report.page import Notice, Page, Severity
from evalkit.report.words import visible
from evalkit.report.words.findings import Findings, findings
from evalkit.report.words.gate import GateWords, gate_words
from evalkit.report.words.methods import methods
from evalkit.report.words.names import run_names
from evalkit.report.words.power import power_notices
from evalkit.report.words.sentence import headline
from evalkit.report.words.table import RunTable, run_table
from evalkit.report.words.trust import Trust, trust

_ORDER: Final = (Severity.ALARM, Severity.CAUTION, Severity.NOTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstScreen:
    """What the templates of the first screen place."""

    gate: GateWords
    notices: tuple[Notice, ...]
    findings: Findings
    trust: Trust
    table: RunTable
    methods: tuple[tuple[str, str], ...]
    judges: str
    scored_by: str
    """The tools that gave scores that are not evalkit's."""
    runs: int
    scored: int


def first_screen(page: Page, names: Mapping[str, str], further: Iterable[Notice] = ()) -> FirstScreen:
    """The first screen of a page; `further` notices are those that only its cases can tell."""
    judges = list(dict.fromkeys(row.judge for row in page.runs if row.judge))
    found = [*page.notices, *power_notices(page, names), *further]
    return FirstScreen(
        gate=gate_words(page.gates),
        notices=tuple(sorted(found, key=lambda one: _ORDER.index(one.severity))),
        findings=findings(page, names),
        trust=trust(page),
        table=run_table(page, names),
        methods=methods(page),
        judges=", ".join(judges[:3]) + (f" and {len(judges) - 3} more" if len(judges) > 3 else ""),
        scored_by=", ".join(dict.fromkeys(row.scored_by for row in page.runs if row.scored_by)),
        runs=len({row.run for row in page.runs}),
        scored=sum(row.scored for row in page.runs),
    )


def title(page: Page) -> str:
    """The gate’s verdict and what was found, then the page’s own title: a tab shows how it begins."""
    found = findings(page, run_names(page.runs))
    said = headline([one.sentence for one in found.sentences], scored=sum(row.scored for row in page.runs))
    return visible.plain(" – ".join(part for part in (gate_words(page.gates).headline, said, page.title) if part))
