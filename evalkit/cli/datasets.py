"""The commands of `evalkit dataset`: stats, diff, split, sample, versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from evalkit.cli import options
from evalkit.cli.app import app
from evalkit.errors import UsageError

if TYPE_CHECKING:
    from evalkit.curation import UsedVersion, Written
    from evalkit.dataset.difference import Difference
    from evalkit.dataset.stats import DatasetStats

SHOWN: Final = 8
"""Ids or values in one line; --json has all."""

datasets = typer.Typer(
    name="dataset",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Look into datasets: what they hold, how two differ, parts and samples of them, which versions were used.",
)
app.add_typer(datasets, short_help="Look into datasets: stats, diff, split, sample, versions.")

Field = Annotated[
    list[str] | None,
    typer.Option("--field", metavar="FIELD=COLUMN", help="A column of another name; repeatable."),
]
Seed = Annotated[int, typer.Option("--seed", help="Another seed draws others.")]
Stratify = Annotated[
    str | None,
    typer.Option("--stratify", metavar="BY", help="tag, or a key of the metadata: its values keep their shars."),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what is there.")]


@datasets.command(short_help="Say what a dataset holds.")
def stats(
    files: Annotated[list[Path] | None, typer.Argument(help="Files; the config's dataset without.")] = None,
    field: Field = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Say what a dataset holds: fields, duplicates, lengths, tags, metadata, clusters, splits.

    Example: evalkit dataset stats cases.jsonl
    """
    from evalkit import curation
    from evalkit.cli import tables

    found = curation.stats(files or (), config=config, fields=_fields(field))
    tables.print_json(found.json()) if json else _print_stats(found)


@datasets.command(short_help="Say how two versions differ.")
def diff(
    before: Annotated[str, typer.Argument(help="A file, or the beginning of a version's digest.")],
    after: Annotated[str, typer.Argument(help="The same.")],
    field: Field = None,
    config: options.Config = None,
    store: options.Store = None,
    json: options.Json = False,
) -> None:
    """Say which cases were added, removed, changed (and in which field) or given another id.

    Example: evalkit dataset diff 3f9a cases.jsonl
    """
    from evalkit import curation
    from evalkit.cli import tables

    found = curation.diff(before, after, config=config, store=store, fields=_fields(field))
    tables.print_json(found.json()) if json else _print_diff(found)


@datasets.command(short_help="Deal the cases of a file into several files.")
def split(
    file: Annotated[Path, typer.Argument(help="The cases.")],
    into: Annotated[str, typer.Option("--into", metavar="PART=SHARE,...", help="As in train=0.8,test=0.2.")],
    seed: Seed = 0,
    stratify: Stratify = None,
    by_cluster: Annotated[bool, typer.Option("--by-cluster", help="A cluster goes to one part whole.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder.", show_default="beside the file")] = None,
    force: Force = False,
    field: Field = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Deal the cases of a file into NAME-PART files, every field as it was; the same words deal alike everywhere.

    Example: evalkit dataset split cases.jsonl --into train=0.8,test=0.2 --by-cluster
    """
    from evalkit import curation
    from evalkit.cli import tables

    written = curation.split(
        file,
        _parts(into),
        seed=seed,
        stratify=stratify,
        by_cluster=by_cluster,
        folder=out,
        force=force,
        config=config,
        fields=_fields(field),
    )
    tables.print_json(written.json()) if json else _print_written(written)


@datasets.command(short_help="Write a sample of a file's cases.")
def sample(
    file: Annotated[Path, typer.Argument(help="The cases.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="A .jsonl, .csv or .tsv file.")],
    n: Annotated[int, typer.Option("--cases", "-n", min=1, help="How many.")] = 100,
    seed: Seed = 0,
    stratify: Stratify = None,
    force: Force = False,
    field: Field = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Write some cases of a file, every field as it was: those that `[dataset.filter]` draws with the same numbers.

    Example: evalkit dataset sample cases.jsonl -n 50 --seed 7 --out some.jsonl
    """
    from evalkit import curation
    from evalkit.cli import tables

    written = curation.sample(
        file, n, out, seed=seed, stratify=stratify, force=force, config=config, fields=_fields(field)
    )
    tables.print_json(written.json()) if json else _print_written(written)


@datasets.command(short_help="List the versions that runs were made of.")
def versions(config: options.Config = None, store: options.Store = None, json: options.Json = False) -> None:
    """List the versions of datasets in the store: when each was first used, by how many runs, and what changed.

    Example: evalkit dataset versions
    """
    from evalkit import curation
    from evalkit.cli import tables

    found = curation.versions(config=config, store=store)
    tables.print_json({"versions": [one.json() for one in found]}) if json else _print_versions(found)


def _fields(words: list[str] | None) -> dict[str, str] | None:
    from evalkit.cli.trust import fields_of

    return fields_of(words) or None


def _parts(words: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for word in words.split(","):
        name, _, share = (part.strip() for part in word.partition("="))
        if not name.replace("-", "").replace("_", "").isalnum() or name in found:
            raise UsageError(f"--into {words!r}: name every part once, by letters and digits: train=0.8,test=0.2")
        try:
            found[name] = float(share)
        except ValueError:
            raise UsageError(f"--into {words!r}: {share!r} is no share; write it like train=0.8,test=0.2") from None
    return found


def _print_stats(found: DatasetStats) -> None:
    from evalkit.cli import words
    from evalkit.cli.columns import Column
    from evalkit.cli.screen import say, say_table
    from evalkit.dataset.stats import tokens

    dataset = found.dataset
    names = ", ".join(path.name for path in dataset.files)
    _say("dataset", f"{names}: {words.count(dataset.n, 'case')}, digest {dataset.digest[:12]}")
    _say("fields", ", ".join(f"{name} {n:,}" for name, n in found.filled.items()))
    for note in (*dataset.notes, *dataset.narrowing):
        _say("note", note)
    _groups("same", found.duplicates, "of the same content")
    _groups("alike", found.near_duplicates, "of inputs that differ in case or punctuation at most")
    _say("splits", _counts(found.splits))
    _say("tags", _counts(found.tags))
    for key, values in found.metadata.items():
        _say(key[:9], _counts(values))
    _say("metadata", _counts({key: n for key, n in found.keys.items() if key not in found.metadata}))
    if found.clusters < dataset.n and found.effective is not None:
        _say("clusters", f"{found.clusters:,}; worth {found.effective:,.0f} cases if each is one answer")
    rows = list(found.lengths.items())
    say_table(
        [
            Column(name="characters", cells=[name for name, _ in rows]),
            *(
                Column(name=q, cells=[f"{one[q]:,}" for _, one in rows], right=True)
                for q in ("min", "p50", "p90", "p99", "max")
            ),
            Column(name="~tokens p50", cells=[f"{tokens(one['p50']):,}" for _, one in rows], right=True),
            Column(name="max", cells=[f"{tokens(one['max']):,}" for _, one in rows], right=True),
        ]
    )
    say("tokens are estimated at 4 characters each", style="dim")


def _print_diff(found: Difference) -> None:
    _say("before", found.before[:12])
    _say("after", found.after[:12] + (" (the same content)" if found.same else ""))
    _say("unchanged", f"{found.unchanged:,}")
    _named("added", found.added)
    _named("removed", found.removed)
    _named("renamed", [f"{old} -> {new}" for old, new in found.renamed])
    _named("changed", [f"{case_id} ({', '.join(fields)})" for case_id, fields in found.changed.items()])


def _print_written(written: Written) -> None:
    from evalkit.cli import words
    from evalkit.cli.screen import say

    for path, n in written.files.items():
        say(f"wrote {path}: {words.count(n, 'case')} of {written.of:,}")


def _print_versions(found: Sequence[UsedVersion]) -> None:
    from evalkit.cli.columns import Column
    from evalkit.cli.screen import say, say_table
    from evalkit.cli.words import one_line
    from evalkit.dataset.filter import filter_in, said

    if not found:
        say("no dataset yet; `evalkit run` keeps the one it scores")
        return
    say_table(
        [
            Column(name="digest", cells=[one.version.digest[:12] for one in found]),
            Column(name="dataset", cells=[one_line(one.version.name) for one in found], least=10),
            Column(name="first used", cells=[f"{one.version.first_used:%Y-%m-%d}" for one in found]),
            Column(name="runs", cells=[f"{one.version.runs:,}" for one in found], right=True),
            Column(name="cases", cells=[f"{one.version.cases:,}" for one in found], right=True),
            Column(name="since", cells=[_since(one.since) for one in found], least=10),
            Column(name="filter", cells=[said(filter_in(one.version.spec)) for one in found], least=8, drop=1),
        ]
    )


def _since(since: Difference | None) -> str:
    """What changed, in signs: added, removed, changed, renamed."""
    if since is None:
        return ""
    counts = {"+": since.added, "−": since.removed, "~": since.changed, "=": since.renamed}
    return " ".join(f"{sign}{len(cases):,}" for sign, cases in counts.items() if cases) or "none"


def _groups(name: str, groups: Sequence[Sequence[str]], what: str) -> None:
    if groups:
        shown = "; ".join(", ".join(group[:4]) for group in groups[:3])
        n = sum(map(len, groups))
        _say(name, f"{n:,} cases {what}, in {len(groups):,} groups: {shown}{' ...' if len(groups) > 3 else ''}")


def _named(name: str, cases: Sequence[str]) -> None:
    if cases:
        more = f" and {len(cases) - SHOWN:,} more" if len(cases) > SHOWN else ""
        _say(name, f"{len(cases):,}: {', '.join(cases[:SHOWN])}{more}")


def _counts(counts: Mapping[str, int]) -> str:
    some = list(counts.items())
    more = f" and {len(some) - SHOWN:,} more" if len(some) > SHOWN else ""
    return ", ".join(f"{name} {n:,}" for name, n in some[:SHOWN]) + more


def _say(name: str, text: str) -> None:
    from evalkit.cli.screen import say_wrapped
    from evalkit.cli.words import one_line

    if text:
        say_wrapped(f"{one_line(name):<9}  {one_line(text)}", indent=" " * 11)
