"""The store: the one door to SQL. SQLite by default, PostgreSQL for teams, one schema for both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Self

import sqlalchemy as sa

from evalkit.candidate import Candidate
from evalkit.dataset import AnyDataset
from evalkit.graders import Asked, Grader, PairwiseGrader, Sentinel
from evalkit.graders.imported import Imported
from evalkit.run import Batch, Intent, Request, Run
from evalkit.score import Score, Status, Verdict
from evalkit.store.answers import Answer, Answers
from evalkit.store.batches import Batches, read_batch
from evalkit.store.budgets import Budget, Budgets, Limit, NoRoomError, Refusal, let_go_with
from evalkit.store.caching import CachedGroup, CachedRun, Caching
from evalkit.store.calibrations import Calibrations, read_calibration
from evalkit.store.case_costs import CaseCosts
from evalkit.store.case_scores import CaseScores, SaidRow
from evalkit.store.checked import BadRowError, checked
from evalkit.store.content import Content
from evalkit.store.counted import Counted, month_of
from evalkit.store.engine import Database, open_database
from evalkit.store.estimates import Estimate, Estimates, Weight
from evalkit.store.guards import Guards
from evalkit.store.habits import Habits
from evalkit.store.hand_overs import HandOver, HandOvers
from evalkit.store.incoming import Incoming, incoming
from evalkit.store.intents import REALTIME_PREFIX, Intents, read_intent
from evalkit.store.judgements import Judgements
from evalkit.store.jury import derived_scores
from evalkit.store.ledger import Ledger, LedgerEntry, UnderWay, close_with
from evalkit.store.noise import Noise, NoiseRun
from evalkit.store.outgoing import CARRIED, Outgoing, outgoing
from evalkit.store.passes import LastPasses, Passes
from evalkit.store.policies import Policies
from evalkit.store.results import LineRow, ResultLine, Results, Spending
from evalkit.store.reuse import Reuse, Taken, TakenOver
from evalkit.store.runs import BATCHED, IN_REALTIME, FollowUp, Runs, Way, read_run
from evalkit.store.schema import HEAD, batches, intents
from evalkit.store.scores import PlacedScore, Scores, Tally
from evalkit.store.sentinels import Sentinels
from evalkit.store.standing import Standing
from evalkit.store.usage_logs import UsageLogs, UsageRow
from evalkit.store.waits import Waits

__all__ = [
    "BATCHED",
    "CARRIED",
    "HEAD",
    "IN_REALTIME",
    "REALTIME_PREFIX",
    "Answer",
    "BadRowError",
    "Budget",
    "CachedGroup",
    "CachedRun",
    "Counted",
    "Estimate",
    "FollowUp",
    "HandOver",
    "Incoming",
    "LastPasses",
    "LedgerEntry",
    "Limit",
    "LineRow",
    "NoRoomError",
    "NoiseRun",
    "Outgoing",
    "PlacedScore",
    "Refusal",
    "ResultLine",
    "SaidRow",
    "Spending",
    "Standing",
    "Store",
    "Taken",
    "TakenOver",
    "Tally",
    "UnderWay",
    "UsageRow",
    "Way",
    "Weight",
    "checked",
    "month_of",
    "read_calibration",
    "read_run",
]


class Store:
    """Everything that evalkit knows, in rooms of one noun each."""

    def __init__(self, database: Database) -> None:
        """A store over an open database; `Store.open` is the usual way."""
        self.database = database
        self.content = Content(database)
        self.runs = Runs(database)
        self.intents = Intents(database)
        self.batches = Batches(database)
        self.results = Results(database)
        self.ledger = Ledger(database)
        self.scores = Scores(database)
        self.judgements = Judgements(database)
        self.reuse = Reuse(database)
        self.case_scores = CaseScores(database)
        self.case_costs = CaseCosts(database)
        self.passes = Passes(database)
        self.policies = Policies(database)
        self.sentinels = Sentinels(database)
        self.guards = Guards(database)
        self.noise = Noise(database)
        self.calibrations = Calibrations(database)
        self.hand_overs = HandOvers(database)
        self.waits = Waits(database)
        self.answers = Answers(database)
        self.caching = Caching(database)
        self.usage_logs = UsageLogs(database)
        self.estimates = Estimates(database)
        self.habits = Habits(database)
        self.budgets = Budgets(database)

    @classmethod
    def open(cls, url: str) -> Self:
        """Open a store, making it where there is none.

        Args:
            url: `sqlite:///path` or `postgresql://...`.

        Raises:
            StoreError: it cannot be opened.
        """
        return cls(open_database(url))

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add_run(
        self,
        run: Run,
        *,
        dataset: AnyDataset,
        candidate: Candidate,
        grader: Grader | Imported,
        requests: Iterable[Request],
        parts: Sequence[int],
        scores: Iterable[Score],
        account: str | None = None,
        base_url: str | None = None,
        policy: Mapping[str, Any] | None = None,
        ways: Sequence[Way] = (),
        sentinels: Sequence[Sentinel] = (),
        taken: Sequence[Taken] = (),
        needs: Sequence[str] = (),
        fresh: bool = False,
        estimate: Estimate | None = None,
        weights: Sequence[Weight] = (),
    ) -> bool:
        """Keep a run with all that it is made of, in one transaction; False where the run is there already.

        Args:
            run: the run.
            dataset: its cases.
            candidate: its outputs.
            grader: its grader.
            requests: its requests, each naming its part.
            parts: the number of requests of each part; each gets a planned intent.
            scores: the scores that need no reply: of a check, of cases without an output.
            account: who is to send it, and nobody else.
            base_url: where to.
            policy: the gate of its config.
            ways: how each part goes; as a batch where it is not said.
            sentinels: the known outputs that ride in it.
            taken: its cases whose scores are those of earlier runs.
            needs: runs that are to be collected before it has requests or scores.
            fresh: whether a run that waits is to take over nothing.
            estimate: what it is to cost.
            weights: what each part weighs.

        Raises:
            StaleTransitionError: an earlier run was changed since its scores were looked at.
        """
        with self.database.writing() as connection:
            self.content.keep_dataset(connection, dataset, run.dataset_name)
            self.content.keep_candidate(connection, candidate, dataset)
            if isinstance(grader, PairwiseGrader) and grader.baseline is not None:
                self.content.keep_candidate(connection, grader.baseline, dataset)
            self.content.keep_grader(connection, grader)
            whose = {"account": account, "base_url": base_url}
            if not self.runs.add(connection, run, requests, parts, **whose, ways=ways, weights=weights):
                return False
            if estimate is not None:
                self.estimates.add(connection, estimate)
            self.scores.put_with(connection, scores)
            self.sentinels.add(connection, run.id, sentinels)
            if taken:
                self.reuse.take_with(connection, run.id, taken, rows=_rows_per_case(grader))
            if policy is not None:
                self.policies.add(connection, run.id, policy)
            self.waits.add(connection, run.id, needs, fresh=fresh)
        return True

    def release(
        self,
        run: Run,
        needs: Sequence[str],
        *,
        requests: Iterable[Request] = (),
        parts: Sequence[int] = (),
        scores: Iterable[Score] = (),
        account: str | None = None,
        base_url: str | None = None,
        realtime: bool = False,
        taken: Sequence[Taken] = (),
        cache_ttl: str | None = None,
        reasons: Sequence[str | None] = (),
        estimate: Estimate | None = None,
        weights: Sequence[Weight] = (),
        now: datetime | None = None,
    ) -> int:
        """A run that waited gets what it lacked, in one transaction with its wait's end; returns its first new part.

        Args:
            run: the run.
            needs: what it waited for.
            requests: its requests, each naming its part, counted from 0.
            parts: the number of requests of each part; each gets a planned intent.
            scores: the scores that need no reply.
            account: who is to send it, and nobody else.
            base_url: where to.
            realtime: whether its requests go one by one.
            taken: its cases whose scores are those of earlier runs.
            cache_ttl: how long its shared prefix is to stay cached, where that was not chosen before.
            reasons: why a part is held back, for each; none is where it is not said.
            estimate: what it is to cost, where that was not told before.
            weights: what each part weighs.
            now: the time, by which a month is told.

        Raises:
            StaleTransitionError: another process was faster, or what it needs is under way again.
        """
        with self.database.writing() as connection:
            self.budgets.lock(connection, [run.suite])
            self.waits.over(connection, run.id, needs)
            first = self.runs.extend(
                connection,
                run.id,
                requests,
                parts,
                account=account,
                base_url=base_url,
                realtime=realtime,
                weights=weights,
                cache_ttl=cache_ttl,
                reasons=reasons,
            )
            if estimate is not None:
                self.estimates.add(connection, estimate)
            self.scores.put_with(connection, scores)
            if taken:
                rows = _rows_per_case(self.content.asked(run.grader_digest))
                self.reuse.take_with(connection, run.id, taken, rows=rows)
            let_go_with(connection, run.id, now=now or datetime.now(UTC))
        return first

    def derive(self, run: Run, needs: Sequence[str]) -> None:
        """A jury's run gets the scores that its members' make, in one transaction with its wait's end.

        Raises:
            StaleTransitionError: another process was faster, or a member is under way again.
        """
        with self.database.writing() as connection:
            self.waits.over(connection, run.id, needs)
            for derived in derived_scores(connection, run):
                self.scores.put_with(connection, derived)

    def outgoing(self, run_ids: Sequence[str]) -> AbstractContextManager[Outgoing]:
        """Everything of some runs, as it is at this moment.

        Raises:
            StoreError: the store cannot be read.
        """
        return outgoing(self.database, run_ids)

    def incoming(self) -> AbstractContextManager[Incoming]:
        """One transaction in which runs of another store come in.

        Raises:
            StoreError: the store cannot be written; nothing has come in.
        """
        return incoming(self.database)

    def submit_again(self, run: Run, dataset: AnyDataset, candidate: Candidate, *, now: datetime) -> None:
        """A run that is there already is submitted once more: it is the last word on its outputs from now on.

        Clusters of its dataset and facts of its outputs that were not known before are taken in; they are no part of
        their content.
        """
        with self.database.writing() as connection:
            self.runs.submitted_again(connection, run.id, at=now)
            self.content.fill_clusters(connection, dataset)
            self.content.fill_facts(connection, candidate)

    def finish(
        self,
        batch: Batch,
        criteria: Sequence[str],
        follow_ups: Sequence[FollowUp],
        *,
        now: datetime,
        price_date: str | None = None,
        price_source: str | None = None,
        usage_log: str | None = None,
    ) -> tuple[int, list[Intent]]:
        """A batch is collected, and what of it is to be sent again is planned: both, or neither.

        Args:
            batch: the batch.
            criteria: of its grader.
            follow_ups: what is to be sent again.
            now: the time.
            price_date: the date of the price list that told its costs.
            price_source: where that list is from.
            usage_log: the file that its usage is to be written to.

        Returns:
            How many requests got no result, and the intents of the follow-ups.

        Raises:
            StaleTransitionError: another process has finished it.
            IntegrityError: the batch's requests and scores do not add up; nothing is changed.
        """
        with self.database.writing() as connection:
            missing = self.scores.finish_with(connection, batch, criteria, now=now)
            close_with(connection, batch.id, price_date=price_date, price_source=price_source)
            if usage_log is not None:
                self.usage_logs.intend_with(connection, batch.id, usage_log)
            return missing, [self.runs.follow_up_with(connection, one) for one in follow_ups]

    def follow_ups(
        self, wanted: Sequence[FollowUp], *, max_usd: float | None = None, now: datetime | None = None
    ) -> list[Intent]:
        """Plan several follow-ups, all or none; what was made of the outputs of their runs waits for them.

        Args:
            wanted: what is to be sent again.
            max_usd: what it may cost, with what comes of it.
            now: the time, by which a month is told.

        Raises:
            StaleTransitionError: another process has planned a follow-up of some of them.
            NoRoomError: a limit has no room for all of them.
        """
        run_ids = sorted({one.run for one in wanted})
        with self.database.writing() as connection:
            self.budgets.lock_of(connection, run_ids)
            planned = [self.runs.follow_up_with(connection, one) for one in wanted]
            for run in run_ids:
                self.waits.again(connection, run)
            self.budgets.let_go_whole(connection, run_ids, (), max_usd=max_usd, now=now or datetime.now(UTC))
        return planned

    def give_up(self, intent: Intent, criteria: Sequence[str], *, now: datetime) -> None:
        """Give up a part that was never sent: its requests count as canceled.

        Raises:
            StaleTransitionError: the part has been claimed.
        """
        planned = list(self.runs.requests(intent.run, intent.part))
        reason = "canceled before it was sent"
        with self.database.writing() as connection:
            self.intents.give_up(connection, intent, now=now)
            self.scores.put_with(
                connection,
                (
                    Score(
                        run=intent.run,
                        case_id=request.case_id,
                        suffix=request.suffix,
                        verdict=Verdict(criterion=criterion, status=Status.CANCELED, reason=reason),
                        custom_id=request.custom_id,
                    )
                    for request in planned
                    for criterion in criteria
                ),
            )
            self.scores.reduce_with(connection, intent.run, intent.part)

    def give_up_waiting(self, run: Run, criteria: Sequence[str]) -> int | None:
        """A run that waits is never made whole: its cases count as canceled; how many, None where it does not wait."""
        reason = "canceled before the outputs that it waited for were there"
        with self.database.writing() as connection:
            if not self.waits.give_up(connection, run.id):
                return None
            left = self.scores.untouched(connection, run)
            self.scores.put_with(
                connection,
                (
                    Score(
                        run=run.id,
                        case_id=case,
                        verdict=Verdict(criterion=criterion, status=Status.CANCELED, reason=reason),
                    )
                    for case in left
                    for criterion in criteria
                ),
            )
        return len(left)

    def progress(self, run_ids: Sequence[str]) -> dict[str, tuple[list[Intent], list[Batch]]]:
        """The intents and batches of each run, by part and attempt."""
        found: dict[str, tuple[list[Intent], list[Batch]]] = {run: ([], []) for run in run_ids}
        asked = sa.select(intents).where(intents.c.run.in_(run_ids)).order_by(intents.c.part, intents.c.attempt)
        made = sa.select(batches).where(batches.c.run.in_(run_ids)).order_by(batches.c.part, batches.c.attempt)
        with self.database.reading() as connection:
            for row in connection.execute(asked):
                found[row.run][0].append(read_intent(row))
            for row in connection.execute(made):
                found[row.run][1].append(read_batch(row))
        return found


def _rows_per_case(grader: Asked | Grader | Imported) -> int:
    """How many rows of scores a case has: one per criterion, and one for each judgement behind it."""
    samples = len(grader.suffixes) if isinstance(grader, Asked) else 1
    return len(grader.criteria) * (samples + (samples > 1))
