"""What a check may be asked: every option, and the checks that it goes with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import Field, Strict, ValidationInfo, field_validator

from evalkit.config.section import Section, Words, compiled
from evalkit.config.sources import existing_file, refusal, root_of
from evalkit.config.words import either

CheckName = Literal[
    "exact",
    "includes",
    "excludes",
    "regex",
    "length",
    "numeric",
    "json_valid",
    "json_schema",
    "json_equal",
    "xml_valid",
    "sql_valid",
    "token_f1",
    "rouge_l",
    "bleu",
    "chrf",
    "recall",
    "precision",
    "mrr",
    "ndcg",
    "similarity",
    "python",
]
_GRADED: Final = ("token_f1", "rouge_l", "bleu", "chrf", "recall", "precision", "mrr", "ndcg", "similarity", "python")
SYNONYMS: Final[Mapping[str, CheckName]] = MappingProxyType(
    {
        "contains": "includes",
        "icontains": "includes",
        "contains-any": "includes",
        "contains-all": "includes",
        "match": "exact",
        "equals": "exact",
        "not-contains": "excludes",
        "is-json": "json_valid",
        "json": "json_valid",
        "is-xml": "xml_valid",
        "is-sql": "sql_valid",
        "f1": "token_f1",
        "rouge-n": "rouge_l",
        "rouge": "rouge_l",
        "javascript": "python",
        "similar": "similarity",
        "semantic_similarity": "similarity",
    }
)
"""What other tools call some of the checks."""
_RANKED: Final = ("recall", "precision", "mrr", "ndcg")
_DOCUMENTS: Final = ("json_valid", "json_schema", "json_equal", "xml_valid", "sql_valid")

OPTIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "pattern": ("regex", "numeric"),
        "ignore_case": ("exact", "includes", "excludes", "regex"),
        "strip": ("exact",),
        "values": ("includes", "excludes"),
        "match": ("includes", "excludes"),
        "min": ("length",),
        "max": ("length",),
        "unit": ("length",),
        "tolerance": ("numeric", "json_equal"),
        "relative_tolerance": ("numeric",),
        "schema": ("json_schema",),
        "fenced": _DOCUMENTS,
        "at": ("json_equal",),
        "dialect": ("sql_valid",),
        "k": _RANKED,
        "ranking": _RANKED,
        "relevant": _RANKED,
        "function": ("similarity", "python"),
        "threshold": _GRADED,
    }
)
"""The checks that each option goes with."""
_NEEDED: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "regex": ("pattern", r"add pattern = '\d+'"),
        "json_schema": ("schema", 'add schema = "answer.schema.json", or a table'),
        "similarity": ("function", 'add function = "vectors:embed", which takes texts and returns their vectors'),
        "python": ("function", 'add function = "checks:cites_a_source"'),
    }
)
"""The option that a check cannot do without, and how to write it."""
_Value = TypeVar("_Value")
Count = Annotated[int, Strict(), Field(ge=0)]
Share = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class CheckOptions(Section):
    """The options of checks; each goes with some of them. What has them has a `check`, validated before."""

    pattern: str | None = Field(
        default=None,
        validate_default=True,
        description="With check = 'regex': the expression to find; with 'numeric': its group is the number.",
        examples=[r"\[\d+\]"],
    )
    ignore_case: bool = Field(default=False, description="With a check of text: whether case does not count.")
    strip: bool = Field(
        default=True, description="With check = 'exact': whether white space at both ends does not count."
    )
    values: Annotated[tuple[str, ...], Strict(strict=False)] | None = Field(
        default=None,
        description="With check = 'includes' or 'excludes': the texts, in place of the case's expected answers.",
    )
    match: Literal["any", "all"] = Field(
        default="any",
        description="With check = 'includes' or 'excludes': whether one of the texts decides, or all together.",
    )
    min: Count | None = Field(default=None, description="With check = 'length': the least.")
    max: Count | None = Field(default=None, validate_default=True, description="With check = 'length': the most.")
    unit: Literal["characters", "words", "lines"] = Field(
        default="characters", description="With check = 'length': what is counted."
    )
    tolerance: Share = Field(default=0.0, description="With check = 'numeric' or 'json_equal': absolute.")
    relative_tolerance: Share = Field(
        default=0.0, description="With check = 'numeric': as a share of the expected number."
    )
    schema_: str | dict[str, Any] | None = Field(
        default=None,
        alias="schema",
        validate_default=True,
        description="With check = 'json_schema': the path of a JSON Schema, or the schema as a table.",
    )
    fenced: bool = Field(
        default=False, description="With a check of a document: whether it may stand in a Markdown code block."
    )
    at: str | None = Field(
        default=None, description="With check = 'json_equal': where the value stands, as answer.items[0].price."
    )
    dialect: Words | None = Field(default=None, description="With check = 'sql_valid': postgres, sqlite, bigquery ...")
    k: Annotated[int, Strict(), Field(ge=1)] | None = Field(
        default=None, description="With a check of a ranking: how many places count; all of them without."
    )
    ranking: Words | None = Field(
        default=None,
        description="With a check of a ranking: the key of the metadata that has it, as contexts; the output without.",
    )
    relevant: Words | None = Field(
        default=None,
        description="With a check of a ranking: the key of the metadata with what is relevant, as source_doc; "
        "`expected` without.",
    )
    function: str | None = Field(
        default=None,
        validate_default=True,
        description="With check = 'python' or 'similarity': module:function, looked for beside the config.",
        examples=["checks:cites_a_source"],
    )
    threshold: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = Field(
        default=None, description="With a check that grades: from which value on it passes."
    )

    @property
    def check_options(self) -> dict[str, Any]:
        """The options that were written, by the name that the check knows them by."""
        given = self.model_dump(exclude_defaults=True, include=_FIELDS)
        given.pop("threshold", None)
        return {name.removesuffix("_"): value for name, value in given.items()}

    @field_validator(*(name for name in OPTIONS if name not in {"schema", "threshold"}), "schema_", "threshold")
    @classmethod
    def _goes_with_the_check(cls, value: _Value, info: ValidationInfo) -> _Value:
        option = str(info.field_name).removesuffix("_")
        check = info.data.get("check", "wrong")
        if value is None or check == "wrong" or check in OPTIONS[option]:
            return value
        if check is None:
            raise refusal("goes with a `check`, not with a `rubric`", _rubric_mend(option))
        names = either(f'"{name}"' for name in OPTIONS[option])
        raise refusal(f'goes with check = {names}, not with "{check}"', "leave it out")

    @field_validator("pattern", "function", "schema_")
    @classmethod
    def _is_there_where_needed(cls, value: _Value, info: ValidationInfo) -> _Value:
        check = str(info.data.get("check"))
        option = str(info.field_name).removesuffix("_")
        needed, mend = _NEEDED.get(check, ("", ""))
        if value is None and needed == option:
            raise refusal(f'is missing beside check = "{check}"', mend, lacks=(option,))
        return value

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str | None, info: ValidationInfo) -> str | None:
        if pattern is not None and compiled(pattern).groups > 1 and info.data.get("check") == "numeric":
            raise refusal("has several groups; one at most captures the number", "write (?: ) for the others")
        return pattern

    @field_validator("values")
    @classmethod
    def _some_values(cls, values: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if values is not None and not all(value.strip() for value in values or ("",)):
            what = "is empty, or holds an empty text, which every output includes"
            raise refusal(what, 'write texts, as in ["refund", "30 days"]')
        return values

    @field_validator("max")
    @classmethod
    def _bounds(cls, most: int | None, info: ValidationInfo) -> int | None:
        least = info.data.get("min")
        if info.data.get("check") == "length" and most is None and least is None:
            raise refusal('is missing beside check = "length"', "add max = 500, or min", lacks=("max", "min"))
        if most is not None and least is not None and most < least:
            raise refusal(f"is less than min, which is {least}", "swap them")
        return most

    @field_validator("schema_")
    @classmethod
    def _schema_is_there(cls, schema: str | dict[str, Any] | None, info: ValidationInfo) -> Any:
        if isinstance(schema, str):
            return _schema_of(existing_file(schema, root_of(info.context)))
        return schema

    @field_validator("function")
    @classmethod
    def _names_a_function(cls, function: str | None) -> str | None:
        parts = function.split(":") if function is not None else ["m", "f"]
        if len(parts) != 2 or not all(part.replace(".", "_").isidentifier() for part in parts):
            raise refusal("names no function", 'write module and function, as in "checks:cites_a_source"')
        return function


_FIELDS: Final = {name if name != "schema" else "schema_" for name in OPTIONS}


def _schema_of(path: Path) -> dict[str, Any]:
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise refusal(f"{path.name} is not valid JSON: {error}", "write a JSON Schema") from error
    if not isinstance(schema, dict):
        raise refusal(f"{path.name} holds no object", "write a JSON Schema")
    return schema  # pyright: ignore[reportUnknownVariableType] # JSON leaves its types open


def _rubric_mend(option: str) -> str:
    return "for a judge that answers in free text use `verdict_pattern`" if option == "pattern" else "leave it out"
