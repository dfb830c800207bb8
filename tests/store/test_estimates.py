"""What runs were to cost, kept as it was said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from evalkit.store import Estimate, Store


def estimate(run: str, **changed: Any) -> Estimate:
    base = Estimate(
        run=run,
        made_at=datetime(2026, 11, 1, tzinfo=UTC),
        requests=4,
        low_usd=0.5,
        high_usd=None,
        at_most_usd=2.0,
        price_date="2026-11-01",
        price_source="prices.json",
        basis={"prompt_tokens": 12},
    )
    return replace(base, **changed)


def test_an_estimate_is_read_as_it_was_kept_and_the_first_one_stays(store: Store) -> None:
    first, later = estimate("a" * 12), estimate("a" * 12, low_usd=9.0)
    with store.database.writing() as connection:
        store.estimates.add(connection, first)
        store.estimates.add(connection, later)
    assert store.estimates.of(["a" * 12, "b" * 12]) == {"a" * 12: first}
