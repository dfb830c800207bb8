"""The work behind the verbs: what several of them do, over one session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.errors import UnknownCreateError, UsageError
from evalkit.pipeline.progress import Progress
from evalkit.pipeline.sending import ANEW, Sending
from evalkit.session import Session, file_name
from evalkit.tables import OpenBatch, RunTable

if TYPE_CHECKING:
    from evalkit.graders import Check
    from evalkit.pipeline.caching.settle import Caching
    from evalkit.pipeline.collect import Collector
    from evalkit.pipeline.suite import PlannedRun
    from evalkit.pipeline.usage_log import UsageLog
    from evalkit.report import RenderedPage, Rendering
    from evalkit.run import Batch, Run
    from evalkit.store import Store


def find_runs(store: Store, wanted: Sequence[str]) -> list[Run]:
    """The runs of these ids; the beginning of an id is enough where it is the only one that begins so.

    Raises:
        UsageError: there is none, or there are several.
    """
    return [_find_run(store, run) for run in wanted]


def _find_run(store: Store, wanted: str) -> Run:
    found = store.runs.beginning(wanted)
    if len(found) == 1:
        return found[0]
    if exact := [run for run in found if run.id == wanted]:
        return exact[0]
    if found:
        raise UsageError(
            f"{wanted!r} begins {len(found)} runs: {', '.join(run.id for run in found[:5])}; write more of it"
        )
    raise UsageError(f"there is no run {wanted!r} in {store.database.url}; `evalkit runs` lists them")


def must_have(store: Store, ids: Sequence[str]) -> None:
    """Refuse to move on a run that another store has.

    Raises:
        UsageError: it was handed over.
    """
    away = store.hand_overs.away()
    for one in (away[run] for run in ids if run in away):
        raise UsageError(
            f"run {one.run} was handed over to {one.to} on {one.at:%Y-%m-%d %H:%M} UTC, and the store that takes that "
            f"bundle in collects it. To have it here again, import a bundle from there; or, where no other store has "
            f"it: evalkit resolve {one.run} --take-back"
        )


def open_batch(store: Store, run: Run, batch: Batch) -> OpenBatch:
    """A batch that is not collected, beside what earlier ones of its judge took."""
    usual = store.batches.usual_seconds(run.judge.model if run.judge else None)
    return OpenBatch(batch=batch, candidate=run.candidate, grader=run.grader, usual_seconds=usual)


def table_of(store: Store, ids: Sequence[str]) -> RunTable:
    """The runs of these ids, in their order, as they stand now."""
    from evalkit.pipeline.overview import overview

    by_id = {found.id: found for found in store.runs.select(ids=ids)}
    return RunTable(tuple(overview(store, [by_id[run] for run in ids if run in by_id])))


def submit_suite(
    session: Session, label: str, progress: Progress, sending: Sending | None = None, *, waits: bool = True
) -> list[str]:
    """Submit every run of the suite; returns the run ids, whatever is unknown of them."""
    how = within(session, sending or Sending())
    if not session.config.submit.reuse:
        how = replace(how, fresh=True)
    suite = session.suite
    for note in suite.warnings:
        progress.note(note)
    if how.deadline is not None and not how.realtime:
        _meet(how.deadline, session, label, progress)
    if how.realtime:
        _say_full_price(session, label, progress, how)
    return submit_runs(session, suite.planned(label, fresh=how.fresh), progress, how, waits=waits)


def within(session: Session, sending: Sending, max_cost: float | None = None) -> Sending:
    """How runs are sent, within what they may cost: as it is said, or else as the config says it.

    Raises:
        UsageError: it is no amount.
    """
    from math import isfinite

    config = session.config_or_none
    most = sending.max_cost if max_cost is None else max_cost
    if most is None and config is not None:
        most = config.submit.max_cost
    if most is not None and not (isfinite(most) and most >= 0):
        raise UsageError(f"{most} is no amount that something may cost; say USD, 0 or more")
    return replace(sending, max_cost=most)


def submit_runs(
    session: Session,
    planned: Sequence[PlannedRun],
    progress: Progress,
    sending: Sending = ANEW,
    *,
    waits: bool = True,
) -> list[str]:
    """Submit planned runs; returns the run ids, whatever is unknown of them.

    Args:
        session: what to work with.
        planned: the runs.
        progress: told of each step.
        sending: how; as batches, with everything judged, where it is not said.
        waits: wait for what goes in realtime, where no collect follows that does.

    Raises:
        SmokeError: the replies to the first cases are not sound; the others are held back.
        LimitError: it may cost more than it may; nothing is sent.
    """
    from evalkit.pipeline.smoke import send_the_rest
    from evalkit.pipeline.stop import StopError
    from evalkit.pipeline.submit import Submitter

    keep_budget(session, progress)
    collector, stopped = collector_of(session, progress, stays=not waits), None
    ids = Submitter(sender=collector.sender, reconciler=collector.reconciler, sending=sending).submit(planned)
    try:
        if waits or sending.smoke:
            collector.converse(ids)
    except StopError as error:
        stopped = error
    if sending.smoked:
        send_the_rest(collector.sender, [one.run for one in planned])
    if stopped:
        raise stopped
    return ids


def keep_budget(session: Session, progress: Progress) -> None:
    """Write the config's budget to the store, so that whoever sends something of its runs keeps within it."""
    from datetime import UTC, datetime

    config = session.config_or_none
    if config is None or config.budget is None:
        return
    known, budgets = config.budget.month_usd, session.store.budgets
    before = budgets.of(config.name)
    if before != known:
        budgets.put(config.name, known, now=datetime.now(UTC))
        was = "" if before is None else f"; it was ${before:,.2f}"
        progress.note(f"the budget of {config.name} is ${known:,.2f} a month from now on{was}")


def _say_full_price(session: Session, label: str, progress: Progress, sending: Sending) -> None:
    """Say what requests cost that go one by one, before any does."""
    from evalkit.pipeline.plan import plan

    found = plan(
        session.suite,
        session.store,
        session.prices,
        label,
        realtime=True,
        reuse=not sending.fresh,
        caching=caching_of_config(session),
    )
    if any(not run.exists and run.requests for run in found.runs):
        most = found.total("at_most_usd")
        amount = f"at most ${most:,.2f}" if most is not None else "how much is not known, as a price is not"
        progress.note(f"realtime: full price, about twice a batch: {amount}")


def _meet(deadline: str, session: Session, label: str, progress: Progress) -> None:
    """Say what speaks against a deadline, for every judge that is still to be sent something."""
    from datetime import datetime

    from evalkit.pipeline.deadline import doubt
    from evalkit.run import RunKind

    sent = (one.run for one in session.suite.planned(label) if one.run.kind is not RunKind.JURY)
    new = (run for run in sent if not session.store.runs.exists(run.id))
    now = datetime.now()  # noqa: DTZ005 # the clock on the wall is what a deadline is read off
    for judge in dict.fromkeys(run.judge.model for run in new if run.judge):
        usual = session.store.batches.usual_seconds(judge)
        if said := doubt(deadline, now, judge=judge, usual_seconds=usual):
            progress.note(said)


def caching_of_config(session: Session, *, stays: bool = False) -> Caching:
    """How the config wants prefixes cached; `stays` where the command collects to the end."""
    from evalkit.pipeline.caching.settle import Caching

    submit = session.config_or_none.submit if session.config_or_none else None
    return Caching(
        setting=submit.cache if submit else "auto",
        warm_up=submit.warm_up if submit else "auto",
        stays=stays,
        prices=session.prices,
    )


def collector_of(session: Session, progress: Progress, *, stays: bool = False) -> Collector:
    """A collector, with its sender and reconciler, as the config wants them; `stays` where it collects to the end."""
    from evalkit.pipeline.collect import Collector
    from evalkit.pipeline.follow_up import ROUNDS
    from evalkit.pipeline.forecast import Forecaster
    from evalkit.pipeline.realtime import WIDTH
    from evalkit.pipeline.reconcile import OnUnknown, Reconciler
    from evalkit.pipeline.sender import Sender

    config = session.config_or_none
    store, provider = session.store, session.provider
    sender = Sender(
        store=store,
        provider=provider,
        progress=progress,
        max_in_flight=config.submit.max_in_flight if config else None,
        caching=caching_of_config(session, stays=stays),
        forecaster=Forecaster(store=store, prices=session.prices),
    )
    on_unknown = OnUnknown(config.submit.on_unknown) if config else OnUnknown.ASK
    reconciler = Reconciler(store=store, provider=provider, progress=progress, on_unknown=on_unknown)
    return Collector(
        sender=sender,
        reconciler=reconciler,
        prices=session.prices,
        rounds=config.submit.retries if config else ROUNDS,
        concurrency=config.submit.concurrency if config else WIDTH,
        usage_log=_usage_log(session),
        checks=_checks(session),
        watched=not session.simulated,
        progress=progress,
    )


def _usage_log(session: Session) -> UsageLog | None:
    """The usage log of the config at hand, where it names one."""
    from evalkit.pipeline.usage_log import UsageLog

    config = session.config_or_none
    return UsageLog(path=config.usage_log.file) if config and config.usage_log else None


def _checks(session: Session) -> dict[str, Check]:
    """The checks of the config at hand, where a run that waits may need one; a wrong config has none."""
    from evalkit.errors import ConfigError
    from evalkit.graders import Check, build_graders

    config = session.config_or_none
    if config is None or not session.store.waits.all():
        return {}
    try:
        return {one.digest: one for one in build_graders(config) if isinstance(one, Check)}
    except ConfigError:
        return {}


def collect_runs(
    session: Session,
    ids: Sequence[str] | None,
    progress: Progress,
    *,
    wait: bool,
    timeout: float | None,
    poll: float | None,
) -> None:
    """Collect, and refuse to end well while a create has an unknown outcome."""
    from evalkit.pipeline.budgeting import held_by_limits
    from evalkit.pipeline.smoke import held

    collector = collector_of(session, progress, stays=wait)
    open_before = {batch.run for batch in session.store.batches.open(ids)} | set(session.store.waits.all(ids))
    collector.collect(ids, wait=wait, timeout=timeout, poll=poll)
    for said in (*held(session.store, ids), *held_by_limits(session.store, ids)):
        progress.note(said)
    _advise(collector, sorted(open_before))
    raise_unknown(collector, ids)


def _advise(collector: Collector, ids: Sequence[str]) -> None:
    """Say in a line what to do about caching next time, of what was collected just now."""
    from evalkit.pipeline.caching.advice import worst
    from evalkit.run import RunKind

    store, caching = collector.store, collector.sender.caching
    open_still = {batch.run for batch in store.batches.open(ids)}
    done = [run for run in store.runs.select(ids=ids) if run.id not in open_still and run.kind is not RunKind.JURY]
    if said := worst(store, done, caching, now=caching.now()):
        collector.progress.note(said)


def raise_unknown(collector: Collector, ids: Sequence[str] | None) -> None:
    """Refuse to end well while a create has an unknown outcome.

    Raises:
        UnknownCreateError: with a paragraph for each.
    """
    unknown = collector.reconciler.unknown(ids)
    if unknown:
        raise UnknownCreateError("\n".join(unknown))


def newest_runs(
    session: Session, label: str | None, *, suite: str | None = None, baseline: str | None = None
) -> list[Run]:
    """The newest run of every candidate, grader and judge, of a suite: the config's, or else the newest.

    Where a baseline is a label, its runs come too, and what is newest is so among the other labels: a night beside
    itself says nothing.
    """
    from evalkit.config.gate import baseline_label

    config = session.config_or_none
    found = session.store.runs.select()
    if suite is None:
        suite = config.name if config else found[0].suite if found else None
    found = [run for run in found if run.suite == suite]
    beside = baseline_label(baseline or (config.baseline if config else None) or "")
    wanted = [run for run in found if label in (None, run.label)]
    others = [run for run in wanted if run.label != beside] or wanted
    newest = _newest(others)
    return newest if beside is None else [*newest, *_newest(run for run in found if run.label == beside)]


def _newest(runs: Iterable[Run]) -> list[Run]:
    newest: dict[tuple[str, ...], Run] = {}
    for run in runs:
        judge = (run.judge.model, run.judge.effort or "") if run.judge else ("", "")
        newest.setdefault((run.candidate, run.grader, *judge), run)
    return list(newest.values())


def with_baseline(store: Store, chosen: Sequence[Run], baseline: str | None) -> tuple[list[Run], str | None]:
    """The runs of a page, and its baseline: a run that is named by the beginning of its id comes with them.

    Raises:
        UsageError: the baseline is no candidate, no label and no run, or the beginning of several.
    """
    from evalkit.config.gate import baseline_label

    runs = list(chosen)
    if baseline is None or baseline_label(baseline) is not None or baseline in {run.candidate for run in runs}:
        return runs, baseline
    if not store.runs.beginning(baseline):
        known = ", ".join(sorted({run.candidate for run in runs}))
        raise UsageError(f"the baseline {baseline!r} is no candidate, no run and no label:LABEL; there are {known}")
    (found,) = find_runs(store, [baseline])
    return runs if found.id in {run.id for run in runs} else [*runs, found], found.id


def write_report(
    session: Session,
    chosen: Sequence[Run],
    *,
    baseline: str | None = None,
    out: Path | None = None,
    force: bool = False,
    command: str = "evalkit run",
    rendering: Rendering | None = None,
) -> RenderedPage:
    """Write the page of some runs, as the config wants it compared."""
    from evalkit.config.gate import LABEL_PREFIX
    from evalkit.report import render
    from evalkit.report.compose import ReportOptions, compose
    from evalkit.run import RunKind

    config = session.config_or_none
    chosen = [run for run in chosen if run.kind is not RunKind.GENERATION]
    gate = config.gate if config else None
    title = chosen[0].suite if chosen else "report"
    names = {run.candidate for run in chosen} | {f"{LABEL_PREFIX}{run.label}" for run in chosen}
    options = ReportOptions(
        title=title,
        baseline=baseline or (gate.baseline if gate and gate.baseline in names else None),
        margin=gate.margin if gate else None,
        min_coverage=gate.min_coverage if gate else 0.98,
        command=command,
        prices=session.prices,
        force=force,
        config=config,
    )
    path = out or session.root / "reports" / f"{file_name(title)}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    return render(compose(session.store, chosen, options), path, rendering)
