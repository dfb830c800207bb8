"""The cases' own scores under one criterion, in the fewest columns: what a comparison of many cases reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias, cast

import sqlalchemy as sa

from evalkit import ids
from evalkit.store.engine import Database
from evalkit.store.rows import CHUNK
from evalkit.store.schema import cases, dataset_cases, reused, scores

CaseRow: TypeAlias = tuple[str, str, float | None, str | None, str, int, str, str | None]
"""Case id, status, value, label, case digest, position, tags as JSON, cluster."""


CellRow: TypeAlias = tuple[int, str, float | None]
"""Position, status, value."""
SaidRow: TypeAlias = tuple[
    str, str, str, str, str, float | None, str | None, str | None, str | None, str | None, str | None
]
"""Run, case id, criterion, suffix, status, value, label, reason, custom_id, batch, run that it was taken over from."""


class CaseScores:
    """The scores of a store as bare rows."""

    def __init__(self, database: Database) -> None:
        """Scores of a database."""
        self._database = database

    def of(self, run: str, criterion: str, dataset: str) -> list[CaseRow]:
        """Every case of a run that has a score or the reason for none, in the order of its dataset."""
        s, d = scores.c, dataset_cases.c
        place = sa.and_(d.dataset == dataset, d.case_id == s.case_id)
        query = (
            sa.select(s.case_id, s.status, s.value, s.label, d.case_digest, d.position, d.tags, d.cluster)
            .join(dataset_cases, place)
            .where(s.run == run, s.criterion == criterion, s.suffix == "")
            .order_by(d.position)
        )
        with self._database.reading() as connection:
            return cast("list[CaseRow]", connection.execute(query).all())

    def cells(self, run: str, criterion: str, dataset: str) -> Iterator[CellRow]:
        """What a run says of each case that a dataset has; its own dataset, or another with the same ids."""
        s, d = scores.c, dataset_cases.c
        place = sa.and_(d.dataset == dataset, d.case_id == s.case_id)
        query = (
            sa.select(d.position, s.status, s.value)
            .join(dataset_cases, place)
            .where(s.run == run, s.criterion == criterion, s.suffix == "")
            .order_by(d.position)
        )
        with self._database.reading() as connection:
            for some in connection.execute(query).partitions(CHUNK):
                yield from cast("Sequence[CellRow]", some)

    def said(self, run_ids: Sequence[str], case_ids: Sequence[str]) -> list[SaidRow]:
        """Every score of some cases in some runs: a case's own before the judgements behind it, these by number."""
        c = scores.c
        columns = (c.run, c.case_id, c.criterion, c.suffix, c.status, c.value, c.label, c.reason, c.custom_id, c.batch)
        taken = sa.and_(reused.c.run == c.run, reused.c.case_id == c.case_id)
        query = sa.select(*columns, reused.c.from_run).outerjoin(reused, taken)
        query = query.where(c.run.in_(run_ids), c.case_id.in_(case_ids), c.suffix != ids.SENTINEL)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(sa.func.length(c.suffix), c.suffix)).all()
        return cast("list[SaidRow]", rows)

    def pending(self, run: str, criterion: str, dataset: str) -> list[str]:
        """The ids of the cases that have neither yet, in the order of the dataset."""
        s, d = scores.c, dataset_cases.c
        found = sa.exists().where(s.run == run, s.criterion == criterion, s.suffix == "", s.case_id == d.case_id)
        query = sa.select(d.case_id).where(d.dataset == dataset, ~found).order_by(d.position)
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def metadata(self, dataset: str) -> dict[str, str]:
        """The metadata of a dataset's cases as JSON, by case digest; cases that have none are left out."""
        d = dataset_cases.c
        query = (
            sa.select(cases.c.digest, cases.c.metadata)
            .join(dataset_cases, d.case_digest == cases.c.digest)
            .where(d.dataset == dataset, cases.c.metadata != "{}")
        )
        with self._database.reading() as connection:
            return {row.digest: row.metadata for row in connection.execute(query)}
