"""What `judges` gives back: for each grader and criterion, the cheaper judges beside the strong one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evalkit.analysis.judges import CAUTION, answer_line, bias_line, cascade_line
from evalkit.analysis.judges.standing import Standing
from evalkit.pipeline.judge_routing import JudgeRouting
from evalkit.tables.rows import Rows, frame, html_table

if TYPE_CHECKING:
    from evalkit.tables.rows import DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRoutings(Rows[JudgeRouting]):
    """Judges beside one another, one row for each grader and criterion."""

    rows: tuple[JudgeRouting, ...]

    @property
    def items(self) -> tuple[JudgeRouting, ...]:
        """What the table is a sequence of."""
        return self.rows

    def json(self) -> dict[str, object]:
        """The document of `judges --json`."""
        return {"judges": [_json(row) for row in self.rows], "caution": CAUTION}

    def to_frame(self) -> DataFrame:
        """One row for each judge that was held against the strong one."""
        nested = {"people", "replays", "cascade", "said"}
        return frame([{key: one for key, one in record.items() if key not in nested} for record in self._records()])

    def points(self) -> DataFrame:
        """One row for each way to escalate from a judge to the strong one: the curves of all cascades."""
        return frame(
            [
                {"grader": row.grader, "criterion": row.criterion, "judge": one.judge, **point.json()}
                for row in self.rows
                for one in row.standings
                for point in (one.cascade.points if one.cascade else ())
            ]
        )

    def _repr_html_(self) -> str:
        columns = ("criterion", "judge", "answer", "n", "saving", "distance", "distance_high", "agreement", "bias")
        cells = [[record[column] for column in columns] for record in self._records()]
        said = [line for row in self.rows for one in row.standings for line in lines_of(one)]
        return html_table(columns, cells, said=[*said, CAUTION])

    def _records(self) -> Iterator[dict[str, Any]]:
        for row in self.rows:
            for one in row.standings:
                yield {"grader": row.grader, "criterion": row.criterion, **_standing(one)}


def lines_of(found: Standing) -> list[str]:
    """What is found of a judge, in sentences: the answer, what it does to means, and the cascade."""
    said = [answer_line(found), bias_line(found)]
    if found.cascade:
        said.append(cascade_line(found.judge, found.strong, found.cascade))
    return [line for line in said if line]


def _json(row: JudgeRouting) -> dict[str, object]:
    return {
        "grader": row.grader,
        "criterion": row.criterion,
        "strong": row.strong,
        "margin": row.margin,
        "labelled": row.labelled,
        "simulated": row.simulated,
        "runs": {judge: list(runs) for judge, runs in row.runs.items()},
        "standings": [_standing(one) for one in row.standings],
    }


def _standing(found: Standing) -> dict[str, Any]:
    return {**found.json(), "said": lines_of(found)}
