"""What `agree` gives back: a judge beside people, or judges beside one another, one row per criterion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.analysis.raters import JudgesAgreement
from evalkit.pipeline.agree import Agreed
from evalkit.tables.rows import Rows, frame, html_table

if TYPE_CHECKING:
    from evalkit.tables.rows import DataFrame


@dataclass(frozen=True, slots=True)
class AgreementTable(Rows[Agreed]):
    """A run's judge beside people, one row per criterion that has labels."""

    rows: tuple[Agreed, ...]

    @property
    def items(self) -> tuple[Agreed, ...]:
        """What the table is a sequence of."""
        return self.rows

    def json(self) -> dict[str, object]:
        """The document of `agree RUN --labels --json`."""
        return {"agreement": [row.json() for row in self.rows]}

    def to_frame(self) -> DataFrame:
        """A data frame of the measures, one row per criterion."""
        nested = {"labels", "confusion", "disagreements", "raters", "rows", "notes", "warnings", "ties"}
        return frame([{k: v for k, v in row.json().items() if k not in nested} for row in self.rows])

    def disagreements(self) -> DataFrame:
        """A data frame of the cases that people and the judge see differently, the worst of each criterion first."""
        return frame(
            [
                {
                    "criterion": row.agreement.criterion,
                    "case": one.case_id,
                    "people": one.reference_label,
                    "judge": one.judge_label,
                    "difference": one.difference,
                    "reason": one.reason,
                }
                for row in self.rows
                for one in row.agreement.disagreements
            ]
        )

    def _repr_html_(self) -> str:
        columns = ("criterion", "labelled", "scored", "agreement", "AC1", "low", "high", "kappa", "bias", "mean")
        rows = [
            (
                (found := row.agreement).criterion,
                found.n,
                found.scored,
                found.agreement.value,
                found.ac1.value,
                found.ac1.low,
                found.ac1.high,
                found.kappa,
                found.bias.value,
                row.raw.mean,
                row.corrected.value,
            )
            for row in self.rows
        ]
        said = [f"{row.agreement.criterion}: {text}" for row in self.rows for text in row.agreement.warnings]
        return html_table((*columns, "corrected"), rows, said=said)


@dataclass(frozen=True, slots=True)
class JudgesTable(Rows[JudgesAgreement]):
    """Runs of the same outputs beside one another, one row per criterion."""

    rows: tuple[JudgesAgreement, ...]

    @property
    def items(self) -> tuple[JudgesAgreement, ...]:
        """What the table is a sequence of."""
        return self.rows

    def json(self) -> dict[str, object]:
        """The document of `agree RUN RUN --json`."""
        return {"agreement": [row.json() for row in self.rows]}

    def to_frame(self) -> DataFrame:
        """A data frame of every two runs on every criterion."""
        nested = {"labels", "confusion", "disagreements", "warnings"}
        return frame([{k: v for k, v in pair.json().items() if k not in nested} for row in self for pair in row.pairs])

    def _repr_html_(self) -> str:
        columns = ("criterion", "run", "against", "cases", "agreement", "AC1", "low", "high", "kappa")
        rows = [
            (
                pair.criterion,
                pair.run,
                pair.reference,
                pair.scored,
                pair.agreement.value,
                pair.ac1.value,
                pair.ac1.low,
                pair.ac1.high,
                pair.kappa,
            )
            for row in self.rows
            for pair in row.pairs
        ]
        return html_table(columns, rows)
