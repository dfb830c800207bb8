"""Which column is which field: canonical names, the aliases of the field, and the user's own mapping."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from evalkit.dataset.problems import ProblemLog, did_you_mean, listed

CANONICAL: Final = (
    "id", "input", "expected", "output", "metadata", "tags", "cluster", "split", "source_doc", "contexts",
    "attachments",
)  # fmt: skip
ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("case_id", "example_id", "external_id"),
    "input": ("inputs", "question", "prompt", "query", "user_input", "instruction"),
    "expected": (
        "expected_output",
        "expectedOutput",
        "ideal",
        "target",
        "reference",
        "answer",
        "ground_truth",
    ),
    "output": ("actual_output", "response", "completion", "prediction"),
    "metadata": ("additional_metadata",),
    "tags": ("tag",),
    "cluster": ("cluster_id", "group"),
    "split": ("dataset_split", "partition"),
    "attachments": (),
}
WEAK_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {"input": ("messages", "conversation", "turns")}
"""Names that are a field only where no other column is; beside one they are metadata."""
IN_METADATA: Final[Mapping[str, tuple[str, ...]]] = {
    "source_doc": ("source_document",),
    "contexts": ("retrieved_contexts", "retrieval_context", "retrieved_context"),
}
"""Keys of the metadata that a user may map, with their other names: what an answer was to rest on."""
_KEY_OF: Final = {name: key for key, names in IN_METADATA.items() for name in names}
_WEAK: Final = frozenset([*_KEY_OF, *(name for names in WEAK_ALIASES.values() for name in names)])
LABELS: Final = ("human", "human_label", "human_labels")
"""Columns of what people said of the outputs, unless the user names others."""
_METADATA_PREFIXES: Final = ("__metadata:", "metadata.")
_PANDAS_INDEX: Final = re.compile(r"__index_level_\d+__")


class Columns:
    """The mapping of one file, learned from its column names as they appear; conflicts go to the log.

    `wanted` are the fields this file may have; any other column is `extra`, but for those that hold the `outputs` of
    a candidate. `section` is where the user maps columns, for the mends; `aliases` are fields with their other names.
    """

    def __init__(
        self,
        log: ProblemLog,
        *,
        wanted: Collection[str],
        fields: Mapping[str, str],
        section: str,
        outputs: Collection[str] = (),
        labels: Collection[str] = (),
        several: bool = False,
        aliases: Mapping[str, tuple[str, ...]] = ALIASES,
    ) -> None:
        self.outputs = frozenset(outputs)
        self._labels = frozenset(labels)
        self.labels: list[str] = []
        """Columns of human labels, in the order they were seen."""
        self._aliases = aliases
        self._field_of = {name: field for field, others in aliases.items() for name in (field, *others)}
        self.known: set[str] = set()
        self.used: dict[str, str] = {}
        self.extra: dict[str, str] = {}
        self.contested: set[str] = set()
        """Fields that two columns claim: a row that lacks the first of them may have the other."""
        self._several = several
        """Whether a column that the user names may be in another file, but for those that no case can lack."""
        self._log = log
        self._wanted = wanted
        self._fields = self._checked(fields, section)
        self._section = section
        self._rows_without: dict[str, list[int]] = {}

    def learn(self, names: Iterable[str], number: int | None) -> None:
        """Take in the columns of a header or a row; `number` is where they were first seen."""
        new = [name for name in names if name not in self.known]
        for name in sorted(new, key=_WEAK.__contains__):
            self.known.add(name)
            self._learn(name, number)

    def without(self, field: str, number: int) -> None:
        """Note a row that lacks a field no column is known for so far."""
        self._rows_without.setdefault(field, []).append(number)

    def finish(self) -> None:
        """Tell what only the whole file shows: mapped columns that do not exist, fields without a column."""
        for field, column in self._fields.items():
            elsewhere = self._several and field not in _MISSING_MEND
            if self.known and column not in self.known and not elsewhere:
                what = f"there is no column {column!r}; the columns are {self._listed()}"
                self._log.add(None, what, self._mend(field, column), field=field)
        for field, numbers in self._rows_without.items():
            self._tell_rows_without(field, numbers)

    def notes(self, *, extra: str) -> list[str]:
        """What the user should know of the mapping; `extra` says what became of the other columns, if that matters."""
        renamed = [
            f"{field} is read from {column!r}"
            for field, column in sorted(self.used.items(), key=lambda pair: list(self._aliases).index(pair[0]))
            if column != field
        ]
        kept = sorted((key, column) for column, key in self.extra.items() if key in IN_METADATA and key != column)
        renamed += [f"metadata.{key} is read from {column!r}" for key, column in kept]
        if self.labels:
            renamed.append(f"columns kept as human labels, which no judge sees: {listed(self.labels)}")
        return [*renamed, f"{extra}: {listed(self.extra)}"] if self.extra and extra else renamed

    def _learn(self, name: str, number: int | None) -> None:
        mapped = [field for field, column in self._fields.items() if column == name]
        self.used.update({field: name for field in mapped if field not in IN_METADATA})
        if keys := [field for field in mapped if field in IN_METADATA]:
            self.extra[name] = keys[0]
        field = self._field_of.get(name)
        if mapped or (name in self.outputs and field != "output"):
            return
        if name in self._labels:
            self.labels.append(name)
        elif field is not None and field in self._wanted and field not in self._fields:
            self._claim(field, name, number)
        elif (weak := self._weak(name)) is not None:
            self._claim(weak, name, number)
        elif name == "outputs" and self._unsaid("expected", "output"):
            choices = " or ".join(f'{field} = "outputs"' for field in ("expected", "output") if field in self._wanted)
            what = "column 'outputs' may hold references or recorded outputs"
            self._log.add(number, what, f"say which in {self._section}: {choices}")
        elif _PANDAS_INDEX.fullmatch(name):
            self._log.notes.append(f"column {name!r}, the index of a data frame, is left out")
        else:
            self._keep(name, number)

    def _weak(self, name: str) -> str | None:
        """The field that a column is only for want of another; None where there is another."""
        found = next((field for field, names in WEAK_ALIASES.items() if name in names), None)
        free = found in self._wanted and found not in self.used and found not in self._fields
        return found if free else None

    def _unsaid(self, *fields: str) -> bool:
        """Whether this file may have some of these fields, and the user mapped none of them."""
        return bool(set(fields) & set(self._wanted)) and not self._fields.keys() & set(fields)

    def _claim(self, field: str, name: str, number: int | None) -> None:
        first = self.used.setdefault(field, name)
        if first != name:
            self.contested.add(field)
            what = f"columns {first!r} and {name!r} both claim it"
            self._log.add(number, what, f'say which in {self._section}: {field} = "{first}"', field=field)

    def _keep(self, name: str, number: int | None) -> None:
        prefix = next((prefix for prefix in _METADATA_PREFIXES if name.startswith(prefix)), "")
        key = name.removeprefix(prefix) or name
        if "metadata" in self._wanted and self._is_free(other := _KEY_OF.get(name)):
            key = other or key
        twin = next((column for column, taken in self.extra.items() if taken == key), None)
        if twin is not None and "metadata" in self._wanted:
            what = f"columns {twin!r} and {name!r} both become the key {key!r}"
            self._log.add(number, what, "rename one or leave it out", field="metadata")
        else:
            self.extra[name] = key

    def _is_free(self, key: str | None) -> bool:
        """Whether a key of the metadata is read from no column so far."""
        return key is not None and key not in self._fields and key not in self.extra.values()

    def _tell_rows_without(self, field: str, numbers: list[int]) -> None:
        if field in self.used:
            # A row may lack any other field than these, whether its column is known by then or not.
            for number in numbers if field in _MISSING_MEND else ():
                self._log.add(number, "is missing or empty", _MISSING_MEND[field], field=field)
        elif field not in self._fields and not (field == "output" and "outputs" in self.known):
            near = [name for name in self.known if did_you_mean(name, (field, *self._aliases[field]))]
            guess = min(near, key=str.casefold, default="my_column")
            what = f"no column is the {field}; the columns are {self._listed()}"
            mend = f'add one, or name yours in {self._section}: {field} = "{guess}"'
            self._log.add(None, what, mend, field=field)

    def _checked(self, fields: Mapping[str, str], section: str) -> dict[str, str]:
        """The user's mapping without the fields that do not exist, which are told."""
        for field in fields:
            if field not in self._wanted:
                mend = f"{did_you_mean(field, self._wanted)}the fields are {listed(self._wanted)}"
                self._log.add(None, f"{section} maps {field!r}, which is not a field", mend)
        return {field: column for field, column in fields.items() if field in self._wanted}

    def _mend(self, field: str, column: str) -> str:
        return f"{did_you_mean(column, self.known)}set {field} in {self._section} to a column of the file"

    def _listed(self) -> str:
        return listed(sorted(self.known)) if self.known else "none"


_MISSING_MEND: Final = {
    "id": "give every row an id of its own",
    "input": "every row needs an input, or leave the row out",
}
