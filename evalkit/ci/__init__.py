"""What a CI job shows of a gate: JUnit XML, Markdown, annotations and `verdict.json`; pure texts, without a store."""

from evalkit.ci.annotations import workflow_annotations
from evalkit.ci.junit import junit
from evalkit.ci.markdown import RunCost, pr_comment, step_summary
from evalkit.ci.neutral import marker
from evalkit.ci.rows import CaseNotes, CaseRow, CaseTable, Fate, case_table
from evalkit.ci.verdict import verdict_document, verdict_text, write_atomically

__all__ = [
    "CaseNotes",
    "CaseRow",
    "CaseTable",
    "Fate",
    "RunCost",
    "case_table",
    "junit",
    "marker",
    "pr_comment",
    "step_summary",
    "verdict_document",
    "verdict_text",
    "workflow_annotations",
    "write_atomically",
]
