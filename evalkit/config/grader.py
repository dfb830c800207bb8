"""`[[graders]]`: a rubric that a judge answers, or a deterministic check."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, cast

from pydantic import ConfigDict, Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from evalkit.config.checks import SYNONYMS, CheckName, CheckOptions
from evalkit.config.guard import GuardOptions
from evalkit.config.pairwise import PairwiseOptions
from evalkit.config.ready_made import PREFIX, ReadyMade, completed, named, names, ready_made, unknown
from evalkit.config.rubric import CriterionConfig, RubricOptions
from evalkit.config.section import Section, Words
from evalkit.config.sources import Text, refusal, root_of, text_source
from evalkit.config.words import either, quoted


class _Grader(Section):
    """What every grader has."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["rubric"]}, {"required": ["check"]}]},
    )

    name: Words = Field(description="How the grader is called in runs and reports.", examples=["correctness"])
    rubric: str | None = Field(
        default=None,
        description="What a judge follows: evalkit:NAME, a path that ends in .j2, .md or .txt, or the text itself.",
        examples=["evalkit:correctness", "Does the output answer the input? Ignore style."],
    )
    check: CheckName | None = Field(
        default=None,
        validate_default=True,
        description="A free, local check of the output instead of a rubric.",
    )
    policy: str | None = Field(
        default=None,
        description="What a rubric prints as {{ policy }}: a path that ends in .j2, .md or .txt, or the text itself.",
        examples=["house-style.md"],
    )
    _text: Text | None = PrivateAttr(default=None)
    _policy: Text | None = PrivateAttr(default=None)
    _root: Path = PrivateAttr(default_factory=Path.cwd)

    def model_post_init(self, context: Any, /) -> None:
        """Keep the folder of the config, and the text of the rubric, so that its file is read once and for all."""
        self._root = root_of(context)
        if self.rubric is not None:
            self._text = _source(self.rubric, root_of(context))
        if self.policy is not None:
            self._policy = text_source(self.policy, root_of(context))

    @property
    def kind(self) -> Literal["rubric", "check"]:
        """Whether a judge answers, or a check."""
        return "check" if self.rubric is None else "rubric"

    @property
    def root(self) -> Path:
        """The folder that relative paths count from, and that a function's module is looked for in."""
        return self._root

    @property
    def rubric_text(self) -> str:
        """The text of the rubric; empty for a check."""
        return self._text.text if self._text else ""

    @property
    def rubric_place(self) -> str:
        """Where the rubric is, for errors: its file, the ready-made one, or the grader."""
        if self._text and self._text.path:
            return str(self._text.path)
        return f"grader {self.name!r}" if named(self.rubric) is None else str(self.rubric)

    @property
    def policy_text(self) -> str | None:
        """The text of the policy, if there is one."""
        return self._policy.text if self._policy else None

    @property
    def rubric_path(self) -> Path | None:
        """The absolute path of the rubric's file; none for inline text and for a check."""
        return self._text.path if self._text else None

    @field_validator("rubric")
    @classmethod
    def _rubric_is_there(cls, rubric: str | None, info: ValidationInfo) -> str | None:
        if rubric is not None:
            _source(rubric, root_of(info.context))
        return rubric

    @field_validator("policy")
    @classmethod
    def _policy_is_there(cls, policy: str | None, info: ValidationInfo) -> str | None:
        if policy is not None and info.data.get("check"):
            raise refusal("goes with a `rubric`, not with a `check`", "leave it out")
        if policy is not None:
            text_source(policy, root_of(info.context))
        return policy

    @field_validator("check", mode="before")
    @classmethod
    def _known_elsewhere(cls, check: object) -> object:
        """Name the check that another tool calls so."""
        if isinstance(check, str) and (meant := SYNONYMS.get(check.lower())):
            raise refusal(f'is not called "{check}" here', f'write check = "{meant}"')
        return check

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


class GraderConfig(PairwiseOptions, CheckOptions, GuardOptions, RubricOptions, _Grader):
    """A way to score an output."""

    @model_validator(mode="before")
    @classmethod
    def _with_what_the_rubric_brings(cls, values: object) -> object:
        return completed(cast("dict[str, Any]", values)) if isinstance(values, dict) else values

    @field_validator("labels", "scale", "criteria")
    @classmethod
    def _as_the_rubric_explains(cls, value: object, info: ValidationInfo) -> object:
        name = named(info.data.get("rubric"))
        if value is not None and name is not None:
            _check_answers(ready_made(name), str(info.field_name), value)
        return value


def _source(rubric: str, root: Path) -> Text:
    """The text of a rubric: of a ready-made one, of a file, or itself."""
    name = named(rubric)
    if name in names():
        return Text(ready_made(name).text)
    if name is not None:
        raise refusal(*unknown(name, PREFIX))
    if rubric in names():
        raise refusal(f"{quoted(rubric)} would be taken as the text itself", f"write {quoted(PREFIX + rubric)}")
    return text_source(rubric, root)


def _check_answers(made: ReadyMade, key: str, value: object) -> None:
    """See that a judge is offered what the text of a ready-made rubric explains; the values are the user's."""
    mend = f"to have others, copy it: evalkit rubrics {made.name} > {made.name}.md.j2"
    if key == "scale" or key not in made.options:
        own = "criteria" if "criteria" in made.options else "labels"
        raise refusal(f"{quoted(made.spelling)} explains {own} of its own", mend)
    given = cast("tuple[CriterionConfig, ...]", value) if key == "criteria" else ()
    offered = {one.name: one.labels for one in given} if given else {"": cast("dict[str, float]", value)}
    for name, labels in offered.items():
        if name not in made.criteria:
            raise refusal(f"{quoted(made.spelling)} has no criterion {quoted(name)}", f"it has {either(made.criteria)}")
        explained = made.criteria[name]["labels"]
        if set(labels) != set(explained):
            words = either(map(quoted, explained), "and")
            raise refusal(f"the labels that {quoted(made.spelling)} explains are {words}", f"keep them; {mend}")
