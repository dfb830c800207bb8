"""Scores: one per run, case and criterion; written when a reply is parsed, counted for every report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evalkit import ids
from evalkit.errors import IntegrityError
from evalkit.graders.samples import Reducer
from evalkit.run import Batch, BatchState, Run
from evalkit.score import Score, Status, Verdict
from evalkit.store.batches import stale
from evalkit.store.engine import Database
from evalkit.store.hand_overs import must_be_here
from evalkit.store.judgements import own_scores, sampling
from evalkit.store.rows import chunks, from_json, stamp
from evalkit.store.schema import batches, dataset_cases, requests, results, reused, runs, scores


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedScore:
    """A score with its case's place in the dataset and the reply it was read from."""

    score: Score
    case_digest: str
    position: int
    tags: tuple[str, ...]
    cluster: str | None
    usage: dict[str, int] | None
    cost_usd: float | None
    """What its reply cost; nothing where another run has paid for it."""
    reused_from: str | None = None
    """The run that has paid for it, where that is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How the cases of one run stand under one criterion."""

    run: str
    criterion: str
    values: dict[float, int]
    """Value -> number of cases."""
    unscored: dict[str, int]
    clusters: tuple[tuple[float, int], ...]
    """Per cluster of scored cases: the sum of their values and their number; empty where no case has a cluster."""

    @property
    def scored(self) -> int:
        """How many cases have a value."""
        return sum(self.values.values())


class Scores:
    """The scores of a store."""

    def __init__(self, database: Database) -> None:
        """Scores of a database."""
        self._database = database

    def put(self, rows: Iterable[Score], *, batch: str | None = None) -> None:
        """Write scores in transactions of bounded size; a score that is there is replaced.

        Args:
            rows: the scores.
            batch: the batch they are read from; a collector that slept must not replace what came of a follow-up.

        Raises:
            StaleTransitionError: another process has finished the batch.
        """
        for chunk in chunks(rows):
            with self._database.writing() as connection:
                if batch is not None:
                    _must_be_open(connection, batch)
                self._upsert(connection, chunk)

    def put_with(self, connection: Connection, rows: Iterable[Score]) -> None:
        """Write scores within a transaction of the caller's."""
        for chunk in chunks(rows):
            self._upsert(connection, chunk)

    def untouched(self, connection: Connection, run: Run) -> list[str]:
        """The cases of a run that have no request and no score."""
        asked = sa.select(requests.c.case_id).where(requests.c.run == run.id)
        scored = sa.select(scores.c.case_id).where(scores.c.run == run.id)
        c = dataset_cases.c
        query = sa.select(c.case_id).where(c.dataset == run.dataset, c.case_id.not_in(asked), c.case_id.not_in(scored))
        return list(connection.execute(query.order_by(c.position)).scalars())

    def finish(self, batch: Batch, criteria: Sequence[str], *, now: datetime) -> int:
        """ended -> collected, with a `missing` score for every request that got no result.

        Returns:
            How many are missing.

        Raises:
            StaleTransitionError: another process has finished it.
            IntegrityError: the batch's requests and scores do not add up; nothing is changed.
        """
        with self._database.writing() as connection:
            return self.finish_with(connection, batch, criteria, now=now)

    def finish_with(self, connection: Connection, batch: Batch, criteria: Sequence[str], *, now: datetime) -> int:
        """The same, within a transaction of the caller's."""
        sampled = sampling(connection, batch.run)
        must_be_here(connection, batch.run)
        absent = list(connection.execute(_without_score(batch, criteria[0])))
        self.put_with(connection, (score for row in absent for score in _missing(batch, row, criteria)))
        for criterion in criteria:
            left = len(list(connection.execute(_without_score(batch, criterion))))
            if left:
                raise IntegrityError(
                    f"batch {batch.id}: {left} of {batch.requests} requests are left without {criterion!r}"
                )
        update = sa.update(batches).where(batches.c.batch == batch.id, batches.c.state == BatchState.ENDED.value)
        values = {"state": BatchState.COLLECTED.value, "collected_at": stamp(now)}
        if connection.execute(update.values(values)).rowcount != 1:
            raise stale(batch.id, BatchState.COLLECTED)
        if sampled:
            self._reduce(connection, batch.run, batch.part, *sampled)
        return len(absent)

    def reduce_with(self, connection: Connection, run: str, part: int) -> None:
        """Write the own scores of the cases that a part was to judge, where that takes several judgements."""
        if sampled := sampling(connection, run):
            self._reduce(connection, run, part, *sampled)

    def _reduce(self, connection: Connection, run: str, part: int, samples: int, reducer: Reducer) -> None:
        for own in own_scores(connection, run, part, samples, reducer):
            self.put_with(connection, own)

    def of(self, run: str, criterion: str | None = None, *, own: bool = False) -> Iterator[PlacedScore]:
        """A run's scores in the order of the dataset's file, with their cases and replies.

        Args:
            run: the run.
            criterion: only this one.
            own: only the cases' own scores, without the single judgements behind them.
        """
        query = _with_places().where(scores.c.run == run, scores.c.suffix != ids.SENTINEL)
        if own:
            query = query.where(scores.c.suffix == "")
        if criterion is not None:
            query = query.where(scores.c.criterion == criterion)
        order = (scores.c.criterion, dataset_cases.c.position, *_by_suffix())
        with self._database.reading() as connection:
            for row in connection.execute(query.order_by(*order)):
                yield _placed(row)

    def for_case(self, run: str, case_id: str) -> list[PlacedScore]:
        """Every score of one case of a run, the single judgements too."""
        c = scores.c
        query = _with_places().where(c.run == run, c.case_id == case_id, c.suffix != ids.SENTINEL)
        with self._database.reading() as connection:
            return [_placed(row) for row in connection.execute(query.order_by(c.criterion, *_by_suffix()))]

    def for_cases(self, run_ids: Sequence[str], case_ids: Sequence[str]) -> dict[str, list[PlacedScore]]:
        """The cases' own scores in some runs, by case id."""
        c = scores.c
        query = _with_places().where(c.run.in_(run_ids), c.suffix == "", c.case_id.in_(case_ids))
        found: dict[str, list[PlacedScore]] = defaultdict(list)
        with self._database.reading() as connection:
            for row in connection.execute(query):
                found[row.case_id].append(_placed(row))
        return found

    def unscored_requests(self, run: str, batch: str | None = None) -> list[sa.Row[Any, Any, Any]]:
        """custom_id, status and reason of the requests, of a run or of one batch, whose reply gave no score.

        A reply of several criteria counts once, by its first criterion without a score.
        """
        c = scores.c
        query = (
            sa.select(c.custom_id, sa.func.min(c.status).label("status"), sa.func.min(c.reason).label("reason"))
            .where(c.run == run, c.value.is_(None), c.custom_id.is_not(None))
            .group_by(c.custom_id)
            .order_by(c.custom_id)
        )
        if batch is not None:
            query = query.where(c.batch == batch)
        with self._database.reading() as connection:
            return list(connection.execute(query))

    def tallies(self, run_ids: Sequence[str]) -> list[Tally]:
        """How the cases of these runs stand, by run and criterion."""
        with self._database.reading() as connection:
            groups = connection.execute(_grouped(run_ids)).all()
            clusters = _cluster_sums(connection, run_ids)
        tallies: dict[tuple[str, str], Tally] = {}
        for run, criterion, status, value, n in groups:
            key = (run, criterion)
            if key not in tallies:
                sums = tuple(clusters.get(key, ()))
                tallies[key] = Tally(run=run, criterion=criterion, values={}, unscored={}, clusters=sums)
            if status == Status.SCORED:
                tallies[key].values[value] = n
            else:
                tallies[key].unscored[status] = n
        return list(tallies.values())

    def _upsert(self, connection: Connection, rows: Sequence[Score]) -> None:
        if rows:
            self._database.upsert(connection, scores, [_row(score) for score in rows])


def _must_be_open(connection: Connection, batch: str) -> None:
    """Hold a batch as it is until the transaction ends."""
    query = sa.select(batches.c.state).where(batches.c.batch == batch).with_for_update(read=True)
    if connection.execute(query).scalar() == BatchState.COLLECTED.value:
        raise stale(batch, BatchState.COLLECTED)


def _with_places() -> sa.Select[*tuple[Any, ...]]:
    """Scores joined to their place in the dataset and to the result they were read from."""
    c = scores.c
    place = sa.and_(dataset_cases.c.dataset == runs.c.dataset, dataset_cases.c.case_id == c.case_id)
    columns = (
        *c,
        dataset_cases.c.case_digest,
        dataset_cases.c.position,
        dataset_cases.c.tags,
        dataset_cases.c.cluster,
        results.c.served_model,
        results.c.stop_reason,
        results.c.input_tokens,
        results.c.output_tokens,
        results.c.cache_read_tokens,
        results.c.cache_write_5m_tokens,
        results.c.cache_write_1h_tokens,
        results.c.cost_usd,
        reused.c.from_run,
        reused.c.served_model.label("taken_from_model"),
    )
    taken = sa.and_(reused.c.run == c.run, reused.c.case_id == c.case_id)
    reply = sa.and_(results.c.batch == c.batch, results.c.custom_id == c.custom_id)
    return (
        sa.select(*columns)
        .join(runs, runs.c.run == c.run)
        .join(dataset_cases, place)
        .outerjoin(results, reply)
        .outerjoin(reused, taken)
    )


def _by_suffix() -> tuple[sa.ColumnElement[Any], ...]:
    """The order of a case's scores: its own, then its judgements by number."""
    return sa.func.length(scores.c.suffix), scores.c.suffix


def _grouped(run_ids: Sequence[str]) -> sa.Select[Any, Any, Any, Any, int]:
    c = scores.c
    return (
        sa.select(c.run, c.criterion, c.status, c.value, sa.func.count())
        .where(c.run.in_(run_ids), c.suffix == "")
        .group_by(c.run, c.criterion, c.status, c.value)
        .order_by(c.run, c.criterion, c.status, c.value)
    )


def _cluster_sums(connection: Connection, run_ids: Sequence[str]) -> dict[tuple[str, str], list[tuple[float, int]]]:
    """Sums of values by cluster; a case without a cluster is a cluster of its own."""
    c = scores.c
    place = sa.and_(dataset_cases.c.dataset == runs.c.dataset, dataset_cases.c.case_id == c.case_id)
    alone = sa.case((dataset_cases.c.cluster.is_(None), c.case_id), else_="")
    clustered = sa.select(dataset_cases.c.dataset).where(dataset_cases.c.cluster.is_not(None))
    query = (
        sa.select(c.run, c.criterion, sa.func.sum(c.value), sa.func.count())
        .join(runs, runs.c.run == c.run)
        .join(dataset_cases, place)
        .where(c.run.in_(run_ids), c.suffix == "", c.value.is_not(None), runs.c.dataset.in_(clustered))
        .group_by(c.run, c.criterion, dataset_cases.c.cluster, alone)
    )
    sums: dict[tuple[str, str], list[tuple[float, int]]] = defaultdict(list)
    for run, criterion, total, n in connection.execute(query):
        sums[run, criterion].append((total, n))
    return sums


def _without_score(batch: Batch, criterion: str) -> sa.Select[Any, Any, Any]:
    """The requests of a batch that no score was read for from it."""
    r, c = requests.c, scores.c
    found = sa.exists().where(
        c.run == r.run,
        c.criterion == criterion,
        c.suffix == r.suffix,
        c.case_id == r.case_id,
        c.batch == batch.id,
    )
    return sa.select(r.custom_id, r.case_id, r.suffix).where(r.run == batch.run, r.part == batch.part, ~found)


def _missing(batch: Batch, row: sa.Row[Any, Any, Any], criteria: Sequence[str]) -> Iterator[Score]:
    reason = "the batch ended without a result for this request"
    for criterion in criteria:
        yield Score(
            run=batch.run,
            case_id=row.case_id,
            suffix=row.suffix,
            verdict=Verdict(criterion=criterion, status=Status.MISSING, reason=reason),
            custom_id=row.custom_id,
            batch=batch.id,
        )


def _row(score: Score) -> dict[str, object]:
    return {
        "run": score.run,
        "criterion": score.verdict.criterion,
        "suffix": score.suffix,
        "case_id": score.case_id,
        "status": score.verdict.status.value,
        "value": score.verdict.value,
        "label": score.verdict.label,
        "reason": score.verdict.reason,
        "custom_id": score.custom_id,
        "batch": score.batch,
    }


def _placed(row: sa.Row[Any]) -> PlacedScore:
    verdict = Verdict(
        criterion=row.criterion,
        status=Status(row.status),
        value=row.value,
        label=row.label,
        reason=row.reason,
    )
    score = Score(
        run=row.run,
        case_id=row.case_id,
        verdict=verdict,
        suffix=row.suffix,
        custom_id=row.custom_id,
        batch=row.batch,
        served_model=row.served_model or (row.taken_from_model if row.custom_id else None),
        stop_reason=row.stop_reason,
    )
    return PlacedScore(
        score=score,
        case_digest=row.case_digest,
        position=row.position,
        tags=tuple(from_json(row.tags)),
        cluster=row.cluster,
        usage=None if row.from_run else _usage(row),
        cost_usd=0.0 if row.from_run and row.custom_id else row.cost_usd,
        reused_from=row.from_run,
    )


def _usage(row: sa.Row[Any]) -> dict[str, int] | None:
    if row.input_tokens is None:
        return None
    return {
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "cache_read_tokens": row.cache_read_tokens,
        "cache_write_5m_tokens": row.cache_write_5m_tokens,
        "cache_write_1h_tokens": row.cache_write_1h_tokens,
    }
