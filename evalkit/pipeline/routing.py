"""Routing from the store: the candidates' answers to the same cases, each with a score and a price, by kind of case."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from evalkit.analysis.route import Routing, RoutingTable, route
from evalkit.dataset import Json
from evalkit.dataset.labels import load_labels
from evalkit.dataset.problems import Refused
from evalkit.errors import UsageError
from evalkit.pipeline.kinds import kinds_of, must_be_few
from evalkit.pipeline.output_costs import OutputCosts, output_costs
from evalkit.pipeline.priced import Answers, answers_of, judged_alike, shared_cases
from evalkit.pricing import Prices
from evalkit.run import Run, RunKind
from evalkit.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedCandidate:
    """What answers a case: a candidate with its model, and where its price comes from."""

    model: str | None
    """The model that served its outputs; None where none is named, or several."""
    cost_usd: float
    """Mean price of a case."""
    quality: float
    listed: int
    """Of the cases, how many are priced by the list, from their tokens; the others' cost was recorded."""
    batched: int
    """How many went in a batch, at its price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """A routing, and what it is of."""

    grader: str
    criterion: str
    judge: str
    label: str
    runs: tuple[str, ...]
    n: int
    """Cases that every candidate has a score and a price for."""
    left_out: int
    """Cases of the dataset that lack either under a candidate."""
    candidates: Mapping[str, PricedCandidate]
    unpriced: tuple[str, ...]
    """Candidates that are left out, because none of their outputs has a price."""
    price_date: str
    """Of the list that prices are worked out by, and its name."""
    price_source: str
    several_tags: int
    """By tag: cases that have more than one, of which the first counts."""
    simulated: bool
    routing: Routing
    limits: Mapping[str, int | None]
    """By length: the longest input in characters of each kind, None for the last; empty where kinds are others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be routed, and how."""

    by: str
    """tag, `tag:` and a prefix, length, or a key of the metadata."""
    margin: float
    prices: Prices
    strong: str | None = None
    grader: str | None = None
    criterion: str | None = None
    scores: Path | None = None
    """A file with a router's own `score` of each case `id`, higher where the strong model is needed."""
    confidence: float = 0.95


def routed(store: Store, runs: Sequence[Run], asked: Asked) -> tuple[Routed, ...]:
    """A routing for each grader, judge and criterion under which two candidates have scores and prices of one case.

    Raises:
        UsageError: there are none, or what is asked names nothing.
    """
    scores = (run for run in runs if run.kind is not RunKind.GENERATION)
    wanted = [run for run in scores if asked.grader in (None, run.grader)]
    known = output_costs(store, (run.candidate_digest for run in wanted), asked.prices)
    names = {run.id: run.candidate for run in wanted}
    found: list[Routed] = []
    for chosen in judged_alike([run for run in wanted if run.candidate_digest in known], names):
        scales = store.content.scales({chosen[0].grader_digest})[chosen[0].grader_digest]
        for criterion in (name for name in scales if asked.criterion in (None, name)):
            answers = {
                run.candidate: own
                for run in chosen
                if (own := answers_of(store, run, criterion, known[run.candidate_digest].usd))
            }
            cases = shared_cases(answers.values())
            if len(answers) > 1 and cases:
                scale = scales[criterion]
                costs = {run.candidate: known[run.candidate_digest] for run in chosen if run.candidate in answers}
                made = _routed(
                    store, chosen, asked, costs, criterion=criterion, answers=answers, cases=cases, scale=scale
                )
                # Of the candidates that were judged alike some may have no price; one that has none at all is named.
                lacking = {run.candidate for run in wanted if run.grader == chosen[0].grader} - answers.keys()
                found.append(replace(made, unpriced=tuple(sorted(lacking))))
    if not found:
        raise UsageError(_nothing(wanted, known, asked))
    return tuple(found)


def _routed(
    store: Store,
    runs: Sequence[Run],
    asked: Asked,
    costs: Mapping[str, OutputCosts],
    *,
    criterion: str,
    answers: Mapping[str, Answers],
    cases: Sequence[str],
    scale: tuple[float, float],
) -> Routed:
    dataset = runs[0].dataset
    kinds, limits, several = kinds_of(store, dataset, cases, asked.by)
    must_be_few(kinds, asked.by)
    _must_be_candidate(asked.strong, answers)
    first = next(iter(answers.values()))
    table = RoutingTable(
        candidates=tuple(answers),
        cases=tuple(cases),
        kinds=tuple(kinds[case_id] for case_id in cases),
        clusters=tuple(first[case_id].cluster for case_id in cases),
        qualities=tuple(tuple(own[case_id].value for case_id in cases) for own in answers.values()),
        costs=tuple(tuple(own[case_id].cost for case_id in cases) for own in answers.values()),
        low_value=scale[0],
        high_value=scale[1],
    )
    made = route(
        table,
        by=asked.by,
        margin=asked.margin,
        strong=asked.strong,
        scores=None if asked.scores is None else _scores(asked.scores, cases),
        confidence=asked.confidence,
    )
    made_by = [first for run in runs if (first := store.answers.of_candidate(run)) is not None]
    batches = store.progress([*(run.id for run in runs), *made_by])
    return Routed(
        grader=runs[0].grader,
        criterion=criterion,
        judge=runs[0].judge.model if runs[0].judge else "",
        label=runs[0].label,
        runs=tuple(run.id for run in runs if run.candidate in answers),
        n=table.n,
        left_out=runs[0].cases - table.n,
        candidates={name: _priced(table, at, costs[name]) for at, name in enumerate(answers)},
        unpriced=(),
        price_date=asked.prices.date,
        price_source=asked.prices.origin,
        several_tags=several,
        simulated=any(batch.simulated for _, made_of in batches.values() for batch in made_of)
        or any(run.judge.simulated for run in runs if run.judge),  # scores that were taken over have no batch here
        routing=made,
        limits=limits,
    )


def _priced(table: RoutingTable, at: int, costs: OutputCosts) -> PricedCandidate:
    point = table.point(at)
    return PricedCandidate(
        model=costs.model,
        cost_usd=point.cost,
        quality=point.quality,
        listed=len(costs.listed.intersection(table.cases)),
        batched=len(costs.batched.intersection(table.cases)),
    )


def _scores(path: Path, cases: Sequence[str]) -> list[float]:
    """A router's score of each case.

    Raises:
        DatasetError: the file is wrong.
        UsageError: it lacks cases.
    """
    found = load_labels(path, candidate="", criteria={"score": _number}, cases=cases).by_criterion
    scores = {one.case_id: one.value for one in found.get("score", ())}
    lacking = [case_id for case_id in cases if case_id not in scores]
    if lacking:
        raise UsageError(
            f"{path}: {len(lacking):,} of {len(cases):,} cases have no score, such as {lacking[0]!r}; give each case "
            "that the candidates answered one, in a column `score` beside `id`"
        )
    return [scores[case_id] for case_id in cases]


def _number(value: Json) -> float:
    """A score as it is written.

    Raises:
        Refused: it is no finite number.
    """
    try:
        found = float(cast("str | float", value))
    except (TypeError, ValueError):
        found = math.nan
    if not math.isfinite(found):
        raise Refused(f"{value!r} is no number", "write the router's score, such as 0.73")
    return found


def _must_be_candidate(strong: str | None, answers: Mapping[str, Answers]) -> None:
    if strong is not None and strong not in answers:
        raise UsageError(f"{strong!r} is no candidate with scores and prices; there are {', '.join(answers)}")


def _nothing(runs: Sequence[Run], known: Mapping[str, object], asked: Asked) -> str:
    if not runs:
        return f"there are no runs{f' of grader {asked.grader!r}' if asked.grader else ''}; `evalkit run` makes some"
    priced = sorted({run.candidate for run in runs if run.candidate_digest in known})
    if len(priced) < 2:
        others = ", ".join(sorted({run.candidate for run in runs} - set(priced)))
        return (
            f"to choose between models takes two candidates whose outputs have a price, and {len(priced)} have one; "
            f"{others} lack it: record cost_usd with the outputs, or usage (input_tokens, output_tokens) with the name "
            "of a model that `evalkit prices` knows, or your [prices]"
        )
    return f"no two of {', '.join(priced)} have scores and prices of the same cases under one judge"
