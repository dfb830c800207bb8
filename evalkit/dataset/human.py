"""Human labels that stand in the dataset itself: a column that no judge sees and no digest knows.

A cell is a label; an object of criterion -> label; or a list of either, one per rater.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from evalkit.dataset.case import Case, Json
from evalkit.dataset.cases import Dataset
from evalkit.dataset.labels import HumanLabel, Labels, ToValue
from evalkit.dataset.problems import Refused, listed
from evalkit.errors import DatasetError, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelColumn:
    """A column of labels of a dataset."""

    dataset: Dataset
    column: str

    def labels(self, criteria: Mapping[str, ToValue], cases: Collection[str]) -> Labels:
        """The labels that are of the run's cases.

        Raises:
            DatasetError: no case has a label there, or one is none of the labels of its criterion.
        """
        return labels_in(self.dataset, self.column, criteria=criteria, cases=cases)


def labels_in(dataset: Dataset, column: str, *, criteria: Mapping[str, ToValue], cases: Collection[str]) -> Labels:
    """The labels of a column of a dataset; a case of the dataset that is none of the run's is counted.

    Raises:
        DatasetError: no case has a label there, or one is none of the labels of its criterion.
    """
    found: dict[str, list[HumanLabel]] = {name: [] for name in criteria}
    problems: list[Problem] = []
    unlabelled, seen = 0, False
    unknown: list[str] = []
    others = 0
    columns = dict.fromkeys(dataset.extra)
    for case in dataset:
        columns.update(dict.fromkeys(case.labels))
        cell, is_metadata = _cell(case, column)
        seen |= is_metadata
        if cell is None or cell in ("", [], {}):
            unlabelled += case.id in cases
            continue
        if case.id not in cases:
            unknown.append(case.id)
            continue
        for rater, criterion, label in _labels(cell, criteria):
            if criterion not in criteria:
                others += 1
                continue
            try:
                value = criteria[criterion](label)
            except Refused as refused:
                what = f"case {case.id!r}: {refused.what}"
                problems.append(Problem(str(dataset.path), column, what, refused.mend))
                continue
            found[criterion].append(HumanLabel(case_id=case.id, value=value, rater=rater))
    if not problems and not any(found.values()):
        has = listed(columns)
        what = f"no case of the run has a label in a column {column!r}; the columns beside the fields are {has}"
        problems.append(Problem(str(dataset.path), column, what, "name the column of labels with --labels-field"))
    if problems:
        raise DatasetError(problems)
    note = f'{column!r} is metadata, which a judge may see: write labels = ["{column}"] into [dataset]'
    return Labels(
        path=dataset.path,
        by_criterion={name: tuple(labels) for name, labels in found.items() if labels},
        other_criteria=others,
        unlabelled=unlabelled,
        unknown=tuple(unknown),
        notes=(note,) if seen else (),
    )


def _cell(case: Case, column: str) -> tuple[Json, bool]:
    """What stands in the column, and whether it is metadata."""
    if column in case.labels:
        return case.labels[column], False
    return case.metadata.get(column), column in case.metadata


def _labels(cell: Json, criteria: Mapping[str, ToValue]) -> Iterator[tuple[str | None, str, Json]]:
    """(rater, criterion, label) of a cell; a lone label is of every criterion."""
    raters = cell if isinstance(cell, list) else [cell]
    for place, said in enumerate(raters, start=1):
        rater = str(place) if len(raters) > 1 else None
        by_criterion = cast("dict[str, Json]", said) if isinstance(said, dict) else dict.fromkeys(criteria, said)
        for criterion, label in by_criterion.items():
            if label is not None:
                yield rater, criterion, label
