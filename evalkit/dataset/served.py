"""What a row of outputs says of how its output was served: the model, the service tier, the geography.

A column of such a name may hold something else, as `batch` a number; what does not read as a fact is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from evalkit.dataset.case import Json

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "model": ("model", "model_id", "model_name", "served_model"),
    "service_tier": ("service_tier",),
    "batch": ("batch",),
}
"""Fact -> the columns it is read from, the plainest name first."""
MEMBERS: Final = frozenset({"service_tier", "inference_geo"})
"""What an API says of them among its token counts."""
BATCH: Final = "batch"
_LONGEST: Final = 200
_PARTS: Final = ("prompt_tokens_details", "input_tokens_details")
_SPLIT: Final = "cache_creation"
_HOURLY: Final = "ephemeral_1h_input_tokens"
NESTED: Final = frozenset({*_PARTS, _SPLIT})
"""Objects within those of token counts."""


class Served(NamedTuple):
    """What is known of it."""

    model: str | None = None
    service_tier: str | None = None
    geo: str | None = None


def served(model: Json, tier: Json, batch: Json, usage: Mapping[str, Json]) -> Served:
    """What the cells of a row say, and the members of its usage."""
    said = name(tier) or name(usage.get("service_tier"))
    went = flag(batch)
    return Served(
        model=name(model),
        service_tier=BATCH if went else "standard" if went is False and said in (None, BATCH) else said,
        geo=name(usage.get("inference_geo")),
    )


def name(value: Json) -> str | None:
    """A name as text of a line; None for anything else."""
    text = value.strip() if isinstance(value, str) else ""
    return text if 0 < len(text) <= _LONGEST and text.isprintable() else None


def flag(value: Json) -> bool | None:
    """Whether it is true or false, or the word; None for anything else."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def hourly(usage: Mapping[str, Json]) -> Json:
    """How many of the tokens written to the cache are kept for an hour, where it is said."""
    split = usage.get(_SPLIT)
    return split.get(_HOURLY) if isinstance(split, dict) else None


def cached_within(usage: Mapping[str, Json]) -> Json:
    """How many tokens of the prompt were cached, where an API says so among the prompt's own parts."""
    for part in map(usage.get, _PARTS):
        if isinstance(part, dict):
            return part.get("cached_tokens")
    return None
