"""Health: what a monitor should know of the always-on parts, from the store alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from evalkit.errors import ExitCode
from evalkit.pipeline.reconcile import is_dead
from evalkit.run import IntentState
from evalkit.store import Store

RESULTS_KEPT: Final = timedelta(days=29)
_NEAR_EXPIRY: Final = timedelta(hours=2)
_NEAR_LOSS: Final = timedelta(days=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Where the store's queue stands; ages and distances in seconds, None where there is nothing to measure."""

    last_good_pass_age: float | None
    last_failure: str | None
    planned: int
    """Parts that wait to be sent."""
    open_batches: int
    open_requests: int
    oldest_open_age: float | None
    until_expiry: float | None
    """Until the first open batch is 24 hours old."""
    until_loss: float | None
    """Until the first batch that is not collected is 29 days old, and its results are gone."""
    unknown: int
    waiting: int
    """Runs that wait for others."""
    problems: tuple[str, ...]

    @property
    def exit_code(self) -> ExitCode:
        """7 where a person must look at a create, 6 where something is amiss, else 0."""
        if self.unknown:
            return ExitCode.UNKNOWN_CREATE
        return ExitCode.PROVIDER if self.problems else ExitCode.DONE


def health(store: Store, *, now: datetime, max_age: timedelta) -> Health:
    """The health of a store's queue.

    Args:
        store: the store.
        now: the time.
        max_age: the time since the last good pass beyond which collectors count as dead, while something is open.
    """
    batches = store.batches.open()
    lost = [one for one in store.intents.in_state(IntentState.INTENDED) if is_dead(one, now)]
    unknown = [*lost, *store.intents.in_state(IntentState.UNKNOWN)]
    planned = store.intents.in_state(IntentState.PLANNED)
    last = store.passes.last()
    oldest = min((batch.created_at for batch in batches), default=None)
    remote = min((batch.created_at for batch in batches if not batch.realtime), default=None)
    found = Health(
        last_good_pass_age=_seconds(now - last.good) if last.good else None,
        last_failure=last.failure,
        planned=len(planned),
        open_batches=len(batches),
        open_requests=sum(batch.requests for batch in batches),
        oldest_open_age=_seconds(now - oldest) if oldest else None,
        until_expiry=min((_seconds(batch.expires_at - now) for batch in batches if batch.expires_at), default=None),
        until_loss=_seconds(remote + RESULTS_KEPT - now) if remote else None,
        unknown=len(unknown),
        waiting=len(store.waits.all()),
        problems=(),
    )
    return replace(found, problems=(*_problems(found, max_age), *_stuck(store)))


def prometheus(found: Health) -> str:
    """The health in Prometheus' text format."""
    return "".join(_metric(name, text, value) for name, text, value in _metrics(found))


def _problems(found: Health, max_age: timedelta) -> Iterator[str]:
    busy = found.open_batches or found.planned or found.unknown or found.waiting
    age = found.last_good_pass_age
    if busy and age is None:
        yield "nothing has been collected yet; is `evalkit collect` scheduled?"
    elif busy and age is not None and age > max_age.total_seconds():
        yield f"the last good pass was {timedelta(seconds=round(age))} ago; is `evalkit collect` still running?"
    if found.last_failure and busy:
        yield f"the last pass failed: {found.last_failure}"
    if found.until_expiry is not None and found.until_expiry < _NEAR_EXPIRY.total_seconds():
        yield "a batch is about to be 24 hours old: what of it is not processed by then expires"
    if found.until_loss is not None and found.until_loss < 0:
        yield "a batch is 29 days old and not collected: its results may be gone"
    elif found.until_loss is not None and found.until_loss < _NEAR_LOSS.total_seconds():
        yield f"the results of a batch are gone in {timedelta(seconds=round(found.until_loss))}; collect them now"
    if found.unknown:
        yield f"{found.unknown} creates have an unknown outcome; `evalkit collect` looks, `evalkit resolve` settles"


def _stuck(store: Store) -> Iterator[str]:
    """Runs that wait for what nobody works on: it is over, or it is nowhere."""
    waiting, ready = store.waits.all(), store.waits.ready()
    needed = sorted({need for needs in waiting.values() for need in needs})
    known, away = {run.id for run in store.runs.select(ids=needed)}, store.hand_overs.away()
    if ready and not store.batches.open(needed):
        yield (
            f"{_runs(ready)} though all that is waited for is collected, or was canceled: `evalkit collect` with the "
            "account that made it goes on, `evalkit cancel RUN` gives up"
        )
    lost = {run: needs for run, needs in waiting.items() if set(needs) - known or set(needs) & set(away)}
    if lost:
        yield f"{_runs(lost)} for what is not in this store, or was handed over: `evalkit cancel RUN` gives up"


def _runs(found: Iterable[str]) -> str:
    first, *others = sorted(found)
    return f"{len(others) + 1} runs wait, such as {first}," if others else f"run {first} waits"


def _metrics(found: Health) -> Iterator[tuple[str, str, float | None]]:
    yield "last_good_pass_age_seconds", "Time since a collector last went through all.", found.last_good_pass_age
    yield "planned_parts", "Parts of runs that wait to be sent.", found.planned
    yield "open_batches", "Batches that are not collected.", found.open_batches
    yield "open_requests", "Requests in batches that are not collected.", found.open_requests
    yield "oldest_open_batch_age_seconds", "Age of the oldest batch that is not collected.", found.oldest_open_age
    yield "expiry_seconds", "Time until the first open batch is 24 hours old.", found.until_expiry
    yield "results_loss_seconds", "Time until the first results are gone from the provider.", found.until_loss
    yield "unknown_creates", "Creates whose outcome is not known.", found.unknown
    yield "waiting_runs", "Runs that wait for others to be collected.", found.waiting
    yield "healthy", "1 where nothing is amiss.", float(not found.problems)


def _metric(name: str, text: str, value: float | None) -> str:
    shown = "NaN" if value is None else f"{value:g}"
    return f"# HELP evalkit_{name} {text}\n# TYPE evalkit_{name} gauge\nevalkit_{name} {shown}\n"


def _seconds(span: timedelta) -> float:
    return span.total_seconds()
