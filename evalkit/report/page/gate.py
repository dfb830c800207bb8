"""The gate's verdict as the page shows it: one line per candidate, and the checks it rests on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCheckRow:
    """One check: a limit for one criterion, with its numbers and its verdict."""

    name: str
    verdict: str
    """PASS, FAIL, INCONCLUSIVE or PENDING."""
    why: str
    decides: bool = True
    """Whether the check can hold the gate."""
    tier: str = "critical"
    """critical, supporting or advisory."""
    kind: str = "margin"
    """What the limit is of: margin, max_relative_drop, min, max, cost or sentinels."""
    n: int = 0
    limit: float | None = None
    """A number of the scale, a share, or dollars, by the kind."""
    baseline: float | None = None
    """The baseline's mean."""
    candidate: float | None = None
    """The candidate's mean, or what it cost."""
    delta: float | None = None
    low: float | None = None
    high: float | None = None
    coverage: float | None = None
    run: str = ""
    """The candidate's run; empty where there is none."""
    criterion: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRow:
    """The verdict on one candidate."""

    candidate: str
    verdict: str
    """PASS, FAIL, INCONCLUSIVE or PENDING."""
    rule: str
    """One line of why."""
    baseline: str
    """What it was held against, in words."""
    label: str = ""
    checks: tuple[GateCheckRow, ...] = ()
    notes: tuple[str, ...] = ()
    """Settings of the gate that differ from the ones the baseline was submitted under, the loosened ones first."""
    simulated: bool = False
    """Whether the sandbox's judge gave scores: the verdict is then of no consequence."""
