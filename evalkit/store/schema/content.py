"""Content, kept under its digest: datasets, cases, candidates with their outputs, graders; it never changes."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table

from evalkit.store.schema.base import Digest, Time, metadata
from evalkit.store.text import Text

#: A row per dataset version.
datasets = Table(
    "datasets",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("name", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("cases", Integer, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("spec", Text),  # JSON: the files that it was read from and how it was filtered, where it was
)

#: A row per distinct case content: exactly what may shape a judge's answer.
cases = Table(
    "cases",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("input", Text, nullable=False),  # JSON
    Column("expected", Text),  # JSON
    Column("metadata", Text, nullable=False),  # JSON
    Column("attachments", Text),  # JSON: [{path, media_type, digest}], where the case has any
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
