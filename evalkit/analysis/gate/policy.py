"""The policy of a gate: what every grader and criterion of a suite must hold, resolved from the config."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from evalkit.config import GateConfig, GateRuleConfig
from evalkit.config.gate import Direction, Looks, Tier
from evalkit.config.words import closest, either, quoted
from evalkit.errors import ConfigError

POLICY_SCHEMA: Final = 1
DECIDING: Final = ("critical", "supporting")


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRule:
    """What one criterion of one grader must hold; a limit that is not set is None."""

    grader: str
    criterion: str
    tier: Tier = "critical"
    direction: Direction = "higher"
    margin: float | None = None
    max_relative_drop: float | None = None
    least: float | None = None
    most: float | None = None
    min_coverage: float = 0.98
    require_agreement: float | None = None

    @property
    def name(self) -> str:
        """How the rule's checks are called: the grader, and the criterion where it has another name."""
        return self.grader if self.criterion == self.grader else f"{self.grader}/{self.criterion}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePolicy:
    """By what a gate decides; `rules` cover every criterion of every grader."""

    baseline: str
    confidence: float = 0.95
    looks: Looks = "once"
    family: str = "holm"
    max_cost_usd: float | None = None
    max_calibration_age_days: float | None = None
    min_caught: float = 1.0
    """The least share of sentinels, where there are any; 0 where they only are shown."""
    rules: tuple[GateRule, ...]

    @classmethod
    def of(cls, config: GateConfig, measures: Sequence[tuple[str, str]]) -> GatePolicy:
        """The policy of a config for the (grader, criterion) pairs of a suite.

        Raises:
            ConfigError: a rule names a grader or a criterion that the suite does not have.
        """
        _refuse_unknown(config.rules, measures)
        named = {(rule.grader, rule.criterion) for rule in config.rules if rule.criterion is not None}
        rules: list[GateRule] = []
        for grader, criterion in measures:
            own = [
                rule
                for rule in config.rules
                if rule.grader == grader
                and (rule.criterion == criterion or (rule.criterion is None and (grader, criterion) not in named))
            ]
            rules += [_resolved(rule, criterion, config) for rule in own]
            if not own:
                rules.append(_default(grader, criterion, config))
        return cls(
            baseline=config.baseline,
            confidence=config.confidence,
            looks=config.looks,
            family=config.family,
            max_cost_usd=config.max_cost_usd,
            max_calibration_age_days=config.max_calibration_age_days,
            min_caught=config.min_caught,
            rules=tuple(rules),
        )

    @property
    def alpha(self) -> float:
        """The chance, one-sided, of deciding wrongly: (1 - confidence) / 2."""
        return (1 - self.confidence) / 2

    def json(self) -> dict[str, Any]:
        """The policy as plain JSON, to be kept with a run."""
        return {"schema": POLICY_SCHEMA, **asdict(self), "rules": [asdict(rule) for rule in self.rules]}

    @classmethod
    def from_json(cls, policy: Mapping[str, Any]) -> GatePolicy:
        """The policy that `json` wrote.

        Raises:
            ConfigError: it was written by another version of evalkit, with other words.
        """
        if policy.get("schema") != POLICY_SCHEMA:
            raise ConfigError(
                f"a stored gate policy has schema {policy.get('schema')!r}, and this evalkit reads {POLICY_SCHEMA}: "
                "use the version of evalkit that the baseline was submitted with, or submit the baseline again"
            )
        plain: dict[str, Any] = {key: value for key, value in policy.items() if key not in ("schema", "rules")}
        try:
            rules = tuple(GateRule(**rule) for rule in policy["rules"])
            return cls(rules=rules, **plain)
        except (KeyError, TypeError) as error:
            raise ConfigError(f"a stored gate policy cannot be read ({error}): submit the baseline again") from error


def _refuse_unknown(rules: Sequence[GateRuleConfig], measures: Sequence[tuple[str, str]]) -> None:
    for index, rule in enumerate(rules):
        known = [criterion for grader, criterion in measures if grader == rule.grader]
        if not known:
            graders = list(dict.fromkeys(grader for grader, _ in measures))
            raise ConfigError(f"gate.rules[{index}].grader: {_unknown('grader', rule.grader, graders)}")
        if rule.criterion is not None and rule.criterion not in known:
            raise ConfigError(
                f"gate.rules[{index}].criterion: grader {quoted(rule.grader)} has "
                f"{_unknown('criterion', rule.criterion, known).removeprefix('there is ')}"
            )


def _unknown(noun: str, word: str, known: Sequence[str]) -> str:
    meant = closest(word, known)
    choices = f"it can be {either(map(quoted, known))}" if known else "the suite has none"
    return f"there is no {noun} {quoted(word)}; " + (f"did you mean {quoted(meant)}?" if meant else choices)


def _resolved(rule: GateRuleConfig, criterion: str, config: GateConfig) -> GateRule:
    return GateRule(
        grader=rule.grader,
        criterion=criterion,
        tier=rule.tier,
        direction=rule.direction,
        margin=config.margin if rule.sets_no_limit else rule.margin,
        max_relative_drop=rule.max_relative_drop,
        least=rule.min,
        most=rule.max,
        min_coverage=config.min_coverage if rule.min_coverage is None else rule.min_coverage,
        require_agreement=config.require_agreement if rule.require_agreement is None else rule.require_agreement,
    )


def _default(grader: str, criterion: str, config: GateConfig) -> GateRule:
    """Without rules the margin decides everywhere; with rules it is only shown where no rule is."""
    return GateRule(
        grader=grader,
        criterion=criterion,
        tier="advisory" if config.rules else "critical",
        margin=config.margin,
        min_coverage=config.min_coverage,
        require_agreement=config.require_agreement,
    )
