"""A score: value, status and reason of one (run, case, criterion); no verdict is not a zero."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Why a case has a value, or why it has none."""

    SCORED = "scored"
    #: The judge answered, but not within the contract of the grader.
    UNPARSABLE = "unparsable"
    #: The reply hit `max_tokens` or the context window.
    TRUNCATED = "truncated"
    #: The judge declined.
    REFUSED = "refused"
    #: The API reports an error for this request.
    ERRORED = "errored"
    #: The batch ended before this request was processed.
    EXPIRED = "expired"
    #: The batch was canceled before this request was processed.
    CANCELED = "canceled"
    #: No result came back, or the candidate has no output for the case.
    MISSING = "missing"


UNSCORED: tuple[Status, ...] = tuple(status for status in Status if status is not Status.SCORED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one reply says of one criterion; has a value exactly when it is scored."""

    criterion: str
    status: Status
    value: float | None = None
    label: str | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if (self.value is not None) != (self.status is Status.SCORED):
            raise ValueError(f"status {self.status} does not go with value={self.value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A verdict bound to its case, with where it came from.

    `suffix` is empty for the case's own score; the single judgements behind it (samples, the two orders of a
    pairwise grader) carry the suffix of their request.
    """

    run: str
    case_id: str
    verdict: Verdict
    suffix: str = ""
    custom_id: str | None = None
    batch: str | None = None
    served_model: str | None = None
    stop_reason: str | None = None
