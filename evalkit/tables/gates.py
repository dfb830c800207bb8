"""What `gate` gives back: verdicts, and the same for people and for CI."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from evalkit.analysis.gate import Gate, GateVerdict, worst
from evalkit.ci import (
    CaseTable,
    RunCost,
    junit,
    pr_comment,
    step_summary,
    verdict_document,
    verdict_text,
    workflow_annotations,
)
from evalkit.errors import ExitCode
from evalkit.tables.rows import Rows, frame, html_table

if TYPE_CHECKING:
    from evalkit.tables.rows import DataFrame

_COLUMNS = ("candidate", "check", "tier", "verdict", "n", "delta", "low", "high", "limit", "coverage", "why")


@dataclass(frozen=True, slots=True, kw_only=True)
class GateTable(Rows[Gate]):
    """The gates of one suite, one per candidate; at least one."""

    suite: str
    gates: tuple[Gate, ...]
    cases: tuple[CaseTable, ...] = ()
    """The cases of each candidate and criterion; empty unless asked for."""
    cost: RunCost | None = None

    @property
    def items(self) -> tuple[Gate, ...]:
        """What the table is a sequence of."""
        return self.gates

    @property
    def verdict(self) -> GateVerdict:
        """The worst verdict."""
        return worst(self.gates).verdict

    @property
    def rule(self) -> str:
        """One line of why, of the worst verdict."""
        return worst(self.gates).rule

    @property
    def exit_code(self) -> ExitCode:
        """How the command ends."""
        return self.verdict.exit_code

    def json(self) -> dict[str, Any]:
        """The document of `gate --json` and of `verdict.json`."""
        return verdict_document(self.gates)

    def text(self) -> str:
        """The document as text."""
        return verdict_text(self.gates)

    def junit(self, *, failing: Literal["cases", "gate"] = "gate") -> str:
        """JUnit XML: the verdict's testcase alone may be red, or with `failing="cases"` each that got worse, too."""
        return junit(self.gates, self.cases, timestamp=datetime.now(UTC), failing=failing)

    def comment(self, *, report_url: str | None = None) -> str:
        """Markdown for a comment on a pull request, found again by its first line."""
        return pr_comment(self.gates, self.cases, suite=self.suite, report_url=report_url, cost=self.cost)

    def summary(self, *, report_url: str | None = None) -> str:
        """Markdown for the summary of a CI step."""
        return step_summary(self.gates, self.cases, report_url=report_url, cost=self.cost)

    def annotations(self) -> str:
        """Workflow commands that mark the cases that got worse in the file of their dataset."""
        return workflow_annotations(self.gates, self.cases)

    def to_frame(self) -> DataFrame:
        """A data frame with a row per check."""
        return frame(
            [
                {"suite": gate.suite, "candidate_name": gate.candidate, "label": gate.label, **check.json()}
                for gate in self.gates
                for check in gate.checks
            ]
        )

    def _repr_html_(self) -> str:
        rows = [
            (
                gate.candidate,
                check.name,
                check.tier,
                str(check.verdict),
                *(getattr(check, name) for name in ("n", "delta", "low", "high", "limit", "coverage", "why")),
            )
            for gate in self.gates
            for check in gate.checks
        ]
        return html_table(_COLUMNS, rows, said=[f"{gate.candidate}: {gate.headline}" for gate in self.gates])
