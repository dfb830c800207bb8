"""Gates of the past, judged once more with another judge's scores: which verdicts stay, and which change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from evalkit.analysis.gate import GateEntry, GatePolicy, GateVerdict, judge_gate
from evalkit.analysis.gate.verdict import badness


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One candidate against its baseline on one criterion, under both judges."""

    candidate: str
    label: str
    baseline: str
    """The baseline's candidate."""
    baseline_label: str
    run: str
    """The candidate's run under the strong judge."""
    strong: GateVerdict
    cheap: GateVerdict

    @property
    def stays(self) -> bool:
        """Whether both judges' scores come to the same verdict."""
        return self.strong is self.cheap

    @property
    def turns(self) -> bool:
        """Whether one passes what the other fails."""
        return {self.strong, self.cheap} == {GateVerdict.PASS, GateVerdict.FAIL}

    @property
    def name(self) -> str:
        """The two sides in words."""
        own, other = _side(self.candidate, self.label), _side(self.baseline, self.baseline_label)
        return f"{own} against {other}"

    def json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "candidate": self.candidate,
            "label": self.label,
            "baseline": self.baseline,
            "baseline_label": self.baseline_label,
            "run": self.run,
            "strong": str(self.strong),
            "cheap": str(self.cheap),
            "stays": self.stays,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Replays:
    """Every comparison whose sides are stored under both judges, under the gate that it was submitted with."""

    rows: tuple[Replay, ...] = ()
    without_gate: int = 0
    """Runs under both judges that no gate was kept with."""

    @property
    def changed(self) -> tuple[Replay, ...]:
        """Those whose verdict changes, the worst kind of change first."""
        return tuple(sorted((one for one in self.rows if not one.stays), key=lambda one: not one.turns))

    @property
    def turned(self) -> int:
        """How many pass under one judge and fail under the other."""
        return sum(one.turns for one in self.rows)

    @property
    def changes(self) -> Mapping[str, int]:
        """How often which verdict becomes which, strong judge first: `PASS to FAIL`."""
        return dict(Counter(f"{one.strong} to {one.cheap}" for one in self.changed))

    def json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "n": len(self.rows),
            "stay": len(self.rows) - len(self.changed),
            "turned": self.turned,
            "changes": dict(self.changes),
            "without_gate": self.without_gate,
            "verdicts": [one.json() for one in self.rows],
        }


def verdict_of(policy: GatePolicy, entry: GateEntry) -> GateVerdict | None:
    """What a policy says of the scores of one criterion alone; None where it has no rule for it.

    What is known of the judge besides (labels of people, noise, sentinels) is left out: the scores alone are asked.
    """
    rules = tuple(
        replace(rule, require_agreement=None)
        for rule in policy.rules
        if (rule.grader, rule.criterion) == (entry.grader, entry.criterion)
    )
    if not rules:
        return None
    alone = replace(policy, rules=rules, max_cost_usd=None)
    gate = judge_gate(alone, [replace(entry, calibration=None, noise=None, sentinels=())])
    return min((check.verdict for check in gate.checks if check.measures), key=badness, default=None)


def _side(candidate: str, label: str) -> str:
    return f"{candidate} ({label})" if label else candidate
