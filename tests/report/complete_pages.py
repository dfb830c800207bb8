"""A page with something in every field there is, and the same page with other texts in all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Any

from picture_pages import LABELS, a_frontier, a_matrix, a_trend, agreements
from report_pages import BASE, BETTER, CRITERION, WHEN, WORSE, Cell, a_case, a_page, slices_of

from evalkit.report.page import (
    CellKey,
    GateCheckRow,
    GateRow,
    Notice,
    OutputText,
    Page,
    ReplyText,
    SampleText,
    Severity,
    Since,
    TrendLine,
)
from evalkit.score import Status

WORDS_OF_THE_PAGE = frozenset({"verdict", "tier", "kind", "status"})
"""Fields that hold one of a few words, which no user and no model chooses."""


def complete_page(n: int = 12) -> Page:
    """A page of three runs, every field of which is filled."""
    cases = [_case(number) for number in range(n)]
    page = a_page(cases, margin=0.02, adjustment="Holm over 2 comparisons")
    runs = tuple(
        replace(
            row,
            label="monday",
            labels=LABELS,
            samples=3,
            corrected=0.5,
            corrected_low=0.4,
            corrected_high=0.6,
            corrected_by="220 labels",
            since=_since(row.run),
            scored_by="Inspect 0.3, scorer match",
            reused=2,
            reused_from="run aaaaaaaaaaaa",
            realtime="3 realtime",
            cache_saving_usd=0.25,
            estimated_usd=(0.5, 2.5),
            sentinels=3,
            sentinels_caught=2,
        )
        for row in page.runs
    )
    comparisons = tuple(
        replace(
            row,
            p_adjusted=0.02,
            added=1,
            removed=1,
            changed=1,
            p_method="sign flips",
            comparable=False,
            reasons=("the graders differ", "the judges differ"),
        )
        for row in page.comparisons
    )
    tags = tuple(replace(row, p_adjusted=0.3) for row in slices_of(cases, page.comparisons))
    return replace(
        page,
        runs=runs,
        comparisons=comparisons,
        slices=(*tags, *(replace(row, key="locale", name="de") for row in tags[:2])),
        notices=(
            Notice(severity=Severity.CAUTION, text="two things are open", items=("this", "that")),
            Notice(severity=Severity.ALARM, text="one thing is wrong"),
        ),
        agreement=agreements(),
        gates=(_gate(),),
        trends=(_trend(),),
        frontiers=(
            a_frontier(
                hull=((0.0004, 0.61), (0.0102, 0.79)), oracle=(0.0031, 0.86), judge="judge-1", price_date="2026-11-01"
            ),
        ),
        judges=(a_matrix(),),
        prompts={CRITERION: "You are a careful judge.", "tone": "Judge the tone."},
    )


def _case(number: int) -> Any:
    values = {BASE: 1.0, BETTER: (0.0, 0.5, 1.0)[number % 3], WORSE: 0.0}
    return a_case(
        f"case-{number}",
        {},
        input=f"question {number}",
        expected=f"answer {number}",
        metadata={"locale": "de", "channel": "mail"},
        tags=("billing", "refunds"),
        cluster=f"ticket-{number}",
        outputs={
            f"model-{run[0]}": OutputText(
                text=f"output of {run[0]} for {number}", cost_usd=0.002, seconds=1.5, usage={"output_tokens": 120}
            )
            for run in values
        },
        cells={CellKey(run, CRITERION): _cell(run, number, value) for run, value in values.items()},
        prompts=dict.fromkeys(values, f"Question: {number}"),
        more={"Attachments": "a.png", "Other side of the pairs: model-z": f"output of z for {number}"},
    )


def _cell(run: str, number: int, value: float) -> Cell:
    if run == WORSE and number == 2:
        return Cell(status=Status.REFUSED)
    samples = tuple(
        SampleText(status=Status.SCORED, value=sampled, label="partial", reason=f"sample {at} of {run} {number}")
        for at, sampled in enumerate((value, value, 0.5))
    )
    reply = ReplyText(
        custom_id=f"{run}-{number}",
        batch="msgbatch_1",
        served_model="judge-1-20260901",
        stop_reason="end_turn",
        usage={"input_tokens": 900},
        cost_usd=0.0004,
        raw=f'{{"reason": "raw {number}"}}',
    )
    return Cell(
        status=Status.SCORED, value=value, label="partial", reason=f"because {number}", samples=samples, reply=reply
    )


def _since(run: str) -> Since:
    return Since(
        run=f"{run[:6]}before",
        label="sunday",
        date=WHEN - timedelta(days=7),
        mean=0.5,
        delta=0.1,
        low=0.05,
        high=0.15,
        n_paired=10,
        wins=5,
        losses=2,
        changes=("other outputs", "3 cases added"),
        reasons=("the judge is another",) if run == WORSE else (),
    )


def _trend() -> TrendLine:
    line = a_trend()
    segments = tuple(
        replace(one, points=tuple(replace(point, delta=0.1, delta_low=0.0, delta_high=0.2) for point in one.points))
        for one in line.segments
    )
    return replace(line, segments=segments, left_out=3)


def _gate() -> GateRow:
    check = GateCheckRow(
        run=BETTER,
        criterion=CRITERION,
        name=CRITERION,
        verdict="FAIL",
        why="it is worse",
        n=10,
        limit=0.02,
        baseline=0.6,
        candidate=0.5,
        delta=-0.1,
        low=-0.2,
        high=0.0,
        coverage=1.0,
    )
    return GateRow(
        candidate="model-b",
        verdict="FAIL",
        rule="correctness may lose 0.02",
        baseline="model-a of monday",
        label="monday",
        checks=(check, replace(check, name="cost", verdict="PASS", why="it is cheaper", decides=False)),
        notes=("the margin was 0.01",),
        simulated=True,
    )


def with_texts(value: Any, text: Callable[[str], str]) -> Any:
    """The value with another text in place of every text in it, at any depth; equal texts stay equal."""
    if isinstance(value, str):
        return value if isinstance(value, Enum) else text(value)
    if is_dataclass(value) and not isinstance(value, type):
        given = {one.name: getattr(value, one.name) for one in fields(value) if one.init}
        kept = {name: one if name in WORDS_OF_THE_PAGE else with_texts(one, text) for name, one in given.items()}
        return replace(value, **kept)
    if isinstance(value, Mapping):
        return {with_texts(key, text): with_texts(one, text) for key, one in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(with_texts(one, text) for one in value))
    if isinstance(value, list | tuple | frozenset):
        return type(value)(with_texts(one, text) for one in value)
    return value


def empty_fields(value: Any, name: str = "page") -> list[str]:
    """The fields of every kind of row that are empty in all of its rows."""
    seen: dict[str, bool] = {}
    _look(value, seen)
    return sorted(field for field, filled in seen.items() if not filled)


def _look(value: Any, seen: dict[str, bool]) -> None:
    if is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            held = getattr(value, one.name)
            key = f"{type(value).__name__}.{one.name}"
            seen[key] = seen.get(key, False) or held not in (None, "", (), frozenset(), {})
            _look(held, seen)
    elif isinstance(value, Mapping):
        for one in value.values():
            _look(one, seen)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for one in value:
            _look(one, seen)
