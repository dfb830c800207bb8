"""A calibration: a judge beside people on the same cases, kept as pairs so that formulas may still change."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from evalkit import ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One case as a person and as the judge saw it."""

    case_id: str
    human: float
    judge: float | None
    """None where the judge gave no score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A judge beside human labels, bound to the grader and the judge that it was measured with."""

    run: str
    candidate_digest: str
    dataset: str
    """Dataset digest."""
    grader_digest: str
    judge_digest: str
    """Digest of the run's judge; empty for a check."""
    criterion: str
    source: str
    """The name of the file of labels."""
    labels_digest: str
    sampled: bool
    """Whether the labelled cases are a random sample of the run's."""
    measured_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    pairs: tuple[Pair, ...]

    @property
    def id(self) -> str:
        """Digest of all that it says: the same measurement is the same calibration in every store."""
        return ids.digest({**asdict(self), "measured_at": self.measured_at.astimezone(UTC).isoformat()})
