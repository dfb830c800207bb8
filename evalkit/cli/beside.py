"""What `compare` and `trend` print: runs beside one another, in tables that fit 80 columns and in plain sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from evalkit.analysis import Outcome, roughness
from evalkit.analysis.outcome import p_text, points
from evalkit.cli import words
from evalkit.cli.columns import Column, shorten
from evalkit.cli.screen import say, say_table, say_title, say_wrapped
from evalkit.cli.tables import SIMULATED, short_model
from evalkit.cli.words import one_line
from evalkit.tables.comparisons import interval, shown
from evalkit.tables.trends import change, marks, on, rebase

if TYPE_CHECKING:
    from evalkit.analysis import Point, Segment, Trend
    from evalkit.tables.comparisons import ComparedRuns, ComparisonTable, Moved
    from evalkit.tables.trends import TrendTable

_STYLES: Final = {
    Outcome.BETTER: "green",
    Outcome.WORSE: "red",
    Outcome.NOT_COMPARABLE: "yellow",
    Outcome.NOT_PAIRED: "yellow",
}
_TEXT: Final = 300
"""Letters of an output or a reason that a screen shows."""
_INDENT: Final = " " * 11


def print_comparisons(found: ComparisonTable, *, flips: bool, sliced: bool) -> None:
    """Comparisons: one with all that is known of it, several as a table with a sentence each."""
    if len(found) == 1:
        _print_sides(found[0])
    else:
        _print_table(found)
    for row in found:
        say()
        _print_one(row)
        if sliced:
            _print_slices(row)
        for moved in row.moved if flips else ():
            _print_moved(moved)
    if found.adjustment:
        say(f"p-values adjusted together: {found.adjustment}", style="dim")
    for note in found.notes:
        say_wrapped(f"not compared: {one_line(note)}", style="yellow")
    if any(side.simulated for row in found for side in (row.baseline, row.candidate)):
        say(f"~ {SIMULATED}", style="yellow")


def print_trends(found: TrendTable) -> None:
    """Trends, one after another."""
    for place, trend in enumerate(found):
        if place:
            say()
        _print_trend(trend)
    if any(segment.simulated for trend in found for segment in trend.segments):
        say(f"~ {SIMULATED}", style="yellow")


def _print_sides(row: ComparedRuns) -> None:
    sides = (("baseline", row.baseline), ("candidate", row.candidate))
    made = row.comparison
    paired = (made.baseline_estimate, made.candidate_estimate)
    mark = "~" if row.baseline.simulated or row.candidate.simulated else ""
    judges = [short_model(side.judge) for _, side in sides]
    say_table(
        [
            Column(name="", cells=[name for name, _ in sides]),
            Column(name="run", cells=[side.run for _, side in sides]),
            Column(name="candidate", cells=[one_line(side.candidate) for _, side in sides], least=10),
            Column(name="label", cells=[one_line(side.label) for _, side in sides], least=7),
            Column(name="judge", cells=judges if judges[0] != judges[1] else [], least=8, drop=1),
            Column(name="scored", cells=[f"{side.scored:,}/{side.cases:,}" for _, side in sides], right=True, drop=2),
            Column(name="mean", cells=[words.mean(one) + mark if one else "" for one in paired], right=True),
            Column(name="95 %", cells=[words.interval(one) if one else "" for one in paired], right=True, drop=3),
        ]
    )


def _print_table(found: ComparisonTable) -> None:
    say_table(
        [
            _column("criterion", found, lambda row: row.on, least=9),
            _column("baseline", found, lambda row: row.names[0], least=9),
            _column("candidate", found, lambda row: row.names[1], least=9),
            _column("change", found, lambda row: shown(row.comparison.delta, row.comparison), right=True),
            _column("95 %", found, lambda row: interval(row.comparison, row.comparison), right=True, drop=2),
            _column("p", found, _p, right=True, drop=3),
            _column("lost", found, lambda row: _count(row.comparison.losses), right=True, drop=1),
            _column("won", found, lambda row: _count(row.comparison.wins), right=True, drop=1),
            _column("n", found, lambda row: _count(row.comparison.n_paired), right=True),
            _column("", found, lambda row: row.outcome.value),
        ]
    )


def _print_one(row: ComparedRuns) -> None:
    made = row.comparison
    say_wrapped(one_line(row.sentence), style=_STYLES.get(row.outcome), indent="  ")
    if made.wins is not None and made.n_paired:
        by = f"interval by {made.method}, p by {made.p_method}" if made.p_value is not None else made.method
        clusters = f" over {made.clusters:,} clusters" if made.clusters else ""
        say(f"  {words.count(made.n_paired, 'paired case')}; {by}{clusters}", style="dim")
        if few := roughness(made):
            say(f"  {few}: the interval is rough", style="dim")
        if made.n_shared:
            said = f"  {words.count(made.n_shared, 'pair')} of one score each, taken over: the same output, judged once"
            say(said, style="dim")
    if unpaired := ", ".join(_unpaired(row)):
        say_wrapped(f"  {made.n_unpaired:,} not paired: {unpaired}", indent="    ", style="dim")
    if row.is_open:
        pending = row.baseline.pending + row.candidate.pending
        say(f"  {words.count(pending, 'score')} still to come; `evalkit collect` takes what has ended", style="yellow")
    if made.transitions:
        said = ", ".join(one_line(str(one)) for one in made.transitions)
        say_wrapped(f"  labels: {said}", indent="    ")
    if row.mend:
        say_wrapped("  to make them comparable, judge the outputs again under one grader and judge:", indent="    ")
        say(f"    {row.mend}")


def _unpaired(row: ComparedRuns) -> Iterator[str]:
    """How many cases have no pair, by the reason, with the first few of each."""
    made = row.comparison
    for ids, what in (
        (made.added, "only in the candidate run"),
        (made.removed, "only in the baseline"),
        (made.changed, "changed"),
        (made.unscored, "without a score on a side"),
    ):
        if ids:
            few = ", ".join(one_line(case) for case in ids[:3])
            yield f"{len(ids):,} {what} ({few}{', ...' if len(ids) > 3 else ''})"


def _print_slices(row: ComparedRuns) -> None:
    if not row.slices:
        if row.comparison.wins is not None:
            say("  no slices: no tag and no key of the metadata groups the paired cases", style="dim")
        return
    made = row.comparison
    worst = sorted(row.slices, key=lambda one: (one.delta is None, one.delta or 0.0))
    say_title("slices, exploratory")
    say_table(
        [
            Column(name="slice", cells=[one_line(one.name) for one in worst], least=12),
            Column(name="n", cells=[f"{one.n:,}" for one in worst], right=True),
            Column(name="change", cells=[shown(one.delta, made) or "" for one in worst], right=True),
            Column(name="95 %", cells=[interval(one, made) or "" for one in worst], right=True),
            Column(name="lost", cells=[f"{one.losses:,}" for one in worst], right=True, drop=1),
            Column(name="won", cells=[f"{one.wins:,}" for one in worst], right=True, drop=1),
            Column(name="p adjusted", cells=[_p_cell(one.p_adjusted) for one in worst], right=True),
        ]
    )
    slices = words.count(len(worst), "slice")
    say(f"Benjamini-Hochberg over {slices}: where to look, never what to gate on", style="dim")


def _print_moved(moved: Moved) -> None:
    flip = moved.flip
    before = f"{flip.baseline_label} = {flip.baseline:g}" if flip.baseline_label else f"{flip.baseline:g}"
    after = f"{flip.candidate_label} = {flip.candidate:g}" if flip.candidate_label else f"{flip.candidate:g}"
    say_title(f"{one_line(flip.case_id)}: {one_line(before)} -> {one_line(after)}")
    for name, output, reason in (
        ("baseline", moved.baseline_output, moved.baseline_reason),
        ("candidate", moved.candidate_output, moved.candidate_reason),
    ):
        said = "(no output)" if output is None else shorten(one_line(output), _TEXT)
        say_wrapped(f"{name:<9}  {said}", indent=_INDENT)
        if reason:
            say_wrapped(f"{_INDENT}judge: {shorten(one_line(reason), _TEXT)}", indent=_INDENT, style="dim")


def _print_trend(trend: Trend) -> None:
    newest = trend.newest
    judge = f", judge {newest.judge}" if newest.judge else ""
    runs = sum(len(segment.points) for segment in trend.segments)
    say(f"{one_line(trend.candidate)} on {one_line(on(trend))}: {words.count(runs, 'run')}{judge}", style="bold")
    for segment in trend.segments:
        if segment is not trend.segments[0]:
            say_title(f"broken: {one_line('; '.join(segment.differs)) or 'another measure'}")
        _print_segment(trend, segment)
    if len(trend.segments) > 1:
        say(f"read the last segment, from {newest.points[0].date:%Y-%m-%d} on", style="dim")
    if command := rebase(trend):
        n = len(trend.to_rebase)
        say(f"{words.count(n, 'older point')} could join it, judged again under its grader and judge:")
        say(f"  {command}")


def _print_segment(trend: Trend, segment: Segment) -> None:
    kept = [point for point in segment.points if not point.rebased]
    if hidden := len(segment.points) - len(kept):
        say(f"{words.count(hidden, 'run')} that the newest segment has judged again", style="dim")
    if not kept:
        return
    days = {point.date.date() for point in kept}
    dated = "%Y-%m-%d" if len(days) == len(kept) else "%m-%d %H:%M"
    covered = any(point.coverage != 1 for point in kept)
    columns: list[tuple[str, Callable[[Point], str], int | None, int]] = [
        ("date", lambda point: point.date.strftime(dated), None, 0),
        ("label", lambda point: one_line(point.label), 7, 0),
        ("mean", lambda point: "" if point.mean is None else f"{point.mean:.3f}", None, 0),
        ("95 %", _mean_range, None, 1),
        ("scored", lambda point: _share(point) if covered else "", None, 2),
        ("change", lambda point: " ".join(change(trend, point)).strip(), None, 0),
        ("", lambda point: "" if point.outcome is None else point.outcome.value, None, 0),
        ("unseen", lambda point: _unseen(trend, point), None, 3),
        ("", marks, None, 0),
    ]
    right = {"mean", "scored", "change", "unseen", "95 %"}
    say_table(
        [
            Column(name=name, cells=[cell(point) for point in kept], least=least, right=name in right, drop=drop)
            for name, cell, least, drop in columns
        ]
    )


def _unseen(trend: Trend, point: Point) -> str:
    """The difference that would not have shown, beside every `no difference`."""
    if point.outcome is not Outcome.NO_DIFFERENCE or point.mde is None:
        return ""
    return f"< {points(point.mde, low_value=trend.low_value, high_value=trend.high_value)}"


def _mean_range(point: Point) -> str:
    return "" if point.low is None or point.high is None else f"{point.low:.3f}{words.NONE}{point.high:.3f}"


def _share(point: Point) -> str:
    return "" if point.coverage is None else f"{int(point.coverage * 100)} %"


def _column(
    name: str,
    rows: Sequence[ComparedRuns],
    cell: Callable[[ComparedRuns], str | None],
    *,
    least: int | None = None,
    right: bool = False,
    drop: int = 0,
) -> Column:
    return Column(name=name, cells=[one_line(cell(row) or "") for row in rows], least=least, right=right, drop=drop)


def _p(row: ComparedRuns) -> str:
    made = row.comparison
    return _p_cell(made.p_adjusted if made.p_adjusted is not None else made.p_value)


def _p_cell(p_value: float | None) -> str:
    return "" if p_value is None else p_text(p_value)


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
