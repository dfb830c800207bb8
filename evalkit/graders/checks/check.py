"""Checks: deterministic graders, local and free, that need no judge and no batch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Final, Self

from evalkit import ids
from evalkit.dataset import Case
from evalkit.graders.checks.function import FunctionFailedError, PythonFunction
from evalkit.graders.checks.kinds import KINDS, Apply, make
from evalkit.graders.checks.measured import Measured, NothingToCheckError
from evalkit.graders.checks.similarity import Similarity
from evalkit.graders.criterion import Criterion
from evalkit.score import Status, Verdict

_LABELS: Final[Mapping[str, float]] = {"fail": 0.0, "pass": 1.0}
_ENDS: Final[Mapping[str, float]] = {"lowest": 0.0, "highest": 1.0}
_FIRST: Final = ("exact", "includes", "regex")
"""The kinds whose digests are older than options of their own."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """A named check with its options."""

    kind: ClassVar[str] = "check"

    name: str
    check: str
    """One of `KINDS`."""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the kind takes, and was given; the rest is as the kind has it."""
    threshold: float | None = None
    """From which value on a graded check passes; it then passes or fails, and its value is 0 or 1."""
    root: Path = field(default_factory=Path.cwd)
    criteria: tuple[Criterion, ...] = field(init=False)

    def __post_init__(self) -> None:
        labels = _ENDS if self.graded else _LABELS
        object.__setattr__(self, "criteria", (Criterion.of(self.name, labels),))

    @property
    def graded(self) -> bool:
        """Whether a score may be any number from 0 to 1."""
        return KINDS[self.check].graded and self.threshold is None

    @cached_property
    def _apply(self) -> Apply:
        return make(self.check, self.options, self.root)

    @cached_property
    def parts(self) -> dict[str, str]:
        """What shapes the check's answer."""
        given = {name: value for name, value in self.options.items() if value is not None}
        if self.check in _FIRST:
            first = {
                "pattern": given.pop("pattern", ""),
                "ignore_case": str(given.pop("ignore_case", False)),
                "strip": str(given.pop("strip", True)),
            }
        else:
            first = {}
        own = {name: json.dumps(value, ensure_ascii=False, sort_keys=True) for name, value in sorted(given.items())}
        limit = {} if self.threshold is None else {"threshold": repr(self.threshold)}
        source = {"source": self._apply.source_digest} if isinstance(self._apply, PythonFunction | Similarity) else {}
        return {"check": self.check, **first, **own, **limit, **source}

    @property
    def spec(self) -> dict[str, object]:
        """All that makes this check, as JSON."""
        labels = [list(label) for label in self.criteria[0].labels]
        graded = {"graded": True} if self.graded else {}
        made = {"options": dict(self.options), "limit": self.threshold}
        return {"name": self.name, **self.parts, "criteria": [{"name": self.name, "labels": labels}], **graded, **made}

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> Self | None:
        """The check that `spec` describes; None where it calls a function, which no spec may name."""
        if spec["check"] == "python" or "options" not in spec:
            return None
        return cls(name=spec["name"], check=spec["check"], options=spec["options"], threshold=spec["limit"])

    @cached_property
    def digest(self) -> str:
        """Digest of the parts and the check's name."""
        return ids.digest({"name": self.name, **self.parts})

    def verdict(self, case: Case, output: str) -> Verdict:
        """The score of one output; unscored where there is nothing to check, or a function of the user's failed.

        Raises:
            UsageError: a library or a function that the check needs is not there.
        """
        criterion = self.criteria[0]
        try:
            found = self._apply(case, output)
        except NothingToCheckError as nothing:
            return criterion.unscored(Status.MISSING, f"{nothing} for check {self.check!r}")
        except FunctionFailedError as failed:
            return criterion.unscored(Status.ERRORED, str(failed))
        return self._scored(criterion, found)

    def _scored(self, criterion: Criterion, found: Measured) -> Verdict:
        if self.graded:
            return Verdict(criterion=criterion.name, status=Status.SCORED, value=found.value, reason=found.reason)
        least = 1.0 if self.threshold is None else self.threshold
        passed = found.value >= least
        reason = found.reason if self.threshold is None else f"{found.reason}; {least:g} is needed"
        return criterion.verdict("pass" if passed else "fail", reason)
