"""`[prices]`: what models cost, where the list that evalkit carries does not know it or a contract says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PrivateAttr, Strict, ValidationInfo, field_validator

from evalkit.config.section import Section, Words
from evalkit.config.sources import existing_file, root_of

_Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ModelPricesConfig(Section):
    """USD per million tokens of one model, at the standard tier; a batch costs its factor of them."""

    input: _Amount = Field(description="USD per million tokens of the prompt.", examples=[0.25])
    output: _Amount = Field(description="USD per million tokens of the reply.", examples=[1.25])
    cache_write_5m: _Amount | None = Field(default=None, description="USD per million tokens cached for 5 minutes.")
    cache_write_1h: _Amount | None = Field(default=None, description="USD per million tokens cached for an hour.")
    cache_read: _Amount | None = Field(default=None, description="USD per million tokens read from the cache.")
    min_cacheable_tokens: Annotated[int, Strict()] | None = Field(
        default=None, ge=1, description="The shortest prefix that the model caches."
    )


class PricesConfig(Section):
    """Prices that win over the list that evalkit carries."""

    file: Words | None = Field(
        default=None, description="A price list of the shape that `evalkit prices --json` prints."
    )
    models: Mapping[Words, ModelPricesConfig] = Field(
        default={}, description="Prices of single models, which win over those of the file."
    )
    _path: Path | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any, /) -> None:
        """Keep where the file is."""
        if self.file is not None:
            self._path = existing_file(self.file, root_of(context))

    @property
    def path(self) -> Path | None:
        """The absolute path of the price list, if one is named."""
        return self._path

    @field_validator("file")
    @classmethod
    def _file_is_there(cls, file: str | None, info: ValidationInfo) -> str | None:
        if file is not None:
            existing_file(file, root_of(info.context))
        return file
