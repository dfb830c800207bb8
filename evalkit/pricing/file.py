"""Price lists as files: the packaged one, and those that a user puts over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec

from evalkit.errors import ConfigError, Problem
from evalkit.pricing.prices import Amount, ModelPrices, Prices


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A price file before its models are checked one by one."""

    date: date | None = None
    batch_factor: Amount | None = None
    geo_factors: dict[str, Amount] = {}
    models: dict[str, object] = {}
    aliases: dict[str, str] = {}


def load_prices(override: Path | None = None, models: Mapping[str, ModelPrices] | None = None) -> Prices:
    """The packaged prices; the models of an override file of the same shape win over them, and `models` over both.

    Raises:
        ConfigError: the override cannot be read or is wrong; names file, model and field.
    """
    listed = _packaged() if override is None else _overridden(override)
    if not models:
        return listed
    aliases = {alias: to for alias, to in listed.aliases.items() if alias not in models}
    return replace(listed, models={**listed.models, **models}, aliases=aliases)


def _overridden(override: Path) -> Prices:
    """The packaged prices with a file over them."""
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
        "a model has `rates` of `input` and `output`, and where it caches of `cache_write_5m`, `cache_write_1h` and "
        "`cache_read`, in USD per million tokens"
    )
    return Problem(where=str(path), field=address, what=what[:1].lower() + what[1:], mend=mend)
