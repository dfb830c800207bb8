"""What numbers rest on: policies, noise runs, calibrations, the order of submits; and runs that went into a bundle."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the tables and a column; what is there stays as it is."""
    op.add_column("runs", sa.Column("submitted_at", sa.String(length=32), nullable=True))
    op.create_table(
        "policies",
        sa.Column("run", sa.String(length=12), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run"),
    )
    op.create_table(
        "noise_runs",
        sa.Column("run", sa.String(length=12), nullable=False),
        sa.Column("of_run", sa.String(length=12), nullable=False),
        sa.Column("grader_digest", sa.String(length=64), nullable=False),
        sa.Column("judge_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("run"),
    )
    op.create_table(
        "calibrations",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("run", sa.String(length=12), nullable=False),
        sa.Column("candidate_digest", sa.String(length=64), nullable=False),
        sa.Column("dataset", sa.String(length=64), nullable=False),
        sa.Column("grader_digest", sa.String(length=64), nullable=False),
        sa.Column("judge_digest", sa.String(length=64), nullable=False),
        sa.Column("criterion", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("labels_digest", sa.String(length=64), nullable=False),
        sa.Column("sampled", sa.Boolean(), nullable=False),
        sa.Column("measured_at", sa.String(length=32), nullable=False),
        sa.Column("pairs", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("calibrations_by_judge", "calibrations", ["grader_digest", "judge_digest"], unique=False)
    op.create_table(
        "hand_overs",
        sa.Column("run", sa.String(length=12), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=True),
        sa.Column("to", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("run"),
    )
