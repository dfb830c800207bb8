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
from operator import attrgetter
from typing import Any, Literal

from evalkit.analysis.gate import (
    Gate,
    GateBaseline,
    GateEntry,
    GateNoise,
    GatePolicy,
    judge_by_both,
    pool,
)
from evalkit.analysis.scores import RunScores
from evalkit.config import Config, GateConfig
from evalkit.errors import UsageError
from evalkit.graders import build_graders
from evalkit.pipeline.corrections import calibration_for_gate
from evalkit.pipeline.powering import noise_for
from evalkit.pipeline.scores import run_scores
from evalkit.pipeline.selection import LABEL, baseline_of, scope_of
from evalkit.pipeline.suite import measures_of
from evalkit.run import Run, RunStatus, run_status
from evalkit.stats import judge_floor
from evalkit.store import Store

PolicyChoice = Literal["candidate", "baseline", "both"]
Measure = tuple[str, str]
"""A grader's name and one of its criteria."""


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
    must_exist: bool = True
    """Whether a baseline that names nothing is an error, and not merely one without runs."""

    def judge(self, candidates: Sequence[str] = ()) -> list[Judged]:
        """One gate per candidate; of every candidate of the config but the baseline where none is named.

        Raises:
            UsageError: the config has no gate, a candidate or the baseline is not known, or nothing is left to judge.
            ConfigError: a rule of the gate or a rubric is wrong.
        """
        scope = scope_of(self.store, self.config.name)
        names = list(candidates) or self._others(scope)
        self._refuse_unknown(names, scope)
        return [self._judge(name, scope) for name in names]

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
        meant = self._run_meant(scope)
        names = [name for name in own if meant is None or meant not in self._newest_runs(name, scope)]
        if not names:
            raise UsageError(
                f"{self.config.path} has no candidate beside the baseline {self._selector!r}; name another baseline, "
                f'as in --baseline "{LABEL}main" for the same candidate under the label main'
            )
        return names

    def _refuse_unknown(self, names: Sequence[str], scope: Sequence[Run]) -> None:
        known = {candidate.name for candidate in self.config.candidates} | {run.candidate for run in scope}
        for name in names:
            if name not in known:
                raise UsageError(f"there is no candidate {name!r}; there are {', '.join(sorted(known))}")

    def _judge(self, name: str, scope: Sequence[Run]) -> Judged:
        graders = build_graders(self.config)
        policy = GatePolicy.of(self._gate, measures_of(graders))
        label = self._label(name, scope)
        runs = self._candidate_runs(name, label, scope)
        partners = self._partners(runs, scope)
        kept = self._kept_policy(partners, label, scope)
        keeper = self._by(kept)
        others = partners if keeper is self else keeper._partners(runs, scope)

        def entries(one: Gatekeeper, found: Mapping[str, Run | None]) -> tuple[GateEntry, ...]:
            return tuple(
                one._entry(measure, runs.get(measure[0]), found, name=name, label=label, scope=scope)
                for measure in _measures(policy, kept)
            )

        own = entries(self, partners)
        by_kept = own if keeper is self else entries(keeper, others)
        gate = judge_by_both(
            policy,
            kept,
            own,
            use=self.use,
            suite=self.config.name,
            candidate=name,
            label=label,
            baseline=self._baseline(partners),
            kept_entries=by_kept,
            kept_baseline=keeper._baseline(others),
        )
        decided = by_kept if gate.policy.decided_by == "baseline" else own
        return Judged(gate=gate, entries=decided, runs=tuple(runs.values()))

    def _label(self, name: str, scope: Sequence[Run]) -> str:
        """The label asked for, or the newest of the candidate that is not the baseline's."""
        if self.label is not None:
            return self.label
        labels = [run.label for run in scope if run.candidate == name]
        others = [label for label in labels if f"{LABEL}{label}" != self._selector]
        return next(iter([*others, *labels]), "")

    def _candidate_runs(self, name: str, label: str, scope: Sequence[Run]) -> dict[str, Run]:
        """The run of each grader: by the judge of the config where there is one, the newest of them."""
        model = self.config.judge.model if self.config.judge else None
        own = [run for run in scope if (run.candidate, run.label) == (name, label)]
        own.sort(key=lambda run: (run.judge is None or run.judge.model == model, run.created_at))
        return {run.grader: run for run in own}

    def _newest_runs(self, name: str, scope: Sequence[Run]) -> list[Run]:
        return list(self._candidate_runs(name, self._label(name, scope), scope).values())

    def _partners(self, runs: Mapping[str, Run], scope: Sequence[Run]) -> dict[str, Run | None]:
        """By candidate run: the baseline's under the same grader, where there is one."""
        return {run.id: self._partner(run, scope) for run in runs.values()}

    def _partner(self, run: Run, scope: Sequence[Run]) -> Run | None:
        selector, names = self._selector, {candidate.name for candidate in self.config.candidates}
        known = selector.startswith(LABEL) or any(other.candidate == selector for other in scope)
        if not known and (selector in names or not (self.must_exist or self.store.runs.beginning(selector))):
            return None
        found = baseline_of(self.store, scope, run, selector)
        meant = None if found else self._run_meant(scope)
        beside = [one for one in scope if meant and one.id != run.id and _made_beside(one, meant, run.grader)]
        return found or next(iter(beside), None)

    def _run_meant(self, scope: Sequence[Run]) -> Run | None:
        """The run whose id the baseline is; it stands for those under the other graders that were made beside it."""
        if self._selector.startswith(LABEL) or any(run.candidate == self._selector for run in scope):
            return None
        begun = self.store.runs.beginning(self._selector)
        exact = [run for run in begun if run.id == self._selector]
        return exact[0] if exact else begun[0] if len(begun) == 1 else None

    def _kept_policy(self, partners: Mapping[str, Run | None], label: str, scope: Sequence[Run]) -> GatePolicy | None:
        """The policy that the baseline was submitted under; None where none was kept.

        A baseline that was submitted together with the candidate has the candidate's policy, which proves nothing:
        then the policy of the newest other label counts.

        Raises:
            UsageError: the baseline's policy alone is to count, and there is none.
        """
        found = [run for run in partners.values() if run and run.label != label]
        found = found or [run for run in scope if run.label != label]
        for run in sorted(found, key=lambda run: run.created_at, reverse=True):
            policy = self.store.policies.of(run.id)
            if policy is not None:
                return GatePolicy.from_json(policy)
        if self.use == "baseline" and any(partners.values()):
            raise UsageError(
                "no gate was kept with the baseline's runs, so that none but the candidate's can count: submit the "
                "baseline under a label of its own with a [gate] in its config, or use --policy candidate"
            )
        return None

    def _by(self, kept: GatePolicy | None) -> Gatekeeper:
        """Who judges by a policy that was kept: with the baseline that it names, unless the caller names one."""
        if kept is None or self.baseline is not None or kept.baseline == self._selector:
            return self
        return replace(self, baseline=kept.baseline, must_exist=False)

    def _baseline(self, found: Mapping[str, Run | None]) -> GateBaseline:
        partners = [run for run in found.values() if run]
        if not partners:
            return GateBaseline(selector=self._selector)
        newest = max(partners, key=lambda run: run.created_at)
        return GateBaseline(
            selector=self._selector,
            description=newest.candidate,
            runs=tuple(dict.fromkeys(run.id for run in partners)),
            label=newest.label,
            created_at=newest.created_at,
            age_days=(self.now - newest.created_at).total_seconds() / 86_400,
        )

    def _entry(
        self,
        measure: Measure,
        run: Run | None,
        partners: Mapping[str, Run | None],
        *,
        name: str,
        label: str,
        scope: Sequence[Run],
    ) -> GateEntry:
        grader, criterion = measure
        if run is None or not self._scores(run, criterion):
            return GateEntry(
                grader=grader,
                criterion=criterion,
                baseline=None,
                candidate=None,
                cost_usd=0.0,
                no_candidate=f"there is no run of {name} under {grader}{_under(label)}; {_submit(label)}",
            )
        other = partners[run.id]
        if other is not None and not self._scores(other, criterion):
            other = None
        siblings = self._siblings(run, scope)
        return GateEntry(
            grader=grader,
            criterion=criterion,
            candidate=self._pooled(siblings, criterion),
            baseline=self._pooled(self._siblings(other, scope), criterion) if other else None,
            candidate_cases=run.cases,
            baseline_cases=other.cases if other else None,
            pending=any(self._is_open(one) for one in (run, other) if one),
            handed_over=self._handed_over([one for one in (run, other) if one]),
            judged=run.judge is not None,
            cost_usd=self._cost(run),
            calibration=calibration_for_gate(self.store, run, criterion, now=self.now),
            noise=self._noise(run, criterion),
            pooled=len(siblings),
            no_baseline=self._no_baseline(grader, label),
        )

    def _scores(self, run: Run, criterion: str) -> bool:
        return criterion in self.store.content.scales({run.grader_digest})[run.grader_digest]

    def _siblings(self, run: Run, scope: Sequence[Run]) -> list[Run]:
        """The runs of the same outputs under the same grader and judge, whatever their label; the run itself last.

        A run that another model answered under the judge's name is of another judge.
        """
        same = [one for one in scope if one.id != run.id and _things(one) == _things(run)]
        spent = self.store.results.spending([run.id, *(one.id for one in same)]) if same else {}
        served = {one: frozenset(spending.served_models) for one, spending in spent.items()}
        alike = [one for one in same if served.get(one.id) == served.get(run.id) and not self._is_open(one)]
        return [*reversed(alike), run]

    def _pooled(self, runs: Sequence[Run], criterion: str) -> RunScores:
        return pool([run_scores(self.store, run, criterion) for run in runs])

    def _is_open(self, run: Run) -> bool:
        intents, batches = self.store.progress([run.id])[run.id]
        status = run_status([intent.state for intent in intents], [batch.state for batch in batches])
        return status is not RunStatus.COLLECTED or run.id in self.store.hand_overs.away()

    def _handed_over(self, runs: Sequence[Run]) -> str:
        away = self.store.hand_overs.away()
        gone = next((run for run in runs if run.id in away), None)
        if gone is None:
            return ""
        return f"run {gone.id} was handed over to {away[gone.id].to}: evalkit import the bundle that brings it back"

    def _cost(self, run: Run) -> float | None:
        if run.judge is None:
            return 0.0
        spending = self.store.results.spending([run.id]).get(run.id)
        return spending.cost_usd if spending else 0.0

    def _noise(self, run: Run, criterion: str) -> GateNoise | None:
        found, samples = noise_for(self.store, run, criterion)
        if found is None or found.within_variance is None:
            return None
        floor = judge_floor(found.within_variance, n=run.cases, samples=samples, confidence=self._gate.confidence)
        return GateNoise(flip_rate=found.flip_rate.mean, floor=floor)

    def _no_baseline(self, grader: str, own: str) -> str:
        selector = self._selector
        if selector.startswith(LABEL):
            label = selector.removeprefix(LABEL)
            if label == own:
                return f"{grader} has no other run with the label {label!r}; evalkit submit under another one"
            return f"there is no run under {grader} with the label {label!r} to compare with; {_submit(label)}"
        return f"there is no run of the baseline {selector!r} under {grader}; evalkit submit makes it"


def _measures(policy: GatePolicy, kept: GatePolicy | None) -> list[Measure]:
    """What either policy has a rule for: a grader that was dropped is still asked for by the baseline's."""
    rules: Iterator[Any] = iter([*policy.rules, *(kept.rules if kept else ())])
    return list(dict.fromkeys((rule.grader, rule.criterion) for rule in rules))


def _things(run: Run) -> tuple[str, ...]:
    judge = run.judge.digest if run.judge else ""
    return (run.dataset, run.candidate_digest, run.grader_digest, judge)


def _made_beside(run: Run, other: Run, grader: str) -> bool:
    """Whether a run is of this grader, and of the same outputs and label as another."""
    of = attrgetter("suite", "dataset", "candidate_digest", "label")
    return run.grader == grader and of(run) == of(other)


def _under(label: str) -> str:
    return f" with the label {label!r}" if label else ""


def _submit(label: str) -> str:
    return f"evalkit submit --label {label}" if label else "evalkit submit"
