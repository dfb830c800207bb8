"""The verbs of operation: what keeps runs going, and what ends them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from evalkit.errors import StoreError, UsageError
from evalkit.pipeline.progress import Progress
from evalkit.pipeline.sending import ANEW
from evalkit.session import Session
from evalkit.tables import RunTable
from evalkit.work import collector_of, find_runs, keep_budget, must_have, table_of, within

if TYPE_CHECKING:
    from evalkit.pipeline.health import Health
    from evalkit.run import Run
    from evalkit.score import Status
    from evalkit.tables.costs import CostTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What a prune removed."""

    replies: int
    """Raw replies; their scores and their costs stay."""
    deleted: tuple[str, ...]
    """Batches deleted at the provider."""


def retry(
    run: str,
    *,
    statuses: Collection[Status] | None = None,
    max_cost: float | None = None,
    config: Path | str | None = None,
    store: str | None = None,
    sandbox: bool = False,
    progress: Progress | None = None,
) -> RunTable:
    """Send again what has no score, in batches of their own; scores that are there stay.

    Args:
        run: a run id, or the beginning of one.
        statuses: what to send again; errored, expired, canceled, truncated and missing where None.
        max_cost: USD that it may cost at most, with what comes of it; that of the config where None.
        config: `evalkit.toml`, to find the store.
        store: the store's URL.
        sandbox: use the built-in local API.
        progress: told of each step.

    Raises:
        UsageError: there is no such run, it is under way, there is nothing to send again, or it may cost too much.
        ProviderError: a create was refused.
    """
    from evalkit.pipeline.follow_up import ASKED
    from evalkit.pipeline.follow_up import retry as plan_retry

    with Session(config=config, store=store, sandbox=sandbox) as session:
        (found,) = find_runs(session.store, [run])
        must_have(session.store, [found.id])
        _refuse_jury(found, "retry")
        if session.store.batches.open([found.id]):
            raise UsageError(f"run {found.id} is still under way; collect it first: evalkit collect {found.id}")
        collector = collector_of(session, progress or Progress())
        collector.sender.check_account(found)
        keep_budget(session, progress or Progress())
        forecaster, most = collector.sender.forecaster, within(session, ANEW, max_cost).max_cost
        if not plan_retry(session.store, found, statuses or ASKED, forecaster=forecaster, max_cost=most):
            raise UsageError(f"run {found.id} has no request to send again")
        collector.sender.send_planned(found)
        collector.converse([found.id])
        return table_of(session.store, [found.id])


def resolve(
    run: str,
    *,
    adopt: str | None = None,
    not_created: bool = False,
    cancel_batch: str | None = None,
    gone: str | None = None,
    take_back: bool = False,
    part: int | None = None,
    config: Path | str | None = None,
    store: str | None = None,
    sandbox: bool = False,
) -> RunTable:
    """Say what became of a create of unknown outcome.

    Args:
        run: a run id, or the beginning of one.
        adopt: it made this batch.
        not_created: it made none; the next submit or collect sends it again.
        cancel_batch: it made this batch, which is to be canceled.
        gone: this open batch no longer exists at the provider: its requests count as missing.
        take_back: the run was handed over to a bundle, and no other store has it: this one collects it again.
        part: which part of the run, where several are unknown.
        config: `evalkit.toml`, to find the store.
        store: the store's URL.
        sandbox: use the built-in local API.

    Raises:
        UsageError: nothing is unknown, the batch cannot be it, or not exactly one of the five is said.
    """
    from evalkit.pipeline.resolve import Resolver, cancel

    if [adopt is not None, not_created, cancel_batch is not None, gone is not None, take_back].count(True) != 1:
        raise UsageError("say one of --adopt BATCH, --not-created, --cancel BATCH, --gone BATCH and --take-back")
    with Session(config=config, store=store, sandbox=sandbox) as session:
        (found,) = find_runs(session.store, [run])
        if take_back:
            if not session.store.hand_overs.take_back([found.id]):
                raise UsageError(f"run {found.id} was not handed over: this store has it")
            return table_of(session.store, [found.id])
        must_have(session.store, [found.id])
        _refuse_jury(found, "resolve")
        collector_of(session, Progress()).sender.check_account(found)
        resolver = Resolver(store=session.store, provider=session.provider)
        batch = adopt or cancel_batch
        if gone is not None:
            resolver.gone(found, gone)
        elif batch is None:
            resolver.not_created(found, part)
        else:
            resolver.adopt(found, batch, part)
        if cancel_batch:
            cancel(session.store, session.provider, found)
        return table_of(session.store, [found.id])


def cancel(
    run: str,
    *,
    config: Path | str | None = None,
    store: str | None = None,
    sandbox: bool = False,
    progress: Progress | None = None,
) -> tuple[str, ...]:
    """Cancel a run's open batches, and give up what was never sent; what was done is still collected.

    A run that waits for others is given up whole: it is never sent.

    Returns:
        The batches asked to cancel.

    Raises:
        UsageError: there is no such run.
        AccountError: the run belongs to another account.
        ProviderError: the API refuses.
    """
    from evalkit.pipeline.resolve import cancel as cancel_run
    from evalkit.pipeline.resolve import give_up_planned, give_up_waiting

    with Session(config=config, store=store, sandbox=sandbox) as session:
        (found,) = find_runs(session.store, [run])
        must_have(session.store, [found.id])
        _refuse_jury(found, "cancel")
        collector = collector_of(session, Progress())
        collector.sender.check_account(found)
        if said := give_up_waiting(session.store, found):
            (progress or Progress()).note(said)
        give_up_planned(session.store, found)
        canceled = tuple(cancel_run(session.store, session.provider, found))
        collector.converse([found.id])  # what goes in realtime has nobody else who would end it
        return canceled


def recover(
    config: Path | str | None = None,
    *,
    run: str = "",
    batch: str | None = None,
    label: str = "",
    store: str | None = None,
    sandbox: bool = False,
    progress: Progress | None = None,
) -> RunTable:
    """Rebuild the runs of a config from the provider, where the store that knew them is lost; then collect them.

    Args:
        config: `evalkit.toml`, with the dataset, rubrics and outputs that were submitted.
        run: take back this run only: its id, or the beginning of it.
        batch: take back this batch only.
        label: the label that the runs were submitted under.
        store: the store's URL.
        sandbox: use the built-in local API.
        progress: told of each step.

    Raises:
        UsageError: the batch or run that was named is not of these runs.
        ProviderError: the API does not answer.
    """
    from evalkit.pipeline.recover import Recoverer, mentions

    listener = progress or Progress()
    with Session(config=config, store=store, sandbox=sandbox) as session:
        keep_budget(session, listener)
        collector = collector_of(session, listener)
        recoverer = Recoverer(
            store=session.store,
            provider=session.provider,
            suite=session.suite,
            collect=collector.take,
            progress=listener,
        )
        found = recoverer.recover(label, only=batch, run=run)
        for mention in mentions(found):
            listener.note(mention)
        if found.runs:
            collector.collect(found.runs)
        return table_of(session.store, found.runs)


def prune(
    *,
    older_than: timedelta,
    delete_remote: bool = False,
    config: Path | str | None = None,
    store: str | None = None,
    sandbox: bool = False,
) -> Pruned:
    """Drop the raw replies of batches collected before a time; scores, costs and counts stay.

    Args:
        older_than: the age of what is dropped, since it was collected.
        delete_remote: delete these batches at the provider too; only what is durably collected.
        config: `evalkit.toml`, to find the store.
        store: the store's URL.
        sandbox: use the built-in local API.

    Raises:
        ProviderError: the API refuses a delete.
    """
    now = datetime.now(UTC)
    with Session(config=config, store=store, sandbox=sandbox) as session:
        before = now - older_than
        deleted: list[str] = []
        for one in session.store.batches.collected_before(before) if delete_remote else ():
            if one.account == session.provider.account:
                session.provider.delete(one.id)
                session.store.batches.deleted(one.id, now=now)
                deleted.append(one.id)
        return Pruned(replies=session.store.results.prune(before), deleted=tuple(deleted))


def check(
    *, max_age: timedelta, online: bool = False, config: Path | str | None = None, store: str | None = None
) -> Health:
    """The health of the queue and of what was spent in the last week, for monitors.

    Args:
        max_age: the time since the last good pass beyond which collectors count as dead.
        online: ask the API whether a model in use is about to retire; without it nothing is asked.
        config: `evalkit.toml`, to find the store.
        store: the store's URL.

    Raises:
        StoreError: there is no store.
        ProviderError: the API was to be asked, and does not answer.
    """
    from evalkit.pipeline.alarms import money_alarms, retirements
    from evalkit.pipeline.health import health

    with Session(config=config, store=store, reads=True) as session:
        if not session.store_exists:
            raise StoreError(f"there is no store at {session.store_url}: name the one to watch with --store")
        now = datetime.now(UTC)
        found = health(session.store, now=now, max_age=max_age)
        more = list(money_alarms(session.store, now=now))
        if online:
            more += retirements(_models(session, now), session.provider.model, now=now)
        return replace(found, problems=(*found.problems, *more))


def _models(session: Session, now: datetime) -> list[str]:
    """The models of the config, and those that runs of the last 30 days asked."""
    config = session.config_or_none
    named = [config.judge.model] if config and config.judge else []
    named += config.jury.judges if config and config.jury else []
    lately = session.store.ledger.entries(since=now - timedelta(days=30))
    return [*named, *(entry.judge for entry in lately if entry.judge)]


def costs(
    by: Collection[str] = (),
    *,
    since: date | None = None,
    until: date | None = None,
    suite: str | None = None,
    label: str | None = None,
    config: Path | str | None = None,
    store: str | None = None,
    sandbox: bool = False,
) -> CostTable:
    """What was paid: every request once, by the price of the model that served it on the day of its batch.

    Args:
        by: the groups, one within the other: day, month, suite, candidate, grader, judge, label, run, kind.
        since: only batches created then or later; a day is one of UTC.
        until: only batches created before.
        suite: only runs of this suite.
        label: only runs under this label.
        config: `evalkit.toml`, to find the store.
        store: the store's URL.
        sandbox: what the sandbox answered, in place of what was paid.

    Raises:
        UsageError: a group is none of these.
    """
    from evalkit.pipeline.costs import costs as add_up
    from evalkit.pipeline.costs import groups
    from evalkit.tables.costs import CostTable

    wanted = groups(by)
    with Session(config=config, store=store, reads=True) as session:
        return CostTable(
            costs=add_up(
                session.store,
                session.prices,
                wanted,
                since=_moment(since),
                until=_moment(until),
                suite=suite,
                label=label,
                simulated=sandbox,
            )
        )


def write_usage(
    out: Path | TextIO,
    *,
    since: date | None = None,
    until: date | None = None,
    suite: str | None = None,
    label: str | None = None,
    config: Path | str | None = None,
    store: str | None = None,
    sandbox: bool = False,
) -> int:
    """Write what every request used, a line of JSON each; a file whole or not at all. Returns how many.

    Args:
        out: a file, or a stream of text.
        since: only batches created then or later; a day is one of UTC.
        until: only batches created before.
        suite: only runs of this suite.
        label: only runs under this label.
        config: `evalkit.toml`, to find the store.
        store: the store's URL.
        sandbox: what the sandbox answered, in place of what was paid.

    Raises:
        UsageError: the file cannot be written.
    """
    from evalkit.pipeline.usage_log import write_all

    with Session(config=config, store=store, reads=True) as session:
        found = session.store.ledger.entries(
            since=_moment(since), until=_moment(until), suite=suite, label=label, simulated=sandbox
        )
        return write_all(session.store, list(dict.fromkeys(entry.batch for entry in found)), out)


def _moment(day: date | None) -> datetime | None:
    """A time as it is, a day as its beginning in UTC."""
    if day is None or isinstance(day, datetime):
        return day
    return datetime.combine(day, time(), tzinfo=UTC)


def _refuse_jury(run: Run, verb: str) -> None:
    """Refuse to send or end what is never sent.

    Raises:
        UsageError: the run is a jury's, with the runs that are meant.
    """
    from evalkit.graders.jury import members

    if needed := members(run):
        raise UsageError(
            f"run {run.id} is a jury's: it sends nothing, and its scores follow those of its judges; {verb} one of "
            f"theirs: {', '.join(one.id for one in needed)}"
        )
