"""Calibrations: a judge beside human labels, found again by the grader and the judge."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from evalkit.calibration import Calibration, Pair
from evalkit.store.engine import Database
from evalkit.store.rows import from_json, stamp, to_json, unstamp
from evalkit.store.schema import calibrations


class Calibrations:
    """The calibrations of a store."""

    def __init__(self, database: Database) -> None:
        """Calibrations of a database."""
        self._database = database

    def add(self, calibration: Calibration) -> bool:
        """Keep a calibration; False where it is there."""
        with self._database.writing() as connection:
            return bool(self._database.insert_new(connection, calibrations, [_row(calibration)]))

    def newest(self, grader_digest: str, judge_digest: str, criterion: str) -> Calibration | None:
        """The newest calibration of a grader under a judge, on one criterion."""
        c = calibrations.c
        return self._first(c.grader_digest == grader_digest, c.judge_digest == judge_digest, c.criterion == criterion)

    def of_run(self, run: str, criterion: str) -> Calibration | None:
        """The newest calibration that was measured on a run itself."""
        return self._first(calibrations.c.run == run, calibrations.c.criterion == criterion)

    def of_graders(self, digests: Collection[str]) -> list[Calibration]:
        """Every calibration of these graders, the newest first."""
        c = calibrations.c
        query = sa.select(calibrations).where(c.grader_digest.in_(digests)).order_by(c.measured_at.desc(), c.id)
        with self._database.reading() as connection:
            return [read_calibration(row) for row in connection.execute(query).mappings()]

    def _first(self, *wanted: sa.ColumnElement[bool]) -> Calibration | None:
        query = sa.select(calibrations).where(*wanted)
        newest = query.order_by(calibrations.c.measured_at.desc(), calibrations.c.id).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(newest).mappings().one_or_none()
        return None if row is None else read_calibration(row)


def _row(calibration: Calibration) -> dict[str, object]:
    return {
        "id": calibration.id,
        "run": calibration.run,
        "candidate_digest": calibration.candidate_digest,
        "dataset": calibration.dataset,
        "grader_digest": calibration.grader_digest,
        "judge_digest": calibration.judge_digest,
        "criterion": calibration.criterion,
        "source": calibration.source,
        "labels_digest": calibration.labels_digest,
        "sampled": calibration.sampled,
        "measured_at": stamp(calibration.measured_at),
        "pairs": to_json([[pair.case_id, pair.human, pair.judge] for pair in calibration.pairs]),
    }


def read_calibration(row: Mapping[str, Any] | RowMapping) -> Calibration:
    """The calibration of a row of `calibrations`."""
    return Calibration(
        run=row["run"],
        candidate_digest=row["candidate_digest"],
        dataset=row["dataset"],
        grader_digest=row["grader_digest"],
        judge_digest=row["judge_digest"],
        criterion=row["criterion"],
        source=row["source"],
        labels_digest=row["labels_digest"],
        sampled=row["sampled"],
        measured_at=unstamp(row["measured_at"]),
        pairs=tuple(Pair(case_id=case, human=human, judge=judge) for case, human, judge in from_json(row["pairs"])),
    )
