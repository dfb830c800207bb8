"""Costs: what was paid, by whatever one asks for, from the ledger of the store.

Every request counts once, on the UTC day on which its batch was created. Sums are exact over the same batches in any
grouping, so that the total of a table never depends on how it is grouped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import fsum
from typing import Final, Literal, TypeAlias, cast, get_args

from evalkit.errors import UsageError
from evalkit.pipeline.estimated import Estimated, Fit, estimated
from evalkit.pricing import Prices
from evalkit.run import RunKind
from evalkit.store import LedgerEntry, Store, UnderWay

By: TypeAlias = Literal["day", "month", "suite", "candidate", "grader", "judge", "label", "run", "kind"]
GROUPS: Final[tuple[By, ...]] = get_args(By)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """What the requests of one group come to."""

    by: Mapping[str, str]
    """The group: what was asked for, and its value."""
    requests: int
    unbilled: int
    """Canceled, expired or errored: nothing was billed."""
    unpriced: Mapping[str, int]
    """Requests whose cost is not known, by the model that served them."""
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    known_usd: float
    """Of the requests whose cost is known."""
    saved_batch_usd: float
    """What these had cost more one by one, at full price."""
    saved_cache_usd: float
    """What they had cost more without any caching; less than nothing where caching cost more than it saved."""
    uncompared: int
    """Requests of a known cost of which that is not known: they were collected by an evalkit that did not tell."""
    scored: int
    """Cases that have a score which these requests, and those of the same run, paid for."""
    estimate: Estimated | None = None
    """Of the run, where the group is one run."""

    @property
    def cost_usd(self) -> float | None:
        """The cost; None where that of a request is not known."""
        return None if self.unpriced else self.known_usd

    @property
    def cache_write_tokens(self) -> int:
        """Of both lifetimes."""
        return self.cache_write_5m_tokens + self.cache_write_1h_tokens

    @property
    def per_scored_usd(self) -> float | None:
        """The cost of a scored case; None where no case is scored, or a cost is not known."""
        return self.cost_usd / self.scored if self.scored and self.cost_usd is not None else None

    def json(self) -> dict[str, object]:
        """The row of `costs --json`."""
        return {
            **self.by,
            "requests": self.requests,
            "unbilled": self.unbilled,
            "unpriced": sum(self.unpriced.values()),
            "unpriced_models": dict(self.unpriced),
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "cache_read_tokens": self.cache_read_tokens,
            "cache_write_5m_tokens": self.cache_write_5m_tokens,
            "cache_write_1h_tokens": self.cache_write_1h_tokens,
            "cost_usd": self.cost_usd,
            "known_usd": self.known_usd,
            "saved_batch_usd": self.saved_batch_usd,
            "saved_cache_usd": self.saved_cache_usd,
            "scored": self.scored,
            "per_scored_usd": self.per_scored_usd,
            **({} if self.estimate is None else {"estimate": self.estimate.json()}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What was paid: a row per group, and all of it."""

    by: tuple[By, ...]
    rows: tuple[CostRow, ...]
    total: CostRow
    simulated: bool
    """Whether these are the sandbox's, for which nothing was paid."""
    others: int
    """Requests of the other sort, real or simulated, which are not among them."""
    under_way: UnderWay
    fits: Mapping[Fit, int] = field(default_factory=dict[Fit, int])
    """Runs by where their actual cost lies beside their estimate."""
    price_dates: tuple[str, ...] = ()
    """Of the price lists that told these costs, oldest first."""

    @property
    def inside_share(self) -> float | None:
        """Share of the runs whose cost came to lie inside of its estimate."""
        n = sum(self.fits.values())
        return self.fits.get(Fit.INSIDE, 0) / n if n else None

    def json(self) -> dict[str, object]:
        """The document of `costs --json`."""
        return {
            "by": list(self.by),
            "rows": [row.json() for row in self.rows],
            "total": self.total.json(),
            "simulated": self.simulated,
            "requests_simulated" if not self.simulated else "requests_real": self.others,
            "under_way": {"batches": self.under_way.batches, "requests": self.under_way.requests},
            "estimates": {
                **{fit.value: self.fits.get(fit, 0) for fit in Fit},
                "inside_share": self.inside_share,
            },
            "price_dates": list(self.price_dates),
        }


def groups(named: Iterable[str]) -> tuple[By, ...]:
    """The groups of these names, each once.

    Raises:
        UsageError: one is none.
    """
    wanted = dict.fromkeys(named)
    if unknown := [name for name in wanted if name not in GROUPS]:
        raise UsageError(f"costs cannot be told by {unknown[0]!r}; by {', '.join(GROUPS[:-1])} or {GROUPS[-1]}")
    return tuple(cast("By", name) for name in wanted)


def costs(
    store: Store,
    prices: Prices,
    by: Sequence[By] = (),
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    suite: str | None = None,
    label: str | None = None,
    simulated: bool = False,
) -> Costs:
    """What was paid for the batches of a store.

    Args:
        store: the store.
        prices: for what a batch costs less than the same requests one by one.
        by: the groups, one within the other.
        since: only batches created then or later.
        until: only batches created before.
        suite: only runs of this suite.
        label: only runs under this label.
        simulated: what the sandbox answered, in place of what was paid.
    """
    entries = store.ledger.entries(since=since, until=until, suite=suite, label=label, simulated=simulated)
    others = store.ledger.entries(since=since, until=until, suite=suite, label=label, simulated=not simulated)
    under_way = store.ledger.under_way(since=since, until=until, suite=suite, label=label, simulated=simulated)
    first = {entry.run: entry for entry in reversed(entries)}
    graded = [run for run, entry in first.items() if entry.kind is not RunKind.GENERATION]
    scored = store.ledger.scored(graded)
    whole = store.ledger.entries(simulated=simulated) if since or until else entries
    told = estimated(store, list(first), whole)
    grouped: dict[tuple[str, ...], list[LedgerEntry]] = {}
    for entry in entries:
        grouped.setdefault(_group(entry, by), []).append(entry)
    rows = [
        _row(
            dict(zip(by, group, strict=True)),
            found,
            prices,
            first=first,
            scored=scored,
            told=told if "run" in by else {},
        )
        for group, found in sorted(grouped.items())
    ]
    return Costs(
        by=tuple(by),
        rows=tuple(rows) if by else (),
        total=_row({}, entries, prices, first=first, scored=scored, told={}),
        simulated=simulated,
        others=sum(entry.results for entry in others),
        under_way=under_way,
        fits=Counter(one.fit for one in told.values() if one.fit),
        price_dates=tuple(sorted({entry.price_date for entry in entries if entry.price_date})),
    )


def _group(entry: LedgerEntry, by: Sequence[By]) -> tuple[str, ...]:
    return tuple(_VALUES[one](entry) for one in by)


def _kind(entry: LedgerEntry) -> str:
    kind = "noise" if entry.noise else entry.kind.value
    return f"{kind}, realtime" if entry.realtime else kind


_VALUES: Final[Mapping[By, Callable[[LedgerEntry], str]]] = {
    "day": lambda entry: f"{entry.created_at:%Y-%m-%d}",
    "month": lambda entry: f"{entry.created_at:%Y-%m}",
    "suite": lambda entry: entry.suite,
    "candidate": lambda entry: entry.candidate,
    "grader": lambda entry: entry.grader,
    "judge": lambda entry: entry.judge or "",
    "label": lambda entry: entry.label,
    "run": lambda entry: entry.run,
    "kind": _kind,
}


def _row(
    by: Mapping[str, str],
    entries: Sequence[LedgerEntry],
    prices: Prices,
    *,
    first: Mapping[str, LedgerEntry],
    scored: Mapping[str, int],
    told: Mapping[str, Estimated],
) -> CostRow:
    unpriced: Counter[str] = Counter()
    for entry in entries:
        if entry.unpriced:
            unpriced[entry.served_model] += entry.unpriced
    # A run's cases count where its first batch does: what is sent again does not score them twice.
    runs = {entry.run for entry in entries if first[entry.run] is entry}
    dearer = 1 / prices.batch_factor - 1 if prices.batch_factor else 0.0
    return CostRow(
        by=by,
        requests=sum(entry.results for entry in entries),
        unbilled=sum(entry.unbilled for entry in entries),
        unpriced=dict(unpriced),
        input_tokens=sum(entry.input_tokens for entry in entries),
        output_tokens=sum(entry.output_tokens for entry in entries),
        cache_read_tokens=sum(entry.cache_read_tokens for entry in entries),
        cache_write_5m_tokens=sum(entry.cache_write_5m_tokens for entry in entries),
        cache_write_1h_tokens=sum(entry.cache_write_1h_tokens for entry in entries),
        known_usd=fsum(entry.cost_usd for entry in entries),
        saved_batch_usd=fsum(entry.cost_usd * dearer for entry in entries if not entry.realtime),
        saved_cache_usd=fsum(entry.uncached_usd - entry.cost_usd for entry in entries if _is_compared(entry)),
        uncompared=sum(entry.priced for entry in entries if not _is_compared(entry)),
        scored=sum(scored.get(run, 0) for run in runs),
        estimate=told.get(by.get("run", "")),
    )


def _is_compared(entry: LedgerEntry) -> bool:
    return entry.compared == entry.priced
