"""What is open: batches that are not collected, and what waits to be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.tables.rows import Rows

if TYPE_CHECKING:
    from evalkit.run import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue(Rows["OpenBatch"]):
    """What is open: batches that are not collected, parts that wait to be sent, creates of unknown outcome."""

    batches: tuple[OpenBatch, ...]
    planned: int
    unknown: int
    held_back: int = 0
    """Parts that wait until the replies to the first cases of their run are sound."""
    warming: int = 0
    """Parts that wait for the warm-up of the cache to end."""
    over_limit: int = 0
    """Parts that wait for room within a budget, or within what their command may cost."""
    handed_over: int = 0
    """Runs that went into a bundle while a batch of them was open: another store collects them."""

    waiting: int = 0
    """Runs that wait for others to be collected."""

    @property
    def items(self) -> tuple[OpenBatch, ...]:
        """What the table is a sequence of."""
        return self.batches

    def json(self) -> dict[str, object]:
        """The document of `status --json`."""
        return {
            "batches": [batch.json() for batch in self.batches],
            "planned": self.planned,
            "unknown": self.unknown,
            "held_back": self.held_back,
            "warming": self.warming,
            "over_limit": self.over_limit,
            "handed_over": self.handed_over,
            "waiting": self.waiting,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBatch:
    """A batch that is not collected yet."""

    batch: Batch
    candidate: str
    grader: str
    usual_seconds: float | None
    """What earlier batches of the same judge took; None where there are none."""

    def json(self) -> dict[str, object]:
        """The row of `status --json`."""
        batch = self.batch
        return {
            "batch": batch.id,
            "run": batch.run,
            "candidate": self.candidate,
            "grader": self.grader,
            "status": batch.state.value,
            "requests": batch.requests,
            "created_at": batch.created_at.isoformat(),
            "expires_at": batch.expires_at.isoformat() if batch.expires_at else None,
            "usual_seconds": self.usual_seconds,
            "simulated": batch.simulated,
            "realtime": batch.realtime,
        }
