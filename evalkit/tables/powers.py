"""What `power` gives back: for each pair of runs and criterion, what it takes to see a difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.analysis import Power
from evalkit.errors import ExitCode
from evalkit.tables.rows import Rows, frame, html_table

if TYPE_CHECKING:
    from evalkit.tables.rows import DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class PoweredPair:
    """Two runs by name, and what they can show."""

    baseline: str
    candidate: str
    power: Power

    @property
    def name(self) -> str:
        """The criterion, and the grader where it has another name."""
        made = self.power
        return made.grader if made.grader == made.criterion else f"{made.grader}/{made.criterion}"

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the pair says in words: what these cases show, then what each smaller difference would take."""
        made = self.power
        if made.reasons:
            return (f"{self.name}: not comparable: {'; '.join(made.reasons)}",)
        if made.mde is None:
            return (f"{self.name}: {_no_spread(made)}, so nothing tells how large a set must be",)
        clusters = f" in {made.clusters:,} clusters" if made.clusters else ""
        moved = f", {100 * made.moved:.3g} % of them moved" if made.moved is not None else ""
        seen = f"{self.name}: these {made.n:,} cases{clusters} show a difference of {made.mde:.3g} or more{moved}"
        return (seen, *(self._told(delta) for delta in dict.fromkeys(need.delta for need in made.needs)))

    def _told(self, delta: float) -> str:
        made = self.power
        need = made.need(delta)
        if need is None or need.to_see is None:
            return f"to see {delta:g}: no number of cases can be told"
        if need.to_see <= made.n:
            return f"to see {delta:g}: these cases are enough"
        samples = made.enough_samples(delta)
        other = f", or {samples} judge samples on these {made.n:,}" if samples else ""
        return f"to see {delta:g} you need {need.to_see:,} cases, {need.to_see - made.n:,} more{other}"


def _no_spread(made: Power) -> str:
    if not made.n:
        return "no case has a score in both runs"
    return "every score moved by the same" if made.moved else "no score moved between the two runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerTable(Rows[PoweredPair]):
    """Pairs of runs, each with what it takes."""

    rows: tuple[PoweredPair, ...]
    notes: tuple[str, ...] = ()

    @property
    def items(self) -> tuple[PoweredPair, ...]:
        """What the table is a sequence of."""
        return self.rows

    @property
    def exit_code(self) -> ExitCode:
        """4 where nothing could be told of any pair."""
        told = any(row.power.mde is not None for row in self.rows)
        return ExitCode.DONE if told else ExitCode.INCONCLUSIVE

    def json(self) -> dict[str, object]:
        """The document of `power --json`."""
        rows = [
            {**row.power.json(), "baseline_name": row.baseline, "candidate_name": row.candidate} for row in self.rows
        ]
        return {"power": rows, "notes": list(self.notes)}

    def to_frame(self) -> DataFrame:
        """A data frame with a row per pair, difference and number of samples."""
        return frame(list(self._needs()))

    def _needs(self) -> Iterator[dict[str, object]]:
        for row in self.rows:
            for need in row.power.needs:
                yield {
                    "baseline": row.baseline,
                    "candidate": row.candidate,
                    "criterion": row.name,
                    "n": row.power.n,
                    "mde": row.power.mde,
                    "delta": need.delta,
                    "samples": need.samples,
                    "to_see": need.to_see,
                    "to_pass": need.to_pass,
                }

    def _repr_html_(self) -> str:
        columns = ("criterion", "n", "delta", "samples", "to_see", "to_pass")
        rows = [[need[column] for column in columns] for need in self._needs()]
        return html_table(columns, rows, said=[text for row in self.rows for text in row.sentences])
