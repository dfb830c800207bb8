"""Runs and their requests: added once, found again by the same id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypedDict

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from evalkit.errors import StaleTransitionError, UsageError
from evalkit.run import BatchState, Intent, IntentState, Judge, Request, Run, RunKind
from evalkit.store.engine import Database
from evalkit.store.estimates import Weight
from evalkit.store.hand_overs import must_be_here
from evalkit.store.rows import chunks, stamp, stamp_or_none, unstamp
from evalkit.store.schema import batches, intents, noise_runs, requests, runs


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """Requests of a run that are to be sent again, in a part of their own."""

    run: str
    custom_ids: Sequence[str]
    round: int
    max_tokens: int | None
    account: str | None = None
    base_url: str | None = None
    realtime: bool = False


class Way(TypedDict):
    """How a part goes out."""

    realtime: bool
    """One by one, at full price."""
    reason: str | None
    """Why it is held back until somebody lets it go."""


BATCHED: Final = Way(realtime=False, reason=None)
IN_REALTIME: Final = Way(realtime=True, reason=None)
_UNWEIGHED: Final = Weight(size=None, at_most_usd=None)


class Runs:
    """The runs of a store."""

    def __init__(self, database: Database) -> None:
        """Runs of a database."""
        self._database = database

    def add(
        self,
        connection: Connection,
        run: Run,
        planned: Iterable[Request],
        parts: Sequence[int],
        *,
        account: str | None = None,
        base_url: str | None = None,
        ways: Sequence[Way] = (),
        weights: Sequence[Weight] = (),
    ) -> bool:
        """Add a run with its requests and one planned intent per part; False where the run is there already.

        Args:
            connection: the transaction that makes the run whole or leaves nothing of it.
            run: the run.
            planned: its requests, each naming its part.
            parts: the number of requests of each part.
            account: who is to send it, and nobody else.
            base_url: where to.
            ways: how each part goes; as a batch where it is not said.
            weights: what each part weighs, where that is known.
        """
        if not self._database.insert_new(connection, runs, [_run_row(run, sum(parts))]):
            return False
        for chunk in chunks(planned):
            connection.execute(sa.insert(requests), [_request_row(run.id, request) for request in chunk])
        if parts:
            connection.execute(
                sa.insert(intents),
                [
                    _intent_row(run.id, part, n, account=account, base_url=base_url)
                    | (ways[part] if ways else BATCHED)
                    | (weights[part] if weights else _UNWEIGHED)
                    for part, n in enumerate(parts)
                ],
            )
        return True

    def extend(
        self,
        connection: Connection,
        run: str,
        planned: Iterable[Request],
        parts: Sequence[int],
        *,
        account: str | None = None,
        base_url: str | None = None,
        realtime: bool = False,
        weights: Sequence[Weight] = (),
    ) -> int:
        """Give a run more requests, in parts after those that it has; returns the first of these parts."""
        last = connection.execute(sa.select(sa.func.max(intents.c.part)).where(intents.c.run == run)).scalar()
        first = 0 if last is None else last + 1
        for chunk in chunks(planned):
            rows = [{**_request_row(run, request), "part": first + request.part} for request in chunk]
            connection.execute(sa.insert(requests), rows)
        if parts:
            own = {"account": account, "base_url": base_url, "realtime": realtime}
            none = {"account": None, "base_url": None}
            rows = [
                {**_intent_row(run, first + part, n, **none), **own, **(weights[part] if weights else _UNWEIGHED)}
                for part, n in enumerate(parts)
            ]
            connection.execute(sa.insert(intents), rows)
            more = sa.update(runs).where(runs.c.run == run).values(requests=runs.c.requests + sum(parts))
            connection.execute(more)
        return first

    def get(self, run: str) -> Run:
        """A run by its id.

        Raises:
            UsageError: there is none.
        """
        with self._database.reading() as connection:
            row = connection.execute(sa.select(runs).where(runs.c.run == run)).mappings().one_or_none()
        if row is None:
            raise UsageError(f"there is no run {run!r} in this store; `evalkit runs` lists them")
        return read_run(row)

    def beginning(self, prefix: str) -> list[Run]:
        """Runs whose id begins with a text, newest first."""
        query = sa.select(runs).where(runs.c.run.startswith(prefix, autoescape=True)).order_by(_as_of.desc())
        with self._database.reading() as connection:
            return [read_run(row) for row in connection.execute(query).mappings()]

    def exists(self, run: str) -> bool:
        """Whether a run is in the store."""
        with self._database.reading() as connection:
            return connection.execute(sa.select(runs.c.run).where(runs.c.run == run)).first() is not None

    def select(
        self,
        *,
        suite: str | None = None,
        label: str | None = None,
        ids: Sequence[str] | None = None,
        limit: int | None = None,
        noise: bool = False,
    ) -> list[Run]:
        """Runs, newest first, narrowed by what is given.

        Args:
            suite: only of this suite.
            label: only of this label.
            ids: only these.
            limit: only the newest.
            noise: those too that measure a judge's noise or make outputs, which are no ordinary runs of their suite;
                without it they are found only by `ids`.
        """
        query = sa.select(runs).order_by(_as_of.desc(), runs.c.run)
        if suite is not None:
            query = query.where(runs.c.suite == suite)
        if label is not None:
            query = query.where(runs.c.label == label)
        if ids is not None:
            query = query.where(runs.c.run.in_(ids))
        elif not noise:
            query = query.where(runs.c.run.not_in(sa.select(noise_runs.c.run)))
            query = query.where(runs.c.kind != RunKind.GENERATION.value)
        with self._database.reading() as connection:
            rows = connection.execute(query.limit(limit)).mappings().all()
        return [read_run(row) for row in rows]

    def submitted_again(self, connection: Connection, run: str, *, at: datetime) -> None:
        """Note that a run was submitted once more, as the last word on its outputs; never back to an earlier time."""
        due = sa.and_(runs.c.run == run, _as_of < stamp(at))
        connection.execute(sa.update(runs).where(due).values(submitted_at=stamp(at)))

    def requests(self, run: str, part: int | None = None) -> Iterator[Request]:
        """A run's requests, or one part's."""
        query = sa.select(requests).where(requests.c.run == run)
        if part is not None:
            query = query.where(requests.c.part == part)
        with self._database.reading() as connection:
            for row in connection.execute(query):
                yield Request(custom_id=row.custom_id, case_id=row.case_id, suffix=row.suffix, part=row.part)

    def follow_up(
        self,
        run: str,
        custom_ids: Sequence[str],
        *,
        round: int,  # noqa: A002 # the column's name
        max_tokens: int | None,
        account: str | None = None,
        base_url: str | None = None,
    ) -> Intent:
        """Plan a follow-up of some requests: they become a new part of the run, with an intent of its own.

        Raises:
            StaleTransitionError: another process has planned a follow-up of them.
        """
        wanted = FollowUp(
            run=run, custom_ids=custom_ids, round=round, max_tokens=max_tokens, account=account, base_url=base_url
        )
        with self._database.writing() as connection:
            return self.follow_up_with(connection, wanted)

    def follow_up_with(self, connection: Connection, wanted: FollowUp) -> Intent:
        """The same, within a transaction of the caller's.

        Raises:
            StaleTransitionError: another process has planned a follow-up of them, or the run was handed over.
        """
        run = wanted.run
        must_be_here(connection, run)
        last = connection.execute(sa.select(sa.func.max(intents.c.part)).where(intents.c.run == run)).scalar() or 0
        part = last + 1
        moved = 0
        for chunk in chunks(wanted.custom_ids):
            due = sa.and_(requests.c.run == run, requests.c.custom_id.in_(chunk), ~_in_open_part(run))
            moved += connection.execute(sa.update(requests).where(due).values(part=part)).rowcount
        if moved != len(wanted.custom_ids):
            raise StaleTransitionError(f"run {run}: another process has planned a follow-up of these requests")
        planned = _intent_row(run, part, moved, account=wanted.account, base_url=wanted.base_url)
        row = {**planned, "round": wanted.round, "max_tokens": wanted.max_tokens, "realtime": wanted.realtime}
        connection.execute(sa.insert(intents), [row])
        return Intent(
            run=run,
            part=part,
            attempt=1,
            state=IntentState.PLANNED,
            requests=moved,
            round=wanted.round,
            max_tokens=wanted.max_tokens,
            account=wanted.account,
            base_url=wanted.base_url,
            realtime=wanted.realtime,
        )


_as_of = sa.func.coalesce(runs.c.submitted_at, runs.c.created_at)


def _in_open_part(run: str) -> sa.ColumnElement[bool]:
    """Whether a request is under way: its part is to be sent, or its batch is not collected."""
    alive = (IntentState.PLANNED.value, IntentState.INTENDED.value, IntentState.UNKNOWN.value)
    unsent = sa.select(intents.c.part).where(intents.c.run == run, intents.c.state.in_(alive))
    unread = sa.select(batches.c.part).where(batches.c.run == run, batches.c.state != BatchState.COLLECTED.value)
    return sa.or_(requests.c.part.in_(unsent), requests.c.part.in_(unread))


def read_run(row: Mapping[str, Any] | RowMapping) -> Run:
    """The run of a row of `runs`."""
    judge = None
    if row["judge"] is not None:
        judge = Judge(
            model=row["judge"], effort=row["effort"], max_tokens=row["max_tokens"], simulated=row["simulated"]
        )
    return Run(
        suite=row["suite"],
        kind=RunKind(row["kind"]),
        dataset=row["dataset"],
        dataset_name=row["dataset_name"],
        candidate=row["candidate"],
        candidate_digest=row["candidate_digest"],
        baseline_digest=row["baseline_digest"],
        grader=row["grader"],
        grader_digest=row["grader_digest"],
        judge=judge,
        label=row["label"],
        cases=row["cases"],
        created_at=unstamp(row["created_at"]),
        submitted_at=unstamp(row["submitted_at"]) if row["submitted_at"] else None,
    )


def _run_row(run: Run, n_requests: int) -> dict[str, object]:
    return {
        "run": run.id,
        "suite": run.suite,
        "kind": run.kind.value,
        "dataset": run.dataset,
        "dataset_name": run.dataset_name,
        "candidate": run.candidate,
        "candidate_digest": run.candidate_digest,
        "baseline_digest": run.baseline_digest,
        "grader": run.grader,
        "grader_digest": run.grader_digest,
        "judge": run.judge.model if run.judge else None,
        "effort": run.judge.effort if run.judge else None,
        "max_tokens": run.judge.max_tokens if run.judge else None,
        "simulated": run.judge is not None and run.judge.simulated,
        "label": run.label,
        "cases": run.cases,
        "requests": n_requests,
        "created_at": stamp(run.created_at),
        "submitted_at": stamp_or_none(run.submitted_at),
    }


def _request_row(run: str, request: Request) -> dict[str, object]:
    return {
        "run": run,
        "custom_id": request.custom_id,
        "case_id": request.case_id,
        "suffix": request.suffix,
        "part": request.part,
    }


def _intent_row(
    run: str, part: int, n_requests: int, *, account: str | None, base_url: str | None
) -> dict[str, object]:
    return {
        "run": run,
        "part": part,
        "attempt": 1,
        "state": IntentState.PLANNED.value,
        "round": 0,
        "requests": n_requests,
        "account": account,
        "base_url": base_url,
    }
