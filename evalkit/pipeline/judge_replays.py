"""Gates of the past under another judge: each comparison whose two sides both judges have scored, judged twice.

A run is held against the baseline that the policy it was submitted under names, as the gate would do it. What the
strong judge's runs are paired with, the cheap judge's runs are paired with: the same outputs, the same label first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from evalkit.analysis.gate import GateEntry, GatePolicy, GateVerdict
from evalkit.analysis.judges import Replay, Replays, verdict_of
from evalkit.errors import ConfigError, UsageError
from evalkit.pipeline.gate_baseline import Baseline
from evalkit.pipeline.gate_entries import Entries
from evalkit.pipeline.gate_pairwise import Beside
from evalkit.run import Run
from evalkit.store import Store


def replays(
    store: Store,
    scope: Sequence[Run],
    cheap: Mapping[tuple[str, str], Run],
    strong: Mapping[tuple[str, str], Run],
    *,
    criterion: str,
    now: datetime,
    label: str | None = None,
) -> Replays:
    """Every comparison of the strong judge's runs that the cheap judge has scored both sides of.

    Args:
        store: where the runs are.
        scope: the runs of the suite, newest first.
        cheap: a run of the cheap judge for each of the outputs that it judged.
        strong: the same of the strong judge.
        criterion: the criterion whose checks are judged again.
        now: by which gates tell how old a baseline is.
        label: the candidates under this label; under every label where None.
    """
    sides = _Sides(
        store=store,
        scope=scope,
        cheap=_like(scope, cheap),
        strong=_like(scope, strong),
        criterion=criterion,
        now=now,
    )
    found: list[Replay] = []
    without = 0
    for run in (run for run in sides.strong if label in (None, run.label)):
        other = sides.counterpart(run)
        if other is None:
            continue
        policy = _policy(store, run, other)
        if policy is None:
            without += 1
        elif made := sides.replay(run, other, policy):
            found.append(made)
    return Replays(rows=tuple(found), without_gate=without)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides:
    """The runs of both judges under one grader."""

    store: Store
    scope: Sequence[Run]
    cheap: Sequence[Run]
    strong: Sequence[Run]
    criterion: str
    now: datetime

    def counterpart(self, run: Run) -> Run | None:
        """The cheap judge's run of the same outputs, of the same label where there is one."""
        same = [one for one in self.cheap if _outputs(one) == _outputs(run)]
        return next((one for one in same if one.label == run.label), same[0] if same else None)

    def replay(self, run: Run, other: Run, policy: GatePolicy) -> Replay | None:
        """A run of the strong judge and the cheap judge's of the same outputs, each against its baseline."""
        baseline = self._baseline(policy)
        against = Beside.of(self.store, run, baseline)
        partner, its = (None, None) if against else self._partners(baseline, run)
        if against is None and (partner is None or its is None):
            return None
        before = verdict_of(policy, self._entry(run, partner, baseline))
        after = verdict_of(policy, self._entry(other, its, baseline))
        if before is None or after is None or GateVerdict.PENDING in (before, after):
            return None
        return Replay(
            candidate=run.candidate,
            label=run.label,
            baseline=against.name if against else partner.candidate if partner else "",
            baseline_label=partner.label if partner else "",
            run=run.id,
            strong=before,
            cheap=after,
        )

    def _baseline(self, policy: GatePolicy) -> Baseline:
        """What the policy names, among the strong judge's runs and those of other graders."""
        judged = {one.id for one in (*self.strong, *self.cheap)}
        scope = [*self.strong, *(one for one in self.scope if one.id not in judged)]
        names = frozenset(one.candidate for one in self.scope)
        return Baseline(store=self.store, scope=scope, selector=policy.baseline, names=names, must_exist=False)

    def _partners(self, baseline: Baseline, run: Run) -> tuple[Run | None, Run | None]:
        """The strong judge's run of the baseline, and the cheap judge's of the same outputs."""
        try:
            found = baseline.partners([run])[run.id]
        except UsageError:
            return None, None  # the policy names what is not in this store
        if found is None or found.id not in {one.id for one in self.strong} or found.id == run.id:
            return None, None
        return found, self.counterpart(found)

    def _entry(self, run: Run, partner: Run | None, baseline: Baseline) -> GateEntry:
        """Both sides on the criterion, as the gate reads them."""
        entries = Entries(
            store=self.store,
            scope=[*self.strong, *self.cheap],  # pooled is what has one judge
            candidate=run.candidate,
            label=run.label,
            baseline=baseline,
            partners={run.id: partner},
            confidence=0.95,  # of the noise floor alone, which is not looked at
            now=self.now,
            files=None,
        )
        return entries.entry((run.grader, self.criterion), run)


def _like(scope: Sequence[Run], runs: Mapping[tuple[str, str], Run]) -> list[Run]:
    """Every run of the suite by the same judge and grader, whatever its label: each was a comparison of its own."""
    first = next(iter(runs.values()))
    things = _judged_by(first)
    return [run for run in scope if _judged_by(run) == things]


def _policy(store: Store, run: Run, other: Run) -> GatePolicy | None:
    """The policy that the outputs were submitted under: a run that was judged again has that of the first."""
    kept = store.policies.of(run.id) or store.policies.of(other.id)
    try:
        return GatePolicy.from_json(kept) if kept else None
    except ConfigError:
        return None  # of another version of evalkit, with other words


def _judged_by(run: Run) -> tuple[str, str]:
    return run.grader_digest, run.judge.digest if run.judge else ""


def _outputs(run: Run) -> tuple[str, str]:
    return run.dataset, run.candidate_digest
