"""What `costs` gives back: what was paid, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.tables.rows import Rows, frame, html_table

if TYPE_CHECKING:
    from evalkit.pipeline.costs import CostRow, Costs
    from evalkit.tables.rows import DataFrame

_SHOWN = ("requests", "input_tokens", "cache_read_tokens", "output_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class CostTable(Rows["CostRow"]):
    """What was paid, one row per group."""

    costs: Costs

    @property
    def items(self) -> tuple[CostRow, ...]:
        """What the table is a sequence of: its groups, or all in one where it has none."""
        return self.costs.rows if self.costs.by else (self.costs.total,)

    @property
    def total(self) -> CostRow:
        """All of it."""
        return self.costs.total

    def json(self) -> dict[str, object]:
        """The document of `costs --json`."""
        return self.costs.json()

    def to_frame(self) -> DataFrame:
        """A data frame with the columns of the rows of `costs --json`, those of the estimate apart."""
        return frame([flat(row) for row in self.items])

    def _repr_html_(self) -> str:
        columns = (*self.costs.by, *_SHOWN, "USD", "saved by batching", "saved by caching", "per scored case")
        rows = [
            (
                *row.by.values(),
                *(getattr(row, name) for name in _SHOWN),
                cost(row),
                usd(row.saved_batch_usd),
                usd(row.saved_cache_usd),
                None if row.per_scored_usd is None else usd(row.per_scored_usd),
            )
            for row in (*self.items, *((self.total,) if self.costs.by else ()))
        ]
        whole = [("total", *row[1:]) if len(row) > len(columns) else row for row in rows]
        padded = [("",) * (len(columns) - len(row)) + tuple(row) for row in whole]
        return html_table(columns, padded, said=list(notes(self.costs)))


def flat(row: CostRow) -> dict[str, object]:
    """A row with all of its facts side by side."""
    document = row.json()
    models = document.pop("unpriced_models")
    estimate = document.pop("estimate", None)
    if isinstance(models, dict):
        document["unpriced_models"] = ", ".join(sorted(str(model) for model in models))  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
    if isinstance(estimate, dict):
        document |= {f"estimate_{name}": value for name, value in estimate.items()}  # pyright: ignore[reportUnknownVariableType]
    return document


def cost(row: CostRow) -> str:
    """What a row cost; what is not known of it is said, and never nothing."""
    if not row.unpriced:
        return usd(row.known_usd)
    return f"{usd(row.known_usd)} + ?" if row.known_usd else "unknown"


def usd(amount: float) -> str:
    """Money as it was paid or saved; a loss with its sign."""
    sign, size = "-" if amount < 0 else "", abs(amount)
    return f"{sign}${size:.4f}" if size < 1 else f"{sign}${size:,.2f}"


def notes(costs: Costs) -> Iterator[str]:
    """What a reader must know beside the sums, a sentence each."""
    for model, n in sorted(costs.total.unpriced.items()):
        name = model or "a model that was not named"
        yield f"{_requests(n)} of {name}: price unknown, and in no sum; [prices.models] tells it for those to come"
    if batches := costs.under_way.batches:
        open_ = "batch is" if batches == 1 else "batches are"
        yield f"{batches:,} {open_} not collected: {_requests(costs.under_way.requests)} may still be billed"
    if costs.total.uncompared:
        yield f"{_requests(costs.total.uncompared)} were collected by an older evalkit: what caching saved is not known"
    if costs.fits:
        said = ", ".join(f"{n:,} {fit.value}" for fit, n in sorted(costs.fits.items()))
        share = costs.inside_share
        yield f"runs beside their estimates: {said}" + ("" if share is None else f"; {share * 100:.0f} % inside")
    if costs.simulated:
        yield "simulated by the sandbox: nothing was paid, and this is what it had cost"
    elif costs.others:
        yield f"{_requests(costs.others)} answered by the sandbox are not counted: nothing was paid (--sandbox)"
    dates = costs.price_dates
    listed = "" if not dates else f"; price list of {dates[0]}" + (f" to {dates[-1]}" if len(dates) > 1 else "")
    yield f"days and months are those of UTC, by when a batch was created{listed}"


def _requests(n: int) -> str:
    return f"{n:,} {'request' if n == 1 else 'requests'}"
