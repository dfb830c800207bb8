"""What `compare` gives back: pairs of runs with all that may be said of them, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, cast

from evalkit.analysis import Comparison, Flip, Outcome, Slice, outcome_of, sentence
from evalkit.analysis.outcome import p_text, points
from evalkit.errors import ExitCode
from evalkit.pipeline.view import RunView
from evalkit.tables.rows import Rows, frame, html_table

if TYPE_CHECKING:
    from evalkit.stats import Estimate
    from evalkit.tables.rows import DataFrame

_ALIKE: Final = (
    "comparable", "reasons", "n_paired", "n_unpaired", "delta", "low", "high", "p_value", "method", "wins", "ties",
    "losses", "mde", "criterion", "p_method", "p_adjusted", "clusters", "confidence", "forced", "added", "removed",
    "changed", "unscored", "n_shared",
)  # fmt: skip
"""What the document has of a comparison under its own name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A flip with what a person needs to judge it: the outputs, and the judge's reasons."""

    flip: Flip
    baseline_output: str | None
    candidate_output: str | None
    baseline_reason: str | None
    candidate_reason: str | None

    def json(self) -> dict[str, object]:
        """The flip in a document."""
        texts = {name: getattr(self, name) for name in self.__slots__ if name != "flip"}
        return {"case": self.flip.case_id, **{k: v for k, v in asdict(self.flip).items() if k != "case_id"}, **texts}


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRuns:
    """A candidate run beside its baseline on one criterion."""

    baseline: RunView
    candidate: RunView
    comparison: Comparison
    slices: tuple[Slice, ...] = ()
    """Exploratory; empty unless asked for."""
    moved: tuple[Moved, ...] = ()
    """The first flips, the worst first, as many as were asked for."""
    mend: str | None = None
    """Where the runs are not comparable: the command after which they are."""

    @property
    def outcome(self) -> Outcome:
        """What the numbers support, in a word."""
        return outcome_of(self.comparison)

    @property
    def names(self) -> tuple[str, str]:
        """The baseline and the candidate run, named so that they can be told apart."""
        one, other = self.baseline, self.candidate
        names = (one.candidate, other.candidate)
        if one.label != other.label:
            names = (f"{names[0]} ({one.label or 'no label'})", f"{names[1]} ({other.label or 'no label'})")
        return names if names[0] != names[1] else (f"{names[0]} ({one.run})", f"{names[1]} ({other.run})")

    @property
    def on(self) -> str:
        """The criterion, under its grader where that has another name."""
        grader, criterion = self.candidate.grader, self.comparison.criterion
        return grader if criterion in ("", grader) else f"{grader} · {criterion}"

    @property
    def sentence(self) -> str:
        """The comparison in one sentence."""
        baseline, candidate = self.names
        return sentence(self.comparison, baseline=baseline, candidate=candidate, on=self.on)

    @property
    def is_open(self) -> bool:
        """Whether a score may still come on either side."""
        return self.baseline.is_open or self.candidate.is_open

    @property
    def exit_code(self) -> ExitCode:
        """How a command that shows it ends: PENDING while nothing is paired yet, INCONCLUSIVE where nothing can be."""
        if self.outcome is Outcome.NOT_PAIRED:
            return ExitCode.PENDING if self.is_open else ExitCode.INCONCLUSIVE
        return ExitCode.INCONCLUSIVE if self.outcome is Outcome.NOT_COMPARABLE else ExitCode.DONE

    def json(self) -> dict[str, object]:
        """The document of `compare --json` for one pair and one criterion."""
        made = self.comparison
        return {
            "baseline": made.baseline,
            "candidate": made.candidate,
            **{name: _plain(getattr(made, name)) for name in _ALIKE},
            "grader": self.candidate.grader,
            "outcome": self.outcome.value,
            "sentence": self.sentence,
            "mend": self.mend,
            "baseline_mean": _estimate_json(made.baseline_estimate),
            "candidate_mean": _estimate_json(made.candidate_estimate),
            "transitions": [asdict(one) for one in made.transitions],
            "flips": [one.json() for one in self.moved],
            "slices": [{"name": one.name, **asdict(one)} for one in self.slices],
            "baseline_run": _run_json(self.baseline),
            "candidate_run": _run_json(self.candidate),
        }

    def flat(self) -> dict[str, object]:
        """The same without lists of cases: a row of a data frame."""
        document = self.json()
        row = {name: value for name, value in document.items() if not isinstance(value, list | dict)}
        for side in ("baseline", "candidate"):
            row |= {f"{side}_{name}": value for name, value in _member(document, f"{side}_run").items()}
            row |= {f"{side}_{name}": value for name, value in _member(document, f"{side}_mean").items()}
        return {**row, "reasons": "; ".join(self.comparison.reasons)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonTable(Rows[ComparedRuns]):
    """Comparisons that are read together: their p-values are adjusted for one another."""

    rows: tuple[ComparedRuns, ...]
    notes: tuple[str, ...] = ()
    """What was wanted and has no counterpart."""

    @property
    def items(self) -> tuple[ComparedRuns, ...]:
        """What the table is a sequence of."""
        return self.rows

    @property
    def adjustment(self) -> str | None:
        """How the p-values were adjusted; None for one alone."""
        n = sum(row.comparison.p_adjusted is not None for row in self.rows)
        return f"Holm over {n} comparisons" if n else None

    @property
    def exit_code(self) -> ExitCode:
        """INCONCLUSIVE where any pair cannot be compared, else PENDING where any waits, else DONE."""
        codes = {row.exit_code for row in self.rows}
        return next((code for code in (ExitCode.INCONCLUSIVE, ExitCode.PENDING) if code in codes), ExitCode.DONE)

    def json(self) -> dict[str, object]:
        """The document of `compare --json`: the one comparison itself, or `comparisons` where there are several."""
        rest: dict[str, object] = {"notes": list(self.notes), "exit_code": int(self.exit_code)}
        if len(self.rows) == 1:
            return {**self.rows[0].json(), **rest}
        return {"comparisons": [row.json() for row in self.rows], "adjustment": self.adjustment, **rest}

    def to_frame(self) -> DataFrame:
        """A data frame with a row per comparison."""
        return frame([row.flat() for row in self.rows])

    def _repr_html_(self) -> str:
        columns = ("on", "baseline", "candidate", "change", "95 %", "p", "lost", "won", "tied", "n", "outcome")
        cells = [_cells(row) for row in self.rows]
        said = [*(row.sentence for row in self.rows), *([self.adjustment] if self.adjustment else []), *self.notes]
        return html_table(columns, cells, said=said)


def _cells(row: ComparedRuns) -> tuple[object, ...]:
    made = row.comparison
    p_value = made.p_adjusted if made.p_adjusted is not None else made.p_value
    return (
        row.on,
        *row.names,
        shown(made.delta, made),
        interval(made, made),
        None if p_value is None else p_text(p_value),
        made.losses,
        made.wins,
        made.ties,
        made.n_paired,
        row.outcome.value,
    )


def shown(delta: float | None, made: Comparison) -> str | None:
    """A difference as a cell shows it."""
    if delta is None:
        return None
    return points(delta, low_value=made.low_value, high_value=made.high_value, sign=True)


def interval(of: Comparison | Slice, made: Comparison) -> str | None:
    """The interval of a difference, of a comparison or of a slice of it, as a cell shows it."""
    low, high = shown(of.low, made), shown(of.high, made)
    return f"[{low}, {high}]" if low is not None and high is not None else None


def _plain(value: object) -> object:
    return list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else value


def _member(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = document[name]
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _estimate_json(found: Estimate | None) -> dict[str, object] | None:
    return None if found is None else {"mean": found.mean, "low": found.low, "high": found.high}


def _run_json(view: RunView) -> dict[str, object]:
    return {
        "name": view.candidate,
        "label": view.label,
        "grader": view.grader,
        "judge": view.judge,
        "dataset": view.dataset,
        "served_models": list(view.spending.served_models),
        "simulated": view.simulated,
        "status": view.status.value,
        "cases": view.cases,
        "scored": view.scored,
        "pending": view.pending,
        "unscored": dict(view.unscored),
        "coverage": view.coverage,
        "created_at": view.created_at.isoformat(),
    }
