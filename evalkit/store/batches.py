"""Batches and their arrows: in_progress -> (canceling) -> ended -> collected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from evalkit.errors import StaleTransitionError
from evalkit.run import OPEN_BATCH, Batch, BatchState
from evalkit.store.engine import Database
from evalkit.store.hand_overs import here
from evalkit.store.rows import stamp, stamp_or_none, unstamp, unstamp_or_none
from evalkit.store.schema import batches, runs


class Batches:
    """The batches of a store."""

    def __init__(self, database: Database) -> None:
        """Batches of a database."""
        self._database = database

    def open(self, run_ids: Sequence[str] | None = None) -> list[Batch]:
        """Batches not collected yet, oldest first; of the runs named, or of all; none of a run that was handed over."""
        states = [state.value for state in OPEN_BATCH]
        wanted = sa.and_(batches.c.state.in_(states), here(batches.c.run))
        query = sa.select(batches).where(wanted).order_by(batches.c.created_at)
        if run_ids is not None:
            query = query.where(batches.c.run.in_(run_ids))
        with self._database.reading() as connection:
            return [read_batch(row) for row in connection.execute(query)]

    def canceling(self, batch: str) -> None:
        """in_progress -> canceling.

        Raises:
            StaleTransitionError: the batch has moved on.
        """
        self._move(batch, (BatchState.IN_PROGRESS,), BatchState.CANCELING, {"cancel_wanted": True})

    def ended(self, batch: str, *, ended_at: datetime | None) -> None:
        """in_progress | canceling -> ended.

        Raises:
            StaleTransitionError: the batch has moved on.
        """
        sources = (BatchState.IN_PROGRESS, BatchState.CANCELING)
        self._move(batch, sources, BatchState.ENDED, {"ended_at": stamp_or_none(ended_at)})

    def collected_before(self, time: datetime) -> list[Batch]:
        """Batches of the provider's, collected before a time and not deleted there, oldest first."""
        query = (
            sa.select(batches)
            .where(batches.c.collected_at < stamp(time), batches.c.deleted_at.is_(None), batches.c.realtime.is_(False))
            .order_by(batches.c.created_at)
        )
        with self._database.reading() as connection:
            return [read_batch(row) for row in connection.execute(query)]

    def deleted(self, batch: str, *, now: datetime) -> None:
        """Note that a batch was deleted at the provider."""
        with self._database.writing() as connection:
            connection.execute(sa.update(batches).where(batches.c.batch == batch).values(deleted_at=stamp(now)))

    def owned(self) -> set[str]:
        """The ids of all batches that the store holds."""
        with self._database.reading() as connection:
            return set(connection.execute(sa.select(batches.c.batch)).scalars())

    def state(self, batch: str) -> BatchState:
        """Where a batch stands."""
        with self._database.reading() as connection:
            return BatchState(connection.execute(sa.select(batches.c.state).where(batches.c.batch == batch)).scalar())

    def simulated(self, batch: str) -> None:
        """Note that the sandbox answers the requests of a batch."""
        with self._database.writing() as connection:
            connection.execute(sa.update(batches).where(batches.c.batch == batch).values(simulated=True))

    def lease(self, batch: str, *, holder: str, now: datetime, until: datetime, instead_of: str | None = None) -> bool:
        """Take a batch to work on it; False while another holder's lease lasts, unless it is `instead_of` that one."""
        free = sa.or_(
            batches.c.lease_until.is_(None),
            batches.c.lease_until < stamp(now),
            batches.c.lease_holder.in_([holder, instead_of] if instead_of else [holder]),
        )
        update = sa.update(batches).where(batches.c.batch == batch, free)
        with self._database.writing() as connection:
            return connection.execute(update.values(lease_holder=holder, lease_until=stamp(until))).rowcount == 1

    def leased_by(self, batch: str) -> str | None:
        """Who works on a batch."""
        with self._database.reading() as connection:
            return connection.execute(sa.select(batches.c.lease_holder).where(batches.c.batch == batch)).scalar()

    def release(self, batch: str, *, holder: str) -> None:
        """Give a batch back."""
        update = sa.update(batches).where(batches.c.batch == batch, batches.c.lease_holder == holder)
        with self._database.writing() as connection:
            connection.execute(update.values(lease_until=None, lease_holder=None))

    def usual_seconds(self, judge: str | None) -> float | None:
        """The median time from creation to end of earlier batches of the same judge, simulated ones left out."""
        query = (
            sa.select(batches.c.created_at, batches.c.ended_at)
            .join(runs, runs.c.run == batches.c.run)
            .where(batches.c.ended_at.is_not(None), batches.c.simulated.is_(False), runs.c.judge == judge)
            .where(batches.c.realtime.is_(False))
            .order_by(batches.c.created_at.desc())
            .limit(50)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        taken = sorted((unstamp(row.ended_at) - unstamp(row.created_at)).total_seconds() for row in rows)
        return taken[len(taken) // 2] if taken else None

    def _move(self, batch: str, sources: Sequence[BatchState], target: BatchState, values: dict[str, Any]) -> None:
        update = sa.update(batches).where(
            batches.c.batch == batch, batches.c.state.in_([state.value for state in sources]), here(batches.c.run)
        )
        with self._database.writing() as connection:
            if connection.execute(update.values(state=target.value, **values)).rowcount != 1:
                raise stale(batch, target)


def stale(batch: str, target: BatchState) -> StaleTransitionError:
    """The error of a batch that another process moved on."""
    return StaleTransitionError(f"batch {batch} cannot become {target.value}: another process moved it on")


def read_batch(row: sa.Row[Any]) -> Batch:
    """The batch of a row of `batches`."""
    return Batch(
        id=row.batch,
        run=row.run,
        part=row.part,
        state=BatchState(row.state),
        requests=row.requests,
        account=row.account,
        base_url=row.base_url,
        simulated=row.simulated,
        cancel_wanted=row.cancel_wanted,
        created_at=unstamp(row.created_at),
        expires_at=unstamp_or_none(row.expires_at),
        ended_at=unstamp_or_none(row.ended_at),
        collected_at=unstamp_or_none(row.collected_at),
        realtime=row.realtime,
        price_date=row.price_date,
    )
