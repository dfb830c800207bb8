"""A batch and its clock: in_progress -> (canceling ->) ended, by the time that has passed and who has looked.

Rows are processed evenly over the batch's seconds, in the order sent. What has not been processed when the batch is
canceled is `canceled`, when 24 hours are over `expired`. Counts stay in `processing` until the whole batch has ended.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from evalkit.sandbox.rows import Rows
from evalkit.sandbox.wire import timestamp

LIFE: Final = timedelta(hours=24)
KEPT: Final = timedelta(days=29)

ProcessingStatus = Literal["in_progress", "canceling", "ended"]


@dataclass(slots=True, kw_only=True, eq=False)
class Batch:
    """One batch; its shelf moves it, nobody else."""

    id: str
    account: str
    version: str
    created_at: datetime
    seconds: float
    rows: Rows
    cancel_initiated_at: datetime | None = None
    canceling_looks: int = 0
    """Looks that still have to show `canceling`."""
    due: datetime = field(init=False)
    ended_at: datetime | None = None
    finished: int = 0
    """Rows processed when it ended; the others were canceled or expired."""
    fates: bytearray = field(default_factory=bytearray)
    """One fate code per row, once ended."""
    reads: bytearray = field(default_factory=bytearray)
    """How many cache breakpoints each row read, once ended."""
    counts: dict[str, int] = field(default_factory=dict[str, int])

    def __post_init__(self) -> None:
        self.due = min(self.created_at + timedelta(seconds=self.seconds), self.expires_at)

    @property
    def expires_at(self) -> datetime:
        """24 hours after create."""
        return self.created_at + LIFE

    @property
    def status(self) -> ProcessingStatus:
        """Where the batch stands."""
        if self.ended_at is not None:
            return "ended"
        return "canceling" if self.cancel_initiated_at is not None else "in_progress"

    def archived(self, now: datetime) -> bool:
        """Whether the results are gone: 29 days after create."""
        return now >= self.created_at + KEPT

    def processed(self, at: datetime) -> int:
        """Rows processed by a moment, were nothing to stop it."""
        elapsed = (at - self.created_at).total_seconds()
        if self.seconds <= 0 or elapsed >= self.seconds:
            return len(self.rows)
        return int(len(self.rows) * elapsed / self.seconds)

    def cancel(self, now: datetime, *, finishes: int, looks: int, seconds: float) -> None:
        """in_progress -> canceling; a second cancel changes nothing."""
        if self.cancel_initiated_at is None:
            self.cancel_initiated_at = now
            self.finished = min(len(self.rows), self.processed(now) + finishes)
            self.canceling_looks = looks
            self.due = min(now + timedelta(seconds=seconds), self.expires_at)

    def may_end(self, now: datetime) -> bool:
        """Whether the moment to end has come."""
        return self.ended_at is None and now >= self.due and self.canceling_looks <= 0

    def stop(self) -> None:
        """No further row is processed; what has been is `finished`."""
        if self.cancel_initiated_at is None:
            self.finished = self.processed(self.due)

    def end(self, fates: bytearray, reads: bytearray, counts: dict[str, int]) -> None:
        """in_progress or canceling -> ended, at the moment it was due."""
        self.fates, self.reads, self.counts = fates, reads, counts
        # Last, because a thread that sees an ended batch relies on the rest.
        self.ended_at = self.due

    def describe(self, origin: str, now: datetime) -> dict[str, object]:
        """The MessageBatch object, in wire order."""
        archived = self.archived(now)
        there = self.ended_at is not None and not archived
        counts = self.counts or {"processing": len(self.rows)}
        return {
            "id": self.id,
            "type": "message_batch",
            "processing_status": self.status,
            "request_counts": {
                name: counts.get(name, 0) for name in ("processing", "succeeded", "errored", "canceled", "expired")
            },
            "ended_at": timestamp(self.ended_at),
            "created_at": timestamp(self.created_at),
            "expires_at": timestamp(self.expires_at),
            "archived_at": timestamp(self.created_at + KEPT) if archived else None,
            "cancel_initiated_at": timestamp(self.cancel_initiated_at),
            "results_url": f"{origin}/v1/messages/batches/{self.id}/results" if there else None,
        }
