"""Builders of pages for the tests: small ones by hand, large ones from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from evalkit.report.page import (
    CaseColumns,
    CaseTexts,
    CellColumn,
    CellKey,
    ComparisonRow,
    DatasetHead,
    OutputText,
    Page,
    ReplyText,
    RunRow,
    SampleText,
    ScoreText,
    SliceRow,
)
from evalkit.report.words import visible
from evalkit.score import Status

BASE, BETTER, WORSE, CLOSE = "aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc", "dddddddddddd"
WHEN = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
CRITERION = "correctness"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One score of one case; `status` None means pending."""

    status: Status | None
    value: float | None = None
    label: str | None = None
    reason: str | None = None
    samples: tuple[SampleText, ...] = ()
    reply: ReplyText = field(default_factory=ReplyText)


@dataclass(frozen=True, kw_only=True)
class CaseRow:
    """One case with all that a page shows of it; a run that lacks the case lacks its cell."""

    case_id: str
    input: str
    expected: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    cluster: str | None = None
    outputs: Mapping[str, OutputText | str | None] = field(default_factory=dict)
    cells: Mapping[CellKey, Cell] = field(default_factory=dict)
    changed_in: frozenset[str] = frozenset()
    prompts: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class HeldCases:
    """A source of cases that are held in memory."""

    rows: Sequence[CaseRow]

    def columns(self) -> CaseColumns:
        keys = dict.fromkeys(key for row in self.rows for key in row.cells)
        return CaseColumns(
            ids=[row.case_id for row in self.rows],
            heads=[visible.head(row.input, 90) for row in self.rows],
            tags=[row.tags for row in self.rows],
            cells={key: self._column(key) for key in keys},
        )

    def _column(self, key: CellKey) -> CellColumn:
        column = CellColumn()
        for position, row in enumerate(self.rows):
            cell = row.cells.get(key)
            column.add(cell.status if cell else None, cell.value if cell else None)
            if cell is None:
                column.absent.add(position)
            elif key.run in row.changed_in:
                column.changed.add(position)
            if cell is not None and len({sample.value for sample in cell.samples}) > 1:
                column.split.add(position)
        return column

    def texts(self, positions: Sequence[int]) -> Iterator[CaseTexts]:
        for position in positions:
            yield _texts(self.rows[position])


def _texts(row: CaseRow) -> CaseTexts:
    return CaseTexts(
        case_id=row.case_id,
        input=row.input,
        expected=row.expected,
        metadata=row.metadata,
        cluster=row.cluster,
        outputs={name: OutputText(text=text) if isinstance(text, str) else text for name, text in row.outputs.items()},
        scores={
            key: ScoreText(label=cell.label, reason=cell.reason, samples=cell.samples)
            for key, cell in row.cells.items()
        },
        replies={key.run: (cell.reply,) for key, cell in row.cells.items()},
        prompts=row.prompts,
        more=row.more,
    )


def a_cell(value: float | None = 1.0, *, status: Status | None = Status.SCORED, **fields: Any) -> Cell:
    return Cell(status=Status.SCORED if value is not None else status, value=value, **fields)


def unscored(status: Status | None) -> Cell:
    return Cell(status=status)


def a_case(case_id: str, values: dict[str, float | Status | None], **fields: Any) -> CaseRow:
    cells = {
        CellKey(run, CRITERION): unscored(value)
        if value is None or isinstance(value, Status)
        else a_cell(value, reason=f"reason {run} {case_id}")
        for run, value in values.items()
    }
    given: dict[str, Any] = {
        "input": f"question {case_id}",
        "expected": f"answer {case_id}",
        "cells": cells,
    }
    given["outputs"] = {f"model-{run[0]}": f"output of {run[0]} for {case_id}" for run in values}
    return CaseRow(case_id=case_id, **(given | fields))


def a_run(run: str, cases: list[CaseRow], **fields: Any) -> RunRow:
    cells = [case.cells[key] for case in cases if (key := CellKey(run, CRITERION)) in case.cells]
    values = [cell.value for cell in cells if cell.value is not None]
    missing: dict[Status, int] = {}
    for cell in cells:
        if cell.status not in (None, Status.SCORED):
            missing[cell.status] = missing.get(cell.status, 0) + 1
    mean = sum(values) / len(values) if values else None
    given: dict[str, Any] = {
        "candidate": f"model-{run[0]}",
        "grader": CRITERION,
        "criterion": CRITERION,
        "judge": "judge-1",
        "served_models": ("judge-1-20260901",),
        "low": None if mean is None else mean - 0.02,
        "high": None if mean is None else mean + 0.02,
        "method": "t interval, clustered",
        "worst": None if mean is None else sum(values) / len(cells),
        "best": None if mean is None else (sum(values) + len(cells) - len(values)) / len(cells),
        "cost_usd": 1.234,
        "batch_saving_usd": 1.234,
        "cache_read_share": 0.8123,
        "batches": (f"msgbatch_{run[:6]}",),
        "submitted_at": WHEN,
        "collected_at": WHEN,
    }
    return RunRow(
        run=run,
        n=len(cells),
        scored=len(values),
        unscored=missing,
        pending=sum(1 for cell in cells if cell.status is None),
        mean=mean,
        **(given | fields),
    )


def a_comparison(before: str, after: str, cases: list[CaseRow], **fields: Any) -> ComparisonRow:
    deltas: list[float] = []
    for case in cases:
        pair = [case.cells.get(CellKey(run, CRITERION)) for run in (before, after)]
        if any(cell is None or cell.value is None for cell in pair) or case.changed_in & {before, after}:
            continue
        deltas.append(pair[1].value - pair[0].value)  # type: ignore[union-attr, operator]
    n = len(deltas)
    delta = sum(deltas) / n if n else None
    half = 1.96 * (sum((one - delta) ** 2 for one in deltas) / n / n) ** 0.5 if n and delta is not None else 0.0
    given: dict[str, Any] = {
        "grader": CRITERION,
        "criterion": CRITERION,
        "delta": delta,
        "low": None if delta is None else delta - half,
        "high": None if delta is None else delta + half,
        "p_value": 0.012,
        "method": "paired t interval",
        "mde": round(half * 1.43, 4) or None,
        "n_paired": n,
        "n_unpaired": len(cases) - n,
        "wins": sum(1 for one in deltas if one > 1e-9),
        "ties": sum(1 for one in deltas if abs(one) <= 1e-9),
        "losses": sum(1 for one in deltas if one < -1e-9),
    }
    return ComparisonRow(baseline=before, candidate=after, **(given | fields))


def a_page(cases: Iterable[CaseRow], **fields: Any) -> Page:
    held = list(cases)
    runs = list(dict.fromkeys(key.run for case in held for key in case.cells))
    given: dict[str, Any] = {
        "title": "support answers",
        "dataset": DatasetHead(name="support", digest="4f1c" * 16, n_cases=len(held)),
        "created_at": WHEN,
        "version": "0.1.0",
        "command": "evalkit report -o report.html",
        "price_date": "2026-11-01",
        "baseline": runs[0] if len(runs) > 1 else None,
        "runs": tuple(a_run(run, held) for run in runs),
        "comparisons": tuple(a_comparison(runs[0], run, held) for run in runs[1:]),
        "cases": HeldCases(held),
        "prompts": {CRITERION: "You are a careful judge.\nAnswer with a label."},
        "provenance": {"seed": "0", "python": "3.11"},
    }
    return Page(**(given | fields))


HOSTILE = (
    "</script><script>window.pwned=1</script>",
    '"><img src=x onerror="window.pwned=1">',
    "<!--<script>",
    "<!--data--><!--style-->",
    "a\u2028b\u2029c",
    "\x1b[31mred\x1b[0m",
    "nul\x00nul",
    "bidi \u202egnp.exe\u2066",
    '=HYPERLINK("http://example.invalid","x")',
    "{{ 7*7 }} {% raw %}",
    "javascript:window.pwned=1",
    "<svg onload=window.pwned=1><base href=http://example.invalid/>",
    "\ud800 lone",
    "tag \U000e0041\U000e0042",
)


def hostile_page(text: str) -> Page:
    """A page with this text in every place that takes text."""
    key = CellKey(BASE, CRITERION)
    reply = ReplyText(custom_id=text, batch=text, served_model=text, stop_reason=text, raw=text, usage={text: 1})
    low = Cell(status=Status.SCORED, value=0.0, label=text, reason=text, reply=reply)
    high = replace(low, value=1.0)
    cases = [
        a_case(
            f"{text}{number}",
            {},
            input=text,
            expected=text,
            tags=(text,),
            metadata={text: text},
            cluster=text,
            outputs={text: text, "old": text},
            cells={key: high, CellKey(BETTER, CRITERION): low},
        )
        for number in range(2)
    ]
    runs = (
        a_run(BASE, cases, candidate="old", served_models=(text,), batches=(text,)),
        a_run(BETTER, cases, candidate=text, judge=text, method=text),
    )
    page = a_page(cases, title=text, command=text, runs=runs, prompts={text: text}, provenance={text: text})
    forced = a_comparison(BASE, BETTER, cases, comparable=False, reasons=(text,), method=text)
    return replace(page, comparisons=(forced,))


WORDS = """the order was refunded after two days because parcel arrived late and customer asked support for
help with billing address change please contact us again if this does not resolve your question thank you
account settings open menu choose export data then confirm by mail policy says within thirty days of purchase
"""


def sentences(source: random.Random, words: int) -> str:
    """Readable filler of about `words` words."""
    text: list[str] = []
    while len(text) < words:
        length = source.randint(6, 16)
        chosen = source.choices(WORDS.split(), k=length)
        text.extend([chosen[0].capitalize(), *chosen[1:-1], chosen[-1] + "."])
    return " ".join(text)


def edited(source: random.Random, text: str, share: float) -> str:
    """The text with a share of its words replaced."""
    return " ".join(source.choice(WORDS.split()) if source.random() < share else word for word in text.split(" "))


def seeded_cases(n: int, *, words: int = 60, seed: int = 7) -> Iterator[CaseRow]:
    """Cases of four runs: a baseline, a better, a worse and an equal one, some of them unscored."""
    source = random.Random(seed)
    tags = ("billing", "refunds", "api", "legal", "multilingual", "long context", "safety")
    for number in range(n):
        level = source.random()
        values: dict[str, float | Status | None] = {}
        for run, shift in ((BASE, 0.0), (BETTER, 0.09), (WORSE, -0.12), (CLOSE, 0.0)):
            draw = level + shift + source.gauss(0, 0.13)
            values[run] = 1.0 if draw > 0.55 else 0.5 if draw > 0.3 else 0.0
            if source.random() < 0.004:
                values[run] = source.choice([Status.TRUNCATED, Status.REFUSED, Status.UNPARSABLE])
        answer = sentences(source, words)
        case = a_case(
            f"case-{number:05d}",
            values,
            input=sentences(source, 14).rstrip(".") + "?",
            expected=sentences(source, 12),
            tags=tuple(sorted(source.sample(tags, k=source.randint(1, 2)))),
            metadata={
                "locale": source.choice(["en", "de", "fr"]),
                "channel": source.choice(["mail", "chat"]),
            },
            cluster=f"ticket-{number // 3}",
            outputs={f"model-{run[0]}": edited(source, answer, 0.25) for run in values},
        )
        yield case


def slices_of(cases: list[CaseRow], comparisons: tuple[ComparisonRow, ...]) -> tuple[SliceRow, ...]:
    """The difference by tag, with a rough interval."""
    rows: list[SliceRow] = []
    for tag in sorted({tag for case in cases for tag in case.tags}):
        held = [case for case in cases if tag in case.tags]
        for one in comparisons:
            found = a_comparison(one.baseline, one.candidate, held)
            rows.append(
                SliceRow(
                    name=tag,
                    run=one.candidate,
                    baseline=one.baseline,
                    grader=one.grader,
                    criterion=one.criterion,
                    n=found.n_paired,
                    value=found.delta,
                    low=found.low,
                    high=found.high,
                )
            )
    return tuple(rows)
