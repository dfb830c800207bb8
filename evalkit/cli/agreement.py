"""What `agree` prints: a judge beside people or beside other judges, the measures, and where they part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from evalkit.cli import words
from evalkit.cli.columns import Column
from evalkit.cli.screen import say, say_table, say_title, say_wrapped
from evalkit.cli.tables import SIMULATED
from evalkit.cli.words import one_line

if TYPE_CHECKING:
    from evalkit.analysis.agree import JudgeAgreement
    from evalkit.analysis.measure import Measure
    from evalkit.analysis.raters import JudgesAgreement, RatersAgreement
    from evalkit.pipeline.agree import Agreed
    from evalkit.pipeline.draw import Drawn

SHOWN: Final = 5
"""Disagreements on the screen; --json has all."""


def print_agreed(found: Sequence[Agreed], *, shown: int = SHOWN) -> None:
    """A judge beside people, criterion by criterion."""
    for row in found:
        _title(row.grader, row.agreement.criterion, f"{row.judge or 'the check'} and people")
        _print_cases(row)
        _print_measures(row.agreement)
        if row.raters:
            _print_raters(row.raters, "raters")
        _print_means(row)
        _print_disagreements(row.agreement, "people", "judge", shown)
        for text in row.agreement.warnings:
            say_wrapped(f"! {text}", style="yellow", indent="  ")
    if any(row.simulated for row in found):
        say(f"~ {SIMULATED}", style="yellow")


def print_judges(found: Sequence[JudgesAgreement], *, shown: int = SHOWN) -> None:
    """Judges beside one another, criterion by criterion."""
    for row in found:
        _title("", row.criterion, f"{len(row.runs)} runs of the same outputs")
        _print_runs(row)
        if len(row.pairs) == 1:
            (pair,) = row.pairs
            _print_measures(pair)
            _print_disagreements(pair, pair.reference, pair.run, shown)
            warnings = pair.warnings
        else:
            _print_raters(row.raters, "all")
            _print_pairs(row.pairs)
            warnings = tuple(dict.fromkeys(text for pair in row.pairs for text in pair.warnings))
        for text in warnings:
            say_wrapped(f"! {text}", style="yellow", indent="  ")


def print_drawn(drawn: Drawn) -> None:
    """Where the cases to label are, and what to do with them."""
    say(f"wrote {drawn.path}: {words.count(drawn.cases, 'case')} of {drawn.of:,}, drawn at random")
    for criterion, labels in drawn.labels.items():
        say_wrapped(f"label {one_line(criterion)} as one of {one_line(', '.join(labels))}", indent="  ")
    say_wrapped(f"fill in `label` from the top, then: evalkit agree {drawn.run} --labels {drawn.path}")


def _title(grader: str, criterion: str, who: str) -> None:
    name = criterion if grader in ("", criterion) else f"{grader} · {criterion}"
    say_title(f"{one_line(name)}: {one_line(who)}")


def _print_cases(row: Agreed) -> None:
    found, labels = row.agreement, row.labels
    parts = [f"{words.count(found.n, 'labelled case')} of run {found.run}"]
    if row.ties:
        parts.append(f"{len(row.ties):,} more without a majority")
    left = {
        "of other candidates": labels.other_candidates,
        "of other criteria": labels.other_criteria,
        "without a label": labels.unlabelled,
        "of no case of the run": len(labels.unknown),
    }
    parts += [f"{words.count(n, 'row')} {what}" for what, n in left.items() if n]
    say_wrapped(f"cases      {'; '.join(parts)}", indent=" " * 11)
    every = row.agreement.scored == row.raw.n
    drawn = "a random sample of the run" if row.calibration.sampled else "not known to be a random sample"
    drawn = "every case of the run" if every else drawn
    kept = "kept" if row.stored else f"kept since {row.calibration.measured_at:%Y-%m-%d}"
    say_wrapped(f"labels     {one_line(row.calibration.source)}: {drawn}; {kept} as a calibration", indent=" " * 11)
    for note in labels.notes:
        say_wrapped(f"           {one_line(note)}", style="dim", indent=" " * 11)


def _print_measures(found: JudgeAgreement) -> None:
    """The measures in one table; a measure that does not apply is left out."""
    top = one_line(found.labels[-1])
    rows: list[tuple[str, str, str, str]] = [
        _row("agreement", found.agreement, f"same label in {found.agreement.n:,} cases"),
        _row("AC1", found.ac1, "beyond chance"),
        ("kappa", _number(found.kappa), "", "low where one label prevails"),
    ]
    if found.ac2 is not None:
        rows += [
            _row("AC2", found.ac2, "near misses count in part"),
            ("weighted kappa", _number(found.weighted_kappa), "", "near misses count in part"),
            ("Spearman", _number(found.spearman), "", "same order"),
            ("Kendall", _number(found.kendall), "", "same order, pair by pair"),
        ]
    rows += [
        _row("sensitivity", found.sensitivity, f"of {found.sensitivity.n:,} that are {top}"),
        _row("specificity", found.specificity, f"of {found.specificity.n:,} that are not"),
        _row("bias", found.bias, "judge minus reference", signed=True),
    ]
    names, values, intervals, notes = zip(*rows, strict=True)
    say_table(
        [
            Column(name="measure", cells=names),
            Column(name="value", cells=values, right=True),
            Column(name="95 %", cells=intervals, right=True),
            Column(name="", cells=notes, least=10, drop=1),
        ]
    )
    _print_confusion(found)


def _print_confusion(found: JudgeAgreement) -> None:
    who = "people" if found.reference == "people" else found.reference
    names = [one_line(label) for label in found.labels]
    say_table(
        [
            Column(name=f"{who} \\ judge", cells=names, least=8),
            *(
                Column(name=name, cells=[f"{row[place]:,}" for row in found.confusion], right=True)
                for place, name in enumerate(names)
            ),
        ]
    )


def _print_raters(found: RatersAgreement, name: str) -> None:
    parts = [
        f"{found.raters} over {words.count(found.cases, 'case')}",
        f"all alike {_with_interval(found.agreement)}",
        f"AC1 {_with_interval(found.ac1)}",
        f"Fleiss {_number(found.fleiss)}",
        f"alpha {_number(found.krippendorff)}",
    ]
    ceiling = "; what a judge may reach" if name == "raters" else ""
    say_wrapped(f"{name:<9}  {', '.join(parts)}{ceiling}", indent=" " * 11)


def _print_means(row: Agreed) -> None:
    raw = row.raw
    if raw.mean is not None:
        say(f"mean       {words.mean(raw)} {words.interval(raw)} by the judge, over {words.count(raw.n, 'case')}")
        say_wrapped(f"corrected  {words.corrected(row.corrected)}", indent=" " * 11)


def _print_disagreements(found: JudgeAgreement, reference: str, judge: str, shown: int) -> None:
    cases = found.disagreements[:shown]
    if not cases:
        return
    say_table(
        [
            Column(name="case", cells=[one_line(one.case_id) for one in cases], least=12),
            Column(name=reference, cells=[one_line(one.reference_label) for one in cases], least=9),
            Column(name=judge, cells=[one_line(one.judge_label) for one in cases], least=9),
            Column(name="the judge's reason", cells=[one_line(one.reason or "") for one in cases], least=20, drop=1),
        ]
    )
    left = len(found.disagreements) - len(cases)
    if left:
        say(f"and {left:,} more; --json has all of them", style="dim")


def _print_runs(row: JudgesAgreement) -> None:
    say_table(
        [
            Column(name="run", cells=row.runs),
            Column(name="judge", cells=[one_line(judge) for judge in row.judges], least=10),
            Column(name="scored", cells=[f"{row.n - n:,}/{row.n:,}" for n in row.unscored], right=True),
        ]
    )
    if row.left_out:
        cases = words.count(row.left_out, "case")
        say(f"{cases} left out: not in every run, or with another content", style="dim")


def _print_pairs(pairs: Sequence[JudgeAgreement]) -> None:
    say_table(
        [
            Column(name="run", cells=[pair.run for pair in pairs]),
            Column(name="against", cells=[pair.reference for pair in pairs]),
            Column(name="cases", cells=[f"{pair.scored:,}" for pair in pairs], right=True),
            Column(name="agreement", cells=[_number(pair.agreement.value) for pair in pairs], right=True),
            Column(name="AC1", cells=[_with_interval(pair.ac1) for pair in pairs], right=True),
            Column(name="kappa", cells=[_number(pair.kappa) for pair in pairs], right=True),
        ]
    )


def _row(name: str, measure: Measure, note: str, *, signed: bool = False) -> tuple[str, str, str, str]:
    return name, _number(measure.value, signed=signed), " ".join(_interval(measure, signed=signed)), note


def _with_interval(measure: Measure) -> str:
    return " ".join([_number(measure.value), *_interval(measure)])


def _interval(measure: Measure, *, signed: bool = False) -> Iterator[str]:
    if measure.low is not None and measure.high is not None:
        between = " to " if signed else words.NONE
        yield f"{_number(measure.low, signed=signed)}{between}{_number(measure.high, signed=signed)}"


def _number(value: float | None, *, signed: bool = False) -> str:
    if value is None:
        return words.NONE
    return f"{value:+.3f}" if signed else f"{value:.3f}"
