"""Answers: the outputs that generation runs make, and those that earlier ones made of the same cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evalkit.dataset import OutputFacts
from evalkit.run import Run, RunKind
from evalkit.store import facts
from evalkit.store.engine import Database
from evalkit.store.rows import chunks, from_json
from evalkit.store.schema import candidates, outputs, runs, scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An output that a generation run made, or took over from an earlier one."""

    case_id: str
    case_digest: str
    text: str
    facts: OutputFacts | None = field(default=None)
    run: str = ""
    """The earlier generation run that made it, where it was taken over."""


class Answers:
    """The generated outputs of a store."""

    def __init__(self, database: Database) -> None:
        """Generated outputs of a database."""
        self._database = database

    def keep(self, candidate: str, found: Iterable[Answer]) -> None:
        """Keep outputs of a generated candidate; one that is there stays as it first came."""
        with self._database.writing() as connection:
            for chunk in chunks(sorted(found, key=lambda one: one.case_id)):
                self._database.insert_new(connection, outputs, [_row(candidate, one) for one in chunk])

    def earlier(self, generator: str, case_digests: Sequence[str]) -> dict[str, Answer]:
        """What the same model, prompt and settings answered to some cases before, by case digest; the newest answers.

        Args:
            generator: the digest of model, prompt and settings.
            case_digests: the cases.
        """
        found: dict[str, Answer] = {}
        with self._database.reading() as connection:
            for candidate, run in _made_by(connection, generator):
                wanted = [digest for digest in case_digests if digest not in found]
                for chunk in chunks(wanted):
                    found |= _answers(connection, candidate, run, chunk)
        return found

    def reasons(self, run: str) -> dict[str, str]:
        """Why a generation run has no output for a case, by case id: the status, and what was said of it."""
        c = scores.c
        query = sa.select(c.case_id, c.status, c.reason).where(c.run == run, c.value.is_(None), c.suffix == "")
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return {row.case_id: f"{row.status}: {row.reason}" if row.reason else row.status for row in rows}

    def of_candidate(self, run: Run) -> str | None:
        """The generation run that makes the outputs which a run scores, where one does."""
        r = runs.c
        query = sa.select(r.run).where(
            r.kind == RunKind.GENERATION.value, r.candidate_digest == run.candidate_digest, r.dataset == run.dataset
        )
        with self._database.reading() as connection:
            return connection.execute(query.order_by(r.created_at.desc()).limit(1)).scalar()


def _made_by(connection: Connection, generator: str) -> Sequence[tuple[str, str]]:
    """Candidates of a generator with the runs that made their outputs, the newest first."""
    query = (
        sa.select(candidates.c.digest, candidates.c.spec, runs.c.run)
        .join(runs, runs.c.candidate_digest == candidates.c.digest)
        .where(candidates.c.kind == "generated", runs.c.kind == RunKind.GENERATION.value)
        .order_by(runs.c.created_at.desc(), runs.c.run)
    )
    rows = connection.execute(query).all()
    return [(row.digest, row.run) for row in rows if _generator(from_json(row.spec)) == generator]


def _generator(spec: Mapping[str, object]) -> object:
    made_by = spec.get("generator")
    return made_by.get("digest") if isinstance(made_by, dict) else None  # pyright: ignore[reportUnknownVariableType,reportUnknownMemberType]


def _answers(connection: Connection, candidate: str, run: str, case_digests: Sequence[str]) -> dict[str, Answer]:
    c = outputs.c
    query = (
        sa.select(c.case_id, c.case_digest, c.text, c.usage)
        .where(c.candidate == candidate, c.case_digest.in_(case_digests))
        .order_by(c.case_id.desc())
    )
    return {
        row.case_digest: Answer(
            case_id=row.case_id,
            case_digest=row.case_digest,
            text=row.text,
            facts=None if row.usage is None else OutputFacts.from_json(from_json(row.usage)),
            run=run,
        )
        for row in connection.execute(query)
    }


def _row(candidate: str, answer: Answer) -> dict[str, object]:
    return {
        "candidate": candidate,
        "case_id": answer.case_id,
        "case_digest": answer.case_digest,
        "text": answer.text,
        "usage": facts.written(answer.facts),
    }
