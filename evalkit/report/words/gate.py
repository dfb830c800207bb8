"""The gate in words: what it says of each candidate, and the checks that it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from evalkit.report.page import GateCheckRow, GateRow
from evalkit.report.words import figures

_WORST_FIRST: Final = ("FAIL", "PENDING", "INCONCLUSIVE", "PASS")
_MARKS: Final = MappingProxyType({"PASS": "✓", "FAIL": "✗", "INCONCLUSIVE": "?", "PENDING": "…"})
_LIMITS: Final = MappingProxyType(
    {"margin": "margin {}", "max_relative_drop": "drop at most {}", "min": "at least {}", "max": "at most {}"}
)
_NAMED: Final = 3
"""Candidates that a title names; of more it counts the verdicts."""
_OPEN: Final = 4
"""Candidates whose lines stand open; of more those that pass are folded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLine:
    """One check as text."""

    name: str
    tier: str
    verdict: str
    mark: str
    difference: str
    limit: str
    n: str
    coverage: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLine:
    """The verdict on one candidate as text."""

    verdict: str
    mark: str
    candidate: str
    rule: str
    baseline: str
    loosened: tuple[str, ...]
    notes: tuple[str, ...]
    simulated: bool
    checks: tuple[CheckLine, ...]
    doubt: str = ""
    """Of a FAIL that rests on tests alone: that the intervals do not bear it out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateWords:
    """All verdicts of a page, the worst first; falsy where there is none."""

    verdict: str = ""
    headline: str = ""
    """The verdict in a few words, for the title of the page."""
    shown: tuple[GateLine, ...] = ()
    folded: tuple[GateLine, ...] = ()
    loosened: tuple[str, ...] = ()
    """What was loosened for every candidate alike."""
    notes: tuple[str, ...] = ()

    @property
    def many(self) -> bool:
        """Whether there are more candidates than one reads of one by one."""
        return bool(self.folded)

    def __bool__(self) -> bool:
        return bool(self.shown)


def gate_words(rows: Sequence[GateRow]) -> GateWords:
    """The gates of a page; of many, those that pass are folded."""
    if not rows:
        return GateWords()
    ordered = sorted(rows, key=lambda row: _WORST_FIRST.index(row.verdict))
    opened = ordered if len(ordered) <= _OPEN else [row for row in ordered if row.verdict == "FAIL"][:_OPEN]
    shown = opened or ordered[:1]
    shared = [note for note in ordered[0].notes if all(note in row.notes for row in ordered)]
    return GateWords(
        verdict=ordered[0].verdict,
        headline=_headline(ordered),
        shown=tuple(_line(row, shared) for row in shown),
        folded=tuple(_line(row, shared) for row in ordered if row not in shown),
        loosened=tuple(filter(_loosens, shared)),
        notes=tuple(note for note in shared if not _loosens(note)),
    )


def _loosens(note: str) -> bool:
    return " loosened " in note


def _headline(rows: Sequence[GateRow]) -> str:
    if len(rows) <= _NAMED:
        return ", ".join(f"{row.verdict} {row.candidate}" for row in rows)
    counts = Counter(row.verdict for row in rows)
    return f"{rows[0].verdict}: " + ", ".join(f"{counts[word]} {word}" for word in _WORST_FIRST if counts[word])


def _line(row: GateRow, shared: Sequence[str]) -> GateLine:
    own = [note for note in row.notes if note not in shared]
    return GateLine(
        verdict=row.verdict,
        mark=_MARKS[row.verdict],
        candidate=f"{row.candidate} ({row.label})" if row.label else row.candidate,
        rule=row.rule,
        baseline=row.baseline,
        loosened=tuple(filter(_loosens, own)),
        notes=tuple(note for note in own if not _loosens(note)),
        simulated=row.simulated,
        checks=tuple(map(_check, row.checks)),
        doubt=_doubt(row),
    )


def _doubt(row: GateRow) -> str:
    """What a reader must know of a FAIL of which no interval excludes zero: a gate fails by its test alone."""
    failed = [check for check in row.checks if check.decides and check.verdict == "FAIL"]
    if row.verdict != "FAIL" or not failed or not all(map(_holds_zero, failed)):
        return ""
    names = ", ".join(check.name for check in failed)
    its = "its interval does" if len(failed) == 1 else "their intervals do"
    few = "too few cases or clusters for the interval to be sure of the loss"
    return f"The test alone (p, one-sided) fails {names}: {its} not rule out zero, {few}."


def _holds_zero(row: GateCheckRow) -> bool:
    """Whether the interval of the difference, where the check has that of the difference itself, holds zero."""
    return row.kind == "margin" and row.low is not None and row.high is not None and row.low <= 0 <= row.high


def _check(row: GateCheckRow) -> CheckLine:
    return CheckLine(
        name=row.name,
        tier=row.tier if row.decides else f"{row.tier}: decides nothing",
        verdict=row.verdict,
        mark=_MARKS[row.verdict],
        difference=_difference(row),
        limit=_limit(row),
        n=figures.count(row.n) if row.n else "",
        coverage="" if row.coverage is None else figures.share(row.coverage),
        why=row.why,
    )


def _difference(row: GateCheckRow) -> str:
    """The number that the limit is held against, with its interval."""
    if row.kind == "cost":
        return figures.usd(row.candidate)
    if row.kind == "sentinels":
        return figures.share(row.candidate) if row.candidate is not None else ""
    level = row.kind in ("min", "max")
    middle = row.candidate if level else row.delta
    if middle is None:
        return ""
    return f"{figures.value(middle) if level else figures.signed(middle)} {_interval(row, signed=not level)}".rstrip()


def _interval(row: GateCheckRow, *, signed: bool) -> str:
    """With as many digits as it takes to see on which side of the limit each end is."""
    if row.low is None or row.high is None:
        return ""
    limit = {"margin": -(row.limit or 0.0), "max_relative_drop": 0.0}.get(row.kind, row.limit or 0.0)
    ends = (row.low, row.high)
    places = 3
    while places < 9 and any(end != limit and round(end, places) == round(limit, places) for end in ends):
        places += 1
    said = [f"{end:{'+' if signed else ''}.{places}f}".replace("-", figures.MINUS) for end in ends]
    return f"[{', '.join(said)}]"


def _limit(row: GateCheckRow) -> str:
    if row.limit is None:
        return ""
    if row.kind == "cost":
        return f"at most {figures.usd(row.limit)}"
    if row.kind == "sentinels":
        return f"at least {figures.share(row.limit)}"
    number = f"{100 * row.limit:.4g} %" if row.kind == "max_relative_drop" else f"{row.limit:g}"
    return _LIMITS.get(row.kind, "{}").format(number)
