"""What `route` gives back: for each grader and criterion, which model for which kind of case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from evalkit.dataset import Case, Json
from evalkit.errors import UsageError
from evalkit.pipeline.routing import Routed
from evalkit.tables.policies import Chosen, choose, policy_of
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
        return policy_of(self.found)

    def choose(self, case: Case | Mapping[str, Json]) -> Chosen:
        """Who answers a case: a `Case`, or what the policy looks at of one: `input`, `tags` or `metadata`."""
        return choose(self.policy(), case)

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
            "several_tags": found.several_tags,
            "simulated": found.simulated,
            "candidates": {name: asdict(one) for name, one in found.candidates.items()},
            "unpriced": list(found.unpriced),
            "prices": {"date": found.price_date, "list": found.price_source},
            **found.routing.json(),
            "policy": self.policy(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Routings(Rows[RoutingRow]):
    """Routings, one for each grader, judge and criterion."""

    rows: tuple[RoutingRow, ...]

    @property
    def items(self) -> tuple[RoutingRow, ...]:
        """What the table is a sequence of."""
        return self.rows

    def policy(self) -> dict[str, Any]:
        """The policy of the one routing that there is.

        Raises:
            UsageError: there are several, each by another criterion.
        """
        return self._one.policy()

    def choose(self, case: Case | Mapping[str, Json]) -> Chosen:
        """Who answers a case by the one routing that there is.

        Raises:
            UsageError: there are several, each by another criterion.
        """
        return self._one.choose(case)

    @property
    def _one(self) -> RoutingRow:
        if len(self.rows) > 1:
            names = ", ".join(row.name for row in self.rows)
            raise UsageError(f"a policy is by one criterion, and there are {names}; say the grader or the criterion")
        return next(iter(self.rows))

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
