"""`[dataset.filter]`: which of a dataset's cases are scored."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, cast

from pydantic import Field, Strict, ValidationInfo, field_validator

from evalkit.config.section import Section, Words
from evalkit.config.sources import existing_file, refusal, root_of
from evalkit.config.words import quoted

Texts = Annotated[tuple[Words, ...], Strict(strict=False), Field(min_length=1)]
Value = str | bool | int | float
Positive = Annotated[int, Strict(), Field(ge=1)]
_VALUE_MEND: Final = 'write it as in metadata = { language = "de" }, or ["de", "at"] for any of these'


class FilterConfig(Section):
    """Which of a dataset's cases are scored; a case must meet every condition."""

    split: Words | None = Field(default=None, description="Only cases of this split.", examples=["test"])
    tags: Texts | None = Field(default=None, description="Only cases with any of these tags.", examples=[["billing"]])
    all_tags: Texts | None = Field(default=None, description="Only cases with all of these tags.")
    not_tags: Texts | None = Field(default=None, description="Only cases with none of these tags.")
    metadata: Mapping[Words, Annotated[tuple[Value, ...], Strict(strict=False)]] = Field(
        default={},
        description="Only cases whose metadata has this value, or one of a list, under each key.",
        examples=[{"language": "de"}],
    )
    ids: Texts | None = Field(default=None, description="Only these cases.")
    ids_file: Path | None = Field(
        default=None, description="Only the cases of this file: one id a line, or a data file with a column of ids."
    )
    sample: Positive | None = Field(
        default=None, description="So many of them, drawn by a digest of seed and id: the same on every machine."
    )
    seed: Annotated[int, Strict()] = Field(default=0, description="Another seed draws another sample.")
    stratify: Words | None = Field(
        default=None,
        description="With sample: `tag`, or a key of the metadata whose values keep their shares.",
        validate_default=True,
    )
    first: Positive | None = Field(default=None, description="Of what is left, so many from the top of the file.")

    @field_validator("tags", "all_tags", "not_tags", "ids", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("metadata", mode="before")
    @classmethod
    def _values(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        pairs = cast("dict[str, object]", value).items()
        return {key: _several(key, item) for key, item in pairs}

    @field_validator("ids_file", mode="before")
    @classmethod
    def _file_is_there(cls, path: object, info: ValidationInfo) -> object:
        return existing_file(str(path), root_of(info.context)) if isinstance(path, str | Path) else path

    @field_validator("stratify")
    @classmethod
    def _goes_with_sample(cls, stratify: str | None, info: ValidationInfo) -> str | None:
        if stratify is not None and info.data.get("sample", 1) is None:
            raise refusal("says how to sample, and there is no sample", "add sample = 200, or leave it out")
        return stratify

    @property
    def given(self) -> dict[str, object]:
        """The conditions that were written; no seed where nothing is sampled."""
        said = self.model_dump(mode="json", exclude_defaults=True)
        if self.metadata:
            said["metadata"] = {key: one[0] if len(one) == 1 else list(one) for key, one in self.metadata.items()}
        if self.sample is not None:
            said["seed"] = self.seed
        else:
            said.pop("seed", None)
        return said


def _several(key: str, value: object) -> list[object]:
    """The values that may stand under a key of the metadata."""
    items = list(cast("list[object]", value)) if isinstance(value, list | tuple) else [value]
    if not items or not all(isinstance(item, str | bool | int | float) for item in items):
        raise refusal(f"{quoted(key)} is no text, number or list of them", _VALUE_MEND)
    return items
