"""What a gate compares with: the runs behind a baseline that a config or a user names."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from evalkit.analysis.gate import GateBaseline
from evalkit.config.gate import baseline_label
from evalkit.pipeline.selection import baseline_of
from evalkit.run import Run
from evalkit.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A baseline by its selector, looked up among the runs of a suite."""

    store: Store
    scope: Sequence[Run]
    selector: str
    """A candidate's name, a run id, or `label:` and a label."""
    names: frozenset[str]
    """Of the config's candidates, which may have no run yet."""
    must_exist: bool = True
    """Whether a selector that names nothing is an error, and not merely a baseline without runs."""

    def partners(self, runs: Iterable[Run]) -> dict[str, Run | None]:
        """By candidate run: the baseline's under the same grader, where there is one.

        Raises:
            UsageError: the selector names nothing.
        """
        return {run.id: self._partner(run) for run in runs}

    @property
    def run_meant(self) -> Run | None:
        """The run whose id the selector is, where it is one."""
        if baseline_label(self.selector) is not None or self._is_candidate:
            return None
        begun = self.store.runs.beginning(self.selector)
        exact = [run for run in begun if run.id == self.selector]
        return exact[0] if exact else begun[0] if len(begun) == 1 else None

    def told(self, partners: Mapping[str, Run | None], now: datetime) -> GateBaseline:
        """The baseline as the verdict names it."""
        found = [run for run in partners.values() if run]
        if not found:
            return GateBaseline(selector=self.selector)
        newest = max(found, key=attrgetter("as_of"))
        return GateBaseline(
            selector=self.selector,
            description=newest.candidate,
            runs=tuple(dict.fromkeys(run.id for run in found)),
            label=newest.label,
            created_at=newest.created_at,
            age_days=(now - newest.created_at).total_seconds() / 86_400,
        )

    def missing(self, grader: str, own: str) -> str:
        """Why there is no run to compare one of the label `own` with, and how to get one."""
        label = baseline_label(self.selector)
        if label is None:
            return f"there is no run of the baseline {self.selector!r} under {grader}; evalkit submit makes it"
        if label == own:
            return f"{grader} has no other run with the label {label!r}; evalkit submit under another one"
        return f"there is no run under {grader} with the label {label!r} to compare with; {submit_command(label)}"

    @property
    def _is_candidate(self) -> bool:
        return any(run.candidate == self.selector for run in self.scope)

    @property
    def _has_no_run_yet(self) -> bool:
        if baseline_label(self.selector) is not None or self._is_candidate:
            return False
        return self.selector in self.names or not (self.must_exist or self.store.runs.beginning(self.selector))

    def _partner(self, run: Run) -> Run | None:
        """The best of the baseline's; a run as the baseline stands for those made beside it under other graders."""
        if self._has_no_run_yet:
            return None
        found = baseline_of(self.store, self.scope, run, self.selector)
        meant = None if found else self.run_meant
        beside = (one for one in self.scope if meant and one.id != run.id and _made_beside(one, meant, run.grader))
        return found or next(beside, None)


def submit_command(label: str) -> str:
    """The command that makes the runs of a label; the label is any text, and this one goes into a shell."""
    return f"evalkit submit --label {shlex.quote(label)}" if label else "evalkit submit"


def _made_beside(run: Run, other: Run, grader: str) -> bool:
    """Whether a run is of this grader, and of the same outputs and label as another."""
    of = attrgetter("suite", "dataset", "candidate_digest", "label")
    return run.grader == grader and of(run) == of(other)
