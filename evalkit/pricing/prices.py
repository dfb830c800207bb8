"""What a request costs, from a dated data file that a user may override per model.

A price that is not in the file is unknown, which is None and never 0. The file gives USD per million tokens
at the standard tier; a batch costs `batch_factor` of every price, and an inference geography its factor of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias, cast

import msgspec

from evalkit.pricing.usage import Usage

Amount: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]
_Tokens: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]

_LISTED_TIERS: Final = (None, "standard", "batch")
"""Service tiers billed by the list; the price of another tier is a contract's, hence unknown."""


class Rates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """USD per million tokens of each kind; None for a kind whose price is not known."""

    input: Amount
    output: Amount
    cache_write_5m: Amount | None = None
    cache_write_1h: Amount | None = None
    cache_read: Amount | None = None

    def of(self, usage: Usage) -> float | None:
        """USD for the tokens of one reply; None where there are tokens of a kind without a price."""
        kinds = (
            (usage.input_tokens, self.input),
            (usage.output_tokens, self.output),
            (usage.cache_write_5m_tokens, self.cache_write_5m),
            (usage.cache_write_1h_tokens, self.cache_write_1h),
            (usage.cache_read_tokens, self.cache_read),
        )
        total = 0.0
        for tokens, rate in kinds:
            if tokens and rate is None:
                return None
            total += tokens * (rate or 0.0)
        return total / 1e6


class LongPrompt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rates of a whole request whose prompt is longer than so many tokens."""

    above_tokens: _Tokens
    rates: Rates


class Earlier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rates that held before a day."""

    before: date
    rates: Rates


class ModelPrices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """All that the file says of one model; no rates where only its cache is known."""

    rates: Rates | None = None
    long_prompt: LongPrompt | None = None
    earlier: tuple[Earlier, ...] = ()
    min_cacheable_tokens: _Tokens | None = None

    def document(self) -> dict[str, Any]:
        """As a price list has it."""
        return cast("dict[str, Any]", msgspec.to_builtins(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The price list of one day; print its date beside every amount."""

    date: str
    source: Path | None = None
    """The override file, where there is one."""
    batch_factor: float
    geo_factors: Mapping[str, float]
    models: Mapping[str, ModelPrices]
    aliases: Mapping[str, str]

    @property
    def origin(self) -> str:
        """Where the list is from, in words."""
        return self.source.name if self.source else "the list that evalkit carries"

    def document(self) -> dict[str, Any]:
        """The list without its models, as a price list has it."""
        return {
            "date": self.date,
            "batch_factor": self.batch_factor,
            "geo_factors": dict(self.geo_factors),
            "aliases": dict(self.aliases),
        }

    def model(self, model: str) -> ModelPrices | None:
        """What the list says of a model id or one of its aliases; None where nothing."""
        return self.models.get(model) or self.models.get(self.aliases.get(model, ""))

    def rates(self, model: str, *, prompt_tokens: int = 0, on: date | None = None) -> Rates | None:
        """The standard rates for a prompt of this length, on a day or by default the list's own."""
        prices = self.model(model)
        if prices is None:
            return None
        if prices.long_prompt is not None and prompt_tokens > prices.long_prompt.above_tokens:
            return prices.long_prompt.rates
        if on is None or not prices.earlier:
            return prices.rates
        day = on.date() if isinstance(on, datetime) else on
        held = [earlier for earlier in prices.earlier if day < earlier.before]
        return min(held, key=lambda earlier: earlier.before).rates if held else prices.rates

    def cost(self, model: str, usage: Usage | None, *, batch: bool, on: date | None = None) -> float | None:
        """USD for one reply, by the model that served it; None if a thing it depends on is unknown."""
        if usage is None or usage.service_tier not in _LISTED_TIERS:
            return None
        rates = self.rates(model, prompt_tokens=usage.prompt_tokens, on=on)
        geo_factor = 1.0 if usage.geo is None else self.geo_factors.get(usage.geo)
        if rates is None or geo_factor is None:
            return None
        amount = rates.of(usage)
        return None if amount is None else amount * geo_factor * (self.batch_factor if batch else 1.0)

    def min_cacheable_tokens(self, model: str) -> int | None:
        """The shortest prefix that the model caches; None where unknown."""
        prices = self.model(model)
        return prices.min_cacheable_tokens if prices else None
