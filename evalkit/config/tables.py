"""`evalkit.toml` as a whole, and its tables that stand once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    Strict,
    ValidationInfo,
    field_validator,
    model_validator,
)

from evalkit.config.agreement import disagreements
from evalkit.config.candidate import CandidateConfig
from evalkit.config.gate import GateConfig
from evalkit.config.grader import GraderConfig
from evalkit.config.section import DEFAULT_MAX_TOKENS, Effort, MaxTokens, Section, Words
from evalkit.config.sources import data_file, refusal, root_of
from evalkit.config.words import closest, either

CASE_FIELDS: Final = ("id", "input", "expected", "output", "metadata", "tags", "cluster", "attachments")


def _case_field(key: str) -> str:
    if key in CASE_FIELDS:
        return key
    meant = closest(key, CASE_FIELDS)
    names = either((f"`{name}`" for name in CASE_FIELDS), "and")
    mend = (
        f"did you mean `{meant}`?" if meant else 'write it as in input = "question", the field of the file on the right'
    )
    raise refusal(f"is not a field of a case, which are {names}", mend)


class DatasetConfig(Section):
    """The cases to score."""

    path: Path = Field(
        description="The file of cases: .jsonl, .ndjson, .json, .csv, .tsv or .parquet, gzip too.",
        examples=["datasets/support/cases.jsonl"],
    )
    fields: Mapping[Annotated[str, AfterValidator(_case_field)], Words] = Field(
        default={},
        description="Fields of a case that the file calls by another name, as in input = 'question'.",
        json_schema_extra={"propertyNames": {"enum": [*CASE_FIELDS]}},
    )

    @field_validator("path", mode="before")
    @classmethod
    def _path_is_there(cls, path: object, info: ValidationInfo) -> object:
        return data_file(str(path), root_of(info.context)) if isinstance(path, str | Path) else path


class JudgeConfig(Section):
    """The model that answers rubrics."""

    model: Words = Field(description="The judge's model.", examples=["claude-haiku-5-5"])
    effort: Effort | None = Field(default=None, description="How hard the judge thinks.")
    max_tokens: MaxTokens = DEFAULT_MAX_TOKENS


class SubmitConfig(Section):
    """How batches are sent."""

    on_unknown: Literal["ask", "resubmit"] = Field(
        default="ask",
        description="A create without a trace: wait long before it is sent again, or as long as lists usually lag.",
    )
    max_in_flight: Annotated[int, Strict()] | None = Field(
        default=None, ge=1, description="Requests in open batches beyond which others wait; the limit of an API tier."
    )
    retries: Annotated[int, Strict()] = Field(
        default=2, ge=0, le=10, description="How often requests that failed in passing are sent again by themselves."
    )


class Config(Section):
    """The config of one evaluation."""

    name: Words = Field(description="How the evaluation is called.", examples=["support"])
    dataset: DatasetConfig
    judge: JudgeConfig | None = None
    graders: Annotated[tuple[GraderConfig, ...], Strict(strict=False)] = Field(min_length=1)
    candidates: Annotated[tuple[CandidateConfig, ...], Strict(strict=False)] = Field(min_length=1)
    gate: GateConfig | None = None
    submit: SubmitConfig = Field(default_factory=SubmitConfig)
    _path: Path = PrivateAttr()

    @model_validator(mode="after")
    def _tables_agree(self) -> Self:
        # The loader finds these in the plain values too, to tell them together with every other problem.
        for finding in disagreements(self.model_dump()):
            raise refusal(finding.what, finding.mend, kind="disagreement")
        return self

    def model_post_init(self, context: Any, /) -> None:
        """Keep where the file is."""
        self._path = context if isinstance(context, Path) else Path.cwd() / "evalkit.toml"

    @property
    def path(self) -> Path:
        """The absolute path of the file."""
        return self._path

    @property
    def root(self) -> Path:
        """The folder that relative paths of the file count from."""
        return self._path.parent

    @property
    def baseline(self) -> str | None:
        """What the gate compares with, as it is written, if there is a gate."""
        return self.gate.baseline if self.gate else None
