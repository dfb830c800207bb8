"""What makes a rubric pairwise: the candidate whose outputs stand beside those under test."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field, ValidationInfo, field_validator

from evalkit.config.ready_made import PREFIX, named, names, ready_made
from evalkit.config.rubric import RubricOptions
from evalkit.config.section import Section, Words
from evalkit.config.sources import refusal
from evalkit.config.words import quoted

_OF_ONE_OUTPUT: Final = (
    "labels", "scale", "unsure", "criteria", "examples", "reply", "verdict_pattern", "samples", "reducer",
)  # fmt: skip
"""Options of rubrics for one output, which say nothing of two."""


class PairwiseOptions(Section):
    """The options of pairwise rubrics. What has them has a `rubric`, validated before, with all its options."""

    against: Words | None = Field(
        default=None,
        validate_default=True,
        description="Makes the rubric pairwise: the candidate that each other one is put beside, in both orders.",
        examples=["production"],
    )
    ties: bool = Field(default=True, description="With against: whether a judge may call two outputs equally good.")

    @field_validator("against")
    @classmethod
    def _two_outputs(cls, against: str | None, info: ValidationInfo) -> str | None:
        _check_rubric(against, info.data.get("rubric"))
        if against is None:
            return None
        if info.data.get("check"):
            raise refusal("goes with a `rubric`, not with a `check`", "leave it out")
        for key in _OF_ONE_OUTPUT:
            if key in info.data and info.data[key] != RubricOptions.model_fields[key].default:
                raise refusal(f"stands beside `{key}`", _mend(key))
        return against

    @field_validator("ties")
    @classmethod
    def _of_two(cls, ties: Any, info: ValidationInfo) -> Any:
        if info.data.get("against", "wrong") is None:
            raise refusal("goes with `against`", 'add against = "production", or leave it out')
        return ties


def pairwise_kind(against: str | None) -> Literal["rubric", "pairwise"]:
    """Which kind of rubric it is."""
    return "rubric" if against is None else "pairwise"


def _check_rubric(against: str | None, rubric: object) -> None:
    """See that a ready-made rubric is for as many outputs as it is given."""
    name = named(rubric)
    if name is None or name not in names():
        return
    made = ready_made(name)
    if against is None and made.pairwise:
        mend = 'add against = "production", the candidate to put the others beside'
        raise refusal(f"is missing, and {quoted(made.spelling)} compares two outputs", mend, lacks=("against",))
    if against is not None and not made.pairwise:
        other = next(one for one in names() if ready_made(one).pairwise)
        mend = f"take {quoted(PREFIX + other)}, or leave `against` out"
        raise refusal(f"{quoted(made.spelling)} judges one output, and not two", mend)


def _mend(key: str) -> str:
    if key in ("samples", "reducer"):
        return f"leave `{key}` out: a pair is judged once in each order"
    if key in ("reply", "verdict_pattern"):
        return f"leave `{key}` out: a pairwise judge replies in JSON"
    if key == "examples":
        return "leave `examples` out, and show them in the rubric itself"
    return f"leave `{key}` out: of two outputs the first is better, or the second, or neither"
