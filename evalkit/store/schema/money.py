"""What runs were to cost, what they may cost together, and what they have cost."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table

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

#: A row per run of a command that was given a most that it may cost, with all that comes of it later.
caps = Table(
    "caps",
    metadata,
    Column("run", RunId, primary_key=True),
    Column("command", String(16), nullable=False),  # the runs of one command have one, and keep within it together
    Column("max_usd", Float, nullable=False),
    Column("sent_before", Text, nullable=False, server_default="[]"),  # JSON: parts that are not of the command
    Index("caps_by_command", "command"),
)

#: A row per collected batch and model that served it: what its results come to, so that nobody adds them up again.
ledger = Table(
    "ledger",
    metadata,
    Column("batch", Text, primary_key=True),
    Column("served_model", Text, primary_key=True),  # empty for results that no model answered
    Column("results", Integer, nullable=False),
    Column("unbilled", Integer, nullable=False),  # canceled, expired, errored
    Column("priced", Integer, nullable=False),  # results whose cost is known
    Column("cost_usd", Float, nullable=False),  # of those
    Column("compared", Integer, nullable=False),  # results of which is known what they had cost uncached
    Column("uncached_usd", Float, nullable=False),  # of those
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cache_read_tokens", BigInteger, nullable=False),
    Column("cache_write_5m_tokens", BigInteger, nullable=False),
    Column("cache_write_1h_tokens", BigInteger, nullable=False),
)

#: A row per batch whose usage goes into a log: kept with its end, so that a collector that dies in between is known.
usage_logs = Table(
    "usage_logs",
    metadata,
    Column("batch", Text, primary_key=True),
    Column("file", Text, nullable=False),
    Column("begins_at", BigInteger),  # where in the file its lines begin, at the earliest; null: nothing is written
    Column("written_at", Time),  # null until all of it is in the file
    Index("usage_logs_unwritten", "file", "written_at"),
)
