"""What counts against a limit: what was billed, and what may still be, of everything that may be sent.

    planned, held back by a limit   nothing
    planned, intended, unknown      its `at_most_usd`
    created, not collected          its `at_most_usd`, or what its replies have cost so far where that is more
    collected                       what its replies have cost; `at_most_usd` where some never came
    not created                     nothing
    a run that waits                its estimate's `at_most_usd`, until it is made whole

What is held back for another reason counts: whoever lets it go asks no limit. A month's money is that of the batches
that were created in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evalkit.run import BatchState, IntentState, RunKind
from evalkit.store.hand_overs import here
from evalkit.store.rows import stamp
from evalkit.store.schema import batches, estimates, intents, ledger, results, runs, waits

_AT_THE_TURN: Final = timedelta(hours=1)
"""What was on its way so long before a month began may be created in it."""
_NONE: Final[frozenset[tuple[str, int]]] = frozenset()


@dataclass(slots=True, kw_only=True)
class Counted:
    """What some runs have cost and may still cost, in USD."""

    spent_usd: float = 0.0
    """As far as it is known."""
    reserved_usd: float = 0.0
    """At most, of what may be sent or was, and is not collected."""
    held_usd: float = 0.0
    """Of what is held back because there is no room for it; it counts nothing."""
    held_requests: int = 0
    unknown: list[str] = field(default_factory=list[str])
    """Runs with something of which nobody knows what it costs."""
    above: list[str] = field(default_factory=list[str])
    """Batches that cost more than they could at most."""

    @property
    def total_usd(self) -> float | None:
        """What counts; None where something of it is not known."""
        return None if self.unknown else self.spent_usd + self.reserved_usd


def month_of(now: datetime) -> datetime:
    """The beginning of a time's month, UTC."""
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def count(
    connection: Connection,
    scope: sa.ColumnElement[bool],
    *,
    since: datetime | None = None,
    but: frozenset[tuple[str, int]] = _NONE,
) -> Counted:
    """What counts of some runs.

    Args:
        connection: the transaction that acts on it.
        scope: the condition that a row of `runs` is one of them.
        since: only what was created from this time on.
        but: parts that are left out, as (run, part).
    """
    found = Counted()
    for row in connection.execute(_parts(scope, since)):
        if (row.run, row.part) not in but:
            _add(found, row, since)
    for row in connection.execute(waiting_runs(scope)):
        _reserve(found, row.run, row.at_most_usd)
    return found


def _parts(scope: sa.ColumnElement[bool], since: datetime | None) -> sa.Select[*tuple[Any, ...]]:
    i, b = intents.c, batches.c
    due = sa.true() if since is None else sa.or_(b.batch.is_(None), b.created_at >= stamp(since))
    billed = _billed(scope, since)
    columns = (i.run, i.part, i.state, i.requests, i.at_most_usd, i.over_limit, i.intended_at)
    return (
        sa.select(*columns, b.batch, b.state.label("batch_state"), billed.c.replies, billed.c.priced, billed.c.usd)
        .select_from(intents)
        .join(runs, runs.c.run == i.run)
        .outerjoin(batches, b.batch == i.batch)
        .outerjoin(billed, billed.c.batch == b.batch)
        .where(scope, i.state != IntentState.NOT_CREATED.value, due)
        .order_by(i.run, i.part)
    )


def _billed(scope: sa.ColumnElement[bool], since: datetime | None) -> sa.Subquery:
    """What each batch has cost so far: as the ledger has it, and by its replies where that has nothing of it.

    This is asked in the transaction that lets something go, so it must not read all the replies of a month.
    """
    b, r, told = batches.c, results.c, ledger.c
    own = sa.select(b.batch).join(runs, runs.c.run == b.run).where(scope)
    own = own if since is None else own.where(b.created_at >= stamp(since))
    in_ledger = sa.exists().where(told.batch == b.batch)
    written = sa.select(
        told.batch,
        sa.func.sum(told.results).label("replies"),
        sa.func.sum(told.priced).label("priced"),
        sa.func.sum(told.cost_usd).label("usd"),
    ).where(told.batch.in_(own))
    unwritten = sa.select(r.batch, sa.func.count(), sa.func.count(r.cost_usd), sa.func.sum(r.cost_usd)).where(
        r.batch.in_(own.where(~in_ledger))
    )
    return sa.union_all(written.group_by(told.batch), unwritten.group_by(r.batch)).subquery()


def waiting_runs(scope: sa.ColumnElement[bool]) -> sa.Select[*tuple[Any, ...]]:
    """Runs that wait and have nothing to send yet, with their estimates; others wait for what is asked again."""
    asked = sa.select(intents.c.run)
    return (
        sa.select(runs.c.run, estimates.c.at_most_usd)
        .outerjoin(estimates, estimates.c.run == runs.c.run)
        .where(scope, runs.c.run.in_(sa.select(waits.c.run)), here(runs.c.run))
        .where(runs.c.kind == RunKind.GRADING.value, runs.c.run.not_in(asked))
        .order_by(runs.c.run)
    )


def _add(found: Counted, row: sa.Row[Any], since: datetime | None) -> None:
    state = IntentState(row.state)
    if state is IntentState.PLANNED and row.over_limit is not None:
        found.held_usd += row.at_most_usd or 0.0
        found.held_requests += row.requests
    elif state is IntentState.PLANNED:
        _reserve(found, row.run, row.at_most_usd)
    elif state is not IntentState.CREATED:
        if since is None or row.intended_at >= stamp(since - _AT_THE_TURN):
            _reserve(found, row.run, row.at_most_usd)
    else:
        _bill(found, row)


def _bill(found: Counted, row: sa.Row[Any]) -> None:
    """Add what a batch has cost, and what it may cost beyond that."""
    spent = float(row.usd or 0.0)
    found.spent_usd += spent
    if (row.replies or 0) > (row.priced or 0):
        found.unknown.append(row.run)
    if row.at_most_usd is not None and spent > row.at_most_usd:
        found.above.append(row.batch)
    over = row.batch_state == BatchState.COLLECTED.value and (row.replies or 0) >= row.requests
    if not over:
        more = None if row.at_most_usd is None else max(0.0, row.at_most_usd - spent)
        _reserve(found, row.run, more)


def _reserve(found: Counted, run: str, at_most_usd: float | None) -> None:
    if at_most_usd is None:
        found.unknown.append(run)
    else:
        found.reserved_usd += at_most_usd
