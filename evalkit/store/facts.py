"""What is known of outputs, as the store has it beside each: JSON of price, time and tokens."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from evalkit.candidate import Candidate
from evalkit.dataset import OutputFacts
from evalkit.store.rows import chunks, from_json, to_json
from evalkit.store.schema import outputs


def written(known: OutputFacts | None) -> str | None:
    """The facts of an output as the store has them."""
    return None if known is None else to_json(known.json())


def fill(connection: Connection, candidate: Candidate) -> None:
    """Take in what was not known of outputs; an amount that is known stays, which model served one may be mended."""
    if not candidate.facts:
        return
    c = outputs.c
    of_candidate = sa.select(c.case_id, c.usage).where(c.candidate == candidate.digest)
    # In one order, as rows are inserted: writers of the same rows never wait for each other in a circle.
    told = sorted(row for row in connection.execute(of_candidate).all() if row[0] in candidate.facts)
    joined = [(case_id, old, _joined(old, candidate.facts[case_id])) for case_id, old in told]
    update = (
        sa.update(outputs)
        .where(c.candidate == candidate.digest, c.case_id == sa.bindparam("of_case"))
        # Another writer may have been here since: what it knew is not written over.
        .where(sa.or_(c.usage.is_(None), c.usage == sa.bindparam("from_facts")))
        .values(usage=sa.bindparam("to_facts"))
    )
    for chunk in chunks((case_id, old, new) for case_id, old, new in joined if new != old):
        known = [{"of_case": case_id, "from_facts": old or "", "to_facts": new} for case_id, old, new in chunk]
        connection.execute(update, known)


def _joined(old: str | None, later: OutputFacts) -> str | None:
    """What the store has of an output, and what it is told."""
    if old is None:
        return written(later)
    known = OutputFacts.from_json(from_json(old))
    both = known.joined(later)
    return old if both == known else written(both)


def read(connection: Connection, digests: Sequence[str], case_ids: Sequence[str]) -> dict[tuple[str, str], OutputFacts]:
    """The facts of the outputs of candidates for some cases, by candidate digest and case id."""
    c = outputs.c
    query = sa.select(c.candidate, c.case_id, c.usage).where(
        c.candidate.in_(digests), c.case_id.in_(case_ids), c.usage.is_not(None)
    )
    return {
        (row.candidate, row.case_id): OutputFacts.from_json(from_json(row.usage)) for row in connection.execute(query)
    }


def of_candidate(connection: Connection, candidate: str) -> dict[str, OutputFacts]:
    """What is known of the outputs of a candidate, by case id, where anything is."""
    c = outputs.c
    query = sa.select(c.case_id, c.usage).where(c.candidate == candidate, c.usage.is_not(None))
    return {case_id: OutputFacts.from_json(from_json(text)) for case_id, text in connection.execute(query).all()}
