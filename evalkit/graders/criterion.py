"""A criterion: what a grader scores, and the labels it can be given, from worst to best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evalkit.score import Status, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A name and its labels with their values, ordered from the lowest value to the highest."""

    name: str
    labels: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, name: str, labels: Mapping[str, float]) -> Criterion:
        """A criterion with its labels put in order of value."""
        values = ((label, float(value)) for label, value in labels.items())
        return cls(name=name, labels=tuple(sorted(values, key=lambda item: item[1])))

    @property
    def names(self) -> list[str]:
        """The labels' names, worst first."""
        return [name for name, _ in self.labels]

    def verdict(self, said: str, reason: str | None) -> Verdict:
        """The verdict for a label as the judge spelled it; case and surrounding space do not count."""
        wanted = said.strip().casefold()
        for name, value in self.labels:
            if name.casefold() == wanted:
                return Verdict(criterion=self.name, status=Status.SCORED, value=value, label=name, reason=reason)
        return self.unscored(Status.UNPARSABLE, f"the judge answered {said.strip()[:80]!r}, which is no label")

    def unscored(self, status: Status, reason: str) -> Verdict:
        """A verdict without a value."""
        return Verdict(criterion=self.name, status=status, reason=reason)
