"""What the verbs give back: tables of runs that pandas and notebooks can show, and batches that are open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    import pandas as pd

    from evalkit.pipeline.view import RunView
    from evalkit.run import Batch


@dataclass(frozen=True, slots=True)
class RunTable(Sequence["RunView"]):
    """Runs, one row per run and criterion."""

    rows: tuple[RunView, ...]

    @overload
    def __getitem__(self, index: int) -> RunView: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[RunView]: ...
    def __getitem__(self, index: int | slice) -> RunView | Sequence[RunView]:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[RunView]:
        return iter(self.rows)

    @property
    def runs(self) -> tuple[str, ...]:
        """The run ids, each once."""
        return tuple(dict.fromkeys(row.run for row in self.rows))

    def to_frame(self) -> pd.DataFrame:
        """A data frame with the columns of `runs --json`."""
        import pandas as pd

        return pd.DataFrame([row.json() for row in self.rows])

    def _repr_html_(self) -> str:
        columns = ("run", "candidate", "grader", "judge", "label", "status", "scored", "pending", "mean", "low", "high")
        head = "".join(f"<th>{column}</th>" for column in columns)
        body = "".join(_html_row(row.json(), columns) for row in self.rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue(Sequence["OpenBatch"]):
    """What is open: batches that are not collected, parts that wait to be sent, creates of unknown outcome."""

    batches: tuple[OpenBatch, ...]
    planned: int
    unknown: int

    @overload
    def __getitem__(self, index: int) -> OpenBatch: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[OpenBatch]: ...
    def __getitem__(self, index: int | slice) -> OpenBatch | Sequence[OpenBatch]:
        return self.batches[index]

    def __len__(self) -> int:
        return len(self.batches)

    def json(self) -> dict[str, object]:
        """The document of `status --json`."""
        return {
            "batches": [batch.json() for batch in self.batches],
            "planned": self.planned,
            "unknown": self.unknown,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBatch:
    """A batch that is not collected yet."""

    batch: Batch
    candidate: str
    grader: str
    usual_seconds: float | None
    """What earlier batches of the same judge took; None where there are none."""

    def json(self) -> dict[str, object]:
        """The row of `status --json`."""
        batch = self.batch
        return {
            "batch": batch.id,
            "run": batch.run,
            "candidate": self.candidate,
            "grader": self.grader,
            "status": batch.state.value,
            "requests": batch.requests,
            "created_at": batch.created_at.isoformat(),
            "expires_at": batch.expires_at.isoformat() if batch.expires_at else None,
            "usual_seconds": self.usual_seconds,
            "simulated": batch.simulated,
        }


def _html_row(row: dict[str, object], columns: Sequence[str]) -> str:
    cells = "".join(f"<td>{escape(_shown(row[column]))}</td>" for column in columns)
    return f"<tr>{cells}</tr>"


def _shown(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
