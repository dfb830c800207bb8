"""A run and the states its intents and batches move through.

One run is one dataset x one candidate x one grader x one judge, once. It is sent in one part, or in several where
it outgrows the API's limits; every part has an intent, and every intent ends as a batch or as nothing:

    intent   planned ──claim──> intended ──┬──> created
                                           ├──> not_created   (the part is planned again, as a new attempt)
                                           └──> unknown ──reconcile──> created | not_created

    batch    in_progress ──> (canceling) ──> ended ──> collected

A run has no state of its own: `RunStatus` is read off its intents and batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import cast

from evalkit import ids


class RunKind(StrEnum):
    """What a run does with its cases."""

    #: A judge answers a rubric: one request per case and suffix.
    GRADING = "grading"
    #: A deterministic check: local, free, without a batch.
    CHECK = "check"
    #: A candidate answers the cases: its replies become outputs.
    GENERATION = "generation"
    #: Several judges' verdicts on the same outputs, made one: derived from their runs, without a batch of its own.
    JURY = "jury"
    #: Scored by another tool, and taken in with its scores.
    IMPORTED = "imported"


class IntentState(StrEnum):
    """Where one part of a run stands with respect to its create."""

    PLANNED = "planned"
    INTENDED = "intended"
    CREATED = "created"
    NOT_CREATED = "not_created"
    UNKNOWN = "unknown"


class BatchState(StrEnum):
    """Where a batch stands; the first three are the API's own words."""

    IN_PROGRESS = "in_progress"
    CANCELING = "canceling"
    ENDED = "ended"
    COLLECTED = "collected"


OPEN_BATCH: tuple[BatchState, ...] = (BatchState.IN_PROGRESS, BatchState.CANCELING, BatchState.ENDED)


class RunStatus(StrEnum):
    """Where a run stands, derived from its intents and batches."""

    PLANNED = "planned"
    SUBMITTED = "submitted"
    COLLECTED = "collected"
    UNKNOWN = "unknown"
    #: It is scored when the runs that it needs are collected.
    WAITING = "waiting"
    #: It went into a bundle: another store collects it.
    HANDED_OVER = "handed_over"


def run_status(intents: Sequence[IntentState], batches: Sequence[BatchState]) -> RunStatus:
    """The run's status; a run without intents (a check) is collected as it is made."""
    if any(state in (IntentState.UNKNOWN, IntentState.INTENDED) for state in intents):
        return RunStatus.UNKNOWN
    if any(state is IntentState.PLANNED for state in intents):
        return RunStatus.PLANNED
    if any(state is not BatchState.COLLECTED for state in batches):
        return RunStatus.SUBMITTED
    return RunStatus.COLLECTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """The model that answers a rubric grader, and how hard it thinks."""

    model: str
    effort: str | None = None
    max_tokens: int = 4096
    simulated: bool = False
    """The sandbox answers in the model's place: another judge, whose runs are never taken for the model's."""

    @property
    def parts(self) -> dict[str, str]:
        """What of the judge shapes its answers; `max_tokens` only cuts them off, so it is not among it."""
        parts = {"judge": self.model, "effort": self.effort or "default"}
        return {**parts, "simulated": "yes"} if self.simulated else parts

    @property
    def digest(self) -> str:
        """Digest of the parts."""
        return ids.digest(self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One dataset x one candidate x one grader x one judge, once."""

    suite: str
    kind: RunKind
    dataset: str
    """Dataset digest."""
    dataset_name: str
    candidate: str
    candidate_digest: str
    baseline_digest: str | None = None
    """The candidate whose outputs a pairwise grader puts beside these; a part of the grader's digest."""
    grader: str
    grader_digest: str
    judge: Judge | None
    """None for a check."""
    label: str = ""
    cases: int
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    submitted_at: datetime | None = None
    """When it was submitted last, where that is not when it was made: again, or by the run whose outputs it judges."""
    _id: str | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def as_of(self) -> datetime:
        """The time by which the newest of several runs is told: that of the last word on its outputs.

        It is not when the run was made: who goes back to earlier outputs attaches to the run that exists.
        """
        return self.submitted_at or self.created_at

    @property
    def id(self) -> str:
        """The run id, derived from what the run is made of."""
        if self._id is None:
            made = ids.run_id(
                dataset=self.dataset,
                candidate=self.candidate_digest,
                grader=self.grader_digest,
                judge=self.judge.digest if self.judge else "",
                label=self.label,
            )
            object.__setattr__(self, "_id", made)  # frozen, so it is worked out once
        return cast("str", self._id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request of a run: a case, judged once."""

    custom_id: str
    case_id: str
    suffix: str = ""
    part: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """The durable word, given before every create, of what is about to be sent, by whom and to whom."""

    run: str
    part: int
    attempt: int
    state: IntentState
    requests: int
    round: int = 0
    """0: the first time; 1 and on: follow-ups of what got no score."""
    max_tokens: int | None = None
    """In place of the judge's, for replies that were cut."""
    body_digest: str | None = None
    account: str | None = None
    base_url: str | None = None
    holder: str | None = None
    intended_at: datetime | None = None
    clear_at: datetime | None = None
    suspect: str | None = None
    cleared: tuple[str, ...] = ()
    batch: str | None = None
    reason: str | None = None
    """Why it was not created, or is not known; of a planned one, why it is held back."""
    realtime: bool = False
    """Its requests go out one by one, at full price."""
    size: int | None = None
    """Bytes of its body; None where that was not told."""
    at_most_usd: float | None = None
    """What it may cost at most; None where a price is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A Message Batch as the store knows it; or the requests of a part that go out one by one, in the same shape."""

    id: str
    run: str
    part: int
    state: BatchState
    requests: int
    account: str
    base_url: str
    simulated: bool
    cancel_wanted: bool = False
    created_at: datetime
    expires_at: datetime | None = None
    ended_at: datetime | None = None
    collected_at: datetime | None = None
    realtime: bool = False
    """No batch of the API: its requests go out one by one, at full price, and its id is evalkit's own."""
