"""Rows of a dataset into files of their own: every field as it was, whole files or none."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final, TextIO

from evalkit.dataset.case import Json
from evalkit.dataset.cases import SECTION, Dataset
from evalkit.dataset.columns import CANONICAL, Columns
from evalkit.dataset.filter import rank, stratum_of
from evalkit.dataset.problems import ProblemLog
from evalkit.dataset.reading import walk
from evalkit.errors import UsageError
from evalkit.ids import scalar_text

_TABLES: Final = {".csv": ",", ".tsv": "\t"}
_FORMS: Final = (".jsonl", ".ndjson", *_TABLES)


def deal(
    dataset: Dataset, into: Mapping[str, float], *, seed: int, stratify: str | None, whole: bool
) -> dict[str, str]:
    """Case id -> the part it goes to, drawn by a digest of seed and id, in the shares of `into`, which add up to 1.

    Args:
        dataset: the cases.
        into: part -> its share.
        seed: another seed deals otherwise.
        stratify: `tag` or a key of the metadata, whose values keep their shares.
        whole: a cluster goes to one part whole: each goes where its digest falls, so the shares hold about.
    """
    found: dict[str, str] = {}
    strata: dict[str, list[str]] = {}
    for case in dataset:
        if whole:
            found[case.id] = _part_of(case.id if case.cluster is None else case.cluster, into, seed)
        else:
            strata.setdefault(stratum_of(case, stratify), []).append(case.id)
    owed = dict.fromkeys(into, 0.0)
    for _, members in sorted(strata.items()):
        order = iter(sorted(members, key=lambda case_id: rank(case_id, seed)))
        for name, n in _sizes(into, len(members), owed).items():
            found.update({next(order): name for _ in range(n)})
    return found


def _part_of(key: str, into: Mapping[str, float], seed: int) -> str:
    """Where a digest falls among the shares."""
    place = int(rank(key, seed)[:12], 16) / 16**12
    reached = 0.0
    for name, share in into.items():
        reached += share
        if place < reached:
            return name
    return list(into)[-1]


def _sizes(into: Mapping[str, float], n: int, owed: dict[str, float]) -> dict[str, int]:
    """How many of `n` each part gets, by largest remainder; what a part is owed from one stratum it has in the next."""
    quotas = {name: share * n + owed[name] for name, share in into.items()}
    given = {name: max(0, math.floor(quota + 1e-9)) for name, quota in quotas.items()}
    while (missing := n - sum(given.values())) != 0:
        step = 1 if missing > 0 else -1
        able = [name for name in given if step > 0 or given[name] > 0]
        given[max(able, key=lambda name: step * (quotas[name] - given[name]))] += step
    owed.update({name: quotas[name] - given[name] for name in into})
    return given


def write_rows(dataset: Dataset, parts: Mapping[Path, Collection[str]], *, force: bool) -> dict[Path, int]:
    """Write the rows of some cases into files, as they stand in the dataset's; the number of rows of each.

    Raises:
        UsageError: a file is there already and is not to be overwritten, is of no form that is written, or cannot be.
        DatasetError: the dataset changed.
    """
    _check(dataset, parts, force=force)
    fresh = {path: path.with_name(f".{path.name}.{os.getpid()}.part") for path in parts}
    written: dict[Path, int] = {}
    try:
        for path, case_ids in parts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            written[path] = _write(dataset, path, fresh[path], frozenset(case_ids))
        for path, new in fresh.items():
            new.replace(path)
    except OSError as error:
        raise UsageError(f"{error.filename or 'a file'} cannot be written: {error.strerror}") from error
    finally:
        for new in fresh.values():
            new.unlink(missing_ok=True)
    return written


def _check(dataset: Dataset, parts: Collection[Path], *, force: bool) -> None:
    for path in parts:
        if _form(path) not in _FORMS:
            raise UsageError(f"{path}: rows are written as {', '.join(_FORMS)} (.gz too)")
        if path.resolve() in {file.resolve() for file in dataset.files}:
            raise UsageError(f"{path} is the dataset itself; choose another place")
        if path.exists() and not force:
            raise UsageError(f"{path} is there already; choose another place, or overwrite it with --force")


def _form(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _write(dataset: Dataset, path: Path, fresh: Path, case_ids: Collection[str]) -> int:
    rows = (row for case_id, row in _rows(dataset) if case_id in case_ids)
    with fresh.open("wb") as raw:
        zipped = gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") if path.suffix.lower() == ".gz" else None
        with io.TextIOWrapper(zipped or raw, encoding="utf-8", newline="") as text:  # pyright: ignore[reportArgumentType]
            return _write_rows(text, rows, _form(path))


def _write_rows(text: TextIO, rows: Iterator[dict[str, Json]], form: str) -> int:
    n = 0
    if form not in _TABLES:
        for row in rows:
            text.write(json.dumps(row, ensure_ascii=False) + "\n")
            n += 1
        return n
    every = list(rows)
    header = list(dict.fromkeys(name for row in every for name in row))
    writer = csv.writer(text, delimiter=_TABLES[form])
    writer.writerow(header)
    writer.writerows([_cell(row.get(name)) for name in header] for row in every)
    return len(every)


def _cell(value: Json) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else scalar_text(value)


def _rows(dataset: Dataset) -> Iterator[tuple[str, dict[str, Json]]]:
    """Every row as it stands in its file, with the id of its case."""
    from evalkit.dataset import values

    for part in dataset.parts:
        part.check_unchanged()
        log = ProblemLog(part.source.path, by_line=part.source.by_line)
        columns = Columns(log, wanted=CANONICAL, fields=dataset.fields, section=SECTION)
        for _, row in walk(part.source, log, columns):
            yield values.case_id(row.get(columns.used["id"])), row
