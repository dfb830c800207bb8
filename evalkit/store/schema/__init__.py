"""The tables, once, for SQLite and PostgreSQL.

Content is kept under its digest (datasets, cases, candidates, graders) and never changes. Runs, requests and raw
results are only ever added. What moves is the state of an intent and of a batch, and only along the arrows that
`intents.py` and `batches.py` name.

A change here needs a migration in `migrations/versions`, and `HEAD` to name it.
"""

from evalkit.store.schema.base import HEAD, metadata
from evalkit.store.schema.content import candidates, cases, dataset_cases, datasets, graders, outputs
from evalkit.store.schema.money import budgets, estimates
from evalkit.store.schema.trust import calibrations, hand_overs, noise_runs, passes, policies
from evalkit.store.schema.work import batches, intents, requests, results, reused, runs, scores, sentinels, waits

__all__ = [
    "HEAD",
    "batches",
    "budgets",
    "calibrations",
    "candidates",
    "cases",
    "dataset_cases",
    "datasets",
    "estimates",
    "graders",
    "hand_overs",
    "intents",
    "metadata",
    "noise_runs",
    "outputs",
    "passes",
    "policies",
    "requests",
    "results",
    "reused",
    "runs",
    "scores",
    "sentinels",
    "waits",
]
