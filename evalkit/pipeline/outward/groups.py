"""Runs as other tools see them: one candidate on one dataset, with a measure for every grader's criterion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from evalkit.dataset import Case, OutputFacts
from evalkit.pipeline.overview import overview
from evalkit.pipeline.view import RunView
from evalkit.run import Run
from evalkit.store import PlacedScore, Store
from evalkit.store.rows import chunks

_WINDOW = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One criterion of one run."""

    run: Run
    criterion: str
    key: str
    """Its name in the file, distinct among those of its group."""
    labels: tuple[tuple[str, float], ...]
    """From worst to best; only the ends where a value may be anything between."""
    graded: bool
    """Whether a value may lie between the labels."""
    check: str
    """Which check it is; empty for a rubric."""
    system: tuple[str, ...]
    """The prompt of its judge; empty for a check."""
    view: RunView

    @property
    def low(self) -> float:
        """The lowest value."""
        return self.labels[0][1]

    @property
    def high(self) -> float:
        """The highest value."""
        return self.labels[-1][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The runs of one candidate on one dataset under one label."""

    runs: tuple[Run, ...]
    measures: tuple[Measure, ...]
    sampled: int
    """How many of the runs judged an output several times."""

    @property
    def first(self) -> Run:
        """The earliest run, which has what they share."""
        return self.runs[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a group says of one case."""

    case: Case
    output: str | None
    facts: OutputFacts | None
    scores: dict[tuple[str, str], PlacedScore]
    """The case's own score by run and criterion; a case that is pending has none."""

    def score(self, measure: Measure) -> PlacedScore | None:
        """The score under a measure."""
        return self.scores.get((measure.run.id, measure.criterion))


def groups(store: Store, runs: Sequence[Run]) -> list[Group]:
    """Runs of one dataset, candidate and label together, in the order in which they first come."""
    found: dict[tuple[str, str, str], dict[str, Run]] = {}
    for run in runs:
        found.setdefault((run.dataset, run.candidate_digest, run.label), {})[run.id] = run
    by_time = (sorted(own.values(), key=lambda run: (run.created_at, run.id)) for own in found.values())
    return [_group(store, tuple(own)) for own in by_time]


def tell(store: Store, group: Group) -> Iterator[Told]:
    """Every case of a group in the order of the dataset, a window at a time."""
    run = group.first
    ids = [one.id for one in group.runs]
    for window in chunks(store.content.cases_with_outputs(run.dataset, run.candidate_digest), _WINDOW):
        case_ids = [case.id for case, _ in window]
        scores = store.scores.for_cases(ids, case_ids)
        facts = store.content.output_facts([run.candidate_digest], case_ids)
        for case, output in window:
            own = {(one.score.run, one.score.verdict.criterion): one for one in scores.get(case.id, ())}
            known = facts.get((run.candidate_digest, case.id))
            yield Told(case=case, output=output, facts=known, scores=own)


def _group(store: Store, runs: tuple[Run, ...]) -> Group:
    specs = {run.id: store.content.grader(run.grader_digest)[1] for run in runs}
    views = overview(store, runs)
    by_id = {run.id: run for run in runs}
    keys = _keys(views)
    measures = tuple(
        _measure(by_id[view.run], view, specs[view.run], key) for view, key in zip(views, keys, strict=True)
    )
    sampled = sum(int(spec.get("samples", 1)) > 1 for spec in specs.values())
    return Group(runs=runs, measures=measures, sampled=sampled)


def _measure(run: Run, view: RunView, spec: dict[str, Any], key: str) -> Measure:
    items = cast("list[dict[str, Any]]", spec["criteria"])
    labels = next(item["labels"] for item in items if item["name"] == view.criterion)
    between = int(spec.get("samples", 1)) > 1 and spec.get("reducer") == "mean"
    return Measure(
        run=run,
        criterion=view.criterion,
        key=key,
        labels=tuple(sorted(((str(name), float(value)) for name, value in labels), key=lambda label: label[1])),
        graded=bool(spec.get("graded", False)) or between,
        check=str(spec.get("check", "")),
        system=tuple(str(block) for block in spec.get("system", ())) if run.judge else (),
        view=view,
    )


def _keys(views: Sequence[RunView]) -> list[str]:
    """A name for each: of the grader, of its criterion where that has another, and of what else tells it apart."""
    names = [one.grader if one.criterion == one.grader else f"{one.grader}/{one.criterion}" for one in views]
    for more in ([one.judge or "" for one in views], [one.run for one in views]):
        counts = Counter(names)
        names = [
            f"{name} ({word})" if counts[name] > 1 and word else name for name, word in zip(names, more, strict=True)
        ]
    return names
