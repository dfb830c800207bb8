"""The verbs that carry runs away and back: bundles from store to store, and scores into notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from evalkit.errors import UsageError
from evalkit.pipeline.progress import Progress
from evalkit.session import Session
from evalkit.tables import RunTable, ScoreTable
from evalkit.work import find_runs, table_of

if TYPE_CHECKING:
    from evalkit.foreign import Imported
    from evalkit.pipeline.bundle_read import ReadBundle
    from evalkit.pipeline.bundle_write import WrittenBundle
    from evalkit.pipeline.outward import Outward, OutwardForm
    from evalkit.store import Store


def export_bundle(
    runs: Sequence[str],
    out: Path,
    *,
    label: str | None = None,
    config: Path | str | None = None,
    store: str | None = None,
) -> WrittenBundle:
    """Write everything that a store knows of some runs into one file, for another store to take in.

    A run with open batches is handed over: from now on this store neither collects it nor sends anything of it, for
    two stores that do would both pay for its follow-ups. `import_bundle` of a newer bundle gives it back. So a bundle
    of open runs is to be taken in once; a store that collected something of it exports again before it is thrown away.

    Args:
        runs: run ids, or the beginnings of them.
        out: the file to write; one that is there is replaced.
        label: every run of this label, in place of ids.
        config: `evalkit.toml`, to find the store.
        store: the store's URL.

    Raises:
        UsageError: there is no such run, a part of it is not sent or not known to be, or it was handed over.
        StoreError: the runs are being collected at this moment; nothing is handed over.
    """
    from evalkit.pipeline.bundle_write import write_bundle

    if bool(runs) == (label is not None):
        raise UsageError("say which runs to bundle: their ids, or a label")
    with Session(config=config, store=store, reads=True) as session:
        known = session.store.runs
        found = find_runs(session.store, runs) if label is None else known.select(label=label, noise=True)
        return write_bundle(session.store, found, out)


def import_bundle(
    path: Path,
    *,
    config: Path | str | None = None,
    store: str | None = None,
    progress: Progress | None = None,
) -> RunTable:
    """Take every run of a bundle into a store, all or none; the runs, as they stand here now.

    What is here already and equal stays. A run that has come further in the bundle takes the place of the one here,
    one that has come less far changes nothing, and one that has gone another way is refused. Its open batches are
    collected by this store from now on.

    Args:
        path: the bundle.
        config: `evalkit.toml`, to find the store.
        store: the store's URL.
        progress: told of what is unusual.

    Raises:
        UsageError: the file is no bundle, is damaged, or was written by a newer evalkit.
        IntegrityError: something here says otherwise; nothing is imported.
    """
    from evalkit.pipeline.bundle_read import read_bundle

    with Session(config=config, store=store) as session:
        read = read_bundle(session.store, path)
        for note in _notes(session.store, read, path):
            (progress or Progress()).note(note)
        return table_of(session.store, read.runs)


def import_project(path: Path, *, tool: str | None = None, out: Path | None = None, force: bool = False) -> Imported:
    """Write an evalkit project from another tool's file or folder: its config, its cases, its outputs.

    Args:
        path: a config, a dataset, or results of promptfoo, OpenAI Evals, Inspect and others.
        tool: who wrote it; told by what is in it without.
        out: the folder to write, which must not be there; called after the file without.
        force: replace the files of an import that is there.

    Raises:
        UsageError: the tool is not known or cannot be told, or the folder is there already.
        DatasetError: the files cannot be read, or hold nothing to import.
    """
    from evalkit.foreign import import_files

    return import_files(path, tool=tool, out=out, force=force)


def scores(
    runs: str | Sequence[str],
    *,
    judgements: bool = False,
    config: Path | str | None = None,
    store: str | None = None,
) -> ScoreTable:
    """The scores of one run or of several, one row each, with the keys of `export`.

    Args:
        runs: run ids, or the beginnings of them.
        judgements: the single judgements too, from which the scores of a grader with samples are reduced.
        config: `evalkit.toml`, to find the store.
        store: the store's URL.

    Raises:
        UsageError: there is no such run.
    """
    from evalkit.pipeline.export import score_rows

    with Session(config=config, store=store, reads=True) as session:
        found = find_runs(session.store, [runs] if isinstance(runs, str) else runs)
        return ScoreTable(tuple(score_rows(session.store, found, judgements=judgements)))


def export_for(
    runs: str | Sequence[str],
    out: Path | TextIO,
    *,
    format: OutwardForm,  # noqa: A002 # the word that the command line uses
    config: Path | str | None = None,
    store: str | None = None,
) -> Outward:
    """Write runs for another tool, and tell what its format cannot hold; a file is written whole or not at all.

    Args:
        runs: a run id, or several; the beginning of one is enough.
        out: a file; a folder, where the format takes several; or a stream, where it takes one.
        format: an Inspect log for each candidate, promptfoo results in one file, or every_eval_ever records.
        config: `evalkit.toml`, to find the store.
        store: the store's URL.

    Raises:
        UsageError: there is no such run, or a file cannot be written.
    """
    from evalkit.pipeline.outward import export_for as write

    with Session(config=config, store=store, reads=True) as session:
        return write(session.store, find_runs(session.store, [runs] if isinstance(runs, str) else runs), out, format)


def import_scores(
    paths: Path | Sequence[Path],
    *,
    label: str | None = None,
    suite: str | None = None,
    scale: str | None = None,
    config: Path | str | None = None,
    store: str | None = None,
    progress: Progress | None = None,
) -> RunTable:
    """Take in scores that other tools gave, as runs; what is here already stays. The runs, as they stand here now.

    Args:
        paths: Inspect logs (`.eval` or JSON), promptfoo results, or output items of hosted evals.
        label: that of the runs; the id of the log's own run where None.
        suite: that of the runs; the log's task where None.
        scale: `LOW..HIGH`, the values that the scorers can give; read off the values where None.
        config: `evalkit.toml`, to find the store.
        store: the store's URL.
        progress: told of what is unusual.

    Raises:
        UsageError: a file cannot be read, or a run is here with other scores.
    """
    from evalkit.pipeline.scored_elsewhere import import_scores as take_in

    ids: list[str] = []
    with Session(config=config, store=store) as session:
        for path in [paths] if isinstance(paths, Path) else paths:
            taken = take_in(session.store, path, label=label, suite=suite, scale=scale)
            ids += taken.runs
            for note in taken.notes:
                (progress or Progress()).note(note)
        return table_of(session.store, list(dict.fromkeys(ids)))


def _notes(store: Store, read: ReadBundle, path: Path) -> list[str]:
    """What a person should know of runs that did not simply come in."""
    away = store.hand_overs.away()
    said: list[str] = []
    for run in read.runs:
        if run in away:
            said.append(
                f"run {run} was handed over to {away[run].to}, and {path} is no newer: it stays handed over. Where no "
                f"other store has it: evalkit resolve {run} --take-back"
            )
        elif read.standing[run] == "older":
            said.append(f"run {run} has come further in this store than in {path}: it stays as it is")
        elif run in read.given_back:
            said.append(f"run {run} is back: this store collects it again")
    return said
