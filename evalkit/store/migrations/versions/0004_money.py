"""Estimates, budgets, by which price list a batch was told its costs, and what its results come to."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the tables and the columns; what is there stays as it is."""
    op.add_column("runs", sa.Column("cache_ttl", sa.String(length=4), nullable=True))
    op.add_column("intents", sa.Column("size", sa.BigInteger(), nullable=True))
    op.add_column("intents", sa.Column("at_most_usd", sa.Float(), nullable=True))
    op.add_column("intents", sa.Column("over_limit", sa.Text(), nullable=True))
    op.add_column("batches", sa.Column("price_date", sa.String(length=10), nullable=True))
    op.add_column("batches", sa.Column("price_source", sa.Text(), nullable=True))
    op.create_table(
        "estimates",
        sa.Column("run", sa.String(length=12), nullable=False),
        sa.Column("made_at", sa.String(length=32), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("low_usd", sa.Float(), nullable=True),
        sa.Column("high_usd", sa.Float(), nullable=True),
        sa.Column("at_most_usd", sa.Float(), nullable=True),
        sa.Column("price_date", sa.String(length=10), nullable=False),
        sa.Column("price_source", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run"),
    )
    op.create_table(
        "budgets",
        sa.Column("suite", sa.Text(), nullable=False),
        sa.Column("month_usd", sa.Float(), nullable=False),
        sa.Column("set_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("suite"),
    )
    op.create_table(
        "caps",
        sa.Column("run", sa.String(length=12), nullable=False),
        sa.Column("command", sa.String(length=16), nullable=False),
        sa.Column("max_usd", sa.Float(), nullable=False),
        sa.Column("sent_before", sa.Text(), server_default="[]", nullable=False),
        sa.PrimaryKeyConstraint("run"),
    )
    op.create_index("caps_by_command", "caps", ["command"])
    op.add_column("results", sa.Column("uncached_usd", sa.Float(), nullable=True))
    op.create_table(
        "ledger",
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("served_model", sa.Text(), nullable=False),
        sa.Column("results", sa.Integer(), nullable=False),
        sa.Column("unbilled", sa.Integer(), nullable=False),
        sa.Column("priced", sa.Integer(), nullable=False),
        sa.Column("cost_usd", sa.Float(), nullable=False),
        sa.Column("compared", sa.Integer(), nullable=False),
        sa.Column("uncached_usd", sa.Float(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_read_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_5m_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_1h_tokens", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("batch", "served_model"),
    )
    op.create_table(
        "usage_logs",
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("begins_at", sa.BigInteger(), nullable=True),
        sa.Column("written_at", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("batch"),
    )
    op.create_index("usage_logs_unwritten", "usage_logs", ["file", "written_at"])
    own = sa.text("suffix = '' and status = 'scored'")
    op.create_index("scores_own", "scores", ["run", "criterion"], sqlite_where=own, postgresql_where=own)
    # What was collected before comes to something too; of caching nothing was kept of it, unless nothing was cached.
    op.execute(_FILL)


_FILL = """
insert into ledger (
    batch, served_model, results, unbilled, priced, cost_usd, compared, uncached_usd, input_tokens, output_tokens,
    cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens
)
select
    batch, served_model, count(*), sum(unbilled), count(cost_usd), coalesce(sum(cost_usd), 0),
    count(uncached_usd), coalesce(sum(uncached_usd), 0), sum(input_tokens), sum(output_tokens),
    sum(cache_read_tokens), sum(cache_write_5m_tokens), sum(cache_write_1h_tokens)
from (
    select
        r.batch, coalesce(r.served_model, '') as served_model,
        case when r.type = 'succeeded' then 0 else 1 end as unbilled, r.cost_usd,
        case when r.cache_read_tokens + r.cache_write_5m_tokens + r.cache_write_1h_tokens = 0
             then r.cost_usd end as uncached_usd,
        r.input_tokens, r.output_tokens, r.cache_read_tokens, r.cache_write_5m_tokens, r.cache_write_1h_tokens
    from results r join batches b on b.batch = r.batch
    where b.state = 'collected'
) told
group by batch, served_model
"""
