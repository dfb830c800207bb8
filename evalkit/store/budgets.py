"""Budgets and caps: what the runs of a suite may cost in a month, and those of a command altogether.

There is one door. A part that may be sent is within every limit of its run, because it is let go in a transaction that
holds these limits alone, sums what counts, and adds the part only where there is room for it. Whatever is planned where
a limit is in force is held back by it first, so that nobody can forget the door; and a part that is held back cannot be
claimed. Locks are taken in one order: budgets, then runs, then caps.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evalkit.errors import StoreError
from evalkit.run import BatchState, IntentState
from evalkit.store.counted import Counted, count, month_of, waiting_runs
from evalkit.store.engine import Database
from evalkit.store.hand_overs import lock_runs
from evalkit.store.rows import from_json, stamp, to_json
from evalkit.store.schema import batches, budgets, caps, intents, results, runs

NOT_YET: Final = "it is not weighed yet"
"""Why something that was just planned is held back."""
_HAIR: Final = 1e-9
"""USD by which sums of the same amounts may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A most that some runs may cost together."""

    kind: Literal["budget", "cap"]
    max_usd: float
    suite: str = ""
    simulated: bool = False
    """Of what the sandbox judges by the user's own wish: such money is no money, and is counted by itself."""
    month: datetime | None = None
    """The month's beginning, of a budget."""
    command: str = ""
    """Of a cap."""

    @property
    def name(self) -> str:
        """The limit, to be told."""
        if self.month is None:
            return f"--max-cost {_dollars(self.max_usd)}"
        return f"the budget of {self.suite!r}, {_dollars(self.max_usd)} for {self.month:%Y-%m}"

    def counted(self, connection: Connection) -> Counted:
        """What counts against it."""
        if self.month is None:
            query = sa.select(caps.c.run, caps.c.sent_before).where(caps.c.command == self.command)
            before = {row.run: from_json(row.sent_before) for row in connection.execute(query)}
            but = frozenset((run, part) for run, parts in before.items() for part in parts)
            return count(connection, runs.c.run.in_(list(before)), but=but)
        scope = sa.and_(runs.c.suite == self.suite, runs.c.simulated.is_(self.simulated))
        return count(connection, scope, since=self.month)

    def among(self, connection: Connection, run_ids: Sequence[str]) -> list[str]:
        """Those of some runs that are to keep within it."""
        if self.kind == "cap":
            return list(run_ids)
        own = sa.and_(runs.c.run.in_(run_ids), runs.c.suite == self.suite, runs.c.simulated.is_(self.simulated))
        return list(connection.execute(sa.select(runs.c.run).where(own).order_by(runs.c.run)).scalars())


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a limit has no room for."""

    limit: Limit
    counted: Counted
    """What counts without it."""
    asked: Mapping[str, float | None]
    """Run -> what it may cost at most; None where that is not known."""


class NoRoomError(StoreError):
    """What is to be sent is not within a limit; nothing of its transaction is kept."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"there is no room within {refusal.limit.name}")
        self.refusal = refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A suite's budget, and what counts against it in one month."""

    limit: Limit
    counted: Counted

    @property
    def left_usd(self) -> float | None:
        """What there is room for; None where something that counts is not known."""
        total = self.counted.total_usd
        return None if total is None else max(0.0, self.limit.max_usd - total)


class Budgets:
    """The budgets and caps of a store."""

    def __init__(self, database: Database) -> None:
        """Budgets of a database."""
        self._database = database

    def of(self, suite: str) -> float | None:
        """USD a month that a suite may cost; None where it has no budget."""
        with self._database.reading() as connection:
            return connection.execute(sa.select(budgets.c.month_usd).where(budgets.c.suite == suite)).scalar()

    def put(self, suite: str, month_usd: float, *, now: datetime) -> None:
        """Give a suite a budget, in place of the one that it has."""
        row = {"suite": suite, "month_usd": month_usd, "set_at": stamp(now)}
        with self._database.writing() as connection:
            self._database.upsert(connection, budgets, [row])

    def lift(self, suite: str) -> bool:
        """Take a suite's budget away; False where it has none."""
        with self._database.writing() as connection:
            return connection.execute(sa.delete(budgets).where(budgets.c.suite == suite)).rowcount > 0

    def all(self, *, now: datetime) -> list[Budget]:
        """Every budget as it stands this month, by suite; beside it that of the sandbox's runs, where there are any."""
        with self._database.snapshot() as connection:
            found = connection.execute(sa.select(budgets).order_by(budgets.c.suite)).all()
            return [
                Budget(limit=limit, counted=limit.counted(connection))
                for row in found
                for limit in _of_suite(connection, row.suite, row.month_usd, now)
            ]

    def in_force(self, suites: Iterable[str], run_ids: Iterable[str]) -> bool:
        """Whether one of some suites has a budget, or one of some runs a cap."""
        budget = sa.select(budgets.c.suite).where(budgets.c.suite.in_([*suites]))
        cap = sa.select(caps.c.run).where(caps.c.run.in_([*run_ids]))
        with self._database.reading() as connection:
            return any(connection.execute(query.limit(1)).first() is not None for query in (budget, cap))

    def lock(self, connection: Connection, suites: Iterable[str]) -> None:
        """Keep everybody else from letting go anything of some suites until the transaction ends."""
        b = budgets.c
        connection.execute(sa.select(b.suite).where(b.suite.in_([*suites])).order_by(b.suite).with_for_update()).all()

    def lock_of(self, connection: Connection, run_ids: Sequence[str]) -> None:
        """The same, of the suites of some runs."""
        query = sa.select(runs.c.suite).where(runs.c.run.in_(run_ids)).distinct()
        self.lock(connection, connection.execute(query).scalars().all())

    def let_go(self, run: str, *, now: datetime) -> list[str]:
        """Let go what a limit holds back of a run, as far as there is room; why the rest stays, a word for each part.

        A part whose weight is not known has no room anywhere.
        """
        with self._database.writing() as connection:
            return let_go_with(connection, run, now=now)

    def let_go_whole(
        self, connection: Connection, new: Sequence[str], there: Sequence[str], *, max_usd: float | None, now: datetime
    ) -> None:
        """Let go all of what a command has written, and bound what comes of it, within the transaction that writes it.

        Args:
            connection: the transaction, which holds the budgets of the runs.
            new: the runs that it has written.
            there: runs that were there before; the command's cap is theirs from now on, or none is.
            max_usd: what the command may cost.
            now: the time.

        Raises:
            NoRoomError: there is no room for all of it; the transaction must not be kept.
        """
        _let_go_whole(connection, new, sorted({*new, *there}), max_usd, now)

    def weigh(self, run: str, part: int, *, size: int, at_most_usd: float | None) -> None:
        """Note what a part weighs of which that was not known."""
        due = sa.and_(intents.c.run == run, intents.c.part == part, intents.c.at_most_usd.is_(None))
        with self._database.writing() as connection:
            connection.execute(sa.update(intents).where(due).values(size=size, at_most_usd=at_most_usd))

    def unweighed(self, run_ids: Sequence[str], suites: Iterable[str] = (), *, now: datetime) -> list[tuple[str, int]]:
        """What nobody has weighed, and may be: run and part.

        Of some runs and of all that counts beside them, and of all that counts against the budgets of some suites.
        """
        c, b, r = intents.c, batches.c, results.c
        came = sa.select(sa.func.count()).where(r.batch == b.batch).scalar_subquery()
        over = sa.and_(b.state == BatchState.COLLECTED.value, came >= b.requests)  # which counts as it was billed
        unread = sa.or_(c.batch.is_(None), sa.not_(over))
        due = sa.and_(c.at_most_usd.is_(None), c.state != IntentState.NOT_CREATED.value)
        query = sa.select(c.run, c.part).outerjoin(batches, b.batch == c.batch).order_by(c.run, c.part)
        with self._database.snapshot() as connection:
            limits = {limit: None for run in run_ids for limit in _limits(connection, run, now)}
            own = sa.select(budgets).where(budgets.c.suite.in_([*suites]))
            for row in connection.execute(own).all():
                limits |= dict.fromkeys(_of_suite(connection, row.suite, row.month_usd, now))
            beside = {one for limit in limits for one in limit.counted(connection).unknown}
            found = connection.execute(query.where(due, unread, c.run.in_([*run_ids, *sorted(beside)]))).all()
        return [(row.run, row.part) for row in found]


def _of_suite(connection: Connection, suite: str, month_usd: float, now: datetime) -> list[Limit]:
    """A suite's budget; that of the sandbox's runs too where there are such runs, which are counted by themselves."""
    rehearsed = sa.select(runs.c.run).where(runs.c.suite == suite, runs.c.simulated).limit(1)
    sorts = [False, True] if connection.execute(rehearsed).first() else [False]
    month = month_of(now)
    return [
        Limit(kind="budget", max_usd=month_usd, suite=suite, simulated=simulated, month=month) for simulated in sorts
    ]


def is_limited(connection: Connection, run: str) -> bool:
    """Whether a limit is in force for a run, so that what is planned of it is held back first."""
    own = sa.select(runs.c.suite).where(runs.c.run == run).scalar_subquery()
    budget = sa.select(budgets.c.suite).where(budgets.c.suite == own)
    cap = sa.select(caps.c.run).where(caps.c.run == run)
    return any(connection.execute(query.limit(1)).first() is not None for query in (budget, cap))


def let_go_with(connection: Connection, run: str, *, now: datetime) -> list[str]:
    """The same as `let_go`, within a transaction of the caller's."""
    _lock(connection, run)
    limits = _limits(connection, run, now)
    c = intents.c
    held = sa.and_(c.run == run, c.state == IntentState.PLANNED.value, c.over_limit.is_not(None))
    rows = connection.execute(sa.select(c.part, c.attempt, c.at_most_usd).where(held).order_by(c.part)).all()
    counted = {limit: limit.counted(connection) for limit in limits} if rows else {}
    said: list[str] = []
    for row in rows:
        over = next((word for limit in limits if (word := _over(limit, counted[limit], row.at_most_usd))), None)
        this = sa.and_(held, c.part == row.part, c.attempt == row.attempt)
        connection.execute(sa.update(intents).where(this).values(over_limit=over))
        if over:
            said.append(over)
        else:
            for one in counted.values():
                one.reserved_usd += row.at_most_usd or 0.0
    return said


def _let_go_whole(
    connection: Connection, new: Sequence[str], every: Sequence[str], max_usd: float | None, now: datetime
) -> None:
    _cap(connection, every, max_usd)
    planned = sa.and_(intents.c.run.in_(new), intents.c.state == IntentState.PLANNED.value)
    connection.execute(sa.update(intents).where(planned).values(over_limit=None))
    limits = {limit: None for run in every for limit in _limits(connection, run, now)}
    for limit in limits:
        asked = _asked(connection, limit.among(connection, new if limit.kind == "budget" else every))
        if not any(amount is None or amount > 0 for amount in asked.values()):
            continue
        refusal = Refusal(limit=limit, counted=limit.counted(connection), asked=asked)
        total = refusal.counted.total_usd
        if total is None or total > limit.max_usd + _HAIR:
            raise NoRoomError(refusal)


def _cap(connection: Connection, run_ids: Sequence[str], max_usd: float | None) -> None:
    """Let runs keep within one cap from now on, or within none."""
    lock_runs(connection, run_ids)  # two that cap one run would both find no row of it, and both insert one
    theirs = caps.c.run.in_(run_ids)
    connection.execute(sa.select(caps.c.run).where(theirs).order_by(caps.c.run).with_for_update()).all()
    connection.execute(sa.delete(caps).where(theirs))
    if max_usd is None or not run_ids:
        return
    c, command = intents.c, secrets.token_hex(8)
    sent: dict[str, list[int]] = {run: [] for run in run_ids}
    gone = c.state.not_in([IntentState.PLANNED.value, IntentState.NOT_CREATED.value])
    for run, part in connection.execute(sa.select(c.run, c.part).where(c.run.in_(run_ids), gone).order_by(c.part)):
        sent[run].append(part)
    rows = [
        {"run": run, "command": command, "max_usd": max_usd, "sent_before": to_json(parts)}
        for run, parts in sent.items()
    ]
    connection.execute(sa.insert(caps), rows)


def _asked(connection: Connection, run_ids: Sequence[str]) -> dict[str, float | None]:
    """What runs may cost of which nothing is sent yet; None where that is not known."""
    c, found = intents.c, dict[str, float | None]()
    due = sa.and_(c.run.in_(run_ids), c.state == IntentState.PLANNED.value, c.over_limit.is_(None))
    parts = connection.execute(sa.select(c.run, c.at_most_usd).where(due).order_by(c.run, c.part)).all()
    waiting = connection.execute(waiting_runs(runs.c.run.in_(run_ids))).all()
    for row in (*parts, *waiting):
        before = found.get(row.run, 0.0)
        found[row.run] = None if row.at_most_usd is None or before is None else before + row.at_most_usd
    return found


def _over(limit: Limit, counted: Counted, at_most_usd: float | None) -> str | None:
    """Why a limit has no room for a part; None where it has."""
    total = counted.total_usd
    if at_most_usd is None:
        return f"what it may cost is not known, and {limit.name} is in force"
    if total is None:
        return f"what run {counted.unknown[0]} costs is not known, and {limit.name} is in force"
    if total + at_most_usd <= limit.max_usd + _HAIR:
        return None
    left = max(0.0, limit.max_usd - total)
    return f"it may cost {_dollars(at_most_usd)}, and of {limit.name}, {_dollars(left)} is left"


def _dollars(usd: float) -> str:
    """An amount to the cent, or to a hundredth of one where it is no whole number of them."""
    return f"${usd:,.2f}" if round(usd, 2) == usd else f"${usd:,.4f}"


def _limits(connection: Connection, run: str, now: datetime) -> list[Limit]:
    """The limits of a run."""
    of_it = sa.select(runs.c.suite, runs.c.simulated, budgets.c.month_usd, caps.c.command, caps.c.max_usd)
    joined = of_it.outerjoin(budgets, budgets.c.suite == runs.c.suite).outerjoin(caps, caps.c.run == runs.c.run)
    row = connection.execute(joined.where(runs.c.run == run)).one_or_none()
    found: list[Limit] = []
    if row is not None and row.command is not None:
        found.append(Limit(kind="cap", max_usd=row.max_usd, command=row.command))
    if row is not None and row.month_usd is not None:
        month = month_of(now)
        found.append(Limit(kind="budget", max_usd=row.month_usd, suite=row.suite, simulated=row.simulated, month=month))
    return found


def _lock(connection: Connection, run: str) -> None:
    """Hold the limits of a run alone until the transaction ends: its budget, then the rows of its cap in order."""
    suite = sa.select(runs.c.suite).where(runs.c.run == run).scalar_subquery()
    connection.execute(sa.select(budgets.c.suite).where(budgets.c.suite == suite).with_for_update()).all()
    command = sa.select(caps.c.command).where(caps.c.run == run)
    while (held := connection.execute(command).scalar()) is not None:
        rows = sa.select(caps.c.run).where(caps.c.command == held).order_by(caps.c.run)
        if run in connection.execute(rows.with_for_update()).scalars().all():
            return  # else another command has put its own in place of it, while this one waited
