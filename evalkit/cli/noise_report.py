"""What `noise` prints: how often the judge contradicts itself, and which differences that alone could make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalkit.cli import words
from evalkit.cli.columns import Column
from evalkit.cli.screen import say, say_table, say_wrapped
from evalkit.cli.tables import SIMULATED
from evalkit.cli.words import one_line

if TYPE_CHECKING:
    from evalkit.pipeline.noise_report import CriterionNoise, NoiseReport
    from evalkit.stats import Estimate


def print_noise(report: NoiseReport) -> None:
    """A noise report: one row per criterion, and what it means in a sentence each."""
    rows = report.criteria
    say_table(
        [
            Column(name="criterion", cells=[one_line(row.criterion) for row in rows], least=10),
            Column(name="cases", cells=[f"{row.cases:,}" for row in rows], right=True),
            Column(name="judgements", cells=[f"{row.judgements:,}" for row in rows], right=True),
            Column(name="flip rate", cells=[_share(row.flip_rate) for row in rows], right=True),
            Column(name="unanimous", cells=[_share(row.unanimous_share) for row in rows], right=True),
            Column(name="ICC", cells=[_number(row.icc) for row in rows], right=True),
            Column(name="floor", cells=[_number(row.judge_floor) for row in rows], right=True),
            Column(name="unscored", cells=[words.reasons(row.unscored) for row in rows], drop=1),
        ]
    )
    judged = f"{words.count(report.cases, 'case')}, {report.samples} judgements each by {report.judge}"
    say_wrapped(f"run {report.run}, the noise of run {report.of_run}: {judged}", style="dim", indent="  ")
    for row in rows:
        _say_meaning(row, report)
    if report.simulated:
        say(f"~ {SIMULATED}", style="yellow")


def _say_meaning(row: CriterionNoise, report: NoiseReport) -> None:
    if row.flip_rate.mean is None or row.judge_floor is None or row.judge_floor_sampled is None:
        say_wrapped(f"{one_line(row.criterion)}: no case has two scored judgements, so nothing is known of the noise")
        return
    if not row.judge_floor:
        say_wrapped(f"{one_line(row.criterion)}: the judge never contradicted itself in {row.judgements:,} judgements")
        return
    say_wrapped(
        f"{one_line(row.criterion)}: two judgements of one output differ in {100 * row.flip_rate.mean:.1f} % of pairs; "
        f"over {words.count(report.of_cases, 'case')} a difference below {row.judge_floor:.3f} may be the judge's "
        f"noise alone (below {row.judge_floor_sampled:.3f} with samples = {report.samples})"
    )


def _share(estimate: Estimate) -> str:
    if estimate.mean is None:
        return words.NONE
    return f"{estimate.mean:.3f} {words.interval(estimate)}"


def _number(value: float | None) -> str:
    return words.NONE if value is None else f"{value:.3f}"
