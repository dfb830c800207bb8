"""The cases of one run on one criterion as CI shows them: what became of each, beside its baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter

from evalkit.analysis.scores import CaseScore, RunScores
from evalkit.config.gate import Direction
from evalkit.stats import TIE


class Fate(StrEnum):
    """What became of a case."""

    KEPT = "kept"
    #: It scores worse than in the baseline; without a baseline, worse than the value that passes.
    WORSE = "worse"
    #: It has no score, for a reason of the judge's, the API's or the candidate's.
    UNSCORED = "unscored"
    #: It has no result yet, or nothing in the baseline to be held against.
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """One case, and in `why` a few words on what became of it."""

    case_id: str
    fate: Fate
    why: str = ""
    value: float | None = None
    baseline: float | None = None
    label: str | None = None
    baseline_label: str | None = None
    reason: str = ""
    """The judge's, where it is known."""
    line: int | None = None
    """Where the case stands in the file of its dataset."""
    file: str | None = None
    """Its file, where it is another than the table's: a dataset may be of several."""

    @property
    def delta(self) -> float | None:
        """The value less the baseline's."""
        return None if self.value is None or self.baseline is None else self.value - self.baseline


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTable:
    """The cases of one candidate run on one criterion, in the order of the dataset."""

    dataset: str
    """The dataset's name."""
    grader: str
    criterion: str
    candidate: str
    run: str
    rows: tuple[CaseRow, ...]
    file: str | None = None
    """The file of the dataset, from the root of the repository; None where it is not in one."""
    direction: Direction = "higher"

    @property
    def name(self) -> str:
        """The grader, and the criterion where it has another name."""
        return self.grader if self.grader == self.criterion else f"{self.grader}/{self.criterion}"

    def loss(self, row: CaseRow) -> float:
        """How much worse a case is than its baseline, for sorting."""
        delta = row.delta or 0.0
        return -delta if self.direction == "higher" else delta


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseNotes:
    """What the scores do not hold of the cases, by case id."""

    reasons: Mapping[str, str] = field(default_factory=dict[str, str])
    lines: Mapping[str, int] = field(default_factory=dict[str, int])


def case_table(
    candidate: RunScores,
    baseline: RunScores | None,
    *,
    dataset: str,
    direction: Direction = "higher",
    pass_value: float | None = None,
    file: str | None = None,
    notes: CaseNotes | None = None,
) -> CaseTable:
    """The cases of a run beside their baseline; `pass_value` counts only where there is no baseline run at all.

    Raises:
        IntegrityError: a run holds a case twice.
    """
    known = notes or CaseNotes()
    before = baseline.by_id() if baseline else None
    turned = 1 if direction == "higher" else -1
    rows = [
        _row(case, before, turned=turned, pass_value=pass_value, notes=known)
        for case in sorted(candidate.by_id().values(), key=attrgetter("position"))
    ]
    rows += [
        CaseRow(case_id=case_id, fate=Fate.LEFT_OUT, why="pending", line=known.lines.get(case_id))
        for case_id in candidate.pending or ()
    ]
    return CaseTable(
        dataset=dataset,
        grader=candidate.grader,
        criterion=candidate.criterion,
        candidate=candidate.candidate,
        run=candidate.run,
        rows=tuple(rows),
        file=file,
        direction=direction,
    )


def _row(
    case: CaseScore,
    before: Mapping[str, CaseScore] | None,
    *,
    turned: int,
    pass_value: float | None,
    notes: CaseNotes,
) -> CaseRow:
    other = before.get(case.case_id) if before is not None else None
    same = other is not None and other.case_digest == case.case_digest
    fate, why = _fate(case, other, has_baseline=before is not None, turned=turned, pass_value=pass_value)
    return CaseRow(
        case_id=case.case_id,
        fate=fate,
        why=why,
        value=case.value,
        baseline=other.value if other is not None and same else None,
        label=case.label,
        baseline_label=other.label if other is not None and same else None,
        reason=notes.reasons.get(case.case_id, ""),
        line=notes.lines.get(case.case_id),
    )


def _fate(
    case: CaseScore, other: CaseScore | None, *, has_baseline: bool, turned: int, pass_value: float | None
) -> tuple[Fate, str]:
    if case.value is None:
        return Fate.UNSCORED, str(case.status)
    if has_baseline:
        return _beside(case, case.value, other, turned=turned)
    if pass_value is not None and (case.value - pass_value) * turned < -TIE:
        return Fate.WORSE, f"{case.value:g}, and {pass_value:g} passes"
    return Fate.KEPT, ""


def _beside(case: CaseScore, value: float, other: CaseScore | None, *, turned: int) -> tuple[Fate, str]:
    if other is None:
        return Fate.LEFT_OUT, "not in the baseline"
    if other.case_digest != case.case_digest:
        return Fate.LEFT_OUT, "changed since the baseline"
    if other.value is None:
        return Fate.LEFT_OUT, f"{other.status} in the baseline"
    if (value - other.value) * turned < -TIE:
        return Fate.WORSE, f"{other.value:g} -> {value:g}"
    return Fate.KEPT, ""
