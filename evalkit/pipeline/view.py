"""A run as people and programs read it: one row of `evalkit runs`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evalkit.analysis.corrected import CORRECTED_KEYS, Corrected
from evalkit.analysis.jury import JuryAgreement
from evalkit.analysis.preference import Preference
from evalkit.pipeline.caching.measured import CacheReturn
from evalkit.pipeline.estimated import Estimated
from evalkit.pipeline.guarding import NotSent
from evalkit.pipeline.sentinels import Caught
from evalkit.run import Batch, RunKind, RunStatus
from evalkit.stats import Estimate
from evalkit.store import Spending


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One run under one criterion, with where it stands; cases = scored + unscored + pending."""

    run: str
    suite: str
    kind: RunKind
    dataset: str
    dataset_digest: str
    candidate: str
    grader: str
    criterion: str
    judge: str | None
    label: str
    status: RunStatus
    requests: int
    batches: tuple[Batch, ...]
    cases: int
    scored: int
    unscored: Mapping[str, int]
    pending: int
    estimate: Estimate
    spending: Spending
    simulated: bool
    created_at: datetime
    scored_by: str = ""
    """The tool that gave the scores of an imported run, with the model that graded where that is known."""
    corrected: Corrected | None = None
    """The mean as human labels correct it; None where there are none for its grader and judge."""
    against: str | None = None
    """The candidate on the other side of a pairwise grader: the mean is the win rate against it, and 0.5 is even."""
    preference: Preference | None = None
    """What the pairs say beside their mean, where that was asked for."""
    jury: JuryAgreement | None = None
    """How far the judges of a jury agree, where that was asked for."""
    sentinels: Caught | None = None
    """What became of the run's sentinels, the same under each criterion; None where none rode."""
    not_sent: NotSent | None = None
    """What the grader's guard kept from the judge; None where it has none."""
    caching: CacheReturn | None = None
    """What caching returned to the run, where that was asked for and it has replies."""
    over_limit: str | None = None
    """Why a limit on cost holds back something of the run; None where none does."""
    dataset_spec: Mapping[str, Any] | None = None
    """The files and the filter that the dataset was read with; None where that is not known."""

    estimated: Estimated | None = None
    """What it was to cost beside what it has cost, where that was asked for and it was estimated."""

    @property
    def is_open(self) -> bool:
        """Whether a score may still come."""
        return self.status is not RunStatus.COLLECTED

    @property
    def coverage(self) -> float | None:
        """Share of cases that have a score; None where there are no cases."""
        return self.scored / self.cases if self.cases else None

    @property
    def realtime(self) -> str:
        """`realtime` where all of it went one by one, `3 realtime` where so many did; empty where all are batches."""
        n = sum(batch.requests for batch in self.batches if batch.realtime)
        return "realtime" if n and n == self.requests else f"{n:,} realtime" if n else ""

    def submitted_json(self) -> dict[str, object]:
        """The row of `submit --json`."""
        return {
            "run": self.run,
            "dataset": self.dataset,
            "candidate": self.candidate,
            "grader": self.grader,
            "judge": self.judge,
            "label": self.label,
            "status": self.status.value,
            "requests": self.requests,
            "batches": [
                {
                    "id": batch.id,
                    "status": batch.state.value,
                    "requests": batch.requests,
                    "realtime": batch.realtime,
                }
                for batch in self.batches
            ],
        }

    def json(self) -> dict[str, object]:
        """The row of `runs --json`."""
        return {
            **self.submitted_json(),
            "suite": self.suite,
            "criterion": self.criterion,
            "kind": self.kind.value,
            "scored_by": self.scored_by or None,
            "dataset_digest": self.dataset_digest,
            "dataset_spec": self.dataset_spec,
            "cases": self.cases,
            "scored": self.scored,
            "unscored": dict(self.unscored),
            "pending": self.pending,
            "coverage": self.coverage,
            "mean": self.estimate.mean,
            "low": self.estimate.low,
            "high": self.estimate.high,
            "method": self.estimate.method,
            "cost_usd": self.spending.cost_usd,
            "reused": self.spending.taken.cases,
            "reused_from": dict(self.spending.taken.from_runs),
            "reused_saved_usd": self.spending.taken.saved_usd,
            "cache_read_share": self.spending.cache_read_share,
            "cache": self.caching.json() if self.caching else None,
            "served_models": list(self.spending.served_models),
            "simulated": self.simulated,
            "over_limit": self.over_limit,
            "created_at": self.created_at.isoformat(),
            "against": self.against,
            **({} if self.preference is None else {"preference": self.preference.json()}),
            **({} if self.estimated is None else {"estimate": self.estimated.json()}),
            **({} if self.jury is None else {"jury": self.jury.json()}),
            "not_sent": self.not_sent.cases if self.not_sent else 0,
            "not_sent_saved_usd": self.not_sent.saved_usd if self.not_sent else 0.0,
            "sentinels": self.sentinels.json() if self.sentinels else None,
            **(self.corrected.json() if self.corrected else dict.fromkeys(CORRECTED_KEYS)),
        }
