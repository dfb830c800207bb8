"""Which of a dataset's cases a config wants, and a command line in its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evalkit.config import Config
from evalkit.config.filter import FilterConfig
from evalkit.dataset import values
from evalkit.dataset.columns import Columns
from evalkit.dataset.filter import Filter
from evalkit.dataset.problems import ProblemLog, Refused, listed
from evalkit.dataset.reading import walk
from evalkit.dataset.source import KINDS, find
from evalkit.errors import ConfigError, DatasetError, Problem, UsageError


def narrowed_config(config: Config, wanted: Mapping[str, Any] | None) -> Config:
    """The config with conditions in place of those of the same name in its filter.

    Raises:
        UsageError: a condition does not exist, or has a wrong value.
    """
    given = {name: value for name, value in (wanted or {}).items() if value not in (None, (), [])}
    if not given:
        return config
    unknown = given.keys() - FilterConfig.model_fields.keys()
    if unknown:
        raise UsageError(f"a filter has no {listed(sorted(unknown))}; it has {listed(FilterConfig.model_fields)}")
    before = config.dataset.filter
    kept = {name: getattr(before, name) for name in before.model_fields_set} if before else {}
    try:
        new = FilterConfig.model_validate({**kept, **given}, context=Path.cwd() / "filter")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UsageError(f"the filter's {first['loc'][0]}: {first['msg']}") from error
    dataset = config.dataset.model_copy(update={"filter": new})
    narrow = config.model_copy(update={"dataset": dataset})
    narrow.model_post_init(config.path)
    return narrow


def filter_of(config: Config) -> Filter | None:
    """The filter of a config's dataset, with the ids of its file; None where there is none.

    Raises:
        DatasetError: the file of ids is wrong.
        ConfigError: the filter has no condition.
    """
    wanted = config.dataset.filter
    if wanted is None:
        return None
    if not wanted.given:
        mend = 'write a condition, as in tags = ["billing"], or leave the table out'
        raise ConfigError([Problem(str(config.path), "dataset.filter", "has no condition", mend)])
    return Filter(
        split=wanted.split,
        tags=wanted.tags or (),
        all_tags=wanted.all_tags or (),
        not_tags=wanted.not_tags or (),
        metadata=wanted.metadata,
        ids=_ids(wanted),
        sample=wanted.sample,
        seed=wanted.seed,
        stratify=wanted.stratify,
        first=wanted.first,
        spec=_spec(wanted),
    )


def _spec(wanted: FilterConfig) -> dict[str, object]:
    """The filter as it was written; a file by its name, because where it lies is of one machine."""
    spec = wanted.given
    return spec if wanted.ids_file is None else {**spec, "ids_file": wanted.ids_file.name}


def _ids(wanted: FilterConfig) -> frozenset[str] | None:
    own = None if wanted.ids is None else frozenset(wanted.ids)
    if wanted.ids_file is None:
        return own
    listed_there = frozenset(ids_of_file(wanted.ids_file))
    return listed_there if own is None else own & listed_there


def ids_of_file(path: Path) -> list[str]:
    """The ids of a file: one a line, or the ids of a data file.

    Raises:
        DatasetError: it has none, or cannot be read.
    """
    name = path.name.lower().removesuffix(".gz")
    found = list(_ids_of_rows(path)) if name.endswith(tuple(KINDS)) else _ids_of_lines(path)
    if not found:
        raise DatasetError([Problem(str(path), None, "names no id", "write one id a line")])
    return found


def _ids_of_lines(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError([Problem(str(path), None, f"cannot be read: {error}", "save it as UTF-8")]) from error
    return [line.strip() for line in lines if line.strip()]


def _ids_of_rows(path: Path) -> list[str]:
    source = find(path)
    log = ProblemLog(path, by_line=source.by_line)
    columns = Columns(log, wanted=("id",), fields={}, section="[dataset.fields]")
    found: list[str] = []
    for number, row in walk(source, log, columns):
        try:
            if "id" in columns.used:
                found.append(values.case_id(row.get(columns.used["id"])))
            else:
                columns.without("id", number)
        except Refused as refused:
            log.refuse(number, refused, field="id")
    columns.finish()
    log.raise_if_any()
    return found
