"""What judges said of the sentinels that rode in their runs: how many they caught, and which they missed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.graders import Purpose, Sentinel
from evalkit.store import Store
from evalkit.store.sentinels import Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A sentinel that its judge got wrong, or gave no verdict on, on one criterion."""

    run: str
    sentinel: str
    purpose: Purpose
    criterion: str
    expected: tuple[str, ...]
    said: str | None
    """The label, where it gave one."""
    status: str
    reason: str | None

    def __str__(self) -> str:
        given = repr(self.said) if self.said is not None else f"gave no verdict ({self.status})"
        verb = "said " if self.said is not None else ""
        right = " or ".join(repr(label) for label in self.expected)
        return f"{self.sentinel} ({self.purpose}): the judge {verb}{given} of {self.criterion}, and {right} is right"

    def json(self) -> dict[str, Any]:
        """The miss as plain JSON."""
        return {
            "sentinel": self.sentinel,
            "purpose": self.purpose,
            "criterion": self.criterion,
            "expected": list(self.expected),
            "said": self.said,
            "status": self.status,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """The sentinels of one run; n = caught + missed + pending."""

    n: int
    caught: int
    pending: int
    missed: tuple[Missed, ...]
    """Once per criterion that was got wrong."""

    def json(self) -> dict[str, Any]:
        """The sentinels as plain JSON."""
        return {
            "caught": self.caught,
            "n": self.n,
            "pending": self.pending,
            "missed": [one.json() for one in self.missed],
        }


def caught(store: Store, run_ids: Sequence[str]) -> dict[str, Caught]:
    """What became of the sentinels of runs, by run; runs without any are left out."""
    riding = store.sentinels.riding(run_ids)
    said = store.sentinels.said(list(riding)) if riding else {}
    return {run: _caught(run, sentinels, said) for run, sentinels in riding.items()}


def _caught(run: str, sentinels: Sequence[Sentinel], said: Mapping[tuple[str, str, str], Said]) -> Caught:
    right = pending = 0
    missed: list[Missed] = []
    for one in sentinels:
        if any((run, one.id, criterion) not in said for criterion in one.expected):
            pending += 1
            continue
        wrong = list(_missed(run, one, said))
        missed += wrong
        right += not wrong
    return Caught(n=len(sentinels), caught=right, pending=pending, missed=tuple(missed))


def _missed(run: str, one: Sentinel, said: Mapping[tuple[str, str, str], Said]) -> Iterator[Missed]:
    for criterion, labels in one.expected.items():
        found = said[run, one.id, criterion]
        if found.label not in labels:
            yield Missed(
                run=run,
                sentinel=one.id,
                purpose=one.purpose,
                criterion=criterion,
                expected=labels,
                said=found.label,
                status=found.status.value,
                reason=found.reason,
            )
