"""What runs were to cost, and what they may cost together."""

from __future__ import annotations

from sqlalchemy import Column, Float, Integer, String, Table

from evalkit.store.schema.base import RunId, Time, metadata
from evalkit.store.text import Text

#: A row per run whose cost was estimated before it was sent, as the estimate was then.
estimates = Table(
    "estimates",
    metadata,
    Column("run", RunId, primary_key=True),
    Column("made_at", Time, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("low_usd", Float),  # null: a price is not known
    Column("high_usd", Float),
    Column("at_most_usd", Float),
    Column("price_date", String(10), nullable=False),
    Column("price_source", Text, nullable=False),
    Column("basis", Text, nullable=False),  # JSON: tokens of each kind, hits, seconds, and what they were told from
)

#: A row per suite that has a budget, so that whoever sends something of it keeps within it.
budgets = Table(
    "budgets",
    metadata,
    Column("suite", Text, primary_key=True),
    Column("month_usd", Float, nullable=False),
    Column("set_at", Time, nullable=False),
)
