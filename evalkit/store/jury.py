"""A jury's scores, as its members' make them; and the juries that a run is a member of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evalkit.errors import IntegrityError
from evalkit.graders.jury import Jury, members
from evalkit.run import Run, RunKind
from evalkit.score import Score, Status, Verdict
from evalkit.store.hand_overs import here
from evalkit.store.rows import chunks
from evalkit.store.runs import read_run
from evalkit.store.schema import dataset_cases, runs, scores

_WINDOW = 5000
"""Verdicts that are held at once, about."""


def juries_of(connection: Connection, run_ids: Sequence[str]) -> dict[str, list[str]]:
    """The juries of which some of these runs are members, with those; of those that are whole in this store."""
    r, one = runs.c, runs.alias()
    beside = sa.and_(
        one.c.dataset == r.dataset,
        one.c.candidate_digest == r.candidate_digest,
        one.c.grader_digest == r.grader_digest,
        one.c.label == r.label,
    )
    query = (
        sa.select(runs)
        .join(one, beside)
        .where(r.kind == RunKind.JURY.value, one.c.run.in_(run_ids), here(r.run))
        .order_by(r.run)
        .distinct()
    )
    found: dict[str, list[str]] = {}
    for row in connection.execute(query).mappings():
        jury = read_run(row)
        needed = [member.id for member in members(jury)]
        of_it = [need for need in needed if need in run_ids]
        if of_it and _are_here(connection, needed):
            found[jury.id] = of_it
    return found


def _are_here(connection: Connection, run_ids: Sequence[str]) -> bool:
    known = sa.select(sa.func.count()).select_from(runs).where(runs.c.run.in_(run_ids))
    return connection.execute(known).scalar_one() == len(run_ids)


def derived_scores(connection: Connection, run: Run) -> Iterator[list[Score]]:
    """The scores of a jury's run, some cases at a time.

    Raises:
        IntegrityError: the run is no jury's, or a member has no word on a case.
    """
    jury, needed = Jury.of_run(run), [member.id for member in members(run)]
    if jury is None:
        raise IntegrityError(f"run {run.id} is said to be a jury's, and does not name its judges")
    places = sa.select(dataset_cases.c.case_id).where(dataset_cases.c.dataset == run.dataset)
    cases = connection.execute(places.order_by(dataset_cases.c.position)).scalars().all()
    for window in chunks(cases, max(1, _WINDOW // len(needed))):
        said = _said(connection, needed, window)
        if absent := set(window) - {case_id for case_id, _ in said}:
            raise IntegrityError(f"run {run.id}: no member has a word on case {min(absent)!r}")
        yield [_score(run, jury, needed, case_id, by_run) for (case_id, _), by_run in said.items()]


def _score(run: Run, jury: Jury, needed: Sequence[str], case_id: str, by_run: dict[str, Verdict]) -> Score:
    if set(by_run) != set(needed):
        raise IntegrityError(f"run {run.id}: not every member has a word on case {case_id!r}")
    return Score(run=run.id, case_id=case_id, verdict=jury.verdict([by_run[need] for need in needed]))


def _said(
    connection: Connection, run_ids: Sequence[str], case_ids: Sequence[str]
) -> dict[tuple[str, str], dict[str, Verdict]]:
    """The own scores of some cases in some runs, by case id and criterion, by run."""
    c = scores.c
    why = sa.case((c.value.is_(None), c.reason)).label("why")  # what a judge reasons is long, and its own
    query = sa.select(c.run, c.case_id, c.criterion, c.status, c.value, c.label, why)
    own = sa.and_(c.run.in_(run_ids), c.case_id.in_(case_ids), c.suffix == "")
    found: dict[tuple[str, str], dict[str, Verdict]] = defaultdict(dict)
    for row in connection.execute(query.where(own)):
        found[row.case_id, row.criterion][row.run] = Verdict(
            criterion=row.criterion, status=Status(row.status), value=row.value, label=row.label, reason=row.why
        )
    return found
