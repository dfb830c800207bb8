"""A gate, from the store: which runs stand for the candidate and the baseline, and what is known of their judge.

What a change that is to be judged can do to its own gate: it writes the config, and where the baseline is a candidate
of that config, it writes the baseline's outputs, the dataset and the rubric too. So the gate is judged by the policy
that the baseline was submitted under as well, with the baseline that this policy names. That is proof where the
baseline was submitted from elsewhere, as under a label that only the released branch submits to: `label:main`, best
given on the command line, which the config cannot change. A baseline that was submitted together with the candidate
proves nothing. The newest policy of any other label then counts, which shows a loosening once: the next submit of the
same change may find its own earlier one there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from evalkit.analysis.gate import Gate, GateEntry, GatePolicy, judge_by_both
from evalkit.config import Config, GateConfig
from evalkit.config.gate import LABEL_PREFIX
from evalkit.errors import UsageError
from evalkit.graders import build_graders
from evalkit.pipeline.gate_baseline import Baseline
from evalkit.pipeline.gate_entries import Entries, Measure
from evalkit.pipeline.gate_pairwise import applying
from evalkit.pipeline.gate_stale import Files
from evalkit.pipeline.selection import scope_of
from evalkit.pipeline.suite import judge_of, measures_of
from evalkit.run import Run
from evalkit.store import Store

PolicyChoice = Literal["candidate", "baseline", "both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A gate with what it was judged on."""

    gate: Gate
    entries: tuple[GateEntry, ...]
    runs: tuple[Run, ...]
    """The candidate's runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gatekeeper:
    """Judges the gates of one config over one store."""

    store: Store
    config: Config
    now: datetime
    baseline: str | None = None
    """In place of the config's."""
    label: str | None = None
    """Of the candidates; the newest that each has where None."""
    use: PolicyChoice = "both"

    def judge(self, candidates: Sequence[str] = ()) -> list[Judged]:
        """One gate per candidate; of every candidate of the config but the baseline where none is named.

        Raises:
            UsageError: the config has no gate, a candidate or the baseline is not known, or nothing is left to judge.
            ConfigError: a rule of the gate or a rubric is wrong.
        """
        scope = scope_of(self.store, self.config.name)
        names = list(candidates) or self._others(scope)
        self._refuse_unknown(names, scope)
        # Who names a label means what was submitted under it, whatever the files hold now.
        files = Files(self.config, self.store) if self.label is None else None
        return [self._judge(name, scope, files) for name in names]

    @property
    def _gate(self) -> GateConfig:
        gate = self.config.gate
        if gate is None:
            raise UsageError(f'{self.config.path} has no [gate]; add one, with baseline = "..." and margin = 0.02')
        return gate

    @property
    def _selector(self) -> str:
        return self.baseline or self._gate.baseline

    def _others(self, scope: Sequence[Run]) -> list[str]:
        """Every candidate of the config that is not the baseline, by its name or by its newest runs."""
        own = [candidate.name for candidate in self.config.candidates if candidate.name != self._selector]
        meant = self._beside(scope).run_meant
        names = [name for name in own if meant is None or meant not in self._newest_runs(name, scope)]
        if not names:
            raise UsageError(
                f"{self.config.path} has no candidate beside the baseline {self._selector!r}; name another baseline, "
                f'as in --baseline "{LABEL_PREFIX}main" for the same candidate under the label main'
            )
        return names

    def _refuse_unknown(self, names: Sequence[str], scope: Sequence[Run]) -> None:
        known = {candidate.name for candidate in self.config.candidates} | {run.candidate for run in scope}
        for name in names:
            if name not in known:
                raise UsageError(f"there is no candidate {name!r}; there are {', '.join(sorted(known))}")

    def _judge(self, name: str, scope: Sequence[Run], files: Files | None) -> Judged:
        graders = build_graders(self.config)
        policy = applying(GatePolicy.of(self._gate, measures_of(graders)), name, graders)
        label = self._label(name, scope)
        runs = self._candidate_runs(name, label, scope)
        beside = self._beside(scope)
        partners = beside.partners(runs.values())
        kept = self._kept_policy(partners, label, scope)
        kept = applying(kept, name, graders) if kept else None
        kept_beside = self._as_kept(beside, kept)
        kept_partners = partners if kept_beside is beside else kept_beside.partners(runs.values())

        def entries(baseline: Baseline, partners: Mapping[str, Run | None]) -> tuple[GateEntry, ...]:
            found = Entries(
                store=self.store,
                scope=scope,
                candidate=name,
                label=label,
                baseline=baseline,
                partners=partners,
                confidence=self._gate.confidence,
                now=self.now,
                files=files,
            )
            return tuple(found.entry(measure, runs.get(measure[0])) for measure in _measures(policy, kept))

        own = entries(beside, partners)
        by_kept = own if kept_beside is beside else entries(kept_beside, kept_partners)
        gate = judge_by_both(
            policy,
            kept,
            own,
            use=self.use,
            suite=self.config.name,
            candidate=name,
            label=label,
            baseline=beside.told(partners, self.now),
            kept_entries=by_kept,
            kept_baseline=kept_beside.told(kept_partners, self.now),
        )
        decided = by_kept if gate.policy.decided_by == "baseline" else own
        return Judged(gate=gate, entries=decided, runs=tuple(runs.values()))

    def _beside(self, scope: Sequence[Run]) -> Baseline:
        names = frozenset(candidate.name for candidate in self.config.candidates)
        return Baseline(store=self.store, scope=scope, selector=self._selector, names=names)

    def _as_kept(self, beside: Baseline, kept: GatePolicy | None) -> Baseline:
        """The baseline that a policy names which was kept, unless the caller names one."""
        if kept is None or self.baseline is not None or kept.baseline == beside.selector:
            return beside
        return replace(beside, selector=kept.baseline, must_exist=False)

    def _label(self, name: str, scope: Sequence[Run]) -> str:
        """The label asked for, or the newest of the candidate that is not the baseline's."""
        if self.label is not None:
            return self.label
        labels = [run.label for run in scope if run.candidate == name]
        others = [label for label in labels if f"{LABEL_PREFIX}{label}" != self._selector]
        return next(iter([*others, *labels]), "")

    def _candidate_runs(self, name: str, label: str, scope: Sequence[Run]) -> dict[str, Run]:
        """The run of each grader: by the judge of the config where there is one, the newest of them."""
        judged = self.config.jury or self.config.judge
        model = judge_of(self.config).model if judged else None
        own = [run for run in scope if (run.candidate, run.label) == (name, label)]
        own.sort(key=lambda run: (run.judge is None or run.judge.model == model, run.as_of))
        return {run.grader: run for run in own}

    def _newest_runs(self, name: str, scope: Sequence[Run]) -> list[Run]:
        return list(self._candidate_runs(name, self._label(name, scope), scope).values())

    def _kept_policy(self, partners: Mapping[str, Run | None], label: str, scope: Sequence[Run]) -> GatePolicy | None:
        """The policy that the baseline was submitted under; None where none was kept.

        A baseline that was submitted together with the candidate has the candidate's policy, which proves nothing:
        then the policy of the newest other label counts.

        Raises:
            UsageError: the baseline's policy alone is to count, and there is none.
        """
        found = [run for run in partners.values() if run and run.label != label]
        found = found or [run for run in scope if run.label != label]
        for run in sorted(found, key=lambda run: run.as_of, reverse=True):
            policy = self.store.policies.of(run.id)
            if policy is not None:
                return GatePolicy.from_json(policy)
        if self.use == "baseline" and any(partners.values()):
            raise UsageError(
                "no gate was kept with the baseline's runs, so that none but the candidate's can count: submit the "
                "baseline under a label of its own with a [gate] in its config, or use --policy candidate"
            )
        return None


def _measures(policy: GatePolicy, kept: GatePolicy | None) -> list[Measure]:
    """What either policy has a rule for: a grader that was dropped is still asked for by the baseline's."""
    rules: Iterator[Any] = iter([*policy.rules, *(kept.rules if kept else ())])
    return list(dict.fromkeys((rule.grader, rule.criterion) for rule in rules))
