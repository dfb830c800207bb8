"""Reuse: scores of earlier runs that a new run takes over, because the same output was judged in the same way.

A score that is taken over is copied with the batch and the custom_id of the request that was paid for it, and a row of
`reused` names the run and the case that it comes from: always those that were paid, never those in between. It is one
observation, however many runs have it, and no run but the first has paid for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from evalkit.errors import StaleTransitionError
from evalkit.run import BatchState, IntentState, Judge, Run, RunKind
from evalkit.store.engine import Database
from evalkit.store.rows import CHUNK, chunks
from evalkit.store.schema import (
    batches,
    dataset_cases,
    hand_overs,
    intents,
    noise_runs,
    outputs,
    results,
    reused,
    runs,
    scores,
)

_LOOKED_AT: Final = 20
"""Batches that are looked at for the model that serves a judge now, the newest first."""
_ALIVE: Final = tuple(state.value for state in (IntentState.PLANNED, IntentState.INTENDED, IntentState.UNKNOWN))


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A case of a new run whose scores are those of an earlier one."""

    case_id: str
    source: str
    """The run in this store that has the scores."""
    source_case: str
    from_run: str
    """The run that was paid for them."""
    from_case: str
    served_model: str | None
    cost_usd: float | None
    """What its replies cost there; None where that is not known."""
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCase:
    """A case of an earlier run whose scores are all there, with what they were given for."""

    case_digest: str
    output: str
    taken: Taken
    """As a case of the same id would take it over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """What a run has taken over, all in all."""

    cases: int = 0
    saved_usd: float | None = 0.0
    """What the same replies cost where they were paid; None where one has no known price."""
    served_models: tuple[str, ...] = ()
    simulated: bool = False
    from_runs: Mapping[str, int] = field(default_factory=dict[str, int])
    """The runs that were paid, each with how many cases come from it, most first."""


class Reuse:
    """What the runs of a store take over from earlier ones."""

    def __init__(self, database: Database) -> None:
        """Reuse within a database."""
        self._database = database

    def serving(self, judge: Judge, *, base_url: str) -> str | None:
        """The model that serves a judge now: that of the newest batch that has a reply; None where there is none."""
        r, b = results.c, batches.c
        newest = (
            sa.select(b.batch)
            .join(runs, runs.c.run == b.run)
            .where(_of_judge(judge), b.state == BatchState.COLLECTED.value, _like(judge, base_url))
            .order_by(sa.func.coalesce(b.ended_at, b.created_at).desc(), b.batch)
            .limit(_LOOKED_AT)
        )
        served = sa.select(r.served_model).where(r.batch == sa.bindparam("of_batch"), r.served_model.is_not(None))
        often = served.group_by(r.served_model).order_by(sa.func.count().desc(), r.served_model).limit(1)
        with self._database.reading() as connection:
            for batch in connection.execute(newest).scalars().all():
                if model := connection.execute(often, {"of_batch": batch}).scalar():
                    return model
        return None

    def sources(self, run: Run, *, base_url: str) -> list[tuple[str, str, str]]:
        """The runs that a run may take scores over from, newest first: id, dataset and candidate digest of each.

        They have its grader and its judge, are finished and this store's, and measure no noise.
        """
        if run.judge is None:
            return []
        c, b = runs.c, batches.c
        unsent = sa.select(intents.c.run).where(intents.c.state.in_(_ALIVE))
        unread = sa.select(b.run).where(b.state != BatchState.COLLECTED.value)
        away = sa.select(hand_overs.c.run).where(hand_overs.c.at.is_not(None))
        unlike = sa.select(b.run).where(~_like(run.judge, base_url))
        query = (
            sa.select(c.run, c.dataset, c.candidate_digest)
            .where(c.grader_digest == run.grader_digest, _of_judge(run.judge), c.kind == RunKind.GRADING.value)
            .where(*(c.run.not_in(some) for some in (unsent, unread, away, unlike, sa.select(noise_runs.c.run))))
            .where(c.run != run.id)
            .order_by(c.created_at.desc(), c.run)
        )
        with self._database.reading() as connection:
            return [(row.run, row.dataset, row.candidate_digest) for row in connection.execute(query)]

    def places(self, dataset: str, digests: Iterable[str]) -> list[str]:
        """The ids under which a dataset has cases of some digests."""
        d = dataset_cases.c
        found: list[str] = []
        with self._database.reading() as connection:
            for some in chunks(digests):
                query = sa.select(d.case_id).where(d.dataset == dataset, d.case_digest.in_(some))
                found += connection.execute(query).scalars()
        return found

    def judged(
        self,
        source: tuple[str, str, str],
        *,
        criteria: Sequence[str],
        samples: int,
        served: str,
        judge: Judge,
        case_ids: Sequence[str] | None = None,
    ) -> Iterator[JudgedCase]:
        """The cases of a run, or some of them, of which every score and every judgement is there.

        Args:
            source: the run, as `sources` tells it.
            criteria: of its grader.
            samples: how often each output is judged.
            served: the model that must have given every judgement.
            judge: the judge of the run.
            case_ids: only these, a thousand at most; all where None.
        """
        query = _judged(source, criteria, samples, served, case_ids)
        with self._database.reading() as connection:
            for row in connection.execute(query):
                # What the sandbox has judged under a real judge's name comes to a run only from that sandbox itself.
                if row.simulated and row.from_run is not None and not judge.simulated:
                    continue
                yield JudgedCase(case_digest=row.case_digest, output=row.text, taken=_taken(source[0], row))

    def of(self, run: str) -> dict[str, tuple[str, str]]:
        """The cases of a run that were taken over, each with the run and the case that were paid."""
        c = reused.c
        query = sa.select(c.case_id, c.from_run, c.from_case).where(c.run == run)
        with self._database.reading() as connection:
            return {row.case_id: (row.from_run, row.from_case) for row in connection.execute(query)}

    def take_with(self, connection: Connection, run: str, taken: Sequence[Taken], *, rows: int) -> None:
        """Copy scores into a new run, within the transaction that adds it.

        Args:
            connection: the transaction.
            run: the new run.
            taken: its cases that are taken over.
            rows: how many rows of scores each of them has: one per criterion and judgement.

        Raises:
            StaleTransitionError: an earlier run is no longer what it was when it was looked at.
        """
        by_source: dict[str, list[Taken]] = defaultdict(list)
        for one in taken:
            by_source[one.source].append(one)
        for source, all_of_it in by_source.items():
            for some in chunks(all_of_it):
                connection.execute(sa.insert(reused), [_row(run, one) for one in some])
                copied = _copied(connection, run, source, some)
                if len(copied) != rows * len(some):
                    raise StaleTransitionError(
                        f"run {source}, whose scores run {run} takes over, was changed meanwhile; submit again"
                    )
                # A run that waited may know why it had no output of a case, and has one now.
                lacking = scores.c.case_id.in_([one.case_id for one in some]) & scores.c.value.is_(None)
                connection.execute(sa.delete(scores).where(scores.c.run == run, lacking))
                connection.execute(sa.insert(scores), copied)


def taken_over(connection: Connection, run_ids: Sequence[str]) -> dict[str, TakenOver]:
    """What runs have taken over; those that have taken nothing are not in it."""
    c = reused.c
    query = (
        sa.select(
            c.run,
            c.from_run,
            c.served_model,
            sa.func.count().label("n"),
            sa.func.count(c.cost_usd).label("priced"),
            sa.func.sum(c.cost_usd).label("usd"),
            sa.func.sum(sa.case((c.simulated, 1), else_=0)).label("simulated"),
        )
        .where(c.run.in_(run_ids))
        .group_by(c.run, c.from_run, c.served_model)
        .order_by(c.run, c.from_run, c.served_model)
    )
    groups: dict[str, list[RowMapping]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        groups[row["run"]].append(row)
    return {run: _taken_over(rows) for run, rows in groups.items()}


def _taken_over(rows: Sequence[RowMapping]) -> TakenOver:
    from_runs: dict[str, int] = defaultdict(int)
    for row in rows:
        from_runs[row["from_run"]] += row["n"]
    known = all(row["n"] == row["priced"] for row in rows)
    return TakenOver(
        cases=sum(from_runs.values()),
        saved_usd=sum(float(row["usd"] or 0.0) for row in rows) if known else None,
        served_models=tuple(sorted({row["served_model"] for row in rows if row["served_model"] is not None})),
        simulated=any(row["simulated"] for row in rows),
        from_runs=dict(sorted(from_runs.items(), key=lambda item: (-item[1], item[0]))),
    )


def _of_judge(judge: Judge) -> sa.ColumnElement[bool]:
    """Whether a run has a judge of the same digest."""
    c = runs.c
    effort = sa.func.coalesce(sa.func.nullif(c.effort, ""), "default")
    return sa.and_(c.judge == judge.model, effort == judge.parts["effort"], c.simulated.is_(judge.simulated))


def _like(judge: Judge, base_url: str) -> sa.ColumnElement[bool]:
    """Whether a batch was answered by what answers now: a model, or the same sandbox."""
    b = batches.c
    return sa.true() if judge.simulated else sa.or_(b.simulated.is_(False), b.base_url == base_url)


def _judged(
    source: tuple[str, str, str], criteria: Sequence[str], samples: int, served: str, case_ids: Sequence[str] | None
) -> sa.Select[Any]:
    run, dataset, candidate = source
    s, r, d, o, u = scores.c, results.c, dataset_cases.c, outputs.c, reused.c
    own = len(criteria)
    replies = own * samples
    by = sa.func.coalesce(r.served_model, u.served_model)
    first = s.criterion == criteria[0]
    query = (
        sa.select(
            s.case_id,
            sa.func.min(u.from_run).label("from_run"),
            sa.func.min(u.from_case).label("from_case"),
            sa.func.min(u.cost_usd).label("known_usd"),
            sa.func.sum(sa.case((first, r.cost_usd))).label("cost_usd"),
            sa.func.count(sa.case((first, r.cost_usd))).label("priced"),
            sa.func.max(sa.case((sa.or_(batches.c.simulated, u.simulated), 1), else_=0)).label("simulated"),
        )
        .outerjoin(results, sa.and_(r.batch == s.batch, r.custom_id == s.custom_id))
        .outerjoin(batches, batches.c.batch == s.batch)
        .outerjoin(reused, sa.and_(u.run == s.run, u.case_id == s.case_id))
        .where(s.run == run)
        .group_by(s.case_id)
        .having(
            sa.func.count() == replies + (own if samples > 1 else 0),
            sa.func.count(s.value) == sa.func.count(),
            sa.func.count(sa.case((s.suffix == "", s.value))) == own,
            # The own score of a case that is judged several times is of no reply, unless it was taken over.
            sa.func.count(sa.case((s.custom_id.is_not(None), by))) == replies,
            sa.func.min(by) == served,
            sa.func.max(by) == served,
        )
    )
    place = sa.and_(d.dataset == dataset)
    if case_ids is not None:
        query = query.where(s.case_id.in_(case_ids))
        place = sa.and_(place, d.case_id.in_(case_ids))
    j = query.subquery()
    return (
        sa.select(
            d.case_digest,
            o.text,
            j,
            sa.literal(served).label("served_model"),
            sa.literal(samples).label("samples"),
        )
        .select_from(dataset_cases)
        .join(outputs, sa.and_(o.candidate == candidate, o.case_id == d.case_id))
        .join(j, j.c.case_id == d.case_id)
        .where(place)
        .order_by(d.position)
    )


def _taken(source: str, row: sa.Row[Any]) -> Taken:
    paid_here = row.from_run is None
    known = row.cost_usd if paid_here and row.priced == row.samples else row.known_usd
    return Taken(
        case_id=row.case_id,
        source=source,
        source_case=row.case_id,
        from_run=source if paid_here else row.from_run,
        from_case=row.case_id if paid_here else row.from_case,
        served_model=row.served_model,
        cost_usd=known,
        simulated=bool(row.simulated),
    )


def _row(run: str, one: Taken) -> dict[str, object]:
    return {
        "run": run,
        "case_id": one.case_id,
        "from_run": one.from_run,
        "from_case": one.from_case,
        "served_model": one.served_model,
        "cost_usd": one.cost_usd,
        "simulated": one.simulated,
    }


def _copied(connection: Connection, run: str, source: str, taken: Sequence[Taken]) -> list[dict[str, object]]:
    """The rows of scores that a run takes over from a source, as its own."""
    names = {one.source_case: one.case_id for one in taken}
    query = sa.select(scores).where(scores.c.run == source, scores.c.case_id.in_(list(names)))
    assert len(taken) <= CHUNK  # noqa: S101 # no database takes any number of ids
    found = connection.execute(query).mappings()
    return [{**row, "run": run, "case_id": names[row["case_id"]]} for row in found if row["value"] is not None]
