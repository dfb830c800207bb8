"""`evalkit.toml` as a whole, and its tables that stand once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, cast

from pydantic import (
    AfterValidator,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    Strict,
    ValidationInfo,
    field_validator,
    model_validator,
)

from evalkit.config.agreement import disagreements
from evalkit.config.candidate import CandidateConfig
from evalkit.config.filter import FilterConfig
from evalkit.config.gate import GateConfig
from evalkit.config.grader import GraderConfig
from evalkit.config.jury import JuryConfig
from evalkit.config.prices import PricesConfig
from evalkit.config.section import DEFAULT_MAX_TOKENS, Effort, MaxTokens, Section, Usd, Words
from evalkit.config.sentinels import SentinelsConfig
from evalkit.config.several import data_paths, written_name
from evalkit.config.sources import refusal, root_of
from evalkit.config.usage_log import UsageLogConfig
from evalkit.config.words import closest, either

CASE_FIELDS: Final = (
    "id", "input", "expected", "output", "metadata", "tags", "cluster", "split", "source_doc", "contexts",
    "attachments",
)  # fmt: skip


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

    path: Path | tuple[Path, ...] = Field(
        description="The file of cases: .jsonl, .ndjson, .json, .csv, .tsv or .parquet, gzip too; or several, as a "
        "list, a pattern such as cases/*.jsonl, or both.",
        examples=["datasets/support/cases.jsonl", ["a.jsonl", "more/*.csv"]],
    )
    fields: Mapping[Annotated[str, AfterValidator(_case_field)], Words] = Field(
        default={},
        description="Fields of a case that the file calls by another name, as in input = 'question'.",
        json_schema_extra={"propertyNames": {"enum": [*CASE_FIELDS]}},
    )

    labels: Annotated[tuple[Words, ...], Strict(strict=False)] | None = Field(
        default=None,
        description="Columns of what people said of the outputs, which no judge sees; `human`, `human_label` and "
        "`human_labels` without.",
        examples=[["human"]],
    )
    filter: FilterConfig | None = Field(default=None, description="Which of the cases are scored; all without.")
    _name: str = PrivateAttr(default="")

    @field_validator("path", mode="before")
    @classmethod
    def _path_is_there(cls, path: object, info: ValidationInfo) -> object:
        return data_paths(path, root_of(info.context))

    @field_validator("labels", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @property
    def files(self) -> tuple[Path, ...]:
        """The files, in the order of their cases."""
        return self.path if isinstance(self.path, tuple) else (self.path,)

    @property
    def name(self) -> str:
        """The dataset as it is called: by its file, or by what is written where there are several."""
        return self._name or self.files[0].name

    @model_validator(mode="wrap")
    @classmethod
    def _is_called(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        # What is written names the dataset, not the files of today: it is the same when a pattern finds one more.
        made = handler(data)
        if isinstance(data, dict):
            made._name = written_name(cast("dict[str, object]", data).get("path"))
        return made


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
    reuse: Annotated[bool, Strict()] = Field(
        default=True, description="Take over the scores of outputs that were judged before, in place of paying again."
    )
    concurrency: Annotated[int, Strict()] = Field(
        default=8, ge=1, le=256, description="Calls at once, of requests that go in realtime."
    )
    cache: Literal["auto", "off", "5m", "1h"] = Field(
        default="auto",
        description="How long the shared prompt stays cached: what is expected to cost the least, or as it is said.",
    )
    warm_up: Annotated[bool, Strict()] | Literal["auto"] = Field(
        default="auto",
        description="One request first, to warm the cache, and the rest when it has ended; auto does so where it saves "
        "more than the delay is worth, and a command waits for the scores.",
    )
    max_cost: Usd | None = Field(
        default=None, description="USD that a command may cost at most; what may cost more is refused, and not sent."
    )


class BudgetConfig(Section):
    """What the runs of this evaluation may cost together."""

    month_usd: Usd = Field(
        description="USD a calendar month, UTC: what may cost more waits for room, or is refused at submit.",
        examples=[50],
    )


class Config(Section):
    """The config of one evaluation."""

    name: Words = Field(description="How the evaluation is called.", examples=["support"])
    dataset: DatasetConfig
    judge: JudgeConfig | None = None
    jury: JuryConfig | None = None
    graders: Annotated[tuple[GraderConfig, ...], Strict(strict=False)] = Field(min_length=1)
    candidates: Annotated[tuple[CandidateConfig, ...], Strict(strict=False)] = Field(min_length=1)
    gate: GateConfig | None = None
    sentinels: SentinelsConfig | None = None
    submit: SubmitConfig = Field(default_factory=SubmitConfig)
    prices: PricesConfig | None = None
    budget: BudgetConfig | None = None
    usage_log: UsageLogConfig | None = None
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
