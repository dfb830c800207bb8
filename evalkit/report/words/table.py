"""The run table: one group per grader, criterion and judge, one row per run, every number with what it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from evalkit.report.page import CellKey, ComparisonRow, Page, RunRow, Since
from evalkit.report.words import figures
from evalkit.report.words.details import details
from evalkit.report.words.groups import GroupKey, Named, named
from evalkit.report.words.money import cost_of, money_of
from evalkit.report.words.names import criterion_name
from evalkit.report.words.sentence import MARKS, Outcome, least_shown, outcome_of

MANY_ROWS: Final = 16
"""Rows of the table from which it is a place to find things in: compact, and with a head that stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaCell:
    """The difference to one baseline, as text."""

    outcome: Outcome
    mark: str
    delta: str
    interval: str
    against: str
    """The baseline, where the group has several."""
    p: str
    unseen: str
    """What this many pairs could have shown, where nothing is decided."""
    tally: str
    row: ComparisonRow


@dataclass(frozen=True, slots=True, kw_only=True)
class SinceCell:
    """What became of a run since the last time, as text."""

    label: str
    outcome: Outcome
    delta: str
    interval: str
    rest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """One run's line, as text."""

    name: str
    is_baseline: bool
    row: RunRow
    coverage: str
    unscored: str
    mean: str
    interval: str
    corrected: str
    """The mean as human labels correct it, with its interval; empty where they do not."""
    deltas: tuple[DeltaCell, ...]
    since: SinceCell | None
    cost: str
    cost_note: str
    anchor: str
    details: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """All runs of one grader, criterion and judge."""

    title: str
    judge: str
    baseline: str
    """What the differences are to, where it is one run."""
    lines: tuple[RunLine, ...]

    @property
    def scored_by(self) -> str:
        """The tools that gave the scores, where it was not evalkit."""
        return ", ".join(dict.fromkeys(line.row.scored_by for line in self.lines if line.row.scored_by))

    @property
    def simulated(self) -> bool:
        """Whether the judge of every run is: then it is said once."""
        return all(line.row.simulated for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTable:
    """The groups with what they have columns for."""

    groups: tuple[Group, ...]
    compared: bool
    since: str
    """What the differences to the last time are called; empty where no run had one."""
    p_name: str
    money: str
    """What all of it cost, and what realtime requests would have."""

    @property
    def many(self) -> bool:
        """Whether there are more rows than one looks over."""
        return sum(len(group.lines) for group in self.groups) >= MANY_ROWS

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return 4 + 3 * self.compared + bool(self.since)


def groups(page: Page, names: Mapping[str, str]) -> list[Group]:
    """The groups of the run table in the order the runs are given, baselines first."""
    return list(run_table(page, names).groups)


def run_table(page: Page, names: Mapping[str, str]) -> RunTable:
    """The whole table; `names` are how the rest of the page calls the runs."""
    call = named(page, names)
    return RunTable(
        groups=tuple(_group(page, call, key, rows) for key, rows in call.groups.items()),
        compared=bool(page.comparisons),
        since=_since_name(page),
        p_name="adjusted p" if page.adjustment else "p",
        money=money_of(page),
    )


def _group(page: Page, call: Named, key: GroupKey, rows: Sequence[RunRow]) -> Group:
    keys = {row.key for row in rows}
    mine = [one for one in page.comparisons if CellKey(one.candidate, one.criterion) in keys]
    against = {one.baseline for one in mine}
    first = against | {page.baseline}
    ordered = sorted(rows, key=lambda row: row.run not in first)
    only = call.baseline(mine[0]) if len(against) == 1 else ""
    return Group(
        title=criterion_name(key.grader, key.criterion),
        judge=key.judge,
        baseline=only,
        lines=tuple(
            _line(page, call, row, mine, is_baseline=row.run in first, several=len(against) > 1) for row in ordered
        ),
    )


def _line(
    page: Page, call: Named, row: RunRow, compared: Sequence[ComparisonRow], *, is_baseline: bool, several: bool
) -> RunLine:
    mine = [one for one in compared if one.candidate == row.run]
    cost, cost_note = cost_of(row, page)
    return RunLine(
        name=call.local(row),
        is_baseline=is_baseline,
        row=row,
        coverage=_coverage(row),
        unscored=_unscored(row),
        mean="no score yet" if row.mean is None else figures.value(row.mean),
        interval=figures.interval(row.low, row.high),
        corrected=_corrected(row),
        deltas=tuple(_delta(one, call, margin=page.margin, several=several) for one in mine),
        since=_since(row.since) if row.since else None,
        cost=cost,
        cost_note=cost_note,
        anchor=f"run-{page.runs.index(row)}",
        details=tuple(details(row, _corrected(row), mine)),
    )


def _corrected(row: RunRow) -> str:
    if row.corrected is None:
        return ""
    return f"{figures.value(row.corrected)} {figures.interval(row.corrected_low, row.corrected_high)}".rstrip()


def _coverage(row: RunRow) -> str:
    if row.scored == row.n:
        return figures.count(row.n)
    return f"{figures.count(row.scored)} of {figures.count(row.n)}"


def _unscored(row: RunRow) -> str:
    parts = [f"{figures.count(number)} {status.value}" for status, number in row.unscored.items() if number]
    if row.pending:
        parts.append(f"{figures.count(row.pending)} pending")
    return ", ".join(parts)


def _delta(row: ComparisonRow, call: Named, *, margin: float | None, several: bool) -> DeltaCell:
    outcome = outcome_of(row, margin=margin)
    unseen = least_shown(row) if outcome is Outcome.UNDECIDED else None
    return DeltaCell(
        outcome=outcome,
        mark=MARKS[outcome],
        delta="refused" if row.refused else "no pair yet" if row.delta is None else figures.signed(row.delta),
        interval=figures.signed_interval(row.low, row.high),
        against=call.baseline(row) if several else "",
        p="" if row.delta is None else _p_value(row),
        unseen="" if unseen is None else f"could show ±{figures.value(unseen)}",
        tally="–" if row.delta is None else f"{row.wins:,} / {row.ties:,} / {row.losses:,}",
        row=row,
    )


def _p_value(row: ComparisonRow) -> str:
    found = row.p_value if row.p_adjusted is None else row.p_adjusted
    return "" if found is None else figures.p_value(found).removeprefix("= ")


def _since_name(page: Page) -> str:
    """`since monday` where that was the last time of all, which then need not be named again."""
    labels = {since_label(row.since) for row in page.runs if row.since}
    return f"since {labels.pop()}" if len(labels) == 1 else "since last time" if labels else ""


def _since(last: Since) -> SinceCell:
    return SinceCell(
        label=since_label(last),
        outcome=moved(last),
        delta="" if last.delta is None else figures.signed(last.delta),
        interval=figures.signed_interval(last.low, last.high),
        rest=", ".join(_since_rest(last)),
    )


def since_label(last: Since) -> str:
    """How the last time is called: by its label, or by its day where it has none."""
    return last.label or f"{last.date:%Y-%m-%d}"


def moved(last: Since) -> Outcome:
    """Whether a run moved since the last time, beyond what the interval allows for chance."""
    if last.low is None or last.high is None:
        return Outcome.WAITING
    return Outcome.BETTER if last.low > 0 else Outcome.WORSE if last.high < 0 else Outcome.UNDECIDED


def _since_rest(last: Since) -> list[str]:
    if last.delta is not None:
        return [f"{figures.count(last.wins)} better", f"{figures.count(last.losses)} worse", *last.changes]
    then = "no score then" if last.mean is None else f"{figures.value(last.mean)} then"
    return [then, *last.changes] if last.changes else [then, *last.reasons]
