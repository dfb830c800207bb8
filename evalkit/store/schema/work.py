"""Runs and what comes of them: requests, intents, batches, raw results, scores."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    false,
    text,
)

from evalkit.run import BatchState, IntentState, RunKind
from evalkit.score import Status
from evalkit.store.schema.base import Digest, RunId, Time, metadata
from evalkit.store.text import Text


def _one_of(column: str, values: type[RunKind | IntentState | BatchState | Status]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} in ({listed})", name=f"{column}_known")


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
    Column("cache_ttl", String(4)),  # off | 5m | 1h: how long its shared prefix stays cached; null: the rule of old
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
    Column("realtime", Boolean, nullable=False, server_default=false()),  # sent one by one, at full price
    Column("size", BigInteger),  # bytes of its body
    Column("at_most_usd", Float),  # what it may cost at most; null: not known
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
    Column("realtime", Boolean, nullable=False, server_default=false()),  # no batch of the API: sent one by one
    Column("lease_until", Time),  # until then one collector works on it, and others pass it over
    Column("price_date", String(10)),  # of the price list that its costs were told by
    Column("price_source", Text),  # where that list was from
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

#: A row per run that a run waits for: a grading run for the run that makes its outputs, a jury for its jurors.
waits = Table(
    "waits",
    metadata,
    Column("run", RunId, primary_key=True),
    Column("needs", RunId, primary_key=True),
    Column("fresh", Boolean, nullable=False, server_default=false()),  # it will take over no scores
    Index("waits_by_need", "needs"),
)

#: A row per case of a run whose score is that of the same output in an earlier run, taken over and not paid again.
reused = Table(
    "reused",
    metadata,
    Column("run", RunId, primary_key=True),
    Column("case_id", Text, primary_key=True),
    Column("from_run", RunId, nullable=False),  # the run that was paid for it, never one that took it over itself
    Column("from_case", Text, nullable=False),
    Column("served_model", Text),
    Column("cost_usd", Float),  # what its requests cost there; null: not known
    Column("simulated", Boolean, nullable=False, server_default=false()),
    Index("reused_by_origin", "from_run"),
)

#: A row per sentinel that rides in a run: an output whose verdict is known beforehand. Its scores have its suffix.
sentinels = Table(
    "sentinels",
    metadata,
    Column("run", RunId, primary_key=True),
    Column("sentinel", Text, primary_key=True),  # its id, among the case ids of requests and scores
    Column("case", Text, nullable=False),  # JSON
    Column("output", Text, nullable=False),
    Column("expected", Text, nullable=False),  # JSON: criterion -> labels that are right
    Column("purpose", Text, nullable=False),  # pass | fail | injection
)
