"""The commands: each turns its words into one call of the api, and prints what comes back."""

from __future__ import annotations

import re
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from evalkit.cli import options
from evalkit.errors import ExitCode

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from evalkit.pipeline.progress import Progress

_PASSWORD = re.compile(r"(://[^:@/\s]*:)\S*(@)|([?&]password=)[^&\s]*")

app = typer.Typer(
    name="evalkit",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Score evaluation sets with LLM judges at half price, and know what the scores can support.\n\n"
        "Exit codes: 0 done, or gate passed; 1 internal error; 2 usage, config or dataset; 3 gate FAIL; 4 gate "
        "INCONCLUSIVE, or not comparable; 5 PENDING; 6 provider, credentials or infrastructure; 7 an unknown create "
        "needs a person; 130 interrupted."
    ),
)


def _version(wanted: bool) -> None:
    if wanted:
        from evalkit.version import __version__

        print(f"evalkit {__version__}")  # noqa: T201
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where an error comes from; may stand anywhere in the line.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


@app.command(short_help="Score three example sets offline: pages and gates.")
def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of store and pages.")] = Path("evalkit-demo"),
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Score three example sets against the built-in local API: three pages and two gates. Needs no key and no network.

    Example: evalkit demo
    """
    from evalkit import api
    from evalkit.cli import pages, tables, verdicts

    with progress_of(quiet=quiet) as progress:
        found, reports, gates = api.demo(out, progress=progress)
    if json:
        tables.print_json(
            {
                "runs": [row.json() for row in found],
                "reports": [str(page.path) for page in reports],
                "gates": [gate.json() for gate in gates],
            }
        )
        return
    tables.print_runs(found)
    print("may the new one replace the old one?  (evalkit gate)")  # noqa: T201
    for table in gates:
        verdicts.print_verdicts(table)
    for page in reports:
        pages.print_place(page)


@app.command(short_help="Write a commented evalkit.toml that validates.")
def init(
    data: Annotated[Path | None, typer.Argument(help="A file of cases to start from.")] = None,
    outputs: Annotated[
        list[Path] | None, typer.Option("--outputs", help="A candidate's outputs: a column, or a file; repeatable.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for evalkit.toml.")] = Path(),
    json: options.Json = False,
) -> None:
    """Write a commented evalkit.toml that validates; without a data file, with three example cases beside it.

    Example: evalkit init cases.csv --outputs answer_v1 --outputs answer_v2
    """
    from evalkit import api
    from evalkit.cli import tables

    written = api.init(data, out, outputs or ())
    if json:
        tables.print_json({"written": [str(path) for path in written]})
        return
    for path in written:
        print(f"wrote {path}")  # noqa: T201
    print("next: evalkit run --sandbox  (offline and free), then set ANTHROPIC_API_KEY and evalkit run")  # noqa: T201


@app.command(short_help="Check the config and every file it names.")
def validate(config: options.Config = None, json: options.Json = False) -> None:
    """Check the config, the dataset, the rubrics and the outputs, and say every problem at once.

    Example: evalkit validate -c datasets/support
    """
    from evalkit import api
    from evalkit.cli import tables

    tables.print_suite(api.validate(config), as_json=json)


@app.command(short_help="Say what a submit would send and cost; make nothing.")
def plan(
    config: options.Config = None,
    store: options.Store = None,
    label: options.Label = "",
    judge: options.JudgeModel = None,
    tag: options.Tag = None,
    sample: options.Sample = None,
    limit: options.Limit = None,
    fresh: options.Fresh = False,
    count: options.Count = None,
    sandbox: options.Sandbox = False,
    json: options.Json = False,
) -> None:
    """Say what a submit would send, what it may cost and how long it may take; make nothing.

    Example: evalkit plan --label 2026-11-22
    """
    from evalkit import api
    from evalkit.cli import plans, tables

    found = api.plan(
        config,
        store=store,
        label=label,
        judge=judge,
        filter=options.filter_of(tag, sample, limit),
        fresh=fresh,
        count=count,
        sandbox=sandbox,
    )
    if json:
        tables.print_json(found.json())
    else:
        plans.print_plan(found)


@app.command(short_help="Send every run as a batch; do not wait.")
def submit(
    config: options.Config = None,
    store: options.Store = None,
    label: options.Label = "",
    judge: options.JudgeModel = None,
    tag: options.Tag = None,
    sample: options.Sample = None,
    limit: options.Limit = None,
    deadline: options.Deadline = None,
    realtime: options.Realtime = False,
    smoke: options.Smoke = 0,
    max_cost: options.MaxCost = None,
    fresh: options.Fresh = False,
    sandbox: options.Sandbox = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Send every run as a batch, or attach to the one that exists; do not wait.

    Example: evalkit submit --label "$(git rev-parse --short HEAD)"
    """
    from evalkit import api
    from evalkit.cli import tables

    with progress_of(quiet=quiet) as progress:
        found = api.submit(
            config,
            store=store,
            label=label,
            judge=judge,
            filter=options.filter_of(tag, sample, limit),
            deadline=deadline,
            realtime=realtime,
            smoke=smoke,
            max_cost=max_cost,
            fresh=fresh,
            sandbox=sandbox,
            progress=progress,
        )
    if json:
        by_run = {row.run: row.submitted_json() for row in found}
        tables.print_json({"runs": list(by_run.values())})
    else:
        tables.print_runs(found)


@app.command(short_help="Turn the results of ended batches into scores.")
def collect(
    runs: Annotated[list[str] | None, typer.Argument(help="Runs to collect; every open one without.")] = None,
    config: options.Config = None,
    store: options.Store = None,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Go on until nothing is open.")] = False,
    timeout: options.Timeout = None,
    poll: options.Poll = None,
    sandbox: options.Sandbox = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Turn the results of ended batches into scores; one pass, or with --wait until all have ended.

    One pass exits with 0 whatever is still open, so that cron may call it; --wait that runs out of time exits with 5.

    Example: evalkit collect --wait --timeout 3600
    """
    from evalkit import api
    from evalkit.cli import tables

    with progress_of(quiet=quiet) as progress:
        found = api.collect(
            config, store=store, runs=runs, wait=wait, timeout=timeout, poll=poll, sandbox=sandbox, progress=progress
        )
    tables.print_rows(found, as_json=json, none="nothing is open: every batch is collected")
    if wait and any(row.is_open for row in found):
        raise typer.Exit(ExitCode.PENDING)


@app.command(short_help="Submit, wait, collect and report.")
def run(
    config: options.Config = None,
    store: options.Store = None,
    label: options.Label = "",
    judge: options.JudgeModel = None,
    tag: options.Tag = None,
    sample: options.Sample = None,
    limit: options.Limit = None,
    deadline: options.Deadline = None,
    realtime: options.Realtime = False,
    smoke: options.Smoke = 0,
    timeout: options.Timeout = None,
    poll: options.Poll = None,
    out: options.Out = None,
    split: options.Split = False,
    redact: options.Redact = False,
    max_cost: options.MaxCost = None,
    fresh: options.Fresh = False,
    sandbox: options.Sandbox = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Submit, wait, collect and report.

    Example: evalkit run --sandbox
    """
    from evalkit import api
    from evalkit.cli import pages, tables

    with progress_of(quiet=quiet) as progress:
        found, page = api.run(
            config,
            store=store,
            label=label,
            judge=judge,
            filter=options.filter_of(tag, sample, limit),
            deadline=deadline,
            realtime=realtime,
            smoke=smoke,
            timeout=timeout,
            poll=poll,
            max_cost=max_cost,
            fresh=fresh,
            sandbox=sandbox,
            out=out,
            command=_words(),
            rendering=pages.rendering_of(split=split, redact=redact),
            progress=progress,
        )
    if json:
        written = page.json() if page else {"report": None}
        tables.print_json({"runs": [row.json() for row in found], **written})
    else:
        tables.print_runs(found)
        pages.print_end(page)
    if page is None:
        raise typer.Exit(ExitCode.PENDING)


@app.command(short_help="Say which batches are open, and since when.")
def status(
    runs: Annotated[list[str] | None, typer.Argument(help="Runs to look at; every open one without.")] = None,
    config: options.Config = None,
    store: options.Store = None,
    check: Annotated[bool, typer.Option("--check", help="For monitors: exit 6 or 7 where something is amiss.")] = False,
    max_age: Annotated[
        str, typer.Option("--max-age", metavar="AGE", help="With --check: how old the last good pass may be.")
    ] = "2h",
    online: Annotated[
        bool, typer.Option("--online", help="With --check: ask the API whether a model in use is about to retire.")
    ] = False,
    format: Annotated[  # noqa: A002 # the word of the command line
        Literal["text", "prometheus"], typer.Option("--format", "-f", help="With --check.")
    ] = "text",
    json: options.Json = False,
) -> None:
    """Say which batches are open, for how long, and how long they have left; ask nothing of the API.

    With --check also what is amiss with the money of the last week: costs above their estimates, lost caching, prices
    that are not known.

    Example: evalkit status --check --format prometheus
    """
    from evalkit import api
    from evalkit.cli import tables

    if not check:
        tables.print_status(api.status(config, store=store, runs=runs), as_json=json)
        return
    from evalkit import operations
    from evalkit.cli.spans import age

    health = operations.check(max_age=age(max_age), online=online, config=config, store=store)
    tables.print_health(health, form="json" if json else format)
    if health.exit_code:
        raise typer.Exit(int(health.exit_code))


@app.command(short_help="List the runs of the store, newest first.")
def runs(
    config: options.Config = None,
    store: options.Store = None,
    suite: Annotated[str | None, typer.Option("--suite", help="Only runs of this suite.")] = None,
    label: Annotated[str | None, typer.Option("--label", "-l", help="Only runs of this label.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", "-n", min=1, help="Only the newest.")] = None,
    json: options.Json = False,
) -> None:
    """List the runs of the store, newest first.

    Example: evalkit runs --limit 10
    """
    from evalkit import api
    from evalkit.cli import tables

    tables.print_rows(api.runs(config, store=store, suite=suite, label=label, limit=limit), as_json=json)


@app.command(short_help="Show a run, or one case of it, in full.")
def show(
    run: Annotated[str, typer.Argument(help="A run id, or the beginning of one.")],
    case: Annotated[str | None, typer.Argument(help="A case id.")] = None,
    config: options.Config = None,
    store: options.Store = None,
    json: options.Json = False,
) -> None:
    """Show a run, or one case of it: input, output, the prompt as sent, the raw reply and its scores.

    Example: evalkit show k3f9 refund-window-annual
    """
    from evalkit import api
    from evalkit.cli import details, tables

    if case is None:
        found = api.show(run, config=config, store=store)
        if json:
            tables.print_rows(found, as_json=True)
        else:
            details.print_run(found)
        return
    detail = api.show_case(run, case, config=config, store=store)
    if json:
        tables.print_json(detail.json())
    else:
        details.print_case(detail)


@app.command(short_help="Write scores for other programs, or a bundle.")
def export(
    runs: Annotated[list[str] | None, typer.Argument(help="Runs to export: ids, or the beginnings of them.")] = None,
    out: options.Out = None,
    format: Annotated[  # noqa: A002 # the word of the command line
        Literal["jsonl", "csv", "parquet", "inspect", "promptfoo", "every_eval_ever"],
        typer.Option("--format", "-f", help="The first three have the same fields; the others are for other tools."),
    ] = "jsonl",
    bundle: Annotated[
        Path | None, typer.Option("--bundle", metavar="FILE", help="Everything of the runs, for `evalkit import`.")
    ] = None,
    label: Annotated[str | None, typer.Option("--label", "-l", help="Every run of this label.")] = None,
    config: options.Config = None,
    store: options.Store = None,
    json: options.Json = False,
) -> None:
    """Write the scores of runs, to stdout or to a file; or with --bundle all that is known of them, to one file.

    A run with open batches is handed over with its bundle: the store that imports it collects it, this one no longer.

    Example: evalkit export k3f9 --format csv --out scores.csv
    """
    from evalkit.cli import exports

    if bundle is not None:
        if out is not None or format != "jsonl":
            raise typer.BadParameter("--bundle names its own file and has a format of its own: without --out, --format")
        exports.write_bundle(runs or (), bundle, label=label, config=config, store=store, as_json=json)
    else:
        exports.write_scores(runs or (), out, format, label=label, config=config, store=store, as_json=json)


@app.command(short_help="Write one HTML file that compares runs.")
def report(
    runs: Annotated[list[str] | None, typer.Argument(help="Runs to compare; the newest of the suite without.")] = None,
    config: options.Config = None,
    store: options.Store = None,
    label: Annotated[str | None, typer.Option("--label", "-l", help="Only runs of this label.")] = None,
    baseline: options.Baseline = None,
    out: options.Out = None,
    force: Annotated[bool, typer.Option("--force", help="Compare what is not comparable, and mark it.")] = False,
    cases: options.Cases = "all",
    text_mb: options.TextMb = "20",
    split: options.Split = False,
    redact: options.Redact = False,
    redact_ids: options.RedactIds = False,
    json: options.Json = False,
) -> None:
    """Write one HTML file that compares runs and opens anywhere, offline.

    Example: evalkit report --baseline production --out reports/support.html
    """
    from evalkit import api
    from evalkit.cli import pages, tables

    page = api.report(
        runs or (),
        config=config,
        store=store,
        label=label,
        baseline=baseline,
        out=out,
        force=force,
        command=_words(),
        rendering=pages.rendering_of(cases=cases, text_mb=text_mb, split=split, redact=redact, redact_ids=redact_ids),
    )
    if json:
        tables.print_json(page.json())
    else:
        pages.print_page(page)


@app.command(short_help="Serve the local Message Batches API.")
def sandbox(
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="0 takes a free one.")] = 8600,
    host: Annotated[str, typer.Option("--host", help="Loopback unless you know better.")] = "127.0.0.1",
    replay: Annotated[
        Path | None, typer.Option("--replay", help="JSONL of {case or custom_id, text}: recorded replies.")
    ] = None,
    directory: Annotated[Path | None, typer.Option("--directory", help="Keep bodies and the log here.")] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0, help="How long a batch takes.")] = 0.0,
) -> None:
    """Serve the local Message Batches API until Ctrl-C, for any client of it.

    Example: evalkit sandbox --port 8600, and elsewhere ANTHROPIC_BASE_URL=http://127.0.0.1:8600
    """
    from evalkit.sandbox import Behaviour, serve

    def ready(url: str) -> None:
        print(f"sandbox on {url}; use it with ANTHROPIC_BASE_URL={url} ANTHROPIC_API_KEY=any", flush=True)  # noqa: T201

    serve(host, port, ready=ready, behaviour=Behaviour(seconds=seconds), replay=replay, directory=directory)


def progress_of(*, quiet: bool) -> AbstractContextManager[Progress]:
    """What tells of the progress: the terminal, or nobody."""
    from evalkit.cli.progress import Terminal
    from evalkit.pipeline.progress import Progress

    return nullcontext(Progress()) if quiet else Terminal()


def _words() -> str:
    """The command line as it was given, for the page to say what made it."""
    import shlex

    return _PASSWORD.sub(r"\1\3***\2", shlex.join(["evalkit", *sys.argv[1:]]))
