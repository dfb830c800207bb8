"""The commands of operation: retry, resolve, cancel, recover, adopt, prune."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from evalkit.cli import options
from evalkit.cli.app import app, progress_of
from evalkit.cli.spans import age
from evalkit.errors import UsageError

if TYPE_CHECKING:
    from evalkit.score import Status

RunId = Annotated[str, typer.Argument(help="A run id, or the beginning of one.")]


@app.command(short_help="Send again what has no score.")
def retry(
    run: RunId,
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status", help="errored, expired, canceled, truncated, missing, refused, unparsable; repeatable."
        ),
    ] = None,
    config: options.Config = None,
    store: options.Store = None,
    max_cost: options.MaxCost = None,
    sandbox: options.Sandbox = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Send again what has no score, in a batch of its own; scores that are there stay.

    Example: evalkit retry k3f9 --status truncated
    """
    from evalkit import operations
    from evalkit.cli import tables

    with progress_of(quiet=quiet) as progress:
        found = operations.retry(
            run,
            statuses=_statuses(status),
            max_cost=max_cost,
            config=config,
            store=store,
            sandbox=sandbox,
            progress=progress,
        )
    tables.print_rows(found, as_json=json)


@app.command(short_help="Say what became of an unknown create.")
def resolve(
    run: RunId,
    adopt: Annotated[str | None, typer.Option("--adopt", metavar="BATCH", help="The create made this batch.")] = None,
    not_created: Annotated[
        bool, typer.Option("--not-created", help="The create made no batch: send it again.")
    ] = False,
    cancel: Annotated[
        str | None, typer.Option("--cancel", metavar="BATCH", help="The create made this batch: cancel it.")
    ] = None,
    gone: Annotated[
        str | None, typer.Option("--gone", metavar="BATCH", help="This batch no longer exists: count it missing.")
    ] = None,
    take_back: Annotated[
        bool, typer.Option("--take-back", help="It went into a bundle, and no other store has it.")
    ] = False,
    part: Annotated[int | None, typer.Option("--part", help="Which part, where several are unknown.")] = None,
    config: options.Config = None,
    store: options.Store = None,
    sandbox: options.Sandbox = False,
    json: options.Json = False,
) -> None:
    """Say what became of a create whose outcome is not known, of a batch that the API no longer knows, or of a bundle.

    Example: evalkit resolve k3f9 --adopt msgbatch_01AbC
    """
    from evalkit import operations
    from evalkit.cli import tables

    found = operations.resolve(
        run,
        adopt=adopt,
        not_created=not_created,
        cancel_batch=cancel,
        gone=gone,
        take_back=take_back,
        part=part,
        config=config,
        store=store,
        sandbox=sandbox,
    )
    tables.print_rows(found, as_json=json)


@app.command(short_help="Cancel a run's open batches.")
def cancel(
    run: RunId,
    config: options.Config = None,
    store: options.Store = None,
    sandbox: options.Sandbox = False,
    json: options.Json = False,
) -> None:
    """Cancel a run's open batches, and what was never sent; what was done by then is still collected, and billed.

    Example: evalkit cancel k3f9
    """
    from evalkit import operations
    from evalkit.cli import tables

    with progress_of(quiet=False) as progress:
        canceled = operations.cancel(run, config=config, store=store, sandbox=sandbox, progress=progress)
    if json:
        tables.print_json({"canceled": list(canceled)})
    elif canceled:
        print(f"canceling {', '.join(canceled)}; `evalkit collect` takes what was done")  # noqa: T201
    else:
        print("no batch of this run is in progress: none is canceled")  # noqa: T201


@app.command(short_help="Rebuild runs from the provider.")
def recover(
    run: Annotated[str, typer.Argument(help="Take back this run only; every run of the config without.")] = "",
    config: options.Config = None,
    batch: Annotated[str | None, typer.Option("--batch", metavar="BATCH", help="Take back this batch only.")] = None,
    label: options.Label = "",
    store: options.Store = None,
    sandbox: options.Sandbox = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Rebuild runs from the provider, where the store that knew them is lost; within 29 days, without paying again.

    Example: evalkit recover --label 2026-11-22
    """
    from evalkit import operations
    from evalkit.cli import tables

    with progress_of(quiet=quiet) as progress:
        found = operations.recover(
            config, run=run, batch=batch, label=label, store=store, sandbox=sandbox, progress=progress
        )
    tables.print_rows(found, as_json=json)


@app.command(short_help="Take back one batch from the provider.")
def adopt(
    batch: Annotated[str, typer.Option("--batch", metavar="BATCH", help="The batch, as the provider calls it.")],
    config: options.Config = None,
    label: options.Label = "",
    store: options.Store = None,
    sandbox: options.Sandbox = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Take back one batch that no store knows: the same as `recover --batch`.

    Example: evalkit adopt --batch msgbatch_01AbC --label 2026-11-22
    """
    recover(run="", config=config, batch=batch, label=label, store=store, sandbox=sandbox, json=json, quiet=quiet)


@app.command(short_help="Drop the raw replies of old runs.")
def prune(
    older_than: Annotated[str, typer.Option("--older-than", metavar="AGE", help="Such as 90d or 12h.")] = "90d",
    delete_remote: Annotated[
        bool, typer.Option("--delete-remote", help="Delete these batches at the provider too.")
    ] = False,
    config: options.Config = None,
    store: options.Store = None,
    sandbox: options.Sandbox = False,
    json: options.Json = False,
) -> None:
    """Drop the raw replies of old runs; scores, costs and counts stay.

    Example: evalkit prune --older-than 90d
    """
    from evalkit import operations
    from evalkit.cli import tables

    pruned = operations.prune(
        older_than=age(older_than), delete_remote=delete_remote, config=config, store=store, sandbox=sandbox
    )
    if json:
        tables.print_json({"replies": pruned.replies, "deleted": list(pruned.deleted)})
    else:
        print(f"dropped {pruned.replies:,} raw replies, deleted {len(pruned.deleted):,} batches")  # noqa: T201


def _statuses(names: list[str] | None) -> list[Status] | None:
    from evalkit.score import UNSCORED, Status

    known = {status.value for status in UNSCORED}
    for name in names or ():
        if name not in known:
            raise UsageError(f"{name!r} is no reason for a missing score; they are {', '.join(sorted(known))}")
    return [Status(name) for name in names] if names else None
