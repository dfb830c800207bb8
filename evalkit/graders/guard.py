"""A guard: a check that an output must pass before a judge is paid to read it.

Which outputs are judged decides what a score means, so the guard is part of its grader's digest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from evalkit import ids
from evalkit.dataset import Case
from evalkit.errors import UsageError
from evalkit.graders.checks import Check
from evalkit.graders.criterion import Criterion
from evalkit.score import Status, Verdict

NOT_SENT: Final = "not sent: "
"""How the reason of every score begins that a guard decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A check, what it must say, and what becomes of outputs that fail it."""

    check: Check
    digest: str
    """That of the check when the grader was made."""
    at_least: float = 1.0
    otherwise: Mapping[str, str] = field(default_factory=dict[str, str])
    """The label of an output that is not sent, by criterion; it has no score where this is empty."""
    settled: bool = False
    """Every case has passed it before, so it is not asked again."""

    @classmethod
    def of(cls, check: Check, *, at_least: float | None, otherwise: Mapping[str, str]) -> Self:
        """The guard of a config."""
        return cls(check=check, digest=check.digest, at_least=at_least or 1.0, otherwise=dict(otherwise))

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Self:
        """The guard that `spec` describes; nothing of a user's is imported for it before an output is looked at."""
        kept: Mapping[str, Any] = spec["check"]
        return cls(
            check=Check(
                name=kept["name"],
                check=kept["check"],
                options=kept["options"],
                threshold=kept["threshold"],
                root=Path(kept["root"]),
            ),
            digest=spec["digest"],
            at_least=spec["at_least"],
            otherwise=spec["otherwise"],
            settled=spec.get("settled", False),
        )

    @property
    def spec(self) -> dict[str, object]:
        """All that makes it, as JSON."""
        check = {
            "name": self.check.name,
            "check": self.check.check,
            "options": dict(self.check.options),
            "threshold": self.check.threshold,
            # A function's module is looked for where it was; nothing else of a check depends on a place.
            "root": str(self.check.root) if "function" in self.check.options else "",
        }
        settled = {"settled": True} if self.settled else {}
        return {
            "check": check,
            "digest": self.digest,
            "at_least": self.at_least,
            "otherwise": dict(self.otherwise),
            **settled,
        }

    @property
    def part(self) -> str:
        """What of it decides what is judged, as a digest."""
        return ids.digest([self.digest, self.at_least, dict(self.otherwise)])

    def verdicts(self, case: Case, output: str, criteria: Sequence[Criterion]) -> tuple[Verdict, ...]:
        """The verdicts of an output that is not to be sent, one per criterion; none of one that is.

        An output of which the check can say nothing is sent: that is no failure.

        Raises:
            UsageError: the check cannot be made, or is no longer the one that the grader was made with.
        """
        if self.settled:
            return ()
        if self.check.digest != self.digest:
            raise UsageError(
                f"the check {self.check.name!r}, which guards a grader, is another than when its runs were planned; "
                "submit them anew, or put back the function that it was"
            )
        found = self.check.verdict(case, output)
        if found.value is None or found.value >= self.at_least:
            return ()
        why = f"{NOT_SENT}check {self.check.name!r} failed ({found.reason})"
        return tuple(self._verdict(criterion, why) for criterion in criteria)

    def _verdict(self, criterion: Criterion, why: str) -> Verdict:
        label = self.otherwise.get(criterion.name, self.otherwise.get(""))
        return criterion.unscored(Status.MISSING, why) if label is None else criterion.verdict(label, why)
