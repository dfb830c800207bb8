"""What numbers rest on, and who looks after the runs."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, Table

from evalkit.store.schema.base import Digest, RunId, Time, metadata
from evalkit.store.text import Text

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
