"""The tokens of a reply, by the kinds that are billed apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one reply; `input_tokens` are those that the cache neither gave nor took."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    geo: str | None = None
    service_tier: str | None = None

    @property
    def prompt_tokens(self) -> int:
        """The whole prompt: fresh, read from the cache and written to it."""
        written = self.cache_write_5m_tokens + self.cache_write_1h_tokens
        return self.input_tokens + self.cache_read_tokens + written

    @property
    def uncached(self) -> Usage:
        """The same tokens, none of them from the cache or for it."""
        return Usage(
            input_tokens=self.prompt_tokens,
            output_tokens=self.output_tokens,
            geo=self.geo,
            service_tier=self.service_tier,
        )


def usage_from_api(usage: Mapping[str, Any] | None, *, ttl: Literal["5m", "1h"] = "5m") -> Usage | None:
    """The tokens of a reply's `usage`; None where input or output tokens are not given: its cost is unknown.

    Cache writes that the API does not split by lifetime count as of the `ttl` that was sent.
    """
    if not usage or not _is_count(usage.get("input_tokens")) or not _is_count(usage.get("output_tokens")):
        return None
    split = usage.get("cache_creation")
    written_5m = _count(split, "ephemeral_5m_input_tokens")
    written_1h = _count(split, "ephemeral_1h_input_tokens")
    unsplit = max(0, _count(usage, "cache_creation_input_tokens") - written_5m - written_1h)
    return Usage(
        input_tokens=usage["input_tokens"],
        output_tokens=usage["output_tokens"],
        cache_read_tokens=_count(usage, "cache_read_input_tokens"),
        cache_write_5m_tokens=written_5m + (unsplit if ttl == "5m" else 0),
        cache_write_1h_tokens=written_1h + (unsplit if ttl == "1h" else 0),
        geo=_text(usage, "inference_geo"),
        service_tier=_text(usage, "service_tier"),
    )


def _count(counts: Mapping[str, Any] | None, name: str) -> int:
    value = counts.get(name) if counts else None
    return cast("int", value) if _is_count(value) else 0


def _text(usage: Mapping[str, Any], name: str) -> str | None:
    value = usage.get(name)
    return None if value is None else str(value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
