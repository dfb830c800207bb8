"""The tables, once, for SQLite and PostgreSQL.

Content is kept under its digest (datasets, cases, candidates, graders) and never changes. Runs, requests and raw
results are only ever added. What moves is the state of an intent and of a batch, and only along the arrows that
`intents.py` and `batches.py` name.

A change here needs a migration in `migrations/versions`, and `HEAD` to name it.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    text,
)

from evalkit.run import BatchState, IntentState, RunKind
from evalkit.score import Status
from evalkit.store.text import Text

HEAD: Final = "0002"
"""The newest migration."""

metadata = MetaData()

Digest = String(64)
RunId = String(12)
Time = String(32)  # ISO 8601 in UTC, of fixed width: sorts as text, and reads the same on every database


def _one_of(column: str, values: type[RunKind | IntentState | BatchState | Status]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} in ({listed})", name=f"{column}_known")


#: A row per dataset version.
datasets = Table(
    "datasets",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("name", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("cases", Integer, nullable=False),
    Column("created_at", Time, nullable=False),
)

#: A row per distinct case content: exactly what may shape a judge's answer.
cases = Table(
    "cases",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("input", Text, nullable=False),  # JSON
    Column("expected", Text),  # JSON
    Column("metadata", Text, nullable=False),  # JSON
)

#: A row per case of a dataset, in the order of its file.
dataset_cases = Table(
    "dataset_cases",
    metadata,
    Column("dataset", Digest, primary_key=True),
    Column("case_id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("case_digest", Digest, nullable=False),
    Column("tags", Text, nullable=False),  # JSON
    Column("cluster", Text),
    Index("dataset_cases_in_order", "dataset", "position"),
)

#: A row per candidate version.
candidates = Table(
    "candidates",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", String(16), nullable=False),  # recorded | generated
    Column("spec", Text, nullable=False),  # JSON: where the outputs come from
)

#: A row per output of a candidate.
outputs = Table(
    "outputs",
    metadata,
    Column("candidate", Digest, primary_key=True),
    Column("case_id", Text, primary_key=True),
    Column("case_digest", Digest, nullable=False),
    Column("text", Text, nullable=False),
    Column("usage", Text),  # JSON, where known
    Index("outputs_by_content", "candidate", "case_digest"),
)

#: A row per grader version.
graders = Table(
    "graders",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", String(16), nullable=False),  # rubric | pairwise | check
    Column("parts", Text, nullable=False),  # JSON: part -> digest, so that a difference can be named
    Column("spec", Text, nullable=False),  # JSON: criteria, system prompt, template
)

#: A row per run.
runs = Table(
    "runs",
    metadata,
    Column("run", RunId, primary_key=True),
    Column("suite", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("dataset", Digest, nullable=False),
    Column("dataset_name", Text, nullable=False),
    Column("candidate_digest", Digest, nullable=False),
    Column("candidate", Text, nullable=False),
    Column("baseline_digest", Digest),  # the other side of a pairwise grader
    Column("grader_digest", Digest, nullable=False),
    Column("grader", Text, nullable=False),
    Column("judge", Text),
    Column("effort", String(16)),
    Column("max_tokens", Integer),
    Column("simulated", Boolean, nullable=False),  # judged by the sandbox, by the user's own wish
    Column("label", Text, nullable=False),
    Column("cases", Integer, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("submitted_at", Time),  # when it was last submitted, where that is not when it was made
    _one_of("kind", RunKind),
    Index("runs_newest", "created_at"),
)

#: A row per request of a run; the one place where a custom_id is bound to its case.
requests = Table(
    "requests",
    metadata,
    Column("run", RunId, primary_key=True),
    Column("custom_id", String(64), primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("suffix", String(8), nullable=False),
    Column("part", Integer, nullable=False),
)

#: A row per try to create one part of a run; committed before the create.
intents = Table(
    "intents",
    metadata,
    Column("run", RunId, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("round", Integer, nullable=False),  # 0: the first time; 1 and on: follow-ups of what got no score
    Column("max_tokens", Integer),  # in place of the judge's, for replies that were cut
    Column("requests", Integer, nullable=False),
    Column("body_digest", Digest),
    Column("account", String(16)),
    Column("base_url", Text),
    Column("holder", Text),  # the process that claimed it
    Column("intended_at", Time),
    Column("settled_at", Time),
    Column("clear_at", Time),  # when a healthy list first showed no batch that could be its own
    Column("suspect", Text),  # a batch that may be its own, until its results tell
    Column("cleared", Text, nullable=False, server_default="[]"),  # JSON: batches whose results told otherwise
    Column("batch", Text, unique=True),
    Column("reason", Text),
    _one_of("state", IntentState),
    CheckConstraint("(state = 'created') = (batch is not null)", name="created_has_batch"),
    CheckConstraint("state = 'planned' or intended_at is not null", name="sent_was_intended"),
    # At most one try of a part may be alive: a second create beside it would be paid twice.
    Index(
        "intents_one_alive",
        "run",
        "part",
        unique=True,
        sqlite_where=text("state <> 'not_created'"),
        postgresql_where=text("state <> 'not_created'"),
    ),
)

#: A row per Message Batch.
batches = Table(
    "batches",
    metadata,
    Column("batch", Text, primary_key=True),
    Column("run", RunId, nullable=False),
    Column("part", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("requests", Integer, nullable=False),
    Column("account", String(16), nullable=False),
    Column("base_url", Text, nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time),
    Column("ended_at", Time),
    Column("collected_at", Time),
    Column("cancel_wanted", Boolean, nullable=False),  # by a person: what was canceled is not sent again by itself
    Column("deleted_at", Time),  # when it was deleted at the provider
    Column("lease_holder", Text),
    Column("lease_until", Time),  # until then one collector works on it, and others pass it over
    _one_of("state", BatchState),
    Index("batches_by_run", "run"),
    Index("batches_open", "state"),
)

#: A row per result line, as it came; money is counted here, once per (batch, custom_id).
results = Table(
    "results",
    metadata,
    Column("batch", Text, primary_key=True),
    Column("custom_id", Text, primary_key=True),
    Column("run", RunId, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("received_at", Time, nullable=False),
    Column("type", Text, nullable=False),
    Column("served_model", Text),
    Column("stop_reason", Text),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cache_read_tokens", BigInteger, nullable=False),
    Column("cache_write_5m_tokens", BigInteger, nullable=False),
    Column("cache_write_1h_tokens", BigInteger, nullable=False),
    Column("cost_usd", Float),  # null: the price of the served model is not known
    Index("results_by_run", "run"),
)

#: A row per score; `suffix` is empty for the case's own score, and names the request for a single judgement behind it.
scores = Table(
    "scores",
    metadata,
    Column("run", RunId, primary_key=True),
    Column("case_id", Text, primary_key=True),
    Column("criterion", Text, primary_key=True),
    Column("suffix", String(8), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("value", Float),
    Column("label", Text),
    Column("reason", Text),
    Column("custom_id", String(64)),
    Column("batch", Text),
    _one_of("status", Status),
    CheckConstraint("(status = 'scored') = (value is not null)", name="scored_has_value"),
)

#: A row per pass of a collector, for those who watch that collectors are alive.
passes = Table(
    "passes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("began_at", Time, nullable=False),
    Column("ended_at", Time),
    Column("failure", Text),  # null for a pass that went well
    Index("passes_newest", "began_at"),
)

#: A row per run whose config had a gate when it was submitted: the policy that it was submitted under.
policies = Table(
    "policies",
    metadata,
    Column("run", RunId, primary_key=True),
    Column("policy", Text, nullable=False),  # JSON
)

#: A row per run that judges outputs of another run again, to measure the judge's noise.
noise_runs = Table(
    "noise_runs",
    metadata,
    Column("run", RunId, primary_key=True),
    Column("of_run", RunId, nullable=False),
    Column("grader_digest", Digest, nullable=False),  # of the grader whose noise it measures
    Column("judge_digest", Digest, nullable=False),
    Column("created_at", Time, nullable=False),
)

#: A row per time that a judge was held against human labels.
calibrations = Table(
    "calibrations",
    metadata,
    Column("id", Digest, primary_key=True),
    Column("run", RunId, nullable=False),
    Column("candidate_digest", Digest, nullable=False),
    Column("dataset", Digest, nullable=False),
    Column("grader_digest", Digest, nullable=False),
    Column("judge_digest", Digest, nullable=False),
    Column("criterion", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("labels_digest", Digest, nullable=False),
    Column("sampled", Boolean, nullable=False),
    Column("measured_at", Time, nullable=False),
    Column("pairs", Text, nullable=False),  # JSON: [case id, human, judge]
    Index("calibrations_by_judge", "grader_digest", "judge_digest"),
)

#: A row per run that has ever gone from one store to another in a bundle while a batch of it was open.
hand_overs = Table(
    "hand_overs",
    metadata,
    Column("run", RunId, primary_key=True),
    Column("number", Integer, nullable=False),  # how often, over all stores
    Column("at", Time),  # when this store gave it away; null while this store has it
    Column("to", Text),  # the bundle's path
)
