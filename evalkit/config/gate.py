"""`[gate]` and `[[gate.rules]]`: when a candidate is not worse than the baseline."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import Field, Strict, ValidationInfo, field_validator

from evalkit.config.section import Section, Words
from evalkit.config.sources import refusal

LABEL_PREFIX: Final = "label:"
_RUN_ID: Final = re.compile(r"[a-z2-7]{12}")

Tier = Literal["critical", "supporting", "advisory"]
Direction = Literal["higher", "lower"]
Looks = Literal["once", "repeated"]

_Margin = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def baseline_label(baseline: str) -> str | None:
    """The label that a baseline of the form `label:NAME` names; None for every other form."""
    label = baseline.removeprefix(LABEL_PREFIX)
    return label if label != baseline else None


def is_run_id(baseline: str) -> bool:
    """Whether a baseline is written like a run id."""
    return _RUN_ID.fullmatch(baseline) is not None


class GateRuleConfig(Section):
    """What one grader, or one criterion of it, must hold."""

    grader: Words = Field(description="The name of the grader.", examples=["correctness"])
    criterion: Words | None = Field(
        default=None, description="One criterion of the grader; left out, those that no other rule of it names."
    )
    tier: Tier = Field(
        default="critical",
        description="critical: must pass. supporting: must not fail. advisory: is shown and never decides.",
    )
    margin: _Margin | None = Field(
        default=None,
        description="The loss of mean score that is still accepted; a rule that sets no limit has the gate's.",
    )
    max_relative_drop: _Margin | None = Field(
        default=None, description="The loss that is still accepted, as a share of the baseline's mean.", examples=[0.05]
    )
    min: _Share | None = Field(default=None, description="The least mean score of the candidate.", examples=[0.8])
    max: _Share | None = Field(
        default=None, validate_default=True, description="The greatest mean score of the candidate.", examples=[0.1]
    )
    direction: Direction = Field(default="higher", description="Which scores are the better ones.")
    min_coverage: _Share | None = Field(
        default=None, description="The least share of cases with a value, in place of the gate's."
    )
    require_agreement: _Share | None = Field(
        default=None, description="The least agreement of the judge with people, in place of the gate's."
    )

    @field_validator("max")
    @classmethod
    def _max_is_above_min(cls, most: float | None, info: ValidationInfo) -> float | None:
        least = info.data.get("min")
        if most is not None and least is not None and most < least:
            raise refusal(f"is below min = {least:g}, so that no score can pass", "exchange the two")
        return most

    @property
    def sets_no_limit(self) -> bool:
        """Whether the rule leaves its limit to the gate's margin."""
        return self.margin is self.max_relative_drop is self.min is self.max is None


class GateConfig(Section):
    """When a candidate is not worse than the baseline."""

    baseline: Words = Field(
        description="What to compare with: the name of a candidate, label:NAME for the same candidate's newest run "
        "under that label, or a run id.",
        examples=["production", "label:main"],
    )
    margin: _Margin = Field(default=0.02, description="The loss of mean score that is still accepted.")
    min_coverage: _Share = Field(default=0.98, description="The least share of cases with a value.")
    confidence: float = Field(
        default=0.95,
        ge=0.5,
        le=0.9999,
        allow_inf_nan=False,
        description="The confidence of the two-sided intervals. 0.95: a candidate that loses the margin passes by "
        "chance about 2.5 times in 100, and one that is no worse than the baseline fails as seldom. One that is "
        "worse, but by less than the margin, may fail more often: FAIL means worse than the baseline, and not shown "
        "to be within the margin.",
    )
    looks: Looks = Field(
        default="once",
        description="once: each run is judged once. repeated: intervals hold however often growing data are looked at.",
    )
    max_cost_usd: _Positive | None = Field(
        default=None, description="The most that the candidate's runs may cost.", examples=[5]
    )
    require_agreement: _Share | None = Field(
        default=None,
        description="The least agreement of the judge with people (lower bound of AC1) for a judge that may gate.",
        examples=[0.7],
    )
    max_calibration_age_days: _Positive | None = Field(
        default=None, description="The greatest age of the labels by which the judge may gate.", examples=[90]
    )
    min_caught: _Share = Field(
        default=1.0,
        description="The least share of sentinels that the judge must have caught, where any ride; 0 only shows them.",
    )
    family: Literal["holm"] = Field(
        default="holm", description="How the checks that decide share the chance of a false failure."
    )
    rules: Annotated[tuple[GateRuleConfig, ...], Strict(strict=False)] = Field(
        default=(),
        description="What each grader must hold; without rules, each must keep within the margin. "
        "With rules, graders without one are advisory.",
    )
