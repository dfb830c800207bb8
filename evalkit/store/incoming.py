"""Incoming: rows of another store become rows of this one; what is there and equal stays, what differs is refused.

Content is known by its digest and never changes. What moves on, the parts and batches of a run with their scores, is
weighed run by run: a run that has come further elsewhere takes the place of the one that is here, one that has come
less far changes nothing, and two that have gone different ways are refused, because both were paid for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evalkit import ids
from evalkit.errors import IntegrityError
from evalkit.run import BatchState
from evalkit.store.engine import Database
from evalkit.store.hand_overs import lock_runs
from evalkit.store.jury import juries_of
from evalkit.store.ledger import add_up
from evalkit.store.outgoing import LEFT
from evalkit.store.rows import chunks
from evalkit.store.schema import (
    batches,
    dataset_cases,
    hand_overs,
    intents,
    metadata,
    requests,
    results,
    reused,
    runs,
    scores,
    sentinels,
    waits,
)
from evalkit.store.standing import Standing, progress, weighed

Rows = Sequence[Mapping[str, Any]]

_MOVING: Final = (intents, batches, requests, reused, scores)
_EQUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "runs": ("kind", "dataset", "candidate_digest", "baseline_digest", "grader_digest", "cases"),
    "datasets": ("cases",),
    "cases": (),  # known by its digest, which is worked out again
    "dataset_cases": ("case_digest",),
    "candidates": (),
    "outputs": ("text",),
    "graders": ("parts",),
    "requests": ("case_id", "suffix", "part"),
    "reused": ("from_run", "from_case", "served_model"),
    "scores": ("status", "value", "label"),
    "policies": (),  # the one that was known first stays: a later one must not loosen it
    "noise_runs": ("of_run", "grader_digest", "judge_digest"),
    "calibrations": (),
    "sentinels": ("case", "output", "expected"),
    "estimates": (),  # the one that was made first stays
}
"""What of a row must be equal to the row of the same key that is there; the rest may well differ between stores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One transaction in which runs come in."""

    database: Database
    connection: Connection
    standing: dict[str, Standing] = field(default_factory=dict[str, Standing])
    given_back: set[str] = field(default_factory=set[str])
    """Runs that this store had handed over, and has again."""

    def weigh(self, run_rows: Rows, intent_rows: Rows, batch_rows: Rows) -> None:
        """Hold the runs against those that are here, and make room for what has come further.

        Raises:
            IntegrityError: a run has gone another way here, or a batch belongs to another run here.
        """
        ids = [row["run"] for row in run_rows]
        lock_runs(self.connection, ids)
        known = set(self.connection.execute(sa.select(runs.c.run).where(runs.c.run.in_(ids))).scalars())
        self._refuse_taken(batch_rows)
        theirs = progress(intent_rows, batch_rows)
        ours = progress(self._rows(intents, ids), self._rows(batches, ids))
        for run in ids:
            self.standing[run] = weighed(run, ours[run], theirs[run]) if run in known else Standing.NEW
        self._follow_members()
        self.put("runs", run_rows)
        self._take_later_submits(run_rows)
        replaced = [run for run in ids if self.standing[run] is Standing.NEWER]
        for table in _MOVING:
            self.connection.execute(sa.delete(table).where(table.c.run.in_(replaced)))
        for name, rows in (("intents", intent_rows), ("batches", batch_rows)):
            self._insert(name, [row for row in rows if self._moves(row["run"])])

    def _follow_members(self) -> None:
        """A jury's run, which is sent nothing, stands as its members do; one that stays behind here waits for them."""
        for standing in (Standing.OLDER, Standing.NEWER):
            moved = [run for run, one in self.standing.items() if one is standing]
            for jury, of_it in juries_of(self.connection, moved).items():
                if self.standing.get(jury) is not None:
                    self.standing[jury] = standing
                elif standing is Standing.NEWER:
                    rows = [{"run": jury, "needs": member, "fresh": False} for member in of_it]
                    self.database.insert_new(self.connection, waits, rows)

    def _take_later_submits(self, run_rows: Rows) -> None:
        """A run was last submitted where that was later."""
        ours = sa.func.coalesce(runs.c.submitted_at, runs.c.created_at)
        for row in run_rows:
            theirs = row.get("submitted_at") or row["created_at"]
            due = sa.and_(runs.c.run == row["run"], ours < theirs)
            self.connection.execute(sa.update(runs).where(due).values(submitted_at=theirs))

    def put(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take in the rows of a table.

        Raises:
            IntegrityError: a row that is here says something else.
        """
        for chunk in chunks(rows):
            if table in ("requests", "reused", "scores"):
                self._insert(table, [row for row in chunk if self._moves(row["run"])])
                self._compare(table, [row for row in chunk if self.standing[row["run"]] is Standing.SAME])
            elif table == "results":
                self._put_results(chunk)
            else:
                self._compare(table, chunk)
                self.database.insert_new(self.connection, metadata.tables[table], [dict(row) for row in chunk])

    def settle(self, numbers: Mapping[str, int]) -> None:
        """End: what came in must add up, and runs that were handed over are this store's again.

        Args:
            numbers: how often each run was handed over, as the bundle says.

        Raises:
            IntegrityError: a request, a result or a score belongs to nothing.
        """
        moved = [run for run, standing in self.standing.items() if standing in (Standing.NEW, Standing.NEWER)]
        self._must_add_up(moved)
        add_up(self.connection, self._collected(moved))
        known = {row["run"]: row for row in self._rows(hand_overs, list(numbers))}
        for run, number in numbers.items():
            before = known.get(run, {"number": 0, "at": None})
            away = before["at"] is not None
            if number > before["number"] or (away and run in moved):
                note = {"run": run, "number": max(number, before["number"]), "at": None, "to": None}
                self.database.upsert(self.connection, hand_overs, [note])
                if away:
                    self.given_back.add(run)

    def _moves(self, run: str) -> bool:
        return self.standing[run] in (Standing.NEW, Standing.NEWER)

    def _rows(self, table: sa.Table, ids: Sequence[str]) -> list[dict[str, Any]]:
        query = sa.select(table).where(table.c.run.in_(ids))
        return [dict(row) for row in self.connection.execute(query).mappings()]  # pyright: ignore[reportArgumentType,reportCallIssue]

    def _refuse_taken(self, batch_rows: Rows) -> None:
        owners = {row["batch"]: row["run"] for row in batch_rows}
        query = sa.select(batches.c.batch, batches.c.run).where(batches.c.batch.in_(list(owners)))
        for row in self.connection.execute(query):
            if owners[row.batch] != row.run:
                raise IntegrityError(
                    f"batch {row.batch} of run {owners[row.batch]} belongs to run {row.run} in this store; nothing is "
                    "imported"
                )

    def _insert(self, table: str, rows: Rows) -> None:
        nothing = dict.fromkeys(LEFT.get(table, ()))
        for chunk in chunks(rows):
            self.connection.execute(sa.insert(metadata.tables[table]), [{**row, **nothing} for row in chunk])

    def _put_results(self, rows: Rows) -> None:
        """Raw lines that are here stay; those that were pruned here, or were never here, come in."""
        ours = self._same_keys(results, [row for row in rows if self.standing[row["run"]] is not Standing.OLDER])
        for row in rows:
            here = ours.get((row["batch"], row["custom_id"]))
            if here is not None and here.raw and row["raw"] and bytes(here.raw) != row["raw"]:
                raise _differs("results", (row["batch"], row["custom_id"]), "raw")
        moving = [dict(row) for row in rows if self._moves(row["run"])]
        if whole := [row for row in moving if row["raw"]]:
            self.database.upsert(self.connection, results, whole)
        self.database.insert_new(self.connection, results, [row for row in moving if not row["raw"]])

    def _compare(self, table: str, rows: Rows) -> None:
        columns = _EQUAL[table]
        if not columns:
            return
        found = metadata.tables[table]
        names = [column.name for column in found.primary_key]
        ours = self._same_keys(found, rows)
        open_batches = self._open_batches() if table == "scores" and rows else frozenset[str]()
        for row in rows:
            key = tuple(row[name] for name in names)
            here = ours.get(key)
            if here is None or row.get("batch") in open_batches:
                continue
            for column in columns:
                if getattr(here, column) != row[column]:
                    raise _differs(table, key, column)

    def _same_keys(self, table: sa.Table, rows: Rows) -> dict[tuple[Any, ...], sa.Row[Any]]:
        """The rows here with the primary keys of some rows."""
        key = list(table.primary_key)
        wanted: dict[Any, list[Any]] = defaultdict(list)
        for row in rows:
            wanted[tuple(row[column.name] for column in key[:-1])].append(row[key[-1].name])
        found: dict[tuple[Any, ...], sa.Row[Any]] = {}
        for first, last in _grouped(wanted):
            query = sa.select(table).where(
                *(column == value for column, value in zip(key[:-1], first, strict=True)), key[-1].in_(last)
            )
            for row in self.connection.execute(query):
                found[tuple(getattr(row, column.name) for column in key)] = row
        return found

    def _open_batches(self) -> frozenset[str]:
        """Batches of which a collector may have read a part: their scores may be there or not."""
        query = sa.select(batches.c.batch).where(
            batches.c.run.in_(list(self.standing)), batches.c.state != BatchState.COLLECTED.value
        )
        return frozenset(self.connection.execute(query).scalars())

    def _collected(self, run_ids: Sequence[str]) -> list[str]:
        """The batches of runs that are collected."""
        b = batches.c
        query = sa.select(b.batch).where(b.run.in_(run_ids), b.state == BatchState.COLLECTED.value)
        return list(self.connection.execute(query).scalars())

    def _must_add_up(self, run_ids: Sequence[str]) -> None:
        d = dataset_cases.c
        for table in (requests, reused, scores):
            column = table.c.case_id
            place = sa.exists().where(d.dataset == runs.c.dataset, d.case_id == column)
            known = sa.exists().where(sentinels.c.run == runs.c.run, sentinels.c.sentinel == column)
            there = place if table is reused else sa.case((table.c.suffix == ids.SENTINEL, known), else_=place)
            query = sa.select(runs.c.run, column).join(runs, runs.c.run == table.c.run)
            lost = self.connection.execute(query.where(table.c.run.in_(run_ids), ~there).limit(1)).first()
            if lost:
                raise IntegrityError(
                    f"the bundle has {table.name} of run {lost[0]} for {lost[1]!r}, which is no case of it"
                )
        for table in (results, scores):
            made = sa.exists().where(batches.c.batch == table.c.batch, batches.c.run == table.c.run)
            strange = sa.and_(table.c.run.in_(run_ids), table.c.batch.is_not(None), ~made)
            if table is scores:  # what was taken over is of a batch of the run that was paid for it
                r = reused.c
                strange = sa.and_(strange, ~sa.exists().where(r.run == scores.c.run, r.case_id == scores.c.case_id))
            lost = self.connection.execute(sa.select(table.c.run, table.c.batch).where(strange).limit(1)).first()
            if lost:
                raise IntegrityError(
                    f"the bundle has {table.name} of batch {lost[1]!r}, which is none of run {lost[0]}"
                )


@contextmanager
def incoming(database: Database) -> Generator[Incoming]:
    """A transaction in which runs come in: all of them, or nothing.

    Raises:
        StoreError: the store cannot be written.
    """
    with database.writing() as connection:
        yield Incoming(database=database, connection=connection)


def _differs(table: str, key: tuple[Any, ...], column: str) -> IntegrityError:
    name = ", ".join(str(part) for part in key)
    return IntegrityError(
        f"{table} {name}: the bundle says something else in {column!r} than this store does; nothing is imported"
    )


def _grouped(wanted: Mapping[Any, list[Any]]) -> Iterable[tuple[Any, list[Any]]]:
    return sorted(wanted.items(), key=lambda item: repr(item[0]))
