"""Budgeting: what a limit holds back is weighed, and let go as far as there is room."""

from __future__ import annotations

import tempfile
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from evalkit.pipeline.encode import encode_part
from evalkit.pipeline.forecast import Forecaster
from evalkit.pipeline.generate import stored_pairs
from evalkit.run import Intent, IntentState, Run
from evalkit.store import Store, Weight


def let_go(store: Store, forecaster: Forecaster | None, run: Run, *, now: datetime) -> int:
    """Let go what a limit holds back of a run, as far as there is room; returns how many parts stay.

    Args:
        store: where the run is.
        forecaster: weighs what nobody has weighed; without one that has no room where a limit is in force.
        run: the run.
        now: the time.
    """
    if not any(intent.over_limit for intent in store.intents.in_state(IntentState.PLANNED, runs=[run.id])):
        return 0
    weigh_beside(store, forecaster, [run.id], now=now)
    return len(store.budgets.let_go(run.id, now=now))


def weigh_beside(
    store: Store, forecaster: Forecaster | None, runs: Sequence[str], suites: Iterable[str] = (), *, now: datetime
) -> None:
    """Weigh what nobody has weighed of some runs, and of all that counts against their limits and those of suites.

    What was sent while no limit was in force may lack a weight, as what is recovered does; no limit knows what it
    costs before it is collected, and has no room for anything until then.
    """
    if forecaster is not None:
        for run, part in store.budgets.unweighed(runs, suites, now=now):
            _weigh(store, forecaster, store.runs.get(run), part)


def held_by_limits(store: Store, runs: Sequence[str] | None) -> list[str]:
    """What limits hold back of some runs, or of all, a sentence for each."""
    found: dict[str, list[Intent]] = {}
    for intent in store.intents.in_state(IntentState.PLANNED, runs=runs):
        if intent.over_limit is not None:
            found.setdefault(intent.run, []).append(intent)
    return [
        f"run {run}: {sum(one.requests for one in parts):,} requests are held back: {parts[0].over_limit}. "
        f"{_goes_on(parts)}; `evalkit cancel {run}` gives them up"
        for run, parts in found.items()
    ]


def _goes_on(parts: Sequence[Intent]) -> str:
    """What lets go what is held back: a month ends, and a cap stays as it is."""
    if any("--max-cost" in (one.over_limit or "") for one in parts):
        return "They go on when the same is submitted again with more, or without a cap"
    return "They go on by themselves when there is room"


def weight_of(
    store: Store,
    forecaster: Forecaster,
    run: Run,
    *,
    custom_ids: Container[str],
    max_tokens: int | None,
    realtime: bool,
) -> Weight:
    """What some requests of a run weigh, from the cases and outputs that the store keeps.

    Args:
        store: where the run is.
        forecaster: weighs it.
        run: the run.
        custom_ids: the requests.
        max_tokens: in place of the judge's.
        realtime: whether they go one by one.
    """
    wanted = [one for one in store.runs.requests(run.id) if one.custom_id in custom_ids]
    if not wanted:
        return Weight(size=0, at_most_usd=0.0)
    grader, sentinels = store.content.asked(run.grader_digest), store.sentinels.of(run.id)
    if run.judge is not None and max_tokens is not None:
        run = replace(run, judge=replace(run.judge, max_tokens=max_tokens))
    with tempfile.TemporaryDirectory(prefix="evalkit-") as directory:
        part = encode_part(
            run,
            grader,
            stored_pairs(store, run),
            Path(directory),
            wanted=wanted,
            max_tokens=max_tokens,
            sentinels=sentinels,
        )
        (weight,) = forecaster.of(run, grader, [part], batch=not realtime).weights
    return weight


def _weigh(store: Store, forecaster: Forecaster, run: Run, part: int) -> None:
    """Note what a part weighs, where its model has a price at all."""
    alive = (one for one in store.intents.of(run.id) if one.part == part)
    intent = next((one for one in alive if one.state is not IntentState.NOT_CREATED), None)
    if intent is None or run.judge is None or forecaster.prices.rates(run.judge.model) is None:
        return
    weight = weight_of(
        store,
        forecaster,
        run,
        custom_ids={one.custom_id for one in store.runs.requests(run.id, part)},
        max_tokens=intent.max_tokens,
        realtime=intent.realtime,
    )
    if weight["at_most_usd"] is not None:
        store.budgets.weigh(run.id, part, size=weight["size"] or 0, at_most_usd=weight["at_most_usd"])
