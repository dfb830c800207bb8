"""The gate of pairs: a win rate held against one half, with the verdicts that any other score has."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalkit import api, decisions
from evalkit.analysis.gate import GateVerdict

N = 40
FAIR, GOOD, POOR = "alpha beta gamma", "alpha beta gamma delta", "nothing of the kind"
CONFIG = """
name = "pairs"
[dataset]
path = "cases.jsonl"
[judge]
model = "claude-haiku-5-5"
[[graders]]
name = "preference"
rubric = "Which output says more of what the expected answer says?"
against = "production"
[[candidates]]
name = "production"
outputs = "production.jsonl"
[[candidates]]
name = "next"
outputs = "next.jsonl"
[gate]
baseline = "production"
margin = 0.1
min_coverage = 0.9
"""


def lines(path: Path, rows: Any) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


@pytest.fixture
def gated(tmp_path: Path) -> Callable[..., Any]:
    """Scores pairs of which some are won and some are lost, and judges the gate."""

    def judged(won: int, lost: int, *, lacking: int = 0, more: str = "", **options: Any) -> Any:
        ids = [f"case-{n:02}" for n in range(N)]
        lines(tmp_path / "cases.jsonl", ({"id": one, "input": "?", "expected": f"{GOOD} epsilon"} for one in ids))
        lines(tmp_path / "production.jsonl", ({"id": one, "output": FAIR} for one in ids))
        texts = [GOOD] * won + [POOR] * lost + [FAIR] * (N - won - lost - lacking)
        lines(tmp_path / "next.jsonl", ({"id": one, "output": text} for one, text in zip(ids, texts, strict=False)))
        (tmp_path / "evalkit.toml").write_text(CONFIG + more, encoding="utf-8")
        store = f"sqlite:///{tmp_path / 'store.db'}"
        api.run(tmp_path, store=store, sandbox=True, out=tmp_path / "page.html")
        return decisions.gate(config=tmp_path, store=store, **options)

    return judged


@pytest.mark.parametrize(
    ("won", "lost", "verdict", "delta"),
    [
        (20, 2, GateVerdict.PASS, 0.225),
        (12, 12, GateVerdict.INCONCLUSIVE, 0.0),
        (1, 24, GateVerdict.FAIL, -0.2875),
        (0, 0, GateVerdict.PASS, 0.0),
        (N, 0, GateVerdict.PASS, 0.5),
        (0, N, GateVerdict.FAIL, -0.5),
    ],
)
def test_a_margin_is_held_against_one_half(
    gated: Callable[..., Any], won: int, lost: int, verdict: GateVerdict, delta: float
) -> None:
    (check,) = gated(won, lost)[0].checks

    assert check.verdict is verdict
    assert (check.baseline, check.n) == (0.5, N)
    assert check.delta == pytest.approx(delta)
    assert check.low < delta < check.high or abs(delta) == 0.5
    assert "a win rate against production, where 0.5 is even" in check.why


def test_a_floor_is_one_for_the_win_rate(gated: Callable[..., Any]) -> None:
    rule = '[[gate.rules]]\ngrader = "preference"\nmin = 0.55\n'
    (check,) = gated(30, 2, more=rule)[0].checks
    assert (check.verdict, check.kind, check.limit) == (GateVerdict.PASS, "min", 0.55)


def test_pairs_that_lack_a_score_are_no_even_ones(gated: Callable[..., Any]) -> None:
    (check,) = gated(20, 2, lacking=10)[0].checks
    assert (check.verdict, check.cause) == (GateVerdict.INCONCLUSIVE, "coverage")


def test_the_page_shows_the_gate_of_pairs(gated: Callable[..., Any], tmp_path: Path) -> None:
    gated(20, 2)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "a win rate against production, where 0.5 is even" in text
    assert "read it against 0.5, which is even" in text


def test_outputs_that_changed_on_the_other_side_do_not_pass(gated: Callable[..., Any], tmp_path: Path) -> None:
    gated(20, 2)
    lines(tmp_path / "production.jsonl", ({"id": f"case-{n:02}", "output": GOOD} for n in range(N)))
    (gate,) = decisions.gate(config=tmp_path, store=f"sqlite:///{tmp_path / 'store.db'}")
    (check,) = gate.checks
    assert (check.verdict, check.cause) == (GateVerdict.INCONCLUSIVE, "stale")


def test_the_candidate_on_the_other_side_is_not_asked_for_pairs(gated: Callable[..., Any], tmp_path: Path) -> None:
    more = '[[graders]]\nname = "exact"\ncheck = "exact"\n'
    gated(20, 2, more=more)
    store = f"sqlite:///{tmp_path / 'store.db'}"
    api.run(tmp_path, store=store, label="main", sandbox=True, out=tmp_path / "page.html")
    (gate,) = decisions.gate("production", baseline="label:main", label="", config=tmp_path, store=store)
    assert {check.grader for check in gate.checks} == {"exact"}
