"""Write runs as the files of another tool, one or several, and tell what these cannot hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TextIO

from evalkit.errors import UsageError
from evalkit.pipeline.outward import every_eval_ever, inspect_log, promptfoo
from evalkit.pipeline.outward.groups import Group, groups
from evalkit.pipeline.outward.losses import Losses
from evalkit.pipeline.whole import whole_text_file
from evalkit.run import Run
from evalkit.store import Store

OutwardForm = Literal["inspect", "promptfoo", "every_eval_ever"]
FORMS: Final[tuple[OutwardForm, ...]] = ("inspect", "promptfoo", "every_eval_ever")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outward:
    """What was written for another tool."""

    paths: tuple[Path, ...]
    """The files; none where a stream was written."""
    scores: int
    losses: Losses = field(default_factory=Losses)
    """What is not in them as it is in the store."""

    def json(self) -> dict[str, object]:
        """The document of `export --json`."""
        return {"paths": [str(path) for path in self.paths], "scores": self.scores, "not_carried": self.losses.json()}


def export_for(store: Store, runs: Sequence[Run], out: Path | TextIO, form: OutwardForm) -> Outward:
    """Write runs for another tool: to a file, to a folder where it takes several, or to a stream where it takes one.

    Raises:
        UsageError: a file cannot be written, or several are needed and one place is named, or there is no run.
    """
    if not runs:
        raise UsageError("there is no run to export; `evalkit runs` lists them")
    found, losses = groups(store, runs), Losses()
    if form == "promptfoo":
        paths, n = _one(store, found, out, losses)
    elif form == "inspect":
        paths, n = _logs(store, found, out, losses)
    else:
        paths, n = _records(store, found, out, losses)
    return Outward(paths=paths, scores=n, losses=losses)


def _one(store: Store, found: Sequence[Group], out: Path | TextIO, losses: Losses) -> tuple[tuple[Path, ...], int]:
    """All groups in one file."""
    if not isinstance(out, Path):
        return (), promptfoo.write(store, found, out, losses)
    with whole_text_file(out) as file:
        return (out,), promptfoo.write(store, found, file, losses)


def _logs(store: Store, found: Sequence[Group], out: Path | TextIO, losses: Losses) -> tuple[tuple[Path, ...], int]:
    """One file for each group."""
    if not isinstance(out, Path):
        if len(found) > 1:
            raise UsageError(f"these runs are {len(found)} Inspect logs; name a folder for them with --out")
        return (), inspect_log.write(store, found[0], out, losses)
    paths, n = _places(found, out, inspect_log.file_name), 0
    for group, path in zip(found, paths, strict=True):
        with whole_text_file(path) as file:
            n += inspect_log.write(store, group, file, losses)
    return tuple(paths), n


def _records(store: Store, found: Sequence[Group], out: Path | TextIO, losses: Losses) -> tuple[tuple[Path, ...], int]:
    """Two files for each group: the record, and its samples beside it."""
    if not isinstance(out, Path):
        raise UsageError("an every_eval_ever record is two files, the record and its samples: name one with --out")
    written: list[Path] = []
    n = 0
    for group, path in zip(found, _places(found, out, every_eval_ever.file_name), strict=True):
        samples = path.with_name(f"{path.stem}_samples.jsonl")
        with whole_text_file(samples) as file:
            told = every_eval_ever.write_samples(store, group, file, losses)
        with whole_text_file(path) as file:
            every_eval_ever.write_record(group, samples.name, told, file, losses)
        written += [path, samples]
        n += told.rows
    return tuple(written), n


def _places(found: Sequence[Group], out: Path, named: Callable[[Group], str]) -> list[Path]:
    """Where each group goes: to the place that is named, or into it where it is a folder."""
    if len(found) == 1 and not out.is_dir():
        return [out]
    if out.exists() and not out.is_dir():
        raise UsageError(f"these runs are {len(found)} files, and {out} is one; name a folder with --out")
    return [out / _UNSAFE.sub("-", named(group)) for group in found]
