"""What the tables of the config have in common: strict, frozen, no unknown keys."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from evalkit.config.sources import refusal
from evalkit.config.words import quoted

DEFAULT_MAX_TOKENS: Final = 4096


class Section(BaseModel):
    """A table of the config."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


def _clean(text: str) -> str:
    """The text, if it can be read where it is printed."""
    if not text.strip():
        raise refusal("is empty", "write a name")
    if not text.isprintable():
        raise refusal(f"holds an invisible character: {quoted(text)}", "use letters, digits and spaces")
    if text != text.strip():
        raise refusal(f"begins or ends with a space: {quoted(text)}", f"write {quoted(text.strip())}")
    return text


def compiled(pattern: str) -> re.Pattern[str]:
    """The regular expression of a config value."""
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise refusal(
            f"is not a regular expression: {error}", "use single quotes, so that `\\` means itself"
        ) from error


Words = Annotated[str, AfterValidator(_clean)]
"""Printable text, not empty, without spaces around it."""
Effort = Literal["low", "medium", "high", "xhigh", "max"]
Usd = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""An amount of money."""
MaxTokens = Annotated[int, Field(ge=1, description="Most tokens of one reply, thinking included.")]
