"""What `route` gives back: for each grader and criterion, which model for which kind of case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evalkit.pipeline.routing import BY_LENGTH, Routed
from evalkit.tables.rows import Rows, frame, html_table

if TYPE_CHECKING:
    from evalkit.tables.rows import DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingRow:
    """One routing by name."""

    found: Routed

    @property
    def name(self) -> str:
        """The criterion, and the grader where it has another name."""
        found = self.found
        return found.grader if found.grader == found.criterion else f"{found.grader}/{found.criterion}"

    def policy(self) -> dict[str, Any]:
        """What a router reads: who answers which kind, and everything else."""
        found, policy = self.found, self.found.routing.policy
        document: dict[str, Any] = {"by": found.routing.by, **policy.json(), "margin": policy.margin}
        document |= {"criterion": self.name, "cases": found.n, "runs": list(found.runs)}
        if found.routing.by == BY_LENGTH:
            # A router counts the characters of the input, and takes the first bucket that it fits in.
            document["buckets"] = [
                {**({} if limit is None else {"at_most": limit}), "candidate": policy.candidate_for(kind)}
                for kind, limit in found.limits.items()
            ]
        return document

    def json(self) -> dict[str, Any]:
        """The routing as plain JSON."""
        found = self.found
        return {
            "grader": found.grader,
            "criterion": found.criterion,
            "judge": found.judge or None,
            "label": found.label,
            "runs": list(found.runs),
            "n": found.n,
            "left_out": found.left_out,
            "simulated": found.simulated,
            **found.routing.json(),
            "policy": {**found.routing.json()["policy"], **self.policy()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Routings(Rows[RoutingRow]):
    """Routings, one for each grader, judge and criterion."""

    rows: tuple[RoutingRow, ...]

    @property
    def items(self) -> tuple[RoutingRow, ...]:
        """What the table is a sequence of."""
        return self.rows

    def json(self) -> dict[str, object]:
        """The document of `route --json`."""
        return {"routings": [row.json() for row in self.rows]}

    def to_frame(self) -> DataFrame:
        """One row for each model that was tried in a kind of case."""
        return frame(list(self._records()))

    def _repr_html_(self) -> str:
        columns = ("kind", "candidate", "n", "quality", "strong_quality", "delta", "low", "holds", "cases_needed")
        return html_table(columns, [[record[column] for column in columns] for record in self._records()])

    def _records(self) -> Iterator[dict[str, object]]:
        for row in self.rows:
            for one in row.found.routing.policy.evidence_json():
                yield {"grader": row.found.grader, "criterion": row.found.criterion, **one}
