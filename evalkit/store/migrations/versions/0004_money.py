"""Estimates, budgets, and by which price list a batch was told its costs."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the tables and the columns; what is there stays as it is."""
    op.add_column("runs", sa.Column("cache_ttl", sa.String(length=4), nullable=True))
    op.add_column("intents", sa.Column("size", sa.BigInteger(), nullable=True))
    op.add_column("intents", sa.Column("at_most_usd", sa.Float(), nullable=True))
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
