"""A dataset: a file of cases, validated in one pass and streamed again whenever it is walked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from evalkit.dataset import values
from evalkit.dataset.attachment import attachments
from evalkit.dataset.case import SPLIT, Case, Json
from evalkit.dataset.columns import CANONICAL, LABELS, Columns
from evalkit.dataset.filter import Filter, Sieve
from evalkit.dataset.narrowed import narrowed, narrowing
from evalkit.dataset.part import CHANGED, Part
from evalkit.dataset.problems import ProblemLog, Refused, one_problem
from evalkit.dataset.reading import walk
from evalkit.ids import dataset_digest

T = TypeVar("T")
SECTION: Final = "[dataset.fields]"
DISTINCT: Final = "give every row an id of its own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Files of valid cases with distinct ids; iterating streams them, file after file in the order of rows.

    The digest is that of the cases' ids and digests: it does not depend on the file's format or compression,
    the order of keys, columns and rows, or on whether a member is null or absent. (The order of rows has no
    meaning for scores; the report keeps it.) What a format cannot say is beyond this: an empty CSV cell is
    absent, so CSV cannot hold an empty text, and no object or list but those of `metadata` and `tags`.
    """

    path: Path
    """The file; the first of several."""
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
    parts: tuple[Part, ...] = field(repr=False)
    """The files, one after another."""
    n_before: int
    """Cases of the files, before a filter."""
    narrowing: tuple[str, ...] = ()
    """What the user should be told of the filter."""
    filter: Filter | None = None
    kept: frozenset[str] | None = field(default=None, repr=False)
    """Ids of the cases that a filter left; all where None."""
    fields: Mapping[str, str] = field(repr=False)
    outputs: tuple[str, ...] = field(repr=False)
    """Columns that hold the outputs of a candidate."""
    labels: tuple[str, ...] = ()
    """Columns that hold what people said of the outputs."""

    @property
    def clustered(self) -> bool:
        """Whether a file has a column of clusters."""
        return "cluster" in self.mapping

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file, in the order of the cases."""
        return tuple(part.source.path for part in self.parts)

    @property
    def spec(self) -> dict[str, object]:
        """Where the cases are from, as a store keeps it: the files with their SHA-256, the filter, the counts.

        Raises:
            DatasetError: a file changed since it was loaded.
        """
        found: dict[str, object] = {"files": [part.spec() for part in self.parts], "cases": self.n_before}
        if self.filter is not None:
            found |= {"filter": dict(self.filter.spec), "left": self.n}
        return found

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[Case]:
        """Every case in file order.

        Raises:
            DatasetError: a file changed since it was loaded.
        """
        for part in self.parts:
            yield from self._cases(part)

    def _cases(self, part: Part) -> Iterator[Case]:
        part.check_unchanged()
        log = ProblemLog(part.source.path, by_line=part.source.by_line)
        columns = Columns(
            log,
            wanted=CANONICAL,
            fields=self.fields,
            section=SECTION,
            outputs=self.outputs,
            labels=self.labels,
        )
        for number, row in walk(part.source, log, columns):
            case = case_of(row, number, columns, log)
            if log.n:
                break
            if self.kept is None or case.id in self.kept:
                yield case
        if log.n:
            raise one_problem(part.source.path, *CHANGED)
        part.check_unchanged()


def load_dataset(
    path: Path | Sequence[Path],
    *,
    fields: Mapping[str, str] | None = None,
    outputs: Collection[str] = (),
    labels: Collection[str] | None = None,
    filter: Filter | None = None,  # noqa: A002 # the word of the config
) -> Dataset:
    """Validate every row of a file of cases, or of several; `fields` maps fields to columns and wins over aliases.

    Columns named in `outputs` hold what candidates answered: they are kept apart from the metadata, because a judge
    must not see one candidate's answer beside another's; so are the `labels` of people (`human`, `human_label` and
    `human_labels` where None). Cases that a filter leaves out are validated like the others.

    One pass: JSON lines, CSV, TSV and Parquet are streamed; a `.json` document is read whole.

    Raises:
        DatasetError: with all problems of the files; or the filter leaves no case.
    """
    from evalkit.dataset.loading import Loading  # which makes cases of rows, as this module says how

    paths = [path] if isinstance(path, Path) else list(path)
    named = LABELS if labels is None else tuple(labels)
    loading = Loading(
        fields=dict(fields or {}),
        outputs=tuple(outputs),
        labels=named,
        sieve=Sieve(filter or Filter()),
        files=len(paths),
    )
    for one in paths:
        loading.read(one)
    loading.raise_if_any(paths)
    members = narrowed(loading.members, loading.sieve, paths[0]) if filter else loading.members
    kept = frozenset(one.id for one in members)
    for part in loading.parts:
        part.check_unchanged("the file changed while it was read", "load it again when it is complete")
    return Dataset(
        path=paths[0],
        digest=dataset_digest((one.id, one.digest) for one in members),
        n=len(members),
        mapping=loading.mapping,
        extra=tuple(loading.extra),
        notes=tuple(loading.notes),
        narrowing=tuple(narrowing(filter, len(members), loading.sieve)),
        n_expected=len(loading.with_expected & kept),
        n_outputs=len(loading.with_output & kept),
        parts=tuple(loading.parts),
        n_before=loading.sieve.seen,
        filter=filter,
        kept=kept if filter else None,
        fields=loading.fields,
        outputs=loading.outputs,
        labels=named,
    )


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
        tags=_with_split(take("tags", values.tags, ()), take("split", values.cluster, None)),
        cluster=take("cluster", values.cluster, None),
        attachments=take("attachments", partial(attachments, root=log.path.parent), ()),
        output=take("output", values.output, None),
        outputs=_outputs(row, number, columns, log),
        labels={column: row[column] for column in columns.labels if row.get(column) is not None},
    )


def _with_split(tags: tuple[str, ...], split: str | None) -> tuple[str, ...]:
    """The tags with that of the split, unless one of them says it."""
    tag = f"{SPLIT}{split}"
    return tags if split is None or tag in tags else (*tags, tag)


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


def claim(case_id: str, number: int, numbers: dict[str, int], log: ProblemLog) -> bool:
    """Take the id for a row, and say whether it was free; a duplicate is told with both rows."""
    first = numbers.setdefault(case_id, number)
    if first != number:
        log.add(number, f"{case_id!r} is already the id of {log.where(first)}", DISTINCT, field="id")
    return first == number


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
            metadata[key] = values.contexts(value) if key == "contexts" else values.plain(value)
        except Refused as refused:
            log.refuse(number, refused, field=column)
    return metadata
