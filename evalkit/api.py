"""The verbs: what a notebook and the command line call, each a function of its own.

Every verb finds its store the same way: the one given, else `EVALKIT_STORE`, else `.evalkit/evalkit.db` beside the
config. `sandbox=True` uses the built-in local API in place of the real one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO

from evalkit.pipeline.progress import Progress
from evalkit.pipeline.sending import Sending
from evalkit.provider import has_credentials
from evalkit.run import IntentState
from evalkit.session import Session
from evalkit.tables import Queue, RunTable
from evalkit.work import (
    caching_of_config,
    collect_runs,
    collector_of,
    find_runs,
    must_have,
    newest_runs,
    open_batch,
    raise_unknown,
    submit_suite,
    table_of,
    with_baseline,
    write_report,
)

if TYPE_CHECKING:
    from evalkit.pipeline.detail import CaseDetail
    from evalkit.pipeline.plan import Plan
    from evalkit.pipeline.suite import Suite
    from evalkit.pipeline.view import RunView
    from evalkit.report import RenderedPage, Rendering
    from evalkit.tables.gates import GateTable

ExportFormat = Literal["jsonl", "csv", "parquet"]


def demo(
    folder: Path, *, progress: Progress | None = None
) -> tuple[RunTable, tuple[RenderedPage, ...], tuple[GateTable, ...]]:
    """Score the example sets against the built-in local API, the support set by two judges, and judge two gates.

    Args:
        folder: where the store and the pages go.
        progress: told of each step.
    """
    from evalkit import decisions
    from evalkit.starter import example_sets

    sets = example_sets()
    folder.mkdir(parents=True, exist_ok=True)
    url = f"sqlite:///{folder / 'evalkit.db'}"
    rows: list[RunView] = []
    for name, judge in (("support", None), ("support", "claude-sonnet-5-5"), ("rag", None), ("receipts", None)):
        with Session(config=sets / name, store=url, judge=judge, sandbox=True, keep_sandbox=False) as session:
            ids = submit_suite(session, "demo", progress or Progress())
            collect_runs(session, ids, progress or Progress(), wait=True, timeout=None, poll=None)
            rows += table_of(session.store, ids)
    pages = tuple(
        report(config=sets / name, store=url, out=folder / f"{name}.html", command="evalkit demo")
        for name in ("support", "rag", "receipts")
    )
    gates = tuple(decisions.gate(config=sets / name, store=url) for name in ("receipts", "support"))
    unique = {(row.run, row.criterion): row for row in rows}
    return RunTable(tuple(unique.values())), pages, gates


def init(data: Path | None = None, folder: Path = Path(), outputs: Sequence[Path] = ()) -> list[Path]:
    """Write `evalkit.toml` for a data file, or with three example cases; returns what was written.

    Raises:
        UsageError: there is a config already, or nothing says where the outputs are.
        DatasetError: the data file is wrong.
    """
    from evalkit import starter

    return starter.init(data, folder, outputs)


def validate(config: Path | str | None = None) -> Suite:
    """Load a config and all that it names, and render every prompt.

    Raises:
        ConfigError: the config or a rubric is wrong.
        DatasetError: the dataset or a file of outputs is wrong, or cases lack what a rubric prints.
    """
    from evalkit.pipeline.plan import prove

    with Session(config=config) as session:
        prove(session.suite)
        return session.suite


def plan(
    config: Path | str | None = None,
    *,
    store: str | None = None,
    label: str = "",
    judge: str | None = None,
    filter: Mapping[str, Any] | None = None,  # noqa: A002 # the word of the config
    fresh: bool = False,
    count: bool | None = None,
    sandbox: bool = False,
) -> Plan:
    """What a submit would send, what it may cost and how long it may take; nothing is made.

    Args:
        config: `evalkit.toml` or its folder; searched upwards from here where None.
        store: the store's URL.
        label: tells two runs of the same things apart.
        judge: a model to judge in place of the config's.
        filter: conditions of `[dataset.filter]` in place of the config's.
        fresh: as of `submit`.
        count: let the API count the tokens of a sample of the requests, which is free; where None, if there is a key.
        sandbox: use the built-in local API.

    Raises:
        ConfigError, DatasetError: the config or a file is wrong, or cases cannot be rendered.
    """
    from evalkit.pipeline.plan import plan as plan_suite

    with Session(config=config, store=store, judge=judge, filter=filter, sandbox=sandbox, reads=True) as session:
        counts = has_credentials() and not sandbox if count is None else count
        return plan_suite(
            session.suite,
            session.store,
            session.prices,
            label,
            reuse=session.config.submit.reuse and not fresh,
            count=session.provider.count_tokens if counts else None,
            caching=caching_of_config(session),
        )


def submit(
    config: Path | str | None = None,
    *,
    store: str | None = None,
    label: str = "",
    judge: str | None = None,
    filter: Mapping[str, Any] | None = None,  # noqa: A002 # the word of the config
    deadline: str | None = None,
    realtime: bool = False,
    smoke: int = 0,
    max_cost: float | None = None,
    fresh: bool = False,
    sandbox: bool = False,
    progress: Progress | None = None,
) -> RunTable:
    """Submit every run of a config, or attach to those that exist; the runs, without waiting for their scores.

    Scores of outputs that were judged in the same way before are taken over, and so are outputs that were generated,
    unless all is to be made `fresh`.

    Args:
        config: `evalkit.toml` or its folder; searched upwards from here where None.
        store: the store's URL.
        label: tells two runs of the same things apart.
        judge: a model to judge in place of the config's.
        filter: conditions of `[dataset.filter]` in place of the config's.
        deadline: `HH:MM` local time by which scores are wanted.
        realtime: send requests one by one, at full price, and take their replies at once.
        smoke: how many cases of each new run go first, so; the others follow as a batch if the replies are sound.
        max_cost: USD that all of it may cost at most, with what comes of it; that of the config where None.
        fresh: judge, and generate under this label, what was judged or generated before, too.
        sandbox: use the built-in local API.
        progress: told of each step.

    Raises:
        ConfigError, DatasetError: the config or a file is wrong; nothing is sent.
        UsageError: the deadline, `HH:MM` local time, cannot be met, or it may cost too much; nothing is sent.
        ProviderError: a create was refused.
        UnknownCreateError: the outcome of a create is not known.
    """
    sending = Sending(deadline=deadline, realtime=realtime, smoke=smoke, max_cost=max_cost, fresh=fresh)
    with Session(config=config, store=store, judge=judge, filter=filter, sandbox=sandbox) as session:
        ids = submit_suite(session, label, progress or Progress(), sending)
        raise_unknown(collector_of(session, progress or Progress()), ids)
        return table_of(session.store, ids)


def collect(
    config: Path | str | None = None,
    *,
    store: str | None = None,
    runs: Sequence[str] | None = None,
    wait: bool = False,
    timeout: float | None = None,
    poll: float | None = None,
    sandbox: bool = False,
    progress: Progress | None = None,
) -> RunTable:
    """Collect what has ended; the runs that were open, as they stand now.

    Args:
        config: `evalkit.toml`; only to find the store beside it.
        store: the store's URL.
        runs: run ids; every open run where None.
        wait: go on until nothing is open.
        timeout: seconds to wait at most.
        poll: seconds between two looks, in place of evalkit's own (30 or more against the real API).
        sandbox: use the built-in local API.
        progress: told of each step.

    Raises:
        UsageError: a run that was named was handed over to another store.
        AccountError: a batch belongs to another account.
        ProviderError: the API does not answer.
    """
    with Session(config=config, store=store, sandbox=sandbox) as session:
        wanted = [run.id for run in find_runs(session.store, runs)] if runs else None
        must_have(session.store, wanted or ())
        unread = (batch.run for batch in session.store.batches.open())
        ids = wanted or list(dict.fromkeys([*unread, *session.store.waits.all()]))
        collect_runs(session, wanted, progress or Progress(), wait=wait, timeout=timeout, poll=poll)
        return table_of(session.store, ids)


def run(
    config: Path | str | None = None,
    *,
    store: str | None = None,
    label: str = "",
    judge: str | None = None,
    filter: Mapping[str, Any] | None = None,  # noqa: A002 # the word of the config
    deadline: str | None = None,
    realtime: bool = False,
    smoke: int = 0,
    timeout: float | None = None,
    poll: float | None = None,
    max_cost: float | None = None,
    fresh: bool = False,
    sandbox: bool = False,
    out: Path | None = None,
    command: str = "evalkit run",
    rendering: Rendering | None = None,
    progress: Progress | None = None,
) -> tuple[RunTable, RenderedPage | None]:
    """Submit, wait, collect and report; no page where time ran out, so that the last one stays.

    Scores of outputs that were judged in the same way before are taken over, and so are outputs that were generated,
    unless all is to be made `fresh`.

    Raises:
        ConfigError, DatasetError: the config or a file is wrong; nothing is sent.
        UsageError: the deadline, `HH:MM` local time, cannot be met, or it may cost too much; nothing is sent.
        ProviderError: the API refuses or does not answer; `run` again goes on where this left off.
        UnknownCreateError: the outcome of a create is not known.
    """
    with Session(config=config, store=store, judge=judge, filter=filter, sandbox=sandbox) as session:
        listener = progress or Progress()
        sending = Sending(deadline=deadline, realtime=realtime, smoke=smoke, max_cost=max_cost, fresh=fresh)
        ids = submit_suite(session, label, listener, sending, waits=False)
        collect_runs(session, ids, listener, wait=True, timeout=timeout, poll=poll)
        found = table_of(session.store, ids)
        if any(row.is_open for row in found):
            return found, None
        chosen = session.store.runs.select(ids=ids)
        return found, write_report(session, chosen, out=out, command=command, rendering=rendering)


def runs(
    config: Path | str | None = None,
    *,
    store: str | None = None,
    suite: str | None = None,
    label: str | None = None,
    limit: int | None = None,
) -> RunTable:
    """The runs of a store, newest first."""
    with Session(config=config, store=store, reads=True) as session:
        from evalkit.pipeline.caching.shown import with_caching
        from evalkit.pipeline.overview import overview

        found = session.store.runs.select(suite=suite, label=label, limit=limit, noise=True)
        views = overview(session.store, found)
        return RunTable(tuple(with_caching(session.store, found, views, caching_of_config(session))))


def status(config: Path | str | None = None, *, store: str | None = None, runs: Sequence[str] | None = None) -> Queue:
    """What is open: batches, oldest first, and what was not sent or is not known; nothing is asked of the API."""
    from evalkit.pipeline.caching.warm_up import is_held

    with Session(config=config, store=store, reads=True) as session:
        wanted = [run.id for run in find_runs(session.store, runs)] if runs else None
        found = session.store.batches.open(wanted)
        by_id = {run.id: run for run in session.store.runs.select(ids=[batch.run for batch in found])}
        intents = session.store.intents
        planned = intents.in_state(IntentState.PLANNED, runs=wanted)
        over = sum(one.over_limit is not None for one in planned)
        held = sum(one.reason is not None and one.over_limit is None for one in planned)
        warming = sum(is_held(one) and one.over_limit is None for one in planned)
        return Queue(
            batches=tuple(open_batch(session.store, by_id[batch.run], batch) for batch in found),
            planned=len(planned) - held - over,
            held_back=held - warming,
            warming=warming,
            over_limit=over,
            unknown=len(intents.in_state(IntentState.INTENDED, IntentState.UNKNOWN, runs=wanted)),
            waiting=len(session.store.waits.all(wanted)),
            handed_over=sum(wanted is None or run in wanted for run in session.store.hand_overs.away()),
        )


def show(run: str, *, config: Path | str | None = None, store: str | None = None) -> RunTable:
    """A run as it stands, one row per criterion; of pairs and of juries, with what they say beside their mean.

    Raises:
        UsageError: there is no such run.
    """
    from evalkit.pipeline.caching.shown import with_caching
    from evalkit.pipeline.estimated import estimated
    from evalkit.pipeline.jury import with_juries
    from evalkit.pipeline.preferences import with_preferences

    with Session(config=config, store=store, reads=True) as session:
        (found,) = find_runs(session.store, [run])
        views = with_preferences(session.store, [found], table_of(session.store, [found.id]))
        views = with_juries(session.store, [found], views)
        views = with_caching(session.store, [found], views, caching_of_config(session), advice=True)
        told = estimated(session.store, [found.id], session.store.ledger.entries_of([found.id])).get(found.id)
        return RunTable(tuple(replace(one, estimated=told) for one in views))


def show_case(run: str, case: str, *, config: Path | str | None = None, store: str | None = None) -> CaseDetail:
    """One case of a run: input, output, the prompt as sent, the raw reply and its scores.

    Raises:
        UsageError: there is no such run or case.
    """
    from evalkit.pipeline.detail import case_detail

    with Session(config=config, store=store, reads=True) as session:
        (found,) = find_runs(session.store, [run])
        return case_detail(session.store, found, case)


def export(
    run: str | Sequence[str],
    out: Path | TextIO,
    *,
    format: ExportFormat = "jsonl",  # noqa: A002 # the word that the command line uses
    config: Path | str | None = None,
    store: str | None = None,
) -> int:
    """Write the scores of one run or of several; a file is written whole or not at all. Returns the number of scores.

    Args:
        run: a run id, or several; the beginning of one is enough.
        out: a file; or a stream of text, for all but Parquet.
        format: JSON lines, CSV that no spreadsheet runs as formulas, or Parquet, which needs the extra `parquet`.
        config: `evalkit.toml`, to find the store.
        store: the store's URL.

    Raises:
        UsageError: there is no such run, the file cannot be written, or pyarrow is not installed.
    """
    from evalkit.pipeline.export import export_scores

    with Session(config=config, store=store, reads=True) as session:
        found = find_runs(session.store, [run] if isinstance(run, str) else run)
        return export_scores(session.store, found, out, format)


def report(
    runs: Sequence[str] = (),
    *,
    config: Path | str | None = None,
    store: str | None = None,
    label: str | None = None,
    baseline: str | None = None,
    out: Path | None = None,
    force: bool = False,
    command: str = "evalkit report",
    rendering: Rendering | None = None,
) -> RenderedPage:
    """Write the page that compares runs.

    Args:
        runs: run ids; the newest run of every candidate, grader and judge of the suite where none are given, and
            those of the baseline's label where it is one.
        config: `evalkit.toml`, for the suite's name and its gate.
        store: the store's URL.
        label: only runs of this label.
        baseline: a candidate's name or a run id; the gate's baseline, else the first candidate, where None.
        out: where to write; `reports/<suite>.html` where None.
        force: compare even what is not comparable, and mark it.
        command: the command line to show on the page.
        rendering: how much is written, and into which files; one file with every case, and 20 MB of texts, where None.

    Raises:
        UsageError: there is nothing to report, or the baseline is not in it.
    """
    with Session(config=config, store=store, reads=True) as session:
        named = find_runs(session.store, runs) if runs else newest_runs(session, label, baseline=baseline)
        chosen, baseline = with_baseline(session.store, named, baseline)
        return write_report(
            session, chosen, baseline=baseline, out=out, force=force, command=command, rendering=rendering
        )
