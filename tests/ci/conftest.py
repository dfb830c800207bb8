"""Gates and cases as CI gets them, plain and hostile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from evalkit.analysis import CaseScore, RunScores
from evalkit.analysis.gate import Gate, GateBaseline, GateEntry, GatePolicy, judge_by_both
from evalkit.ci import CaseNotes, CaseTable, case_table
from evalkit.config import GateConfig
from evalkit.score import Status

HOSTILE = (
    "<script>alert(1)</script> @everyone see [this](https://evil.example) ![x](http://evil.example/x.png) | `code` "
    "**bold** #1 GH-1 www.evil.example $x$ ]]> --> & \x00\x1b[31m\ud800\u202e\n## Heading\r\n::error::owned %0A done"
)


def run_of(name: str, values: Sequence[float | Status], **changes: object) -> RunScores:
    cases = [
        CaseScore(
            case_id=f"case-{i}",
            case_digest=str(i),
            status=value if isinstance(value, Status) else Status.SCORED,
            value=None if isinstance(value, Status) else value,
            label=None if isinstance(value, Status) else {0.0: "fail", 1.0: "pass"}[value],
            position=i,
        )
        for i, value in enumerate(values)
    ]
    scores = RunScores(
        run=name, candidate="new", grader="correctness", criterion="correctness", judge="j", label="", dataset="d",
        cases=cases,
    )  # fmt: skip
    return replace(scores, **changes)


def gate_of(
    before: RunScores | None,
    after: RunScores | None,
    *,
    stored: GatePolicy | None = None,
    pending: bool = False,
    suite: str = "support",
    **config: object,
) -> Gate:
    policy = GatePolicy.of(GateConfig.model_validate({"baseline": "main", **config}), [("correctness", "correctness")])
    entry = GateEntry(
        grader="correctness", criterion="correctness", baseline=before, candidate=after, cost_usd=0.125, pending=pending
    )
    found = GateBaseline(
        selector="main", description="production, label main", runs=("aaaaaaaaaaaa",), label="3f2c1d9", age_days=5.2
    )
    return judge_by_both(policy, stored, [entry], suite=suite, candidate="new", baseline=found)


@pytest.fixture
def before() -> RunScores:
    return run_of("aaaaaaaaaaaa", [1.0] * 300 + [0.0] * 20)


@pytest.fixture
def after() -> RunScores:
    """Forty cases worse, ten better, three unscored."""
    return run_of("bbbbbbbbbbbb", [0.0] * 40 + [1.0] * 257 + [Status.TRUNCATED] * 3 + [1.0] * 10 + [0.0] * 10)


@pytest.fixture
def gate(before: RunScores, after: RunScores) -> Gate:
    return gate_of(before, after)


@pytest.fixture
def table(before: RunScores, after: RunScores) -> CaseTable:
    notes = CaseNotes(reasons={"case-0": "It misses the point."}, lines={f"case-{i}": i + 1 for i in range(320)})
    return case_table(after, before, dataset="support", file="datasets/support/cases.jsonl", notes=notes)


@pytest.fixture
def hostile(before: RunScores, after: RunScores) -> tuple[Gate, CaseTable]:
    """Every text that others can write, hostile: case id, label, reason, names."""
    cases = [replace(after.cases[0], case_id=HOSTILE, label=HOSTILE), *after.cases[1:]]
    others = [replace(before.cases[0], case_id=HOSTILE, label=HOSTILE), *before.cases[1:]]
    named = {"grader": HOSTILE, "criterion": HOSTILE, "candidate": HOSTILE}
    bad, good = replace(after, cases=cases, **named), replace(before, cases=others, **named)
    table = case_table(
        bad,
        good,
        dataset=HOSTILE,
        file="a:b,c\n.jsonl",
        notes=CaseNotes(reasons={HOSTILE: HOSTILE}, lines={HOSTILE: 7}),
    )
    policy = GatePolicy.of(GateConfig(baseline="main"), [(HOSTILE, HOSTILE)])
    entry = GateEntry(grader=HOSTILE, criterion=HOSTILE, baseline=good, candidate=bad, cost_usd=0)
    found = GateBaseline(selector=HOSTILE, description=HOSTILE, runs=(HOSTILE,), label=HOSTILE)
    gate = judge_by_both(policy, None, [entry], suite=HOSTILE, candidate=HOSTILE, baseline=found)
    return gate, table


@pytest.fixture
def a_run() -> Callable[..., RunScores]:
    return run_of


@pytest.fixture
def a_gate() -> Callable[..., Gate]:
    return gate_of
