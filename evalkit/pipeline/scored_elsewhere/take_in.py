"""Take in the scores of another tool: one run for every candidate and scorer, found again when it comes again."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, cast

from evalkit.errors import UsageError
from evalkit.pipeline.scored_elsewhere.foreign import Foreign, Scorer, scores
from evalkit.pipeline.scored_elsewhere.inspect_log import read_inspect
from evalkit.pipeline.scored_elsewhere.observed import Scale
from evalkit.pipeline.scored_elsewhere.openai_items import read_items
from evalkit.pipeline.scored_elsewhere.promptfoo import read_promptfoo
from evalkit.score import Score
from evalkit.store import Store

Format = Literal["inspect", "promptfoo", "openai_items"]
Reader = Callable[[Path], tuple[list[Foreign], list[str]]]

_READERS: Final[Mapping[Format, Reader]] = {
    "inspect": read_inspect,
    "promptfoo": read_promptfoo,
    "openai_items": read_items,
}
_HEAD: Final = 64 * 1024
_BEGINS: Final[Mapping[Format, re.Pattern[str]]] = {
    "inspect": re.compile(r'\s*\{\s*"version"\s*:\s*\d+\s*,\s*"status"\s*:\s*"[a-z]+"\s*,\s*"eval"\s*:\s*\{'),
    "promptfoo": re.compile(r'\s*\{\s*"evalId"\s*:.*?"results"\s*:\s*\{', re.DOTALL),
    "openai_items": re.compile(r'\s*\{.{0,4000}?"object"\s*:\s*"eval\.run\.output_item"', re.DOTALL),
}
_SMALL: Final = 64 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What was taken in of a file."""

    runs: tuple[str, ...]
    new: int
    """How many of the runs were not here."""
    notes: tuple[str, ...]
    """What a person should know."""


def recognise(path: Path) -> Format | None:
    """Whose scores a file holds; None where it is something else, a bundle for instance, or no file."""
    if not path.is_file():
        return None
    if zipfile.is_zipfile(path):
        return "inspect" if _has_log(path) else None
    with path.open("rb") as file:
        head = file.read(_HEAD).decode("utf-8", "replace")
    for kind, begins in _BEGINS.items():
        if begins.match(head):
            return kind
    return _by_keys(path) if head.lstrip().startswith("{") else None


def import_scores(
    store: Store, path: Path, *, label: str | None = None, suite: str | None = None, scale: str | None = None
) -> TakenIn:
    """Take in a file of scores; what is here already stays, and nothing comes in twice.

    Args:
        store: where to.
        path: an Inspect log, promptfoo results, or the output items of a hosted eval.
        label: that of the runs; the id of the log's own run where None.
        suite: that of the runs; the log's task where None.
        scale: `LOW..HIGH`, the values that the scorers can give; read off the values where None.

    Raises:
        UsageError: the file cannot be read, or a run is here with other scores.
    """
    kind = recognise(path)
    if kind is None:
        raise UsageError(
            f"{path} is no file of scores that evalkit knows: an Inspect log (.eval or JSON), promptfoo results "
            "(JSON), or output items of a hosted eval (JSON)"
        )
    held = None if scale is None else Scale.read(scale)
    found, notes = _READERS[kind](path)
    named = [
        replace(one, label=one.label if label is None else label, suite=one.suite if suite is None else suite)
        for one in found
    ]
    taken = [_keep(store, one, scorer, held) for one in named for scorer in one.scorers]
    return TakenIn(runs=tuple(run for run, _ in taken), new=sum(new for _, new in taken), notes=tuple(notes))


def _keep(store: Store, found: Foreign, scorer: Scorer, scale: Scale | None) -> tuple[str, bool]:
    """Keep the run of one scorer, whole; False where it is here."""
    dataset, candidate, grader = found.dataset(), found.answers(), scorer.grader(scale)
    run = found.run(grader, dataset, candidate)
    new = store.add_run(
        run,
        dataset=dataset,
        candidate=candidate,
        grader=grader,
        requests=(),
        parts=(),
        scores=scores(run.id, scorer, dataset),
    )
    if not new:
        _must_agree(store, run.id, list(scores(run.id, scorer, dataset)), found.path)
    return run.id, new


def _must_agree(store: Store, run: str, coming: list[Score], path: Path) -> None:
    """Refuse scores that say otherwise than those of the run that is here: a log can be scored again.

    Raises:
        UsageError: they do.
    """
    here = {_key(placed.score): placed.score.verdict for placed in store.scores.of(run)}
    there = {_key(score): score.verdict for score in coming}
    differ = [key for key in here.keys() | there.keys() if here.get(key) != there.get(key)]
    if differ:
        raise UsageError(
            f"run {run} is in the store with other scores than {path} has ({len(differ):,} of {len(there):,} differ, "
            f"for instance that of case {min(differ)[0]!r}): the log was scored again; import it under a label of its "
            "own with --label"
        )


def _key(score: Score) -> tuple[str, str, str]:
    return score.case_id, score.verdict.criterion, score.suffix


def _has_log(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return False
    return bool(names & {"header.json", "_journal/start.json"})


def _by_keys(path: Path) -> Format | None:
    """By the members of a document whose beginning does not tell; only where it is small enough to be read for that."""
    if path.stat().st_size > _SMALL:
        return None
    try:
        found: object = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None
    document = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    results: object = document.get("results")
    inner: object = cast("dict[str, Any]", results).get("results") if isinstance(results, dict) else results
    if isinstance(document.get("eval"), dict) and "status" in document:
        return "inspect"
    if isinstance(inner, list) and ("stats" in document or isinstance(results, dict)):
        return "promptfoo"
    return None
