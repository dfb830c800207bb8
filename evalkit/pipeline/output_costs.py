"""What outputs cost: as it was recorded beside them, else from their tokens by the price list of today.

A price from the list is worked out when it is read and never kept: the list may change, and whoever shows such a cost
names the list and its date. A recorded cost is a fact and stays one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from evalkit.dataset import OutputFacts
from evalkit.dataset.served import BATCH
from evalkit.pricing import Prices, Usage
from evalkit.store import Store

_READ: Final = frozenset(
    {"input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens"}
)
_PARTS: Final = frozenset({"reasoning_tokens", "total_tokens"})
"""Counts of tokens that others count already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputCosts:
    """What is known of the costs of a candidate's outputs."""

    usd: Mapping[str, float] = field(default_factory=dict[str, float], repr=False)
    """By case id, where it is known."""
    listed: frozenset[str] = field(default_factory=frozenset[str], repr=False)
    """The cases of which it is the list that says it."""
    batched: frozenset[str] = field(default_factory=frozenset[str], repr=False)
    """The cases that went in a batch, at its price."""
    models: tuple[str, ...] = ()
    """The models that served them, the most frequent first."""

    @property
    def model(self) -> str | None:
        """The model that served them all; None where none is named, or several."""
        return self.models[0] if len(self.models) == 1 else None


def output_costs(store: Store, digests: Iterable[str], prices: Prices | None) -> dict[str, OutputCosts]:
    """What is known of the outputs of candidates, by their digest; nothing of one none of whose outputs has a price."""
    found = {digest: _costs(store.content.facts_of_candidate(digest), prices) for digest in sorted(set(digests))}
    return {digest: costs for digest, costs in found.items() if costs.usd}


def _costs(facts: Mapping[str, OutputFacts], prices: Prices | None) -> OutputCosts:
    recorded = {case_id: one.cost_usd for case_id, one in facts.items() if one.cost_usd is not None}
    listed = {
        case_id: cost
        for case_id, one in facts.items()
        if case_id not in recorded and (cost := listed_cost(one, prices)) is not None
    }
    models = Counter(one.model for one in facts.values() if one.model is not None)
    return OutputCosts(
        usd={**recorded, **listed},
        listed=frozenset(listed),
        batched=frozenset(case_id for case_id, one in facts.items() if one.service_tier == BATCH),
        models=tuple(model for model, _ in models.most_common()),
    )


def listed_cost(facts: OutputFacts, prices: Prices | None) -> float | None:
    """USD of an output by the list, from its tokens; None where the list or the facts do not say enough."""
    usage = billed(facts)
    if prices is None or facts.model is None or usage is None:
        return None
    return prices.cost(facts.model, usage, batch=facts.service_tier == BATCH)


def billed(facts: OutputFacts) -> Usage | None:
    """The tokens that are billed; None where input or output is not counted, or tokens are of a kind unheard of.

    Cache writes are kept for five minutes, as is the default, but for those that are known to be kept for an hour.
    """
    counts = facts.usage
    if not {"input_tokens", "output_tokens"} <= counts.keys() or any(
        n for kind, n in counts.items() if kind not in _READ | _PARTS
    ):
        return None
    hourly = counts.get("cache_write_1h_tokens", 0)
    return Usage(
        input_tokens=counts["input_tokens"],
        output_tokens=counts["output_tokens"],
        cache_read_tokens=counts.get("cache_read_tokens", 0),
        cache_write_5m_tokens=max(0, counts.get("cache_write_tokens", 0) - hourly),
        cache_write_1h_tokens=hourly,
        geo=facts.geo,
        service_tier=facts.service_tier,
    )
