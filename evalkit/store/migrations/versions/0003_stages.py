"""Runs that wait for others, scores that are taken over, sentinels, realtime parts, attachments, dataset versions."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_KINDS = ("grading", "check", "generation", "jury", "imported")


def upgrade() -> None:
    """Add the tables and the columns; what is there stays as it is."""
    op.add_column("datasets", sa.Column("spec", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("attachments", sa.Text(), nullable=True))
    for table in ("intents", "batches"):
        op.add_column(table, sa.Column("realtime", sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table("runs") as runs:
        runs.drop_constraint("kind_known", type_="check")
        runs.create_check_constraint("kind_known", sa.column("kind").in_(_KINDS))
    op.create_table(
        "waits",
        sa.Column("run", sa.String(length=12), nullable=False),
        sa.Column("needs", sa.String(length=12), nullable=False),
        sa.Column("fresh", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("run", "needs"),
    )
    op.create_index("waits_by_need", "waits", ["needs"], unique=False)
    op.create_table(
        "reused",
        sa.Column("run", sa.String(length=12), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("from_run", sa.String(length=12), nullable=False),
        sa.Column("from_case", sa.Text(), nullable=False),
        sa.Column("served_model", sa.Text(), nullable=True),
        sa.Column("cost_usd", sa.Float(), nullable=True),
        sa.Column("simulated", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("run", "case_id"),
    )
    op.create_index("reused_by_origin", "reused", ["from_run"], unique=False)
    op.create_table(
        "sentinels",
        sa.Column("run", sa.String(length=12), nullable=False),
        sa.Column("sentinel", sa.Text(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run", "sentinel"),
    )
