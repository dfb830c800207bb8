"""`when` and `otherwise` of a rubric grader: a check that decides which outputs are worth a judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, cast

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from evalkit.config.rubric import CriterionConfig
from evalkit.config.section import Section, Words
from evalkit.config.sources import refusal
from evalkit.config.words import closest, either, quoted

_SHAPE: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["check"],
            "properties": {
                "check": {"type": "string", "description": "The name of the check."},
                "at_least": {
                    "type": "number",
                    "exclusiveMinimum": 0,
                    "maximum": 1,
                    "description": "With a check that grades: the least value that is sent to the judge.",
                },
            },
        },
    ]
}


class GuardConfig(Section):
    """The check that an output must pass to be sent."""

    check: Words = Field(description="The name of the check.", examples=["cites"])
    at_least: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = Field(
        default=None, description="With a check that grades: the least value that is sent to the judge."
    )


def _named(value: object) -> object:
    return {"check": value} if isinstance(value, str) else value


Labels = str | int | dict[str, str | int]


class GuardOptions(Section):
    """The guard of a rubric grader. What has it has a `check` and the options of rubrics, validated before."""

    when: Annotated[GuardConfig, BeforeValidator(_named), WithJsonSchema(_SHAPE)] | None = Field(
        default=None,
        description="A check of this config, or { check = NAME, at_least = 0.5 }: outputs that fail it are not sent.",
        examples=["cites"],
    )
    otherwise: (
        Annotated[
            Labels,
            WithJsonSchema(
                {
                    "anyOf": [
                        {"type": ["string", "integer"]},
                        {"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
                    ]
                }
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="The label of outputs that are not sent, or one by criterion; without it they have no score.",
        examples=["incorrect"],
    )

    @property
    def declared(self) -> Mapping[str, str]:
        """The label of each criterion by `otherwise`; under no name where it is the same for all."""
        if self.otherwise is None:
            return {}
        if isinstance(self.otherwise, dict):
            return {name: str(label) for name, label in self.otherwise.items()}
        return {"": str(self.otherwise)}

    @field_validator("when", "otherwise")
    @classmethod
    def _guards_a_rubric(cls, value: object, info: ValidationInfo) -> object:
        if value is not None and info.data.get("check"):
            raise refusal("goes with a `rubric`, not with a `check`", "leave it out")
        return value

    @field_validator("otherwise")
    @classmethod
    def _is_a_label(cls, otherwise: Labels | None, info: ValidationInfo) -> Labels | None:
        if otherwise is None or "labels" not in info.data:
            return otherwise
        if "when" in info.data and info.data["when"] is None:
            raise refusal("goes with `when`, which names a check", 'add when = "NAME"')
        offered = _offered(info.data)
        given = otherwise if isinstance(otherwise, dict) else dict.fromkeys(offered, otherwise)
        for name in offered.keys() - given.keys():
            raise refusal(f"has no label for the criterion {quoted(name)}", "give each criterion one")
        for name, label in given.items():
            if name not in offered:
                raise refusal(f"there is no criterion {quoted(name)}", f"there are {either(map(quoted, offered))}")
            _must_offer(str(label), offered[name], name)
        return otherwise


def _offered(data: Mapping[str, Any]) -> dict[str, list[str]]:
    """The labels of each criterion; under no name where they are the grader's own."""
    criteria = cast("tuple[CriterionConfig, ...] | None", data.get("criteria"))
    if criteria:
        return {one.name: _labels(one.labels, one.scale) for one in criteria}
    return {"": _labels(data["labels"], data.get("scale"))}


def _labels(labels: Mapping[str, float], scale: tuple[int, int] | None) -> list[str]:
    return [str(step) for step in range(scale[0], scale[1] + 1)] if scale else list(labels)


def _must_offer(label: str, labels: list[str], criterion: str) -> None:
    if label in labels:
        return
    meant = closest(label, labels)
    of = f" of {quoted(criterion)}" if criterion else ""
    mend = f"did you mean {quoted(meant)}?" if meant else f"it can be {either(map(quoted, labels))}"
    raise refusal(f"{quoted(label)} is no label{of}", mend)
