"""The scores of one run on one criterion, with all that decides whether another run may be compared."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from evalkit.errors import IntegrityError
from evalkit.score import Status

Scalar: TypeAlias = str | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseScore:
    """One case's score; has a value exactly when it is scored."""

    case_id: str
    case_digest: str
    status: Status
    value: float | None = None
    label: str | None = None
    tags: tuple[str, ...] = ()
    cluster: str | None = None
    position: int = 0
    """Place in the dataset."""
    metadata: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])
    """The scalars of the case's metadata, where they were read."""
    taken_from: tuple[str, str] | None = None
    """The run and the case that were judged, where the score was taken over: no other observation than theirs."""

    def __post_init__(self) -> None:
        if (self.value is not None) != (self.status is Status.SCORED):
            raise ValueError(f"case {self.case_id}: status {self.status} does not go with value={self.value}")
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"case {self.case_id}: {self.value} is not a score")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunScores:
    """Every case of a run on one criterion: scored, unscored, or pending."""

    run: str
    candidate: str
    grader: str
    criterion: str
    judge: str
    label: str
    dataset: str
    grader_parts: Mapping[str, str] = field(default_factory=dict[str, str])
    """What shapes the judge's answer: part name (rubric, labels, effort, ...) -> digest or short text."""
    served_models: tuple[str, ...] = ()
    """The models that really answered."""
    asked: bool = True
    """Whether a model was asked anything: nothing is, where a check decides every case beforehand."""
    simulated: bool = False
    """Whether the judge was the sandbox."""
    cases: Sequence[CaseScore]
    pending: Sequence[str] | None = None
    """Ids of the cases without a result yet; None where they are not listed."""
    low_value: float = 0.0
    high_value: float = 1.0

    def observation(self, case: CaseScore) -> tuple[str, str]:
        """What was observed: the run and the case that were judged. Two scores of one observation are one."""
        return case.taken_from or (self.run, case.case_id)

    def by_id(self) -> dict[str, CaseScore]:
        """The cases by id.

        Raises:
            IntegrityError: a case id occurs twice, or is pending and has a result.
        """
        found = {case.case_id: case for case in self.cases}
        pending = frozenset(self.pending or ())
        if len(found) + len(pending) != len(self.cases) + len(self.pending or ()):
            raise IntegrityError(f"run {self.run} holds a case of {self.criterion} more than once")
        if both := pending & found.keys():
            raise IntegrityError(f"run {self.run}: case {min(both)} is pending and has a result")
        return found
