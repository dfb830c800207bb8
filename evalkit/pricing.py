"""What a request costs, from a dated data file that a user may override per model.

A price that is not in the file is unknown, which is None and never 0. The file gives USD per million tokens
at the standard tier; a batch costs `batch_factor` of every price, and an inference geography its factor of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, cast

import msgspec

from evalkit.errors import ConfigError, Problem

_Amount: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]
_Tokens: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]

_LISTED_TIERS: Final = (None, "standard", "batch")
"""Service tiers billed by the list; the price of another tier is a contract's, hence unknown."""


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


class Rates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """USD per million tokens of each kind."""

    input: _Amount
    output: _Amount
    cache_write_5m: _Amount
    cache_write_1h: _Amount
    cache_read: _Amount


class LongPrompt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rates of a whole request whose prompt is longer than so many tokens."""

    above_tokens: _Tokens
    rates: Rates


class Earlier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rates that held before a day."""

    before: date
    rates: Rates


class ModelPrices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that the file says of one model; no rates where only its cache is known."""

    rates: Rates | None = None
    long_prompt: LongPrompt | None = None
    earlier: tuple[Earlier, ...] = ()
    min_cacheable_tokens: _Tokens | None = None


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
        per_million = (
            usage.input_tokens * rates.input
            + usage.output_tokens * rates.output
            + usage.cache_write_5m_tokens * rates.cache_write_5m
            + usage.cache_write_1h_tokens * rates.cache_write_1h
            + usage.cache_read_tokens * rates.cache_read
        )
        return per_million / 1e6 * geo_factor * (self.batch_factor if batch else 1.0)

    def min_cacheable_tokens(self, model: str) -> int | None:
        """The shortest prefix that the model caches; None where unknown."""
        prices = self.model(model)
        return prices.min_cacheable_tokens if prices else None


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A price file before its models are checked one by one."""

    date: date | None = None
    batch_factor: _Amount | None = None
    geo_factors: dict[str, _Amount] = {}
    models: dict[str, object] = {}
    aliases: dict[str, str] = {}


def load_prices(override: Path | None = None) -> Prices:
    """The packaged prices; the models of an override file of the same shape win over them.

    Raises:
        ConfigError: the override cannot be read or is wrong; names file, model and field.
    """
    if override is None:
        return _packaged()
    try:
        content = override.read_bytes()
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        mend = "name a price file that exists, or none"
        raise ConfigError([Problem(where=str(override), field=None, what=what, mend=mend)]) from error
    return replace(_read(content, override, base=_packaged()), source=override)


def min_cacheable_tokens(model: str) -> int | None:
    """The shortest prefix that the model caches, by the packaged prices; None where unknown."""
    return load_prices().min_cacheable_tokens(model)


@cache
def _packaged() -> Prices:
    content = files("evalkit").joinpath("data", "prices.json").read_bytes()
    nothing = Prices(date="", batch_factor=1.0, geo_factors={}, models={}, aliases={})
    return _read(content, Path("prices.json"), base=nothing)


def _read(content: bytes, path: Path, *, base: Prices) -> Prices:
    """The base with everything that the file says put over it."""
    try:
        file = msgspec.json.decode(content, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError([_problem(path, None, str(error))]) from error
    models = _models(file.models, path)
    own = {model: prices for model, prices in base.models.items() if model not in file.aliases} | models
    lost = [alias for alias, to in file.aliases.items() if to not in own or alias in models]
    if lost:
        what = "an alias names a model of `models` and is not one itself"
        raise ConfigError([_problem(path, f"aliases.{alias}", what) for alias in lost])
    return Prices(
        date=file.date.isoformat() if file.date else base.date,
        batch_factor=base.batch_factor if file.batch_factor is None else file.batch_factor,
        geo_factors={**base.geo_factors, **file.geo_factors},
        models=own,
        aliases={**base.aliases, **file.aliases},
    )


def _models(entries: Mapping[str, object], path: Path) -> dict[str, ModelPrices]:
    models: dict[str, ModelPrices] = {}
    problems: list[Problem] = []
    for model, entry in entries.items():
        try:
            models[model] = msgspec.convert(entry, ModelPrices)
        except msgspec.ValidationError as error:
            problems.append(_problem(path, f"models.{model}", str(error)))
    if problems:
        raise ConfigError(problems)
    return models


def _problem(path: Path, field: str | None, message: str) -> Problem:
    """The problem with its address: the decoder says `<what> - at `$<field>``."""
    what, _, inner = message.partition(" - at `$")
    address = f"{field or ''}{inner.rstrip('`')}".lstrip(".") or None
    mend = (
        "a model has `rates` of `input`, `output`, `cache_write_5m`, `cache_write_1h` and `cache_read` "
        "in USD per million tokens, as in the packaged prices.json"
    )
    return Problem(where=str(path), field=address, what=what[:1].lower() + what[1:], mend=mend)
