"""The command that shows what models cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from evalkit.cli import options
from evalkit.cli.app import app
from evalkit.errors import UsageError

if TYPE_CHECKING:
    from evalkit.pricing import ModelPrices, Prices, Rates


@app.command(short_help="Show what models cost, and the date of the list.")
def prices(
    models: Annotated[list[str] | None, typer.Argument(help="These models; all without.")] = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Show what models cost: USD per million tokens of each kind, with what the config's [prices] puts over the list.

    The JSON is a price list: edited, it is a file for `[prices] file`.

    Example: evalkit prices claude-haiku-5-5
    """
    from evalkit.cli import tables
    from evalkit.session import Session

    with Session(config=config, reads=True) as session:
        listed = session.prices
    found = _of(listed, models or ())
    if json:
        tables.print_json({**listed.document(), "models": {name: prices.document() for name, prices in found.items()}})
    else:
        _print(listed, found)


def _of(listed: Prices, wanted: list[str] | tuple[()]) -> dict[str, ModelPrices]:
    """The models of these names, or all.

    Raises:
        UsageError: the list has no such model.
    """
    found = {name: listed.model(name) for name in wanted or listed.models}
    unknown = [name for name, prices in found.items() if prices is None]
    if unknown:
        raise UsageError(
            f"the price of {', '.join(unknown)} is not known; add [prices.models.{_key(unknown[0])}] with input and "
            "output, in USD per million tokens, to the config"
        )
    return {name: prices for name, prices in found.items() if prices is not None}


def _key(name: str) -> str:
    from evalkit.config.words import quoted

    return quoted(name)


def _print(listed: Prices, found: dict[str, ModelPrices]) -> None:
    from evalkit.cli.columns import Column
    from evalkit.cli.screen import say_table, say_wrapped

    rows = [(name, rates) for name, prices in found.items() for rates in _rows(prices)]
    kinds = {"input": "input", "output": "output", "5m write": "cache_write_5m", "1h write": "cache_write_1h"}
    say_table(
        [
            Column(name="USD/MTok", cells=[f"{name}{note}" for name, (note, _) in rows], least=20),
            *(
                Column(name=head, cells=[_amount(rates, kind) for _, (_, rates) in rows], right=True)
                for head, kind in {**kinds, "read": "cache_read"}.items()
            ),
            Column(name="caches from", cells=[_least(found[name]) for name, _ in rows], right=True),
        ]
    )
    geo = ", ".join(f"{name} × {factor:g}" for name, factor in listed.geo_factors.items() if factor != 1)
    say_wrapped(
        f"prices of {listed.date}, {listed.origin}; a batch costs × {listed.batch_factor:g}"
        f"{f'; inference geography {geo}' if geo else ''}; caches from: the shortest prefix in tokens; ? is not known",
        style="dim",
    )


def _rows(prices: ModelPrices) -> list[tuple[str, Rates | None]]:
    """The rates of a model, each with what is to be said behind its name."""
    rows: list[tuple[str, Rates | None]] = [("", prices.rates)]
    if prices.long_prompt is not None:
        rows.append((f" > {prices.long_prompt.above_tokens // 1000}k", prices.long_prompt.rates))
    return rows


def _amount(rates: Rates | None, kind: str) -> str:
    amount = None if rates is None else getattr(rates, kind)
    return "?" if amount is None else f"{amount:.4g}"


def _least(prices: ModelPrices) -> str:
    return "?" if prices.min_cacheable_tokens is None else f"{prices.min_cacheable_tokens:,}"
