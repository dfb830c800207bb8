"""The trust list: what was checked and how it stands, said either way, because silence looks like a pass."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from evalkit.graders.jury import jurors
from evalkit.report.page import AGREES, Agreement, ComparisonRow, Page, RunRow
from evalkit.report.words import figures
from evalkit.report.words.names import criterion_name
from evalkit.report.words.power import blind
from evalkit.report.words.sentence import least_shown
from evalkit.score import Status

ENOUGH_LABELS: Final = 50
"""Human labels below which the agreement of a judge with people is hardly known."""


class State(StrEnum):
    """How a check stands."""

    FINE = "fine"
    CAUTION = "caution"
    ALARM = "alarm"
    UNCHECKED = "unchecked"


MARKS = {State.FINE: "✓", State.CAUTION: "!", State.ALARM: "✗", State.UNCHECKED: "○"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustLine:
    """One check with its state."""

    state: State
    topic: str
    text: str

    @property
    def mark(self) -> str:
        """The sign beside the colour."""
        return MARKS[self.state]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The list in short: how many checks are fine, those that are not, and the rest."""

    summary: str
    open: tuple[TrustLine, ...]
    """What takes something away from the numbers, the gravest first."""
    rest: tuple[TrustLine, ...]


def trust(page: Page) -> Trust:
    """The list with what is wrong open and the rest behind one line, which says what was not checked."""
    lines = trust_lines(page)
    bad = [line for state in (State.ALARM, State.CAUTION) for line in lines if line.state is state]
    rest = [line for line in lines if line not in bad]
    fine = sum(line.state is State.FINE for line in rest)
    unchecked = [line.topic.lower() for line in rest if line.state is State.UNCHECKED]
    summary = f"{fine} of {len(lines)} checks fine" + (f"; not checked: {', '.join(unchecked)}" if unchecked else "")
    return Trust(summary=summary, open=tuple(bad), rest=tuple(rest))


def trust_lines(page: Page) -> list[TrustLine]:
    """Every line, in the order of what matters most."""
    return [
        _comparable(page.comparisons),
        _pairs(page.comparisons),
        _coverage(page.runs),
        _pending(page.runs),
        _served(page.runs),
        _multiplicity(page),
        _power(page),
        _agreement(page.agreement),
        *_sentinels(page.runs),
        _simulated(page.runs),
        _money(page),
    ]


def _line(state: State, topic: str, text: str) -> TrustLine:
    return TrustLine(state=state, topic=topic, text=text)


def _comparable(rows: tuple[ComparisonRow, ...]) -> TrustLine:
    if not rows:
        return _line(State.UNCHECKED, "Comparable", "nothing is compared on this page")
    bad = [row for row in rows if not row.comparable]
    if not bad:
        same = "same grader and same served judge in every comparison"
        shared = "the cases that both runs have" if any(map(_departs, rows)) else "the same cases"
        return _line(State.FINE, "Comparable", f"{same}, over {shared}")
    reasons = dict.fromkeys(reason for row in bad for reason in row.reasons)
    text = f"{figures.some(len(bad), 'comparison')} of {len(rows)} not comparable: {'; '.join(reasons)}"
    return _line(State.ALARM, "Comparable", text)


def _departs(row: ComparisonRow) -> bool:
    return bool(row.added or row.removed or row.changed)


def _pairs(rows: tuple[ComparisonRow, ...]) -> TrustLine:
    if not rows:
        return _line(State.UNCHECKED, "Pairs", "no baseline, so no case is paired")
    loose = max(rows, key=lambda row: row.n_unpaired)
    if loose.n_unpaired == 0:
        return _line(State.FINE, "Pairs", "every case is paired; none added, removed or changed")
    departed = loose.added + loose.removed + loose.changed
    why = [
        (loose.added, "added"),
        (loose.removed, "removed"),
        (loose.changed, "changed"),
        (loose.n_unpaired - departed, "not scored in both"),
    ]
    named = ", ".join(f"{figures.count(number)} {word}" for number, word in why if number > 0)
    text = f"up to {figures.some(loose.n_unpaired, 'case')} left out of a comparison"
    return _line(State.CAUTION, "Pairs", f"{text} ({named})")


def _coverage(rows: tuple[RunRow, ...]) -> TrustLine:
    reasons: Counter[Status] = Counter()
    for row in rows:
        reasons.update(row.unscored)
    missing, total = sum(reasons.values()), sum(row.n for row in rows)
    if not missing and not any(row.scored for row in rows):
        return _line(State.UNCHECKED, "Coverage", "no case has a score yet")
    if not missing:
        pending = any(row.pending for row in rows)
        text = "no result without a score so far" if pending else "every case has a score in every run"
        return _line(State.FINE, "Coverage", text)
    named = ", ".join(f"{figures.count(number)} {status.value}" for status, number in reasons.most_common())
    text = f"{figures.count(missing)} of {figures.count(total)} scores missing ({named}); never counted as 0"
    return _line(State.CAUTION, "Coverage", text)


def _pending(rows: tuple[RunRow, ...]) -> TrustLine:
    waiting = sum(row.pending for row in rows)
    if not waiting:
        return _line(State.FINE, "Finished", "no result is pending")
    return _line(State.CAUTION, "Finished", f"{figures.some(waiting, 'result')} pending; the numbers will change")


def _served(rows: tuple[RunRow, ...]) -> TrustLine:
    by_column: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        by_column.setdefault((row.grader, row.judge), set()).update(row.served_models)
    # A jury is as many judges as it has members, each served by a model of its own.
    mixed = {key: models for key, models in by_column.items() if len(models) > max(1, len(jurors(key[1])))}
    if mixed:
        text = "; ".join(" and ".join(sorted(models)) for models in mixed.values())
        juries = all(jurors(judge) for _, judge in mixed)
        who = (
            "a jury was served by more models than it has judges"
            if juries
            else "one judge was served by several models"
        )
        return _line(State.CAUTION, "Judge", f"{who}: {text}")
    models = sorted({model for models in by_column.values() for model in models})
    if not models:
        return _line(State.UNCHECKED, "Judge", "no served model recorded")
    return _line(State.FINE, "Judge", f"served by {', '.join(models)} throughout")


def _multiplicity(page: Page) -> TrustLine:
    if not page.comparisons:
        return _line(State.UNCHECKED, "Multiple tests", "nothing is compared on this page")
    if len(page.comparisons) == 1:
        return _line(State.FINE, "Multiple tests", "one comparison, so nothing to correct for")
    if page.adjustment:
        return _line(State.FINE, "Multiple tests", f"p values corrected: {page.adjustment}")
    text = f"p values not corrected for {len(page.comparisons)} comparisons"
    return _line(State.CAUTION, "Multiple tests", text)


def _power(page: Page) -> TrustLine:
    known = [least for row in page.comparisons if (least := least_shown(row)) is not None]
    if not known:
        return _line(State.UNCHECKED, "Power", "the smallest difference this set can show is not known")
    ends = dict.fromkeys(f"±{figures.value(end)}" for end in (min(known), max(known)))
    what = "a comparison" if len(ends) > 1 else "this set"
    text = f"smallest difference {what} can show: {' to '.join(ends)} at 80 % power"
    coarse = blind(page)
    if coarse and page.margin is not None:
        text += f"; coarser than the margin of {figures.value(page.margin)} in {len(coarse)} undecided"
        return _line(State.CAUTION, "Power", text)
    return _line(State.FINE, "Power", text)


def _agreement(rows: tuple[Agreement, ...]) -> TrustLine:
    if not rows:
        return _line(State.UNCHECKED, "Human labels", "the judge was not checked against people")
    few = min(row.n for row in rows)
    weak = [row for row in rows if row.value < AGREES]
    shown = "; ".join(f"{_named(row)} {row.statistic} {row.value:.2f} (n={figures.count(row.n)})" for row in rows)
    if weak:
        named = ", ".join(_named(row) for row in weak)
        return _line(State.ALARM, "Human labels", f"{shown}; do not act on {named} alone")
    if few < ENOUGH_LABELS:
        return _line(State.CAUTION, "Human labels", f"{shown}; a weak check, with fewer than {ENOUGH_LABELS} labels")
    return _line(State.FINE, "Human labels", shown)


def _sentinels(rows: tuple[RunRow, ...]) -> list[TrustLine]:
    """Nothing where no run has any: then nobody expects it."""
    known = {row.run: (row.sentinels_caught, row.sentinels) for row in rows if row.sentinels is not None}
    caught, n = sum(one for one, _ in known.values()), sum(n or 0 for _, n in known.values())
    if not known:
        return []
    if not n:
        return [_line(State.UNCHECKED, "Sentinels", "no sentinel has a reply yet")]
    text = f"the judge caught {figures.count(caught)} of {figures.some(n, 'sentinel')}"
    return [_line(State.FINE if caught == n else State.CAUTION, "Sentinels", text)]


def _named(row: Agreement) -> str:
    return criterion_name(row.grader, row.criterion)


def _simulated(rows: tuple[RunRow, ...]) -> TrustLine:
    if any(row.simulated and row.scored for row in rows):
        text = "some scores come from a simulated judge: they show the page, not the candidates"
        return _line(State.ALARM, "Real", text)
    if not any(row.scored for row in rows):
        return _line(State.UNCHECKED, "Real", "no score to look at yet")
    return _line(State.FINE, "Real", "no score comes from a simulated judge")


def _money(page: Page) -> TrustLine:
    unknown = {row.run for row in page.runs if row.cost_usd is None}
    if unknown:
        return _line(State.CAUTION, "Money", f"judging cost unknown for {figures.some(len(unknown), 'run')}")
    if not any(row.scored for row in page.runs):
        return _line(State.UNCHECKED, "Money", "nothing has been billed yet")
    if page.price_date is None:
        return _line(State.UNCHECKED, "Money", "no price list recorded")
    return _line(State.FINE, "Money", f"actual usage at the prices of {page.price_date}")
