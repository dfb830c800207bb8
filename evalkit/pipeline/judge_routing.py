"""Judges from the store: what each said of the same outputs, what it cost, and what gates make of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias

from evalkit.analysis.agree import Scale
from evalkit.analysis.judges import JudgePair, Standing, cost_per_scored, standing
from evalkit.dataset.problems import listed
from evalkit.errors import UsageError
from evalkit.graders.jury import short_judge
from evalkit.pipeline.agree import scales_of
from evalkit.pipeline.judge_replays import replays
from evalkit.pipeline.judgements import Said, people_of, said_of
from evalkit.run import Run, RunKind
from evalkit.store import Store

Outputs: TypeAlias = tuple[str, str]
"""A dataset and a candidate, by their digests: what a judge is asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedJudges:
    """Which judges are to be held against which, and how."""

    margin: float
    strong: str | None = None
    """The judge to be no worse than; the dearest where None."""
    grader: str | None = None
    criterion: str | None = None
    label: str | None = None
    confidence: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRouting:
    """Every cheaper judge of a criterion beside the strong one."""

    grader: str
    criterion: str
    strong: str
    margin: float
    standings: tuple[Standing, ...]
    """The cheapest judge first; those of unknown cost last."""
    runs: Mapping[str, tuple[str, ...]]
    """By judge: the runs that it is known by."""
    labelled: int
    """Outputs of the strong judge that people labelled."""
    simulated: bool


class _Judge(NamedTuple):
    """One judge of a grader with its newest run of each of the outputs."""

    name: str
    runs: Mapping[Outputs, Run]


def judge_routings(store: Store, runs: Sequence[Run], asked: AskedJudges, *, now: datetime) -> tuple[JudgeRouting, ...]:
    """For each grader and criterion the cheaper judges beside the strong one, from runs of the same outputs.

    Args:
        store: where the runs are.
        runs: those of one suite, newest first, with those that are no judge's.
        asked: which judges, and how.
        now: the time, by which gates tell how old a baseline is.

    Raises:
        UsageError: no two judges have scores of the same outputs, or what is asked names nothing.
    """
    found: list[JudgeRouting] = []
    known: list[str] = []
    for judges in _by_grader(runs, asked):
        scales = scales_of(store, next(iter(judges[0].runs.values())))
        known += scales
        for criterion, scale in scales.items():
            if asked.criterion in (None, criterion):
                found += _routing(store, runs, judges, asked, criterion=criterion, scale=scale, now=now)
    if not found:
        raise UsageError(_nothing(runs, asked, known))
    return tuple(found)


def _by_grader(runs: Sequence[Run], asked: AskedJudges) -> list[list[_Judge]]:
    """The judges of each grader's newest version that several have judged by, where they have outputs in common."""
    versions: dict[str, dict[str, list[Run]]] = {}
    for run in runs:
        judged = run.judge is not None and run.kind in (RunKind.GRADING, RunKind.JURY)
        if judged and asked.grader in (None, run.grader) and asked.label in (None, run.label):
            versions.setdefault(run.grader, {}).setdefault(run.grader_digest, []).append(run)
    return [judges for by_digest in versions.values() if (judges := _first(by_digest.values()))]


def _first(versions: Iterable[Sequence[Run]]) -> list[_Judge]:
    """The judges of the newest version of a grader that has several."""
    for runs in versions:
        if judges := _judges(runs):
            return judges
    return []


def _judges(runs: Sequence[Run]) -> list[_Judge]:
    """The judges of runs of one grader, newest first, that share outputs with another; none where there is one."""
    newest: dict[str, dict[Outputs, Run]] = {}
    for run in runs:
        judge = run.judge.digest if run.judge else ""
        newest.setdefault(judge, {}).setdefault((run.dataset, run.candidate_digest), run)
    names = _names([next(iter(own.values())) for own in newest.values()])
    shared = [
        own
        for own in newest.values()
        if any(own.keys() & other.keys() for other in newest.values() if other is not own)
    ]
    return [_Judge(names[next(iter(own.values())).id], own) for own in shared]


def _names(runs: Sequence[Run]) -> dict[str, str]:
    """The judge of each run: its model, and its effort where another judge has the same model."""
    judges = {run.id: run.judge for run in runs if run.judge}
    short = {run: short_judge(judge.model) for run, judge in judges.items()}
    found: dict[str, str] = {}
    for run, judge in judges.items():
        like = [other for other in judges.values() if short_judge(other.model) == short[run] and other != judge]
        told = [judge.effort or "default effort"] if any(other.effort != judge.effort for other in like) else []
        told += ["the sandbox"] if judge.simulated and any(not other.simulated for other in like) else []
        long = judge.model if any(other.model != judge.model for other in like) else short[run]
        found[run] = f"{long} ({', '.join(told)})" if told else long
    return found


def _routing(
    store: Store,
    runs: Sequence[Run],
    judges: Sequence[_Judge],
    asked: AskedJudges,
    *,
    criterion: str,
    scale: Scale,
    now: datetime,
) -> list[JudgeRouting]:
    said = {
        judge.name: {key: said_of(store, run, criterion, scale) for key, run in judge.runs.items()} for judge in judges
    }
    strong = _strong(judges, said, asked)
    others = [judge for judge in judges if judge.name != strong.name and judge.runs.keys() & strong.runs.keys()]
    grader_digest = next(iter(strong.runs.values())).grader_digest
    people = people_of(store, grader_digest, criterion)
    found = [
        standing(
            _pair(judge, strong, said, people, scale),
            margin=asked.margin,
            run=next(iter(judge.runs.values())).id,
            criterion=criterion,
            tries=len(others),
            replays=replays(store, runs, judge.runs, strong.runs, criterion=criterion, now=now, label=asked.label),
            confidence=asked.confidence,
        )
        for judge in others
    ]
    standings = sorted((one for one in found if one), key=_price)
    if not standings:
        return []
    own = [run for judge in judges for run in judge.runs.values()]
    return [
        JudgeRouting(
            grader=own[0].grader,
            criterion=criterion,
            strong=strong.name,
            margin=asked.margin,
            standings=tuple(standings),
            runs={judge.name: tuple(run.id for run in judge.runs.values()) for judge in [strong, *others]},
            labelled=sum(len(people.get(key, {}).keys() & said[strong.name][key].keys()) for key in strong.runs),
            simulated=_simulated(store, own),
        )
    ]


def _price(found: Standing) -> tuple[bool, float, str]:
    return found.cost_usd is None, found.cost_usd or 0.0, found.judge


def _strong(
    judges: Sequence[_Judge], said: Mapping[str, Mapping[Outputs, Mapping[str, Said]]], asked: AskedJudges
) -> _Judge:
    """The judge to be no worse than: the one that is named, else the dearest by scored output.

    Raises:
        UsageError: there is none of that name, or it is not known which is the dearest.
    """
    names = ", ".join(judge.name for judge in judges)
    if asked.strong is not None:
        meant = [judge for judge in judges if asked.strong in (judge.name, judge.name.partition(" (")[0])]
        if len(meant) == 1:
            return meant[0]
        raise UsageError(f"{asked.strong!r} is no judge of the same outputs as another; there are {names}")
    costs = {judge.name: _cost([one for own in said[judge.name].values() for one in own.values()]) for judge in judges}
    unknown = [name for name, cost in costs.items() if cost is None]
    if unknown:
        raise UsageError(
            f"which judge is the strong one is told by what they cost, and the cost of {', '.join(unknown)} is not "
            f"known: say --strong, one of {names}"
        )
    return max(judges, key=lambda judge: costs[judge.name] or 0.0)


def _cost(said: Sequence[Said]) -> float | None:
    return cost_per_scored([one.cost for one in said], [one.value for one in said])


def _pair(
    cheap: _Judge,
    strong: _Judge,
    said: Mapping[str, Mapping[Outputs, Mapping[str, Said]]],
    people: Mapping[Outputs, Mapping[str, float]],
    scale: Scale,
) -> JudgePair:
    """What both said of the outputs that they share; a judgement that a run took over from another is there once."""
    keys = [key for key in strong.runs if key in cheap.runs]
    seen: dict[tuple[object, object], tuple[str, Said, Said, float | None]] = {}
    for key in keys:
        own, other = said[cheap.name][key], said[strong.name][key]
        for case_id in (case_id for case_id in other if case_id in own):
            pair = (own[case_id].observation, other[case_id].observation)
            seen.setdefault(pair, (case_id, own[case_id], other[case_id], people.get(key, {}).get(case_id)))
    rows = list(seen.values())
    several = len(keys) > 1
    signals = tuple(dict.fromkeys(signal for _, own, _, _ in rows for signal in own.doubts))
    return JudgePair(
        cheap=cheap.name,
        strong=strong.name,
        scale=scale,
        cases=tuple(case_id for case_id, *_ in rows),
        clusters=tuple(one.cluster or (f"case {case_id}" if several else None) for case_id, one, _, _ in rows),
        cheap_values=tuple(one.value for _, one, _, _ in rows),
        strong_values=tuple(other.value for _, _, other, _ in rows),
        cheap_costs=tuple(one.cost for _, one, _, _ in rows),
        strong_costs=tuple(other.cost for _, _, other, _ in rows),
        people=tuple(value for *_, value in rows),
        doubts={signal: tuple(one.doubts.get(signal, 0.0) for _, one, _, _ in rows) for signal in signals},
    )


def _simulated(store: Store, runs: Sequence[Run]) -> bool:
    made_of = store.progress([run.id for run in runs]).values()
    simulated = any(batch.simulated for _, batches in made_of for batch in batches)
    return simulated or any(run.judge.simulated for run in runs if run.judge)


def _nothing(runs: Sequence[Run], asked: AskedJudges, criteria: Sequence[str]) -> str:
    if criteria and asked.criterion not in (None, *criteria):
        return (
            f"no two judges have judged by a criterion {asked.criterion!r}; there are {listed(dict.fromkeys(criteria))}"
        )
    of = f" by grader {asked.grader!r}" if asked.grader else ""
    under = f" under the label {asked.label!r}" if asked.label else ""
    judged = [run for run in runs if run.judge and asked.grader in (None, run.grader)]
    if not judged:
        return f"no judge has scored anything{of}; `evalkit run` makes runs"
    mend = f"evalkit rejudge {judged[0].id} --judge MODEL --wait"
    return f"no two judges have scored the same outputs{of}{under}; to have another judge them: {mend}"
