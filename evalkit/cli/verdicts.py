"""What `gate` prints: the verdict and its line first, then every check with its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from evalkit.analysis.gate import GateCheck, GateVerdict, figures
from evalkit.cli.columns import Column, lines
from evalkit.cli.screen import say, say_table, say_wrapped
from evalkit.cli.words import one_line

if TYPE_CHECKING:
    from evalkit.analysis.gate import Gate
    from evalkit.tables.gates import GateTable

_STYLES: Final = {
    GateVerdict.PASS: "bold green",
    GateVerdict.FAIL: "bold red",
    GateVerdict.INCONCLUSIVE: "bold yellow",
    GateVerdict.PENDING: "bold yellow",
}


def print_gates(found: GateTable) -> None:
    """The gates, one after another."""
    for place, gate in enumerate(found):
        if place:
            say()
        _print_gate(gate)


def print_verdicts(found: GateTable) -> None:
    """A line per gate, without its numbers."""
    for gate in found:
        said = f"{gate.verdict}  {gate.suite}, {gate.candidate}: {gate.rule}"
        say_wrapped(one_line(said), style=_STYLES[gate.verdict], indent="  ")


def _print_gate(gate: Gate) -> None:
    who = f"{gate.candidate} ({gate.label})" if gate.label else gate.candidate
    say_wrapped(one_line(f"{gate.verdict}  {who}: {gate.rule}"), style=_STYLES[gate.verdict], indent="  ")
    say_wrapped(f"baseline: {one_line(_baseline(gate))}", style="dim", indent="  ")
    say_table(_columns(gate))
    for line in _reasons(gate):
        say_wrapped(f"  {line}", indent="    ", style="dim")
    for line in _policy(gate):
        say_wrapped(line, style="yellow", indent="  ")


def gate_lines(gate: Gate, width: int) -> list[str]:
    """What is said of a gate below its verdict, as plain text: the baseline, the checks, and how the policy differs."""
    return [
        f"baseline: {one_line(_baseline(gate))}",
        *lines(_columns(gate), width),
        *(f"  {line}" for line in _reasons(gate)),
        *_policy(gate),
    ]


def _columns(gate: Gate) -> list[Column]:
    columns: tuple[tuple[str, Callable[[GateCheck], str], int | None, int], ...] = (
        ("check", lambda check: check.name, 8, 0),
        ("tier", lambda check: check.tier, None, 3),
        ("baseline", lambda check: _mean(check.baseline), None, 2),
        ("candidate", lambda check: _mean(check.candidate) if check.measures else "", None, 2),
        ("change", lambda check: "" if check.delta is None else figures.signed(check.delta), None, 0),
        (f"{100 * gate.confidence:.4g} %", _interval, None, 0),
        ("limit", _limit, None, 1),
        ("n", lambda check: f"{check.n:,}" if check.n else "", None, 1),
        ("verdict", lambda check: str(check.verdict), None, 0),
    )
    right = {"baseline", "candidate", "change", "limit", "n"}
    return [
        Column(
            name=name,
            cells=[one_line(cell(check)) for check in gate.checks],
            least=least,
            right=name in right,
            drop=drop,
        )
        for name, cell, least, drop in columns
    ]


def _reasons(gate: Gate) -> list[str]:
    """Why, of every check that the verdict's own line does not tell of."""
    return [
        f"{check.verdict}  {one_line(check.name)}{'' if check.decides else ' (advisory)'}: {one_line(check.why)}"
        for check in gate.checks
        if f"{check.name}: {check.why}" not in gate.rule
    ]


def _policy(gate: Gate) -> list[str]:
    return [
        f"policy {one.change}: {one_line(one.setting)} from {one_line(str(one.before))} to {one_line(str(one.after))}"
        for one in gate.policy.differs
    ]


def _baseline(gate: Gate) -> str:
    baseline = gate.baseline
    if baseline is None or not baseline.runs:
        return baseline.selector if baseline else "?"
    label = f", label {baseline.label}" if baseline.label else ""
    age = "" if baseline.age_days is None else f", {_age(baseline.age_days)}"
    return f"{baseline.description}{label}{age}"


def _age(days: float) -> str:
    if days < 1:
        return "of today" if days < 0.5 else "a day old"
    return f"{days:,.0f} day{'' if round(days) == 1 else 's'} old"


def _interval(check: GateCheck) -> str:
    if check.low is None or check.high is None:
        return ""
    limit = (check.limit or 0.0) * (-1 if check.kind == "margin" else 1)
    return figures.interval(check.low, check.high, limit=limit, sign=check.kind not in ("min", "max"))


def _limit(check: GateCheck) -> str:
    if check.limit is None:
        return ""
    if check.kind == "cost":
        return figures.dollars(check.limit)
    if check.kind == "sentinels":
        return figures.percent(check.limit)
    return f"-{check.limit:g}" if check.kind == "margin" else f"{check.limit:g}"


def _mean(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
