"""Human labels: a file of `{id, label}`, one row per case, or per case and rater, read with the care of a dataset.

Either one column holds the label (`label`, with `criterion` where there are several), or each criterion has a column
of its own name. Rows of other candidates, criteria and cases are left out and counted; a row whose label is empty
waits for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from evalkit.dataset import values
from evalkit.dataset.case import Json
from evalkit.dataset.columns import Columns
from evalkit.dataset.problems import ProblemLog, Refused, listed
from evalkit.dataset.reading import walk
from evalkit.dataset.source import find
from evalkit.ids import scalar_text

SECTION: Final = "--field"
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("case", "case_id", "example_id", "external_id"),
    "label": ("human_label", "human", "gold", "annotation"),
    "candidate": (),
    "criterion": (),
    "rater": ("rater_id", "annotator", "annotator_id", "labeler", "labeller"),
}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")

ToValue: TypeAlias = Callable[[Json], float]
"""A label as it is written -> its value on the criterion's scale; raises `Refused`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanLabel:
    """What one rater said of one case."""

    case_id: str
    value: float
    rater: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The labels of a file that are of one candidate's outputs, by criterion; and how many rows are not."""

    path: Path
    by_criterion: Mapping[str, Sequence[HumanLabel]]
    other_candidates: int = 0
    other_criteria: int = 0
    unlabelled: int = 0
    """Rows whose label is empty."""
    unknown: tuple[str, ...] = ()
    """Ids that are no case of the run."""
    notes: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One walk over a file of labels, as far as it has come."""

    candidate: str
    criteria: Mapping[str, ToValue]
    cases: Collection[str]
    log: ProblemLog
    columns: Columns
    found: dict[str, list[HumanLabel]]
    seen: dict[tuple[str, str, str | None], int] = field(default_factory=dict[tuple[str, str, str | None], int])
    candidates: dict[str, int] = field(default_factory=dict[str, int])
    others: dict[str, int] = field(default_factory=dict[str, int])
    unknown: dict[str, None] = field(default_factory=dict[str, None])
    unlabelled: int = 0


def load_labels(
    path: Path,
    *,
    candidate: str,
    criteria: Mapping[str, ToValue],
    cases: Collection[str],
    fields: Mapping[str, str] | None = None,
) -> Labels:
    """Read the labels of one candidate's outputs.

    Args:
        path: `.jsonl .json .csv .tsv .parquet`, each also with `.gz`.
        candidate: rows that name another are left out.
        criteria: what may be labelled, each with what turns a label into its value.
        cases: the ids of the run's cases.
        fields: field -> column, where the file has names of its own.

    Raises:
        DatasetError: with all problems of the file.
    """
    source = find(path)
    log = ProblemLog(path, by_line=source.by_line)
    columns = Columns(log, wanted=tuple(FIELDS), fields=fields or {}, section=SECTION, aliases=FIELDS)
    found: dict[str, list[HumanLabel]] = {name: [] for name in criteria}
    reading = _Reading(candidate=candidate, criteria=criteria, cases=cases, log=log, columns=columns, found=found)
    rows = 0
    for number, row in walk(source, log, columns):
        rows += 1
        _take_row(reading, row, number)
    if rows:
        _check_columns(reading)
    columns.finish()
    _check_found(reading)
    log.raise_if_any()
    return Labels(
        path=path,
        by_criterion={name: tuple(labels) for name, labels in found.items() if labels},
        other_candidates=sum(reading.candidates.values()),
        other_criteria=sum(reading.others.values()),
        unlabelled=reading.unlabelled,
        unknown=tuple(reading.unknown),
        notes=tuple(log.notes + columns.notes(extra="")),
    )


def _take_row(reading: _Reading, row: dict[str, Json], number: int) -> None:
    """The labels of a row, each with its criterion; what is wrong goes to the log."""
    case_id = _cell(reading, row, "id", number, values.case_id)
    candidate = _cell(reading, row, "candidate", number, values.cluster)
    criterion = _cell(reading, row, "criterion", number, values.cluster)
    rater = _cell(reading, row, "rater", number, values.cluster)
    if "id" not in reading.columns.used:
        reading.columns.without("id", number)
    if case_id is None:
        return
    if candidate not in (None, reading.candidate):
        reading.candidates[candidate] = reading.candidates.get(candidate, 0) + 1
        return
    if criterion is not None and criterion not in reading.criteria:
        reading.others[criterion] = reading.others.get(criterion, 0) + 1
        return
    known = _known(case_id, reading.cases)
    if known is None:
        reading.unknown[case_id] = None
        return
    for name, column in _label_columns(reading, criterion, number).items():
        _take_label(reading, (name, known, rater), row.get(column), number)


def _label_columns(reading: _Reading, criterion: str | None, number: int) -> dict[str, str]:
    """Criterion -> the column of its label in this row."""
    column = reading.columns.used.get("label")
    if column is None:
        names = [criterion] if criterion is not None else reading.criteria
        return {name: name for name in names if name in reading.columns.extra}
    if criterion is None and len(reading.criteria) > 1:
        what = f"says not which criterion the label is of; they are {listed(reading.criteria)}"
        reading.log.add(number, what, "add it to every row, or name one with --criterion", field="criterion")
        return {}
    return {criterion or next(iter(reading.criteria)): column}


def _take_label(reading: _Reading, key: tuple[str, str, str | None], label: Json, number: int) -> None:
    """Take in what a rater said of a case under a criterion: the key names the three."""
    criterion, case_id, rater = key
    if label is None or (isinstance(label, str) and not label.strip()):
        reading.unlabelled += 1
        return
    first = reading.seen.setdefault(key, number)
    if first != number:
        who = f"by {rater!r} " if rater else ""
        what = f"{case_id!r} is labelled {who}in {reading.log.where(first)} already"
        reading.log.add(number, what, "keep one row, or say who labelled in a column `rater`", field="id")
        return
    try:
        value = reading.criteria[criterion](label)
    except Refused as refused:
        reading.log.refuse(number, refused, field=reading.columns.used.get("label", criterion))
        return
    reading.found[criterion].append(HumanLabel(case_id=case_id, value=value, rater=rater))


def _cell(
    reading: _Reading, row: dict[str, Json], name: str, number: int, convert: Callable[[Json], str | None]
) -> str | None:
    column = reading.columns.used.get(name)
    if column is None:
        return None
    try:
        return convert(row.get(column))
    except Refused as refused:
        if name not in reading.columns.contested:
            reading.log.refuse(number, refused, field=name)
        return None


def _known(case_id: str, cases: Collection[str]) -> str | None:
    """The case that an id names; a quote that keeps a spreadsheet from reading a formula is not part of it."""
    if case_id in cases:
        return case_id
    bare = case_id[1:] if case_id.startswith("'") and case_id[1:].startswith(_FORMULA) else None
    return bare if bare in cases else None


def _check_columns(reading: _Reading) -> None:
    """Tell of a file without any column of labels."""
    columns = reading.columns
    if "label" not in columns.used and not any(name in columns.extra for name in reading.criteria):
        columns.without("label", 1)


def _check_found(reading: _Reading) -> None:
    """Tell why a file has no label at all for this run."""
    if reading.log.n or any(reading.found.values()):
        return
    what, mend = "no row has a label", "write a label into at least one row"
    if reading.candidates and not reading.unlabelled:
        what = f"no row is of the candidate {reading.candidate!r}; the file has {listed(reading.candidates)}"
        mend = "name a run of one of these, or leave the column out"
    elif reading.others and not reading.unlabelled:
        what = f"no row is of {listed(reading.criteria)}; the file has {listed(reading.others)}"
        mend = "name one of the criteria of the run"
    elif reading.unknown:
        what = f"no id is a case of the run; the file has {listed(reading.unknown, at_most=3)}"
        mend = "label cases of the run; `evalkit agree RUN --draw 50 --out label-me.jsonl` draws some"
    reading.log.add(None, what, mend)


def label_text(label: Json) -> str:
    """A label as a person wrote it.

    Raises:
        Refused: it is a list or an object.
    """
    if isinstance(label, list | dict) or label is None:
        raise Refused("is not a text or a number", "write one label")
    return scalar_text(label).strip()
