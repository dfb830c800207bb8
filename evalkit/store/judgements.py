"""Judgements: where a case is judged several times, its own score is reduced from them as soon as all are there.

It happens in the transaction that brings the last of them, so at every moment a case is scored, unscored or pending.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evalkit import ids
from evalkit.graders.samples import Reducer, reduced
from evalkit.score import Score, Status, Verdict
from evalkit.store.engine import Database
from evalkit.store.rows import chunks, from_json
from evalkit.store.schema import dataset_cases, graders, requests, runs, scores

_OF_CASES: Final = scores.c.suffix.not_in(("", ids.SENTINEL))
"""Scores that are judgements of cases: neither their own, nor of sentinels."""

_WINDOW: Final = 5000
"""Judgements that are held at once, about."""


class Judgements:
    """The single judgements of a store, behind the own scores of cases that are judged several times."""

    def __init__(self, database: Database) -> None:
        """Judgements of a database."""
        self._database = database

    def of(self, run: str) -> Iterator[tuple[str, str, Status, float | None]]:
        """Criterion, case id, status and value of every judgement of a run, a case's together."""
        c = scores.c
        query = sa.select(c.criterion, c.case_id, c.status, c.value).where(c.run == run, _OF_CASES)
        with self._database.reading() as connection:
            for row in connection.execute(query.order_by(c.criterion, c.case_id)):
                yield row.criterion, row.case_id, Status(row.status), row.value

    def by_suffix(self, run: str) -> Iterator[tuple[str, str, float | None]]:
        """Case id, suffix and value of every judgement of a run with one criterion."""
        c = scores.c
        query = sa.select(c.case_id, c.suffix, c.value).where(c.run == run, c.suffix != "").order_by(c.case_id)
        with self._database.reading() as connection:
            for row in connection.execute(query):
                yield row.case_id, row.suffix, row.value

    def split(self, run: str, criterion: str, dataset: str) -> list[int]:
        """The places, in a dataset, of the cases to which a run's judgements give different values."""
        c, d = scores.c, dataset_cases.c
        place = sa.and_(d.dataset == dataset, d.case_id == c.case_id)
        query = (
            sa.select(d.position)
            .join(scores, place)
            .where(c.run == run, c.criterion == criterion, _OF_CASES)
            .group_by(d.position)
            .having(sa.func.min(c.value) < sa.func.max(c.value))
        )
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())


def sampling(connection: Connection, run: str) -> tuple[int, Reducer] | None:
    """How often a run's cases are judged and how that is reduced; None where each is judged once.

    The run is held until the transaction ends: of two that bring the last judgements of one case, the later one must
    see what the earlier one brought.
    """
    query = sa.select(graders.c.spec).join(runs, runs.c.grader_digest == graders.c.digest).where(runs.c.run == run)
    spec: dict[str, Any] = from_json(connection.execute(query).scalar_one())
    if spec.get("samples", 1) == 1:
        return None
    connection.execute(sa.select(runs.c.run).where(runs.c.run == run).with_for_update())
    return spec["samples"], spec["reducer"]


def own_scores(connection: Connection, run: str, part: int, samples: int, reducer: Reducer) -> Iterable[list[Score]]:
    """The own scores of the cases that a part has judged and that lack no judgement, some cases at a time."""
    r = requests.c
    query = sa.select(r.case_id).where(r.run == run, r.part == part, r.suffix != ids.SENTINEL).distinct()
    cases = connection.execute(query).scalars().all()
    for window in chunks(cases, max(1, _WINDOW // samples)):
        found = _judgements(connection, run, window)
        yield [
            Score(run=run, case_id=case_id, verdict=reduced(judgements, reducer))
            for (case_id, _), judgements in found.items()
            if len(judgements) == samples
        ]


def _judgements(connection: Connection, run: str, case_ids: Sequence[str]) -> dict[tuple[str, str], list[Verdict]]:
    """The judgements of some cases by case id and criterion."""
    c = scores.c
    why = sa.case((c.value.is_(None), c.reason)).label("why")  # what a judge reasons is long, and not reduced
    query = sa.select(c.case_id, c.criterion, c.status, c.value, c.label, why)
    found: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
    for row in connection.execute(query.where(c.run == run, c.case_id.in_(case_ids), _OF_CASES).order_by(c.suffix)):
        verdict = Verdict(
            criterion=row.criterion, status=Status(row.status), value=row.value, label=row.label, reason=row.why
        )
        found[row.case_id, row.criterion].append(verdict)
    return found
