"""Which runs are compared: the words of a user turned into pairs of runs.

A run is named by its id or the beginning of it, or by its candidate's name, which stands for the newest run of that
candidate under each grader and judge. Beside a name a label may be given; without one the newest label counts.
The baseline of a run is found among those that have its grader: under the same label where there is one, scored in
the same way where there is one, the newest of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from evalkit.config.gate import baseline_label
from evalkit.errors import UsageError
from evalkit.run import Run, RunKind
from evalkit.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a user asks to have compared."""

    runs: tuple[str, ...] = ()
    """Run ids, beginnings of them, or candidates' names; the first of several is the baseline, where none is named."""
    baseline: str | None = None
    """A candidate's name, a run id, or `label:` and a label."""
    baseline_label: str | None = None
    """The label of the baseline; alone, each candidate is compared with itself under it."""
    label: str | None = None
    """The label of the candidates, where they are named; the newest where None."""
    usual_baseline: str | None = None
    """The baseline of the config's gate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPair:
    """A candidate run and the run that it is compared with."""

    baseline: Run
    candidate: Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The pairs, and what of the wanted has no counterpart."""

    pairs: tuple[RunPair, ...]
    notes: tuple[str, ...]


def select_pairs(store: Store, scope: Sequence[Run], wanted: Wanted) -> Selection:
    """The pairs that are wanted; names are looked up in `scope`, which is newest first, ids in the whole store.

    Raises:
        UsageError: a word names nothing, there is no baseline, or no candidate run has a counterpart.
    """
    against, words = _roles(wanted)
    names = _Names(store=store, scope=scope)
    # A candidate that is compared with itself under another label is not wanted under that label.
    not_under = against.label if against.name is None else None
    if words:
        runs = [(run, by_id) for word in words for run, by_id in names.runs(word, wanted.label, not_under)]
    else:
        runs = [(run, False) for run in names.others(against.name, wanted.label, not_under)]
    counterparts = names.counterparts(against)
    pairs: dict[str, RunPair] = {}
    lacking: list[str] = []
    for run, by_id in runs:
        found = _best(run, counterparts(run, by_id))
        if found is not None:
            pairs[run.id] = RunPair(baseline=found, candidate=run)
        else:
            lacking.append(f"{run.candidate} under {run.grader} has no run of {against} beside it")
    if not pairs:
        what = lacking[0] if lacking else f"there is no run to compare with {against}"
        raise UsageError(f"{what}; `evalkit runs` lists the runs, `evalkit run` makes them")
    return Selection(pairs=tuple(pairs.values()), notes=tuple(lacking))


def baseline_of(store: Store, scope: Sequence[Run], run: Run, baseline: str) -> Run | None:
    """The run that a candidate run is compared with, where there is one.

    Raises:
        UsageError: the baseline names no candidate, no label and no run.
    """
    against, _ = _roles(Wanted(baseline=baseline))
    by_id = False
    return _best(run, _Names(store=store, scope=scope).counterparts(against)(run, by_id))


def scope_of(store: Store, suite: str | None) -> list[Run]:
    """The runs in which names are looked up, newest first: of a suite, or of the newest; none that measure noise."""
    noise = store.noise.runs()
    found = [run for run in store.runs.select() if run.kind is not RunKind.GENERATION and run.id not in noise]
    suite = suite if suite is not None else found[0].suite if found else None
    return [run for run in found if run.suite == suite]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Against:
    """What is compared with: a candidate or a run, or else each candidate itself; under a label, or under any."""

    name: str | None
    label: str | None

    def __str__(self) -> str:
        under = "" if self.label is None else f"the label {self.label!r}"
        return f"{self.name!r}{' under ' if under else ''}{under}" if self.name is not None else under


def _roles(wanted: Wanted) -> tuple[_Against, tuple[str, ...]]:
    """What is compared with, and the words of the candidates."""
    named, label = wanted.baseline, wanted.baseline_label
    if named is not None and (own := baseline_label(named)) is not None:
        return _Against(name=None, label=own), wanted.runs
    if named is not None:
        return _Against(name=named, label=label), wanted.runs
    if len(wanted.runs) > 1:
        return _Against(name=wanted.runs[0], label=label), wanted.runs[1:]
    if label is None and wanted.usual_baseline is None:
        raise UsageError(
            "say what to compare with: two runs or candidates, --baseline, --baseline-label, or a [gate] with a "
            "baseline in the config"
        )
    if label is not None:
        return _Against(name=None, label=label), wanted.runs
    return _roles(replace(wanted, baseline=wanted.usual_baseline))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """The runs behind words: candidates' names within the scope, ids within the whole store."""

    store: Store
    scope: Sequence[Run]

    def runs(self, word: str, label: str | None, not_under: str | None = None) -> list[tuple[Run, bool]]:
        """The run of this id, the newest runs of the candidate of this name, or the run that begins so; True for ids.

        Raises:
            UsageError: there is none, or several runs begin so.
        """
        begun = self.store.runs.beginning(word)
        if exact := [run for run in begun if run.id == word]:
            return [(exact[0], True)]
        if self.is_candidate(word):
            return [(run, False) for run in self._of_candidate(word, label, not_under)]
        if len(begun) == 1:
            return [(begun[0], True)]
        if begun:
            ids = ", ".join(run.id for run in begun[:5])
            raise UsageError(f"{word!r} begins {len(begun)} runs: {ids}; write more of it")
        known = ", ".join(sorted({run.candidate for run in self.scope})) or "none yet"
        raise UsageError(
            f"{word!r} is no run and no candidate; the candidates are {known}, and `evalkit runs` lists the runs"
        )

    def is_candidate(self, word: str) -> bool:
        return any(run.candidate == word for run in self.scope)

    def others(self, name: str | None, label: str | None, not_under: str | None) -> list[Run]:
        """Every candidate but one, under a label or the newest."""
        label = self._newest_label(self.scope, not_under) if label is None else label
        return _newest([run for run in self.scope if run.candidate != name and run.label == label])

    def counterparts(self, against: _Against) -> Callable[[Run, bool], list[Run]]:
        """What a candidate run may be compared with; one that is named by its id may meet any run that is too.

        Raises:
            UsageError: the baseline names nothing, or is a run of another label.
        """
        name, label = against.name, against.label
        if name is None or self.is_candidate(name):
            return lambda run, _: [
                other
                for other in self.scope
                if other.id != run.id
                and other.candidate == (run.candidate if name is None else name)
                and (other.grader, other.dataset_name) == (run.grader, run.dataset_name)
                and (label is None or other.label == label)
            ]
        ((only, _),) = self.runs(name, None)
        if label is not None and only.label != label:
            raise UsageError(f"run {only.id} has the label {only.label!r}, not {label!r}; name it or a label, not both")
        return lambda run, by_id: [only] if only.id != run.id and (by_id or only.grader == run.grader) else []

    def _of_candidate(self, name: str, label: str | None, not_under: str | None) -> list[Run]:
        own = [run for run in self.scope if run.candidate == name]
        label = self._newest_label(own, not_under) if label is None else label
        found = _newest([run for run in own if run.label == label])
        if not found:
            labels = ", ".join(dict.fromkeys(repr(run.label) for run in own))
            raise UsageError(f"{name} has no run under the label {label!r}; its labels are {labels}")
        return found

    @staticmethod
    def _newest_label(runs: Sequence[Run], not_under: str | None) -> str | None:
        return next((run.label for run in runs if run.label != not_under), None)


def _best(run: Run, others: Sequence[Run]) -> Run | None:
    """Of the same label rather than of another, then scored in the same way, then on the same dataset, then newest."""

    def rank(other: Run) -> tuple[bool, bool, bool, datetime]:
        alike = (other.grader_digest, _judge(other)) == (run.grader_digest, _judge(run))
        return (other.label == run.label, alike, other.dataset == run.dataset, other.as_of)

    return max(others, key=rank, default=None)


def _newest(runs: Iterable[Run]) -> list[Run]:
    """The newest of each candidate, grader and judge, in the order they were made; runs come newest first."""
    newest: dict[tuple[str, ...], Run] = {}
    for run in runs:
        judge = (run.judge.model, run.judge.effort or "") if run.judge else ("", "")
        newest.setdefault((run.candidate, run.grader, *judge), run)
    return list(reversed(newest.values()))


def _judge(run: Run) -> str:
    return run.judge.digest if run.judge else ""
