"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "batches",
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("run", sa.String(length=12), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=16), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("expires_at", sa.String(length=32), nullable=True),
        sa.Column("ended_at", sa.String(length=32), nullable=True),
        sa.Column("collected_at", sa.String(length=32), nullable=True),
        sa.Column("cancel_wanted", sa.Boolean(), nullable=False),
        sa.Column("deleted_at", sa.String(length=32), nullable=True),
        sa.Column("lease_holder", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.String(length=32), nullable=True),
        sa.CheckConstraint("state in ('in_progress', 'canceling', 'ended', 'collected')", name="state_known"),
        sa.PrimaryKeyConstraint("batch"),
    )
    op.create_index("batches_by_run", "batches", ["run"], unique=False)
    op.create_index("batches_open", "batches", ["state"], unique=False)
    op.create_table(
        "candidates",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "cases",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=True),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "dataset_cases",
        sa.Column("dataset", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("case_digest", sa.String(length=64), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("cluster", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("dataset", "case_id"),
    )
    op.create_index("dataset_cases_in_order", "dataset_cases", ["dataset", "position"], unique=False)
    op.create_table(
        "datasets",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "graders",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("parts", sa.Text(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "intents",
        sa.Column("run", sa.String(length=12), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("max_tokens", sa.Integer(), nullable=True),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("body_digest", sa.String(length=64), nullable=True),
        sa.Column("account", sa.String(length=16), nullable=True),
        sa.Column("base_url", sa.Text(), nullable=True),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("intended_at", sa.String(length=32), nullable=True),
        sa.Column("settled_at", sa.String(length=32), nullable=True),
        sa.Column("clear_at", sa.String(length=32), nullable=True),
        sa.Column("suspect", sa.Text(), nullable=True),
        sa.Column("cleared", sa.Text(), server_default="[]", nullable=False),
        sa.Column("batch", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'created') = (batch is not null)", name="created_has_batch"),
        sa.CheckConstraint("state = 'planned' or intended_at is not null", name="sent_was_intended"),
        sa.CheckConstraint("state in ('planned', 'intended', 'created', 'not_created', 'unknown')", name="state_known"),
        sa.PrimaryKeyConstraint("run", "part", "attempt"),
        sa.UniqueConstraint("batch"),
    )
    op.create_index(
        "intents_one_alive",
        "intents",
        ["run", "part"],
        unique=True,
        sqlite_where=sa.text("state <> 'not_created'"),
        postgresql_where=sa.text("state <> 'not_created'"),
    )
    op.create_table(
        "outputs",
        sa.Column("candidate", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("case_digest", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("usage", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("candidate", "case_id"),
    )
    op.create_index("outputs_by_content", "outputs", ["candidate", "case_digest"], unique=False)
    op.create_table(
        "passes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("began_at", sa.String(length=32), nullable=False),
        sa.Column("ended_at", sa.String(length=32), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("passes_newest", "passes", ["began_at"], unique=False)
    op.create_table(
        "requests",
        sa.Column("run", sa.String(length=12), nullable=False),
        sa.Column("custom_id", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("suffix", sa.String(length=8), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run", "custom_id"),
    )
    op.create_table(
        "results",
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("custom_id", sa.Text(), nullable=False),
        sa.Column("run", sa.String(length=12), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.String(length=32), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("served_model", sa.Text(), nullable=True),
        sa.Column("stop_reason", sa.Text(), nullable=True),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_read_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_5m_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_1h_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost_usd", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("batch", "custom_id"),
    )
    op.create_index("results_by_run", "results", ["run"], unique=False)
    op.create_table(
        "runs",
        sa.Column("run", sa.String(length=12), nullable=False),
        sa.Column("suite", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("dataset", sa.String(length=64), nullable=False),
        sa.Column("dataset_name", sa.Text(), nullable=False),
        sa.Column("candidate_digest", sa.String(length=64), nullable=False),
        sa.Column("candidate", sa.Text(), nullable=False),
        sa.Column("baseline_digest", sa.String(length=64), nullable=True),
        sa.Column("grader_digest", sa.String(length=64), nullable=False),
        sa.Column("grader", sa.Text(), nullable=False),
        sa.Column("judge", sa.Text(), nullable=True),
        sa.Column("effort", sa.String(length=16), nullable=True),
        sa.Column("max_tokens", sa.Integer(), nullable=True),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.CheckConstraint("kind in ('grading', 'check', 'generation')", name="kind_known"),
        sa.PrimaryKeyConstraint("run"),
    )
    op.create_index("runs_newest", "runs", ["created_at"], unique=False)
    op.create_table(
        "scores",
        sa.Column("run", sa.String(length=12), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("criterion", sa.Text(), nullable=False),
        sa.Column("suffix", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("custom_id", sa.String(length=64), nullable=True),
        sa.Column("batch", sa.Text(), nullable=True),
        sa.CheckConstraint("(status = 'scored') = (value is not null)", name="scored_has_value"),
        sa.CheckConstraint(
            "status in ('scored', 'unparsable', 'truncated', 'refused', 'errored', 'expired', 'canceled', 'missing')",
            name="status_known",
        ),
        sa.PrimaryKeyConstraint("run", "case_id", "criterion", "suffix"),
    )
