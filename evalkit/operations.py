"""The verbs of operation: what keeps runs going, and what ends them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

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
    run: str, *, config: Path | str | None = None, store: str | None = None, sandbox: bool = False
) -> tuple[str, ...]:
    """Cancel a run's open batches, and give up what was never sent; what was done is still collected.

    Returns:
        The batches asked to cancel.

    Raises:
        UsageError: there is no such run.
        AccountError: the run belongs to another account.
        ProviderError: the API refuses.
    """
    from evalkit.pipeline.resolve import cancel as cancel_run
    from evalkit.pipeline.resolve import give_up_planned

    with Session(config=config, store=store, sandbox=sandbox) as session:
        (found,) = find_runs(session.store, [run])
        must_have(session.store, [found.id])
        _refuse_jury(found, "cancel")
        collector = collector_of(session, Progress())
        collector.sender.check_account(found)
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


def check(*, max_age: timedelta, config: Path | str | None = None, store: str | None = None) -> Health:
    """The health of the queue, for monitors; nothing is asked of the API.

    Args:
        max_age: the time since the last good pass beyond which collectors count as dead.
        config: `evalkit.toml`, to find the store.
        store: the store's URL.

    Raises:
        StoreError: there is no store.
    """
    from evalkit.pipeline.health import health

    with Session(config=config, store=store, reads=True) as session:
        if not session.store_exists:
            raise StoreError(f"there is no store at {session.store_url}: name the one to watch with --store")
        return health(session.store, now=datetime.now(UTC), max_age=max_age)


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
