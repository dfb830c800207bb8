"""`[jury]`: several models that judge the same outputs, each by itself."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, Strict, field_validator

from evalkit.config.section import Section, Words
from evalkit.config.sources import refusal
from evalkit.config.words import quoted

_MOST: Final = 9
_NO_MODEL: Final = frozenset(" ,()")


class JuryConfig(Section):
    """The models that judge together."""

    judges: Annotated[tuple[Words, ...], Strict(strict=False)] = Field(
        description="The models, 2 to 9; an odd number has a majority more often.",
        examples=[["claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"]],
        json_schema_extra={"minItems": 2, "maxItems": _MOST},
    )
    reducer: Literal["mean", "majority", "all"] = Field(
        default="majority", description="How their verdicts on a case become one; the lowest with `all`."
    )

    @field_validator("judges")
    @classmethod
    def _are_models(cls, judges: tuple[str, ...]) -> tuple[str, ...]:
        if not 2 <= len(judges) <= _MOST:
            one = "one judge is no jury" if len(judges) == 1 else f"has {len(judges)} judges"
            raise refusal(one, f"name 2 to {_MOST} models, better 3; a single one goes under [judge]")
        for place, model in enumerate(judges):
            if model in judges[:place]:
                raise refusal(f"names {quoted(model)} twice", "name each judge once: no juror has two votes")
            if _NO_MODEL & set(model):
                raise refusal(f"holds {quoted(model)}, which is no model's name", "write one model per entry")
        return judges
