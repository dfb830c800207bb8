"""The decision of a gate, with everything it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from evalkit.analysis.gate.check import GateCheck
from evalkit.analysis.gate.difference import PolicyDifference
from evalkit.analysis.gate.entry import GateBaseline
from evalkit.analysis.gate.verdict import GateVerdict, badness
from evalkit.errors import ExitCode

VERDICT_SCHEMA: Final = 1
"""Of the JSON; raised where a key changes its meaning or goes, not where one is added."""

Side = Literal["candidate", "baseline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyUse:
    """By which policy the gate was judged, and how the candidate's differs from the one the baseline was kept under."""

    used: Literal["candidate", "baseline", "both"] = "candidate"
    decided_by: Side = "candidate"
    differs: tuple[PolicyDifference, ...] = ()
    """Loosened settings first."""
    other_verdict: GateVerdict | None = None
    """What the policy that did not decide says; None where one alone was used."""

    @property
    def loosened(self) -> tuple[PolicyDifference, ...]:
        """The settings that let more through than the baseline's policy does."""
        return tuple(one for one in self.differs if one.change == "loosened")

    def json(self) -> dict[str, Any]:
        """The use as plain JSON."""
        return {
            "used": self.used,
            "decided_by": self.decided_by,
            "differs": [one.json() for one in self.differs],
            "other_verdict": None if self.other_verdict is None else str(self.other_verdict),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The verdict on one candidate of one suite."""

    verdict: GateVerdict
    rule: str
    """One line of why."""
    checks: tuple[GateCheck, ...]
    suite: str = ""
    candidate: str = ""
    label: str = ""
    baseline: GateBaseline | None = None
    policy: PolicyUse
    confidence: float = 0.95
    looks: str = "once"
    pooled: int = 1
    """How many runs of the same things at most were taken together."""
    simulated: bool = False
    """Whether the sandbox's judge gave scores: the verdict is then of no consequence."""
    cost_usd: float | None = None
    """What the candidate's runs cost; None where a price is not known."""

    @property
    def exit_code(self) -> ExitCode:
        """How a command ends that comes to this verdict."""
        return self.verdict.exit_code

    @property
    def headline(self) -> str:
        """The verdict and its line."""
        return f"{self.verdict}: {self.rule}"

    def json(self) -> dict[str, Any]:
        """The gate as plain JSON: `verdict.json`."""
        return {
            "schema": VERDICT_SCHEMA,
            "verdict": str(self.verdict),
            "rule": self.rule,
            "exit_code": int(self.exit_code),
            "suite": self.suite,
            "candidate": self.candidate,
            "label": self.label,
            "baseline": _baseline(self.baseline),
            "confidence": self.confidence,
            "looks": self.looks,
            "policy": self.policy.json(),
            "pooled": self.pooled,
            "simulated": self.simulated,
            "cost_usd": self.cost_usd,
            "checks": [check.json() for check in self.checks],
        }


def worst(gates: Sequence[Gate]) -> Gate:
    """The gate with the worst verdict, the first of equals.

    Raises:
        ValueError: there is no gate.
    """
    return min(gates, key=lambda gate: badness(gate.verdict))


def _baseline(baseline: GateBaseline | None) -> dict[str, Any] | None:
    if baseline is None:
        return None
    return {
        "selector": baseline.selector,
        "description": baseline.description,
        "runs": list(baseline.runs),
        "label": baseline.label,
        "created_at": baseline.created_at.isoformat() if baseline.created_at else None,
        "age_days": baseline.age_days,
    }
