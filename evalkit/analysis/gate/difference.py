"""What one policy lets through that another does not: so that a change cannot loosen its own gate unnoticed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from evalkit.analysis.gate.policy import GatePolicy, GateRule

Change = Literal["loosened", "changed", "tightened"]
_ORDER: Final = ("loosened", "changed", "tightened")
_TIERS: Final = ("advisory", "supporting", "critical")
_Strictness = Callable[[Any], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDifference:
    """One setting of the policy that is not what it was; `before` and `after` are as the config writes them."""

    setting: str
    """Such as `correctness: margin`, or `confidence`."""
    before: str
    after: str
    change: Change

    def __str__(self) -> str:
        return f"{self.setting} {self.change} from {self.before} to {self.after}"

    def json(self) -> dict[str, str]:
        """The difference as plain JSON."""
        return {"setting": self.setting, "before": self.before, "after": self.after, "change": self.change}


def policy_differences(baseline: GatePolicy, policy: GatePolicy) -> tuple[PolicyDifference, ...]:
    """How the policy differs from the baseline's, loosened settings first."""
    found = [*_gate_wide(baseline, policy), *_rules(baseline.rules, policy.rules)]
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.change)))


def _greater(limit: float | None) -> float:
    """The greater the stricter; not set is the loosest."""
    return float("-inf") if limit is None else limit


def _smaller(limit: float | None) -> float:
    """The smaller the stricter; not set is the loosest."""
    return float("-inf") if limit is None else -limit


_GATE_WIDE: Final[Mapping[str, _Strictness | None]] = MappingProxyType(
    {
        "baseline": None,
        "confidence": _greater,
        "looks": ("once", "repeated").index,
        "family": None,
        "max_cost_usd": _smaller,
        "max_calibration_age_days": _smaller,
        "min_caught": _greater,
    }
)
_OF_RULES: Final[Mapping[str, tuple[str, _Strictness | None]]] = MappingProxyType(
    {
        "tier": ("tier", _TIERS.index),
        "direction": ("direction", None),
        "margin": ("margin", _smaller),
        "max_relative_drop": ("max_relative_drop", _smaller),
        "least": ("min", _greater),
        "most": ("max", _smaller),
        "min_coverage": ("min_coverage", _greater),
        "require_agreement": ("require_agreement", _greater),
    }
)
"""Every setting by its name in the code: its name in the config, and how strict a value is."""


def _gate_wide(baseline: GatePolicy, policy: GatePolicy) -> Iterator[PolicyDifference]:
    for setting, strictness in _GATE_WIDE.items():
        yield from _setting(setting, getattr(baseline, setting), getattr(policy, setting), strictness)


def _setting(name: str, before: Any, after: Any, strictness: _Strictness | None) -> Iterator[PolicyDifference]:
    if before == after:
        return
    change: Change = "changed"
    if strictness is not None:
        change = "loosened" if strictness(after) < strictness(before) else "tightened"
    yield PolicyDifference(setting=name, before=_text(before), after=_text(after), change=change)


def _text(value: object) -> str:
    return "none" if value is None else f"{value:g}" if isinstance(value, int | float) else str(value)


def _rules(before: Sequence[GateRule], after: Sequence[GateRule]) -> Iterator[PolicyDifference]:
    """The rules of one criterion pair up where there is one on each side, else by what they are as a whole."""
    names = dict.fromkeys((rule.grader, rule.criterion) for rule in (*before, *after))
    for name in names:
        was, now = ([rule for rule in side if (rule.grader, rule.criterion) == name] for side in (before, after))
        if len(was) == len(now) == 1:
            yield from _settings(was[0], now[0])
            continue
        for rule in was:
            if rule not in now:
                change = "changed" if rule.tier == "advisory" else "loosened"
                yield PolicyDifference(setting=rule.name, before=_summary(rule), after="no rule", change=change)
        for rule in now:
            if rule not in was:
                change = "changed" if rule.tier == "advisory" else "tightened"
                yield PolicyDifference(setting=rule.name, before="no rule", after=_summary(rule), change=change)


def _settings(was: GateRule, now: GateRule) -> Iterator[PolicyDifference]:
    if was.tier == now.tier == "advisory":
        return  # Nothing of an advisory rule decides.
    for attribute, (setting, strictness) in _OF_RULES.items():
        yield from _setting(f"{now.name}: {setting}", getattr(was, attribute), getattr(now, attribute), strictness)


def _summary(rule: GateRule) -> str:
    limits = [
        f"{setting} {getattr(rule, attribute):g}"
        for attribute, (setting, _) in _OF_RULES.items()
        if setting in ("margin", "max_relative_drop", "min", "max") and getattr(rule, attribute) is not None
    ]
    return f"{rule.tier}, {', '.join(limits)}"
