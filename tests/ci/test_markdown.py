"""The comment and the summary: verdict first, every number, and hostile text as mere text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from evalkit.analysis import RunScores
from evalkit.analysis.gate import Gate, GatePolicy, GateVerdict
from evalkit.ci import CaseTable, RunCost, case_table, marker, pr_comment, step_summary
from evalkit.config import GateConfig


def outside_code(text: str) -> str:
    """What of a Markdown text is not in a code span."""
    return re.sub(r"`[^`]*`", "", text)


def test_the_comment_begins_with_its_marker_and_the_verdict(gate: Gate, table: CaseTable) -> None:
    lines = pr_comment([gate], [table], suite="support").splitlines()

    assert lines[0] == "<!-- evalkit:support -->"
    assert lines[1].startswith("## ❌ FAIL: correctness: delta -0.095 ")
    assert "margin 0.02, n 317" in lines[1]


def test_the_table_has_every_number_of_a_check(gate: Gate, table: CaseTable) -> None:
    text = pr_comment([gate], [table], suite="support")
    (check,) = gate.checks

    assert "| | metric | baseline | candidate | delta [interval] | flips | n | coverage |" in text
    assert check.low is not None
    assert check.high is not None
    span = f"[{check.low:+.3f}, {check.high:+.3f}]"
    assert f"| ❌ | `correctness` | 0.937 | 0.842 | -0.095 {span} | +10/-40 | 317 | 99.1 % |" in text


def test_baseline_age_and_cost_are_told_and_an_old_baseline_is_marked(gate: Gate, table: CaseTable) -> None:
    cost = RunCost(actual_usd=0.125, estimate_usd=0.4, cache_read_share=0.8312)
    text = pr_comment([gate], [table], suite="support", cost=cost)

    assert "Baseline: production, label main (`aaaaaaaaaaaa`), label `3f2c1d9`, 5 days old ⚠️ **stale**: older" in text
    assert (
        "Cost: <span>$</span>0.12, at most <span>$</span>0.40 was expected, 83.1 % of input read from the cache."
        in text
    )
    assert "stale" not in pr_comment([gate], [table], suite="support", stale_days=7)
    unknown = replace(gate, cost_usd=None)
    assert "Cost: not known." in pr_comment([unknown], [table], suite="support")


def test_the_worst_ten_cases_are_shown_with_labels_and_reason(gate: Gate, table: CaseTable) -> None:
    text = pr_comment([gate], [table], suite="support")

    assert "<details><summary>40 cases got worse, the worst 10</summary>" in text
    assert "| `case-0` | `correctness` | `new` | `pass` 1 | `fail` 0 | `It misses the point.` |" in text
    assert len(re.findall(r"^\| `case-", text, re.MULTILINE)) == 10
    assert "got worse" not in pr_comment([gate], [], suite="support")


def test_a_loosened_policy_is_told(a_gate: Callable[..., Gate], before: RunScores, after: RunScores) -> None:
    stored = GatePolicy.of(GateConfig(baseline="main", margin=0.02), [("correctness", "correctness")])
    gate = a_gate(before, after, stored=stored, margin=0.5)
    text = pr_comment([gate], [], suite="support")

    assert gate.verdict is GateVerdict.FAIL
    assert "The gate's policy differs from the baseline's (decided by the baseline's):" in text
    assert "- ⚠️ **loosened**: `correctness: margin` from `0.02` to `0.5`" in text


def test_several_candidates_have_a_section_each_and_the_worst_leads(
    a_gate: Callable[..., Gate], before: RunScores, after: RunScores
) -> None:
    good, bad = a_gate(before, before), replace(a_gate(before, after), candidate="other")
    text = step_summary([good, bad], [])

    assert text.startswith("## ❌ FAIL: ")
    assert "### ✅ `new`: PASS" in text
    assert "### ❌ `other`: FAIL" in text


def test_scores_of_the_sandbox_are_marked(gate: Gate) -> None:
    assert "**Simulated**" in step_summary([replace(gate, simulated=True)], [])
    assert "**Simulated**" not in step_summary([gate], [])


def test_only_an_address_of_the_web_becomes_a_link(gate: Gate) -> None:
    assert "[Full report](https://ci.example/a%28b%29)" in step_summary(
        [gate], [], report_url="https://ci.example/a(b)"
    )
    assert "Full report" not in step_summary([gate], [], report_url="javascript:alert(1)")


def test_hostile_texts_are_mere_text(hostile: tuple[Gate, CaseTable]) -> None:
    gate, table = hostile
    text = pr_comment([gate], [table], suite="a -->\n<script> @x")
    plain = outside_code(text)
    own_html = re.compile(r"<!-- evalkit:a%20%2D%2D%3E%0A%3Cscript%3E%20%40x -->|</?details>|</?summary>|</?span>")

    assert not re.search(r"<[a-zA-Z/!]", own_html.sub("", plain))
    assert not re.search(r"@\w|\w#\d|(?<!\w)#\d|GH-\d", plain)
    assert "://" not in plain
    assert "www." not in plain
    assert not re.search(r"(?<!\\)\]\(", plain)
    assert not re.search(r"(?<!\\)\*\*bold", plain)
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert [line for line in text.splitlines() if line.startswith("## ")] == [text.splitlines()[1]]
    assert not any(line.startswith("::") for line in text.splitlines())


def test_no_text_breaks_a_row_of_a_table(hostile: tuple[Gate, CaseTable]) -> None:
    gate, table = hostile
    rows = [line for line in pr_comment([gate], [table], suite="s").splitlines() if line.startswith("| ")]

    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {9, 7}


@pytest.mark.parametrize("long", ["é" * 100_000, "|`@<" * 50_000])
def test_a_comment_and_a_summary_stay_below_the_limits_of_github(
    gate: Gate, before: RunScores, after: RunScores, long: str
) -> None:
    named = {"grader": long, "criterion": long, "candidate": long}
    check = replace(gate.checks[0], grader=long, criterion=long, why=long)
    many = replace(gate, rule=long, checks=(check,) * 600, candidate=long, suite=long)
    table = case_table(replace(after, **named), replace(before, **named), dataset=long)
    comment, summary = (
        pr_comment([many] * 9, [table] * 5, suite="support"),
        step_summary([many] * 9, [table] * 5),
    )

    assert len(comment) <= 65_536
    assert len(summary.encode()) <= 1024 * 1024
    assert comment.splitlines()[1].startswith("## ❌ FAIL: ")
    assert all(line.count("`") % 2 == 0 for line in re.sub(r"\\`", "", comment + summary).splitlines())


def test_what_does_not_fit_is_cut_between_lines(gate: Gate) -> None:
    checks = tuple(
        replace(gate.checks[0], criterion=f"`@x|{i}`", why=f"why {i} " + "@everyone & " * 300) for i in range(10)
    )
    text = pr_comment([replace(gate, checks=checks)] * 50, [], suite="support")

    assert 60_000 < len(text) <= 65_536
    assert text.endswith("\n…\n")
    assert not re.search(r"@\w", outside_code(text))


def test_the_reasons_of_other_checks_follow_and_that_of_the_verdict_is_not_repeated(gate: Gate) -> None:
    other = replace(gate.checks[0], criterion="tone", verdict=GateVerdict.INCONCLUSIVE, why="too few")
    text = pr_comment([replace(gate, checks=(gate.checks[0], other))], [], suite="support")

    assert "- ⚠️ `correctness/tone` (critical): too few" in text
    assert text.count("margin 0.02") == 1


def test_the_marker_is_the_same_for_the_same_suite_and_never_another_s() -> None:
    assert marker("support") == "<!-- evalkit:support -->"
    assert marker("a-b") != marker("a_b") != marker("a b")
    assert "--" not in marker("a--b")[4:-3]
