"""`[sentinels]`: outputs whose verdict is known, put to the judge in every batch."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationInfo, field_validator

from evalkit.config.section import Section
from evalkit.config.sources import data_file, root_of


class SentinelsConfig(Section):
    """Known outputs that ride along, to see whether the judge is awake."""

    path: Path = Field(
        description="A file of sentinels: rows of id, input, output and purpose; expected and verdicts where needed.",
        examples=["sentinels.jsonl"],
    )

    @field_validator("path", mode="before")
    @classmethod
    def _path_is_there(cls, path: object, info: ValidationInfo) -> object:
        return data_file(str(path), root_of(info.context)) if isinstance(path, str | Path) else path
