"""What `trend` gives back: candidates over time, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalkit.analysis import Point, Segment, Trend
from evalkit.analysis.outcome import points
from evalkit.tables.rows import Rows, frame, html_table

if TYPE_CHECKING:
    from evalkit.tables.rows import DataFrame

_POINT = (
    "run", "label", "mean", "low", "high", "n", "coverage", "delta", "delta_low", "delta_high", "p_value", "mde",
    "n_paired", "n_shared", "candidate_changed", "dataset_changed", "added", "removed", "changed", "rebased",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendTable(Rows[Trend]):
    """Trends, one per candidate, grader and criterion."""

    trends: tuple[Trend, ...]

    @property
    def items(self) -> tuple[Trend, ...]:
        """What the table is a sequence of."""
        return self.trends

    def json(self) -> dict[str, object]:
        """The document of `trend --json`."""
        return {"trends": [_trend_json(one) for one in self.trends]}

    def to_frame(self) -> DataFrame:
        """A data frame with a row per point."""
        return frame(
            [
                {
                    "candidate": one.candidate,
                    "grader": one.grader,
                    "criterion": one.criterion,
                    "segment": number,
                    "newest": segment is one.newest,
                    **_point_json(point),
                }
                for one in self.trends
                for number, segment in enumerate(one.segments)
                for point in segment.points
            ]
        )

    def _repr_html_(self) -> str:
        columns = ("candidate", "on", "date", "label", "mean", "change", "95 %", "outcome", "marks")
        rows = [
            (one.candidate, on(one), *_cells(one, segment, point))
            for one in self.trends
            for segment in one.segments
            for point in segment.points
        ]
        return html_table(columns, rows, said=[text for one in self.trends for text in breaks(one)])


def on(trend: Trend) -> str:
    """The criterion, under its grader where that has another name."""
    same = trend.criterion in ("", trend.grader)
    return trend.grader if same else f"{trend.grader} · {trend.criterion}"


def breaks(trend: Trend) -> Iterator[str]:
    """What a reader must know of the segments, a sentence each."""
    for segment in trend.segments[1:]:
        yield f"broken before {segment.points[0].date:%Y-%m-%d}: {'; '.join(segment.differs) or 'another measure'}"
    if command := rebase(trend):
        n = len(trend.to_rebase)
        yield f"{n} older {'point' if n == 1 else 'points'} could join the newest segment: {command}"


def rebase(trend: Trend) -> str | None:
    """The command that brings older points under the measure of the newest segment; None where there are none."""
    if not trend.to_rebase:
        return None
    return f"evalkit rejudge {' '.join(trend.to_rebase)}{' --sandbox' if trend.newest.simulated else ''}"


def marks(point: Point) -> str:
    """What changed since the point before, beside the scores."""
    if point.outcome is None:
        return ""
    said = f"cases +{point.added} -{point.removed} ~{point.changed}" if point.dataset_changed else ""
    same = "same scores" if point.n_shared and point.n_shared == point.n_paired else "same outputs"
    return said or ("" if point.candidate_changed else same)


def change(trend: Trend, point: Point) -> tuple[str, str]:
    """The difference to the point before and its interval, as cells show them."""
    return _shown(trend, point.delta), _interval(trend, point)


def _interval(trend: Trend, point: Point) -> str:
    low, high = _shown(trend, point.delta_low), _shown(trend, point.delta_high)
    return f"[{low}, {high}]" if low and high else ""


def _shown(trend: Trend, delta: float | None) -> str:
    return "" if delta is None else points(delta, low_value=trend.low_value, high_value=trend.high_value, sign=True)


def _cells(trend: Trend, segment: Segment, point: Point) -> tuple[object, ...]:
    outcome = "" if point.outcome is None else point.outcome.value
    first = "starts here" if point is segment.points[0] and segment is not trend.segments[0] else ""
    return (
        f"{point.date:%Y-%m-%d}",
        point.label,
        point.mean,
        *change(trend, point),
        outcome,
        first or marks(point),
    )


def _point_json(point: Point) -> dict[str, object]:
    named = {name: getattr(point, name) for name in _POINT}
    outcome = None if point.outcome is None else point.outcome.value
    return {"date": point.date.isoformat(), **named, "outcome": outcome}


def _trend_json(trend: Trend) -> dict[str, object]:
    return {
        "candidate": trend.candidate,
        "grader": trend.grader,
        "criterion": trend.criterion,
        "to_rebase": list(trend.to_rebase),
        "mend": rebase(trend),
        "segments": [
            {
                "judge": segment.judge or None,
                "served_models": list(segment.served_models),
                "grader_digest": segment.grader_digest,
                "judge_digest": segment.judge_digest or None,
                "simulated": segment.simulated,
                "differs": list(segment.differs),
                "newest": segment is trend.newest,
                "points": [_point_json(point) for point in segment.points],
            }
            for segment in trend.segments
        ],
    }
