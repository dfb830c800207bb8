"""A dataset: a file of cases, validated in one pass and streamed again whenever it is walked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from evalkit.dataset import values
from evalkit.dataset.attachment import attachments
from evalkit.dataset.case import Case, Json
from evalkit.dataset.columns import CANONICAL, Columns
from evalkit.dataset.problems import ProblemLog, Refused, one_problem
from evalkit.dataset.reading import walk
from evalkit.dataset.source import Source, Stamp, find
from evalkit.ids import dataset_digest

T = TypeVar("T")
SECTION: Final = "[dataset.fields]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A file of valid cases with distinct ids; iterating streams them from the file, in its order.

    The digest is that of the cases' ids and digests: it does not depend on the file's format or compression,
    the order of keys, columns and rows, or on whether a member is null or absent. (The order of rows has no
    meaning for scores; the report keeps it.) What a format cannot say is beyond this: an empty CSV cell is
    absent, so CSV cannot hold an empty text, and no object or list but those of `metadata` and `tags`.
    """

    path: Path
    digest: str
    n: int
    mapping: Mapping[str, str]
    """Field -> the column it is read from."""
    extra: tuple[str, ...]
    """Columns kept as metadata."""
    notes: tuple[str, ...]
    """What the user should be told: columns read under another name or kept as metadata, a skipped BOM."""
    n_expected: int
    """Cases that have a reference."""
    n_outputs: int
    """Cases for which the dataset itself records an output."""
    fields: Mapping[str, str] = field(repr=False)
    outputs: tuple[str, ...] = field(repr=False)
    """Columns that hold the outputs of a candidate."""
    source: Source = field(repr=False)
    stamp: Stamp = field(repr=False)

    @property
    def clustered(self) -> bool:
        """Whether the file has a column of clusters."""
        return "cluster" in self.mapping

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[Case]:
        """Every case in file order.

        Raises:
            DatasetError: the file changed since it was loaded.
        """
        self._check_unchanged()
        log = ProblemLog(self.path, by_line=self.source.by_line)
        columns = Columns(log, wanted=CANONICAL, fields=self.fields, section=SECTION, outputs=self.outputs)
        for number, row in walk(self.source, log, columns):
            case = case_of(row, number, columns, log)
            if log.n:
                break
            yield case
        if log.n:
            raise one_problem(self.path, *_CHANGED)
        self._check_unchanged()

    def _check_unchanged(self) -> None:
        if self.source.stamp() != self.stamp:
            raise one_problem(self.path, *_CHANGED)


_CHANGED: Final = ("the file changed since it was loaded", "load it again")


def load_dataset(path: Path, *, fields: Mapping[str, str] | None = None, outputs: Collection[str] = ()) -> Dataset:
    """Validate every row of a file of cases; `fields` maps fields to columns and wins over aliases.

    Columns named in `outputs` hold what candidates answered: they are kept apart from the metadata, because a judge
    must not see one candidate's answer beside another's.

    One pass: JSON lines, CSV, TSV and Parquet are streamed; a `.json` document is read whole.

    Raises:
        DatasetError: with all problems of the file.
    """
    source = find(path)
    stamp = source.stamp()
    log = ProblemLog(path, by_line=source.by_line)
    columns = Columns(log, wanted=CANONICAL, fields=fields or {}, section=SECTION, outputs=outputs)
    numbers: dict[str, int] = {}
    digests: list[tuple[str, str]] = []
    n_expected = n_outputs = 0
    for number, row in walk(source, log, columns):
        case = case_of(row, number, columns, log)
        if case.id:
            claim(case.id, number, numbers, log)
        if log.n:
            continue
        digests.append((case.id, case.digest))
        n_expected += case.expected is not None
        n_outputs += case.output is not None
    columns.finish()
    log.raise_if_any()
    dataset = Dataset(
        path=path,
        digest=dataset_digest(digests),
        n=len(digests),
        mapping=dict(columns.used),
        extra=tuple(columns.extra),
        notes=tuple(log.notes + columns.notes(extra="columns kept as metadata")),
        n_expected=n_expected,
        n_outputs=n_outputs,
        fields=dict(fields or {}),
        outputs=tuple(outputs),
        source=source,
        stamp=stamp,
    )
    if source.stamp() != stamp:
        raise one_problem(path, "the file changed while it was read", "load it again when it is complete")
    return dataset


def case_of(row: dict[str, Json], number: int, columns: Columns, log: ProblemLog) -> Case:
    """The case of a row; its problems go to the log, and what is wrong or missing is left empty."""

    def take(name: str, convert: Callable[[Json], T], default: T) -> T:
        column = columns.used.get(name)
        if column is None:
            return default
        try:
            return convert(row.get(column))
        except Refused as refused:
            if name not in columns.contested:
                log.refuse(number, refused, field=name)
            return default

    for name in ("id", "input"):
        if name not in columns.used:
            columns.without(name, number)
    return Case(
        id=take("id", values.case_id, ""),
        input=take("input", values.case_input, ""),
        expected=take("expected", values.expected, None),
        metadata=_with_extra(take("metadata", values.metadata, {}), row, number, columns, log),
        tags=take("tags", values.tags, ()),
        cluster=take("cluster", values.cluster, None),
        attachments=take("attachments", partial(attachments, root=log.path.parent), ()),
        output=take("output", values.output, None),
        outputs=_outputs(row, number, columns, log),
    )


def _outputs(row: dict[str, Json], number: int, columns: Columns, log: ProblemLog) -> dict[str, str]:
    """The outputs of the candidates that name a column, by the name they use for it."""
    found: dict[str, str] = {}
    for name in columns.outputs:
        column = columns.used.get("output", name) if name == "output" else name
        try:
            text = values.output(row.get(column))
        except Refused as refused:
            log.refuse(number, refused, field=column)
            continue
        if text is not None:
            found[name] = text
    return found


def claim(case_id: str, number: int, numbers: dict[str, int], log: ProblemLog) -> None:
    """Take the id for a row; a duplicate is told with both rows."""
    first = numbers.setdefault(case_id, number)
    if first != number:
        what = f"{case_id!r} is already the id of {log.where(first)}"
        log.add(number, what, "give every row an id of its own", field="id")


def _with_extra(
    metadata: dict[str, Json], row: dict[str, Json], number: int, columns: Columns, log: ProblemLog
) -> dict[str, Json]:
    """The metadata with the columns that are no field."""
    for column, key in columns.extra.items():
        value = row.get(column)
        if value is None:
            continue
        if key in metadata:
            what = f"the key {key!r} is also a column of the file"
            log.add(number, what, "rename one or leave it out", field="metadata")
        try:
            metadata[key] = values.plain(value)
        except Refused as refused:
            log.refuse(number, refused, field=column)
    return metadata
