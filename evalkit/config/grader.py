"""`[[graders]]`: a rubric that a judge answers, or a deterministic check."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, PrivateAttr, Strict, ValidationInfo, field_validator

from evalkit.config.section import Section, Words, compiled
from evalkit.config.sources import Text, refusal, root_of, text_source
from evalkit.config.words import either

Check = Literal["exact", "includes", "regex"]
MOST_SAMPLES: Final = 50
Reducer = Literal["mean", "majority", "all"]
LabelValue = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"pattern": ("regex",), "ignore_case": ("exact", "includes", "regex"), "strip": ("exact",)}
)
"""The checks that each option goes with."""


def _two_labels(labels: Mapping[str, float]) -> Mapping[str, float]:
    if len(labels) < 2:
        raise refusal("has fewer than two labels", "write at least two, as in labels = { fail = 0, pass = 1 }")
    first: dict[str, str] = {}
    for label in labels:
        if label.casefold() in first:
            raise refusal(
                f"`{first[label.casefold()]}` and `{label}` are one label to a judge",
                "let them differ in more than case",
            )
        first[label.casefold()] = label
    return labels


class GraderConfig(Section):
    """A way to score an output."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["rubric"]}, {"required": ["check"]}]},
    )

    name: Words = Field(description="How the grader is called in runs and reports.", examples=["correctness"])
    rubric: str | None = Field(
        default=None,
        description="What a judge follows: a path that ends in .j2, .md or .txt, or the text itself.",
        examples=["Does the output answer the input? Ignore style."],
    )
    check: Check | None = Field(
        default=None,
        validate_default=True,
        description="A free, local check of the output instead of a rubric.",
    )
    labels: Annotated[Mapping[Words, LabelValue], AfterValidator(_two_labels)] = Field(
        default={"fail": 0.0, "pass": 1.0},
        description="What a judge may answer, and the value of each from 0 to 1.",
        json_schema_extra={"minProperties": 2},
        examples=[{"incorrect": 0, "partial": 0.5, "correct": 1}],
    )
    reply: Literal["json", "text"] = Field(
        default="json",
        description="Whether the judge replies in JSON, which evalkit asks for, or in free text.",
    )
    verdict_pattern: str | None = Field(
        default=None,
        validate_default=True,
        description="With reply = 'text': a regular expression; its group is the label, its last match binds.",
        examples=[r"\bGRADE: (\w+)"],
    )
    samples: Annotated[int, Strict()] = Field(
        default=1, ge=1, le=MOST_SAMPLES, description="With a rubric: how often the judge is asked about each output."
    )
    reducer: Reducer = Field(
        default="mean",
        description="With samples: how several judgements become one score; all takes the lowest, and needs every one.",
    )
    pattern: str | None = Field(
        default=None,
        validate_default=True,
        description="With check = 'regex': the regular expression to find in the output.",
        examples=[r"\[\d+\]"],
    )
    ignore_case: bool = Field(default=False, description="With a check: whether case does not count.")
    strip: bool = Field(
        default=True, description="With check = 'exact': whether white space at both ends does not count."
    )
    _text: Text | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any, /) -> None:
        """Keep the text of the rubric, so that it is read from its file once and for all."""
        if self.rubric is not None:
            self._text = text_source(self.rubric, root_of(context))

    @property
    def kind(self) -> Literal["rubric", "check"]:
        """Whether a judge answers, or a check."""
        return "check" if self.rubric is None else "rubric"

    @property
    def rubric_text(self) -> str:
        """The text of the rubric; empty for a check."""
        return self._text.text if self._text else ""

    @property
    def rubric_path(self) -> Path | None:
        """The absolute path of the rubric's file; none for inline text and for a check."""
        return self._text.path if self._text else None

    @field_validator("rubric")
    @classmethod
    def _rubric_is_there(cls, rubric: str | None, info: ValidationInfo) -> str | None:
        if rubric is not None:
            text_source(rubric, root_of(info.context))
        return rubric

    @field_validator("check")
    @classmethod
    def _rubric_or_check(cls, check: str | None, info: ValidationInfo) -> str | None:
        has_rubric = info.data.get("rubric", "wrong") is not None
        if check and has_rubric:
            raise refusal("a grader has a `rubric` or a `check`, not both", "make two graders of it")
        if not check and not has_rubric:
            raise refusal(
                "has neither a `rubric` nor a `check`",
                'add rubric = "rubric.md", or check = "exact"',
                lacks=("rubric", "check"),
            )
        return check

    @field_validator("labels", "reply", "verdict_pattern", "samples", "reducer")
    @classmethod
    def _goes_with_a_rubric(cls, value: object, info: ValidationInfo) -> object:
        if value is not None and _kind(info) == "check":
            raise refusal("goes with a `rubric`, not with a `check`", "leave it out")
        return value

    @field_validator("reducer")
    @classmethod
    def _several_to_reduce(cls, reducer: Reducer, info: ValidationInfo) -> Reducer:
        if info.data.get("samples") == 1:
            raise refusal("goes with samples of 2 and more", "add samples = 3, or leave it out")
        return reducer

    @field_validator("pattern", "ignore_case", "strip")
    @classmethod
    def _goes_with_the_check(cls, value: object, info: ValidationInfo) -> object:
        checks = _OPTIONS[str(info.field_name)]
        if value is None or _kind(info) is None or info.data["check"] in checks:
            return value
        if info.data["check"] is None:
            raise refusal("goes with a `check`, not with a `rubric`", _rubric_mend(str(info.field_name)))
        names = either(f'"{check}"' for check in checks)
        raise refusal(f'goes with check = {names}, not with "{info.data["check"]}"', "leave it out")

    @field_validator("verdict_pattern")
    @classmethod
    def _one_group(cls, pattern: str | None, info: ValidationInfo) -> str | None:
        reply = info.data.get("reply") if _kind(info) == "rubric" else None
        if pattern is None and reply == "text":
            what, mend = 'is missing beside reply = "text"', r"add verdict_pattern = '\bGRADE: (\w+)'"
            raise refusal(what, mend, lacks=("verdict_pattern",))
        if pattern is not None and reply == "json":
            raise refusal('goes with reply = "text"', 'add reply = "text", or leave it out')
        if pattern is not None and (groups := compiled(pattern).groups) != 1:
            raise refusal(
                f"has {groups} groups; exactly one must capture the label",
                "write ( ) around the label, and (?: ) for other groups",
            )
        return pattern

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str | None, info: ValidationInfo) -> str | None:
        if pattern is None and info.data.get("check") == "regex":
            what, mend = 'is missing beside check = "regex"', r"add pattern = '\d+'"
            raise refusal(what, mend, lacks=("pattern",))
        if pattern is not None:
            compiled(pattern)
        return pattern


def _kind(info: ValidationInfo) -> Literal["rubric", "check"] | None:
    """The kind of the grader under validation; none where that is itself wrong."""
    if "check" not in info.data:
        return None
    return "check" if info.data["check"] else "rubric"


def _rubric_mend(option: str) -> str:
    return "for a judge that answers in free text use `verdict_pattern`" if option == "pattern" else "leave it out"
