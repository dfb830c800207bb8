"""The gate: may this candidate take the baseline's place? PASS, FAIL, INCONCLUSIVE or PENDING, and why."""

from evalkit.analysis.gate import figures
from evalkit.analysis.gate.check import GateCheck
from evalkit.analysis.gate.difference import PolicyDifference, policy_differences
from evalkit.analysis.gate.entry import GateBaseline, GateCalibration, GateEntry, GateNoise, GateSentinels
from evalkit.analysis.gate.judge import judge_by_both, judge_gate
from evalkit.analysis.gate.policy import GatePolicy, GateRule
from evalkit.analysis.gate.pool import measurements, pool
from evalkit.analysis.gate.result import VERDICT_SCHEMA, Gate, PolicyUse, worst
from evalkit.analysis.gate.verdict import GateVerdict

__all__ = [
    "VERDICT_SCHEMA",
    "Gate",
    "GateBaseline",
    "GateCalibration",
    "GateCheck",
    "GateEntry",
    "GateNoise",
    "GatePolicy",
    "GateRule",
    "GateSentinels",
    "GateVerdict",
    "PolicyDifference",
    "PolicyUse",
    "figures",
    "judge_by_both",
    "judge_gate",
    "measurements",
    "policy_differences",
    "pool",
    "worst",
]
