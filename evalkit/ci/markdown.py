"""Markdown of a gate: the comment on a pull request, which is updated in place, and the summary of a CI step.

The verdict comes first, with its reason; then the numbers, the money, the baseline and the cases that got worse.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from evalkit.analysis.gate import Gate, GateBaseline, GateCheck, GateVerdict, figures, worst
from evalkit.ci.neutral import code, line, marker, prose
from evalkit.ci.rows import CaseRow, CaseTable, Fate

COMMENT_LIMIT: Final = 65_536
"""Characters of a comment on GitHub."""
SUMMARY_LIMIT: Final = 1024 * 1024
"""Bytes of a step's summary on GitHub."""
STALE_DAYS: Final = 3.0
MOST_CASES: Final = 10
_MOST_CHECKS: Final = 60
_SIGNS: Final = {
    GateVerdict.PASS: "✅",
    GateVerdict.FAIL: "❌",
    GateVerdict.INCONCLUSIVE: "⚠️",
    GateVerdict.PENDING: "⏳",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCost:
    """What the candidate's runs cost beside what was expected; what is not known is None."""

    actual_usd: float | None = None
    estimate_usd: float | None = None
    """The upper bound that was told beforehand."""
    cache_read_share: float | None = None


def pr_comment(
    gates: Sequence[Gate],
    tables: Sequence[CaseTable],
    *,
    suite: str,
    report_url: str | None = None,
    cost: RunCost | None = None,
    stale_days: float = STALE_DAYS,
) -> str:
    """The comment, of at most 65,536 characters; its first line is the hidden marker by which it is found again.

    Raises:
        ValueError: there is no gate.
    """
    for most_checks, most_cases in ((_MOST_CHECKS, MOST_CASES), (20, MOST_CASES), (10, 0)):
        parts = _parts(gates, tables, cost, stale_days, report_url, most_checks=most_checks, most_cases=most_cases)
        text = "\n".join([marker(suite), *parts]) + "\n"
        if len(text) <= COMMENT_LIMIT:
            return text
    return _whole_lines(text, COMMENT_LIMIT)


def step_summary(
    gates: Sequence[Gate],
    tables: Sequence[CaseTable],
    *,
    report_url: str | None = None,
    cost: RunCost | None = None,
    stale_days: float = STALE_DAYS,
) -> str:
    """The summary of a step, of at most 1 MiB; it may show more cases than a comment.

    Raises:
        ValueError: there is no gate.
    """
    for most_checks, most_cases in ((500, 100), (_MOST_CHECKS, MOST_CASES), (10, 0)):
        parts = _parts(gates, tables, cost, stale_days, report_url, most_checks=most_checks, most_cases=most_cases)
        text = "\n".join(parts) + "\n"
        if len(text.encode("utf-8", "replace")) <= SUMMARY_LIMIT:
            return text
    return _whole_lines(text, SUMMARY_LIMIT // 4)  # a character has up to 4 bytes


def _whole_lines(text: str, limit: int) -> str:
    """The first lines that fit: a line cut within a code span would set free what the span held."""
    return text if len(text) <= limit else text[: text.rfind("\n", 0, limit - 2) + 1] + "…\n"


def _parts(
    gates: Sequence[Gate],
    tables: Sequence[CaseTable],
    cost: RunCost | None,
    stale_days: float,
    report_url: str | None,
    *,
    most_checks: int,
    most_cases: int,
) -> Iterator[str]:
    first = worst(gates)
    yield f"## {_SIGNS[first.verdict]} {first.verdict}: {prose(first.rule, 1000)}"
    for gate in gates[:50]:
        yield from _section(gate, alone=len(gates) == 1, stale_days=stale_days, most_checks=most_checks)
    yield from _cost(first, cost)
    yield from _worst_cases(tables, most_cases)
    if report_url and report_url.startswith(("https://", "http://")):
        yield from ("", f"[Full report]({report_url.translate(_URL)})")


_URL: Final = {ord(c): f"%{ord(c):02X}" for c in "()<>[]\\` \"'|\n\r\t"}


def _who(gate: Gate) -> str:
    return f"{code(gate.candidate)} at {code(gate.label)}" if gate.label else code(gate.candidate)


def _section(gate: Gate, *, alone: bool, stale_days: float, most_checks: int) -> Iterator[str]:
    if not alone:
        yield from (
            "",
            f"### {_SIGNS[gate.verdict]} {_who(gate)}: {gate.verdict}",
            "",
            prose(gate.rule, 1000),
        )
    elif gate.candidate:
        yield from ("", f"{_who(gate)}, against {code(gate.baseline.selector if gate.baseline else '?')}.")
    if gate.simulated:
        yield from ("", "> **Simulated**: the sandbox's judge gave these scores. This verdict is of no consequence.")
    yield from ("", "| | metric | baseline | candidate | delta [interval] | flips | n | coverage |")
    yield "|---|---|---:|---:|---:|---:|---:|---:|"
    yield from map(_check, gate.checks[:most_checks])
    if len(gate.checks) > most_checks:
        yield from ("", f"… and {len(gate.checks) - most_checks:,} more checks.")
    yield from _reasons(gate, gate.checks[:most_checks])
    yield from _baseline(gate.baseline, stale_days)
    yield from _policy(gate)


def _check(check: GateCheck) -> str:
    money = check.kind == "cost"
    delta = figures.signed(check.delta) if check.delta is not None else ""
    if check.low is not None and check.high is not None:
        limit = -check.limit if check.kind == "margin" and check.limit is not None else check.limit or 0.0
        span = figures.interval(check.low, check.high, limit=limit, sign=check.delta is not None)
        delta = f"{delta} {span}".strip()
    flips = f"+{check.wins:,}/-{check.losses:,}" if check.wins is not None and check.losses is not None else ""
    coverage = f"{100 * check.coverage:.1f} %" if check.coverage is not None else ""
    tier = "" if check.tier == "critical" else f" {check.tier}"
    mean = figures.dollars(check.candidate) if money and check.candidate is not None else _mean(check.candidate)
    cells = [
        _SIGNS[check.verdict], f"{code(check.name)}{tier}", _mean(check.baseline), prose(mean), delta, flips,
        "" if money else f"{check.n:,}", coverage,
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _mean(mean: float | None) -> str:
    return "" if mean is None else f"{mean:.3f}"


def _reasons(gate: Gate, checks: Sequence[GateCheck]) -> Iterator[str]:
    """Why, of every check that did not pass and is not the one that the verdict's own line is of."""
    told = [check for check in checks if check.verdict is not GateVerdict.PASS and check.why not in gate.rule]
    if told:
        yield ""
    for check in told:
        yield f"- {_SIGNS[check.verdict]} {code(check.name)} ({check.tier}): {prose(check.why, 600)}"


def _baseline(baseline: GateBaseline | None, stale_days: float) -> Iterator[str]:
    if baseline is None:
        return
    runs = f" ({', '.join(code(run) for run in baseline.runs[:5])})" if baseline.runs else ""
    said = f"Baseline: {prose(baseline.description or baseline.selector, 200)}{runs}"
    if baseline.label:
        said += f", label {code(baseline.label)}"
    if baseline.age_days is not None:
        said += f", {_age(baseline.age_days)} old"
        if baseline.age_days > stale_days:
            said += f" ⚠️ **stale**: older than {stale_days:g} days; score the baseline again"
    yield from ("", f"{said}.")


def _age(days: float) -> str:
    number, unit = (days * 24, "hour") if days < 2 else (days, "day")
    return f"{number:.0f} {unit}" + ("" if round(number) == 1 else "s")


def _policy(gate: Gate) -> Iterator[str]:
    differs = gate.policy.differs
    if not differs:
        return
    yield from ("", f"The gate's policy differs from the baseline's (decided by the {gate.policy.decided_by}'s):", "")
    for one in differs[:20]:
        mark = "⚠️ **loosened**" if one.change == "loosened" else one.change
        yield f"- {mark}: {code(one.setting)} from {code(one.before)} to {code(one.after)}"
    if len(differs) > 20:
        yield f"- … and {len(differs) - 20:,} more"


def _cost(gate: Gate, cost: RunCost | None) -> Iterator[str]:
    actual = cost.actual_usd if cost and cost.actual_usd is not None else gate.cost_usd
    said = [f"Cost: {prose(figures.dollars(actual)) if actual is not None else 'not known'}"]
    if cost and cost.estimate_usd is not None:
        said.append(f"at most {prose(figures.dollars(cost.estimate_usd))} was expected")
    if cost and cost.cache_read_share is not None:
        said.append(f"{figures.percent(round(cost.cache_read_share, 3))} of input read from the cache")
    yield from ("", f"{', '.join(said)}.")


def _worst_cases(tables: Sequence[CaseTable], most: int) -> Iterator[str]:
    found = [(table, row) for table in tables for row in table.rows if row.fate is Fate.WORSE]
    if not found:
        return
    found.sort(key=lambda pair: -pair[0].loss(pair[1]))
    shown = f", the worst {most}" if len(found) > most > 0 else ""
    yield from ("", f"<details><summary>{figures.cases(len(found))} got worse{shown}</summary>", "")
    if most:
        yield from ("| case | metric | candidate | was | is | reason |", "|---|---|---|---:|---:|---|")
        yield from (_case(table, row) for table, row in found[:most])
    yield from ("", "</details>")


def _case(table: CaseTable, row: CaseRow) -> str:
    reason = code(row.reason, 160) if line(row.reason, 1) else ""
    values = (_value(row.baseline, row.baseline_label), _value(row.value, row.label))
    cells = (code(row.case_id, 60), code(table.name, 40), code(table.candidate, 40), *values, reason)
    return f"| {' | '.join(cells)} |"


def _value(value: float | None, label: str | None) -> str:
    number = "" if value is None else f"{value:.3g}"
    return f"{code(label, 30)} {number}".strip() if label else number
