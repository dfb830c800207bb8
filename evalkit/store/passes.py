"""Passes of collectors: written down so that a monitor can tell a dead collector from an idle one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from evalkit.store.engine import Database
from evalkit.store.rows import stamp, unstamp_or_none
from evalkit.store.schema import passes


@dataclass(frozen=True, slots=True, kw_only=True)
class LastPasses:
    """When collectors were last seen."""

    good: datetime | None
    """The end of the last pass that went well."""
    failure: str | None
    """Why the newest pass failed, if it did."""


class Passes:
    """The passes of a store."""

    def __init__(self, database: Database) -> None:
        """Passes of a database."""
        self._database = database

    def began(self, holder: str, now: datetime) -> int:
        """Note that a pass begins; returns its number."""
        with self._database.writing() as connection:
            row = {"holder": holder, "began_at": stamp(now)}
            return connection.execute(sa.insert(passes).values(row).returning(passes.c.id)).scalar_one()

    def ended(self, number: int, now: datetime, *, failure: str | None) -> None:
        """Note how a pass ended."""
        update = sa.update(passes).where(passes.c.id == number)
        with self._database.writing() as connection:
            connection.execute(update.values(ended_at=stamp(now), failure=failure))

    def last(self) -> LastPasses:
        """When collectors were last seen."""
        went_well = sa.and_(passes.c.ended_at.is_not(None), passes.c.failure.is_(None))
        newest = sa.select(passes.c.failure).where(passes.c.ended_at.is_not(None)).order_by(passes.c.id.desc()).limit(1)
        with self._database.reading() as connection:
            good = connection.execute(sa.select(sa.func.max(passes.c.ended_at)).where(went_well)).scalar()
            failure = connection.execute(newest).scalar()
        return LastPasses(good=unstamp_or_none(good), failure=failure)
