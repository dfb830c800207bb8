"""Recorded outputs of one candidate: a file of `{id, output}`, read with the same care as a dataset.

A row may say what its output cost, how long it took, and its tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from evalkit.dataset import values
from evalkit.dataset.case import Json
from evalkit.dataset.cases import claim
from evalkit.dataset.columns import Columns
from evalkit.dataset.fact_columns import FactColumns
from evalkit.dataset.facts import OutputFacts
from evalkit.dataset.problems import ProblemLog, Refused
from evalkit.dataset.reading import walk
from evalkit.dataset.source import find
from evalkit.ids import dataset_digest, text_digest

SECTION: Final = "the candidate's fields"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """The outputs a candidate gave, by case id."""

    path: Path
    digest: str
    """Of every (id, text); neither the order of rows nor the file's format counts."""
    n: int
    texts: Mapping[str, str] = field(repr=False)
    facts: Mapping[str, OutputFacts] = field(default_factory=dict[str, OutputFacts], repr=False)
    """What the file says of how the outputs came about, by case id, where it says anything; no part of the digest."""
    notes: tuple[str, ...] = ()

    def served_by(self, model: str | None) -> Outputs:
        """The same, with the model that served each output of which the file does not say it."""
        if model is None:
            return self
        named = OutputFacts(model=model)
        # What the file says of an output is said of it alone, so it has the last word.
        return replace(self, facts={one: named.joined(self.facts.get(one, named)) for one in self.texts})


def all_by(model: str | None, case_ids: Iterable[str]) -> dict[str, OutputFacts]:
    """The facts of outputs of which nothing but the model is known; none where that is not."""
    return {} if model is None else {case_id: OutputFacts(model=model) for case_id in case_ids}


def load_outputs(path: Path, *, fields: Mapping[str, str] | None = None) -> Outputs:
    """Read recorded outputs; a row whose output is null (or an empty CSV cell) has none, which is noted.

    Raises:
        DatasetError: with all problems of the file.
    """
    source = find(path)
    log = ProblemLog(path, by_line=source.by_line)
    columns = Columns(log, wanted=("id", "output"), fields=fields or {}, section=SECTION)
    beside = FactColumns(columns, log)
    numbers: dict[str, int] = {}
    texts: dict[str, str] = {}
    facts: dict[str, OutputFacts] = {}
    for number, row in walk(source, log, columns):
        case_id, text = _take("id", row, number, columns, log), _take("output", row, number, columns, log)
        known = beside.take(row, number)
        if case_id is not None:
            claim(case_id, number, numbers, log)
            if text is not None:
                texts[case_id] = text
                if known is not None:
                    facts[case_id] = known
    columns.finish()
    if not texts and not log.n:
        log.add(None, "no row has an output", "record at least one", field="output")
    log.raise_if_any()
    without = len(numbers) - len(texts)
    read = [*beside.finish(), *_partly_known(facts, len(texts))]  # before the columns that are left are listed
    notes = log.notes + columns.notes(extra="columns left out") + read
    if without:
        notes.append(f"{without:,} of {len(numbers):,} rows have no output; their cases are unscored: missing")
    digest = dataset_digest((case_id, text_digest(text)) for case_id, text in texts.items())
    return Outputs(path=path, digest=digest, n=len(texts), texts=texts, facts=facts, notes=tuple(notes))


def _partly_known(facts: Mapping[str, OutputFacts], n: int) -> Iterator[str]:
    """What to say where the price or the time of some outputs is known, and of others not."""
    for name in ("cost_usd", "seconds"):
        known = sum(getattr(one, name) is not None for one in facts.values())
        if 0 < known < n:
            yield f"{name} is known for {known:,} of {n:,} outputs"


def _take(name: str, row: dict[str, Json], number: int, columns: Columns, log: ProblemLog) -> str | None:
    """The text of a field, or `None` where the row has none or a wrong one; the problem goes to the log."""
    column = columns.used.get(name)
    if column is None:
        columns.without(name, number)
        return None
    try:
        return _CONVERTERS[name](row.get(column))
    except Refused as refused:
        if name not in columns.contested:
            log.refuse(number, refused, field=name)
        return None


_CONVERTERS: Final[Mapping[str, Callable[[Json], str | None]]] = {
    "id": values.case_id,
    "output": values.output,
}
