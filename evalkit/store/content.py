"""Content, kept once under its digest: datasets with their cases, candidates with their outputs, graders."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from evalkit.candidate import Candidate
from evalkit.dataset import AnyDataset, Attachment, Case, OutputFacts
from evalkit.graders import Asked, Grader, PairwiseGrader, kept
from evalkit.graders.imported import Imported
from evalkit.store import facts, versions
from evalkit.store.engine import Database
from evalkit.store.lazy import LazyTexts
from evalkit.store.rows import chunks, from_json, stamp, to_json
from evalkit.store.schema import candidates, cases, dataset_cases, datasets, graders, outputs
from evalkit.store.versions import Version


class Content:
    """What runs are made of."""

    def __init__(self, database: Database) -> None:
        """Content of a database."""
        self._database = database

    def keep_dataset(self, connection: Connection, dataset: AnyDataset, name: str) -> None:
        """Keep a dataset and its cases, unless this version of it is there."""
        row = {
            "digest": dataset.digest,
            "name": name,
            "path": str(dataset.path),
            "cases": dataset.n,
            "created_at": stamp(datetime.now(UTC)),
        }
        self._place_attachments(connection, dataset)
        is_new = self._database.insert_new(connection, datasets, [row])
        versions.keep_spec(connection, dataset)
        if not is_new:
            self.fill_clusters(connection, dataset)
            return
        for chunk in chunks(enumerate(dataset)):
            self._database.insert_new(connection, cases, [_case_row(case) for _, case in chunk])
            places = [_place_row(dataset.digest, position, case) for position, case in chunk]
            self._database.insert_new(connection, dataset_cases, places)

    def _place_attachments(self, connection: Connection, dataset: AnyDataset) -> None:
        """Take in where the attachments of known cases are now: their bytes are the case's, their paths are not."""
        if "attachments" not in getattr(dataset, "mapping", ()):
            return
        rows = (_case_row(case) for case in dataset if case.attachments)
        move = sa.update(cases).where(cases.c.digest == sa.bindparam("of")).values(attachments=sa.bindparam("to"))
        for chunk in chunks(rows):
            connection.execute(move, [{"of": row["digest"], "to": row["attachments"]} for row in chunk])

    def fill_clusters(self, connection: Connection, dataset: AnyDataset) -> None:
        """Take in the clusters of cases that had none; one that is known stays, so that none is ever taken apart."""
        c = dataset_cases.c
        lacking = sa.and_(c.dataset == dataset.digest, c.cluster.is_(None))
        if not dataset.clustered or connection.execute(sa.select(c.case_id).where(lacking).limit(1)).first() is None:
            return
        fill = (
            sa.update(dataset_cases)
            .where(lacking, c.case_id == sa.bindparam("of_case"))
            .values(cluster=sa.bindparam("to_cluster"))
        )
        for chunk in chunks(case for case in dataset if case.cluster is not None):
            connection.execute(fill, [{"of_case": case.id, "to_cluster": case.cluster} for case in chunk])

    def keep_candidate(self, connection: Connection, candidate: Candidate, dataset: AnyDataset) -> None:
        """Keep a candidate and its outputs for the cases of a dataset; those that are there stay, and learn facts."""
        made_by = {"generator": candidate.generator.spec} if candidate.generator else {}
        spec = to_json({"source": candidate.source, **made_by})
        row = {"digest": candidate.digest, "name": candidate.name, "kind": candidate.kind, "spec": spec}
        self._database.insert_new(connection, candidates, [row])
        for chunk in chunks(_outputs(candidate, dataset)):
            self._database.insert_new(connection, outputs, chunk)
        self.fill_facts(connection, candidate)

    def fill_facts(self, connection: Connection, candidate: Candidate) -> None:
        """Take in what was not known of outputs so far; amounts that are known stay."""
        facts.fill(connection, candidate)

    def keep_grader(self, connection: Connection, grader: Grader | Imported) -> None:
        """Keep a grader: the parts that tell it from another, and what it takes to show it."""
        row = {
            "digest": grader.digest,
            "name": grader.name,
            "kind": grader.kind,
            "parts": to_json(grader.parts),
            "spec": to_json(grader.spec),
        }
        self._database.insert_new(connection, graders, [row])

    def grader(self, digest: str) -> tuple[dict[str, str], dict[str, Any]]:
        """The parts and the spec of a grader."""
        with self._database.reading() as connection:
            query = sa.select(graders.c.parts, graders.c.spec).where(graders.c.digest == digest)
            row = connection.execute(query).one()
        return from_json(row.parts), from_json(row.spec)

    def asked(self, digest: str) -> Asked:
        """The grader of a digest, ready to put cases to a model and to read its replies."""
        query = sa.select(graders.c.kind, graders.c.spec).where(graders.c.digest == digest)
        with self._database.reading() as connection:
            row = connection.execute(query).one()
        made = kept(row.kind, from_json(row.spec))
        if isinstance(made, PairwiseGrader) and made.baseline_digest is not None:
            return made.beside(self._beside(made.against, made.baseline_digest))
        return made

    def _beside(self, name: str, digest: str) -> Candidate:
        """A candidate whose outputs are read when one of them is asked for: to read replies takes none."""
        texts = LazyTexts(lambda: self.outputs(digest))
        return Candidate(name=name, kind="recorded", content=digest, texts=texts, source="", kept_as=digest)

    def scales(self, digests: Collection[str]) -> dict[str, dict[str, tuple[float, float]]]:
        """The criteria of graders, each with the lowest and the highest value of its labels."""
        query = sa.select(graders.c.digest, graders.c.spec).where(graders.c.digest.in_(digests))
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return {row.digest: _scales(from_json(row.spec)) for row in rows}

    def cases(self, dataset: str) -> Iterator[Case]:
        """The cases of a dataset, in the order of its file."""
        query = _cases(dataset).order_by(dataset_cases.c.position)
        with self._database.reading() as connection:
            for row in connection.execute(query).mappings():
                yield _case(row)

    def cases_with_outputs(self, dataset: str, candidate: str) -> Iterator[tuple[Case, str | None]]:
        """The cases of a dataset in order, each with a candidate's output where there is one."""
        own = sa.and_(outputs.c.candidate == candidate, outputs.c.case_id == dataset_cases.c.case_id)
        query = _cases(dataset).add_columns(outputs.c.text.label("output")).outerjoin(outputs, own)
        with self._database.reading() as connection:
            for row in connection.execute(query.order_by(dataset_cases.c.position)).mappings():
                yield _case(row), row["output"]

    def places(self, dataset: str) -> list[tuple[str, str]]:
        """The id and the digest of each case of a dataset, in the order of its file."""
        c = dataset_cases.c
        query = sa.select(c.case_id, c.case_digest).where(c.dataset == dataset).order_by(c.position)
        with self._database.reading() as connection:
            return [(row.case_id, row.case_digest) for row in connection.execute(query)]

    def ids(self, dataset: str) -> list[str]:
        """The id of each case of a dataset, in the order of its file."""
        c = dataset_cases.c
        query = sa.select(c.case_id).where(c.dataset == dataset).order_by(c.position)
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def departures(self, dataset: str, other: str) -> list[tuple[int, bool]]:
        """The place of each case that another dataset does not have as it is, and whether it has one of that id."""
        c, o = dataset_cases.c, dataset_cases.alias().c
        found = sa.and_(o.dataset == other, o.case_id == c.case_id)
        query = (
            sa.select(c.position, o.case_digest.is_not(None))
            .outerjoin(o.dataset.table, found)
            .where(c.dataset == dataset, sa.or_(o.case_digest.is_(None), o.case_digest != c.case_digest))
            .order_by(c.position)
        )
        with self._database.reading() as connection:
            return [(row[0], bool(row[1])) for row in connection.execute(query)]

    def heads(self, dataset: str, length: int) -> Iterator[tuple[str, str]]:
        """The tags of each case of a dataset, and how its input begins, both as JSON; in the order of its file."""
        c = dataset_cases.c
        begun = sa.func.substr(cases.c.input, 1, length)
        query = sa.select(c.tags, begun).join(cases, cases.c.digest == c.case_digest).where(c.dataset == dataset)
        with self._database.reading() as connection:
            for row in connection.execute(query.order_by(c.position)):
                yield row[0], row[1]

    def spec(self, dataset: str) -> dict[str, Any] | None:
        """The files and the filter that a dataset was first read with; None where that is not known."""
        with self._database.reading() as connection:
            return versions.specs(connection, [dataset]).get(dataset)

    def specs(self, digests: Collection[str]) -> dict[str, dict[str, Any]]:
        """The same of several datasets, by digest, where it is known."""
        with self._database.reading() as connection:
            return versions.specs(connection, digests)

    def versions(self) -> list[Version]:
        """Every version of every dataset, oldest first."""
        with self._database.reading() as connection:
            return versions.versions(connection)

    def path(self, dataset: str) -> str:
        """The file that a dataset was read from when it was first kept."""
        with self._database.reading() as connection:
            return connection.execute(sa.select(datasets.c.path).where(datasets.c.digest == dataset)).scalar_one()

    def candidate(self, digest: str) -> tuple[str, str, str]:
        """The name and the kind of a candidate, and where its outputs come from."""
        c = candidates.c
        with self._database.reading() as connection:
            row = connection.execute(sa.select(c.name, c.kind, c.spec).where(c.digest == digest)).one()
        return row.name, row.kind, from_json(row.spec)["source"]

    def outputs(self, candidate: str) -> dict[str, str]:
        """Every output of a candidate that is kept, by case id."""
        query = sa.select(outputs.c.case_id, outputs.c.text).where(outputs.c.candidate == candidate)
        with self._database.reading() as connection:
            return {row.case_id: row.text for row in connection.execute(query)}

    def case(self, dataset: str, case_id: str) -> Case | None:
        """One case of a dataset."""
        with self._database.reading() as connection:
            row = connection.execute(_cases(dataset).where(dataset_cases.c.case_id == case_id)).mappings().first()
        return None if row is None else _case(row)

    def cases_for(self, dataset: str, case_ids: Sequence[str]) -> dict[str, Case]:
        """Some cases of a dataset, by id."""
        query = _cases(dataset).where(dataset_cases.c.case_id.in_(case_ids))
        with self._database.reading() as connection:
            return {row["case_id"]: _case(row) for row in connection.execute(query).mappings()}

    def outputs_for(self, digests: Sequence[str], case_ids: Sequence[str]) -> dict[tuple[str, str], str]:
        """The outputs of candidates for some cases, by candidate digest and case id."""
        c = outputs.c
        query = sa.select(c.candidate, c.case_id, c.text).where(c.candidate.in_(digests), c.case_id.in_(case_ids))
        with self._database.reading() as connection:
            return {(row.candidate, row.case_id): row.text for row in connection.execute(query)}

    def output_facts(self, digests: Sequence[str], case_ids: Sequence[str]) -> dict[tuple[str, str], OutputFacts]:
        """What is known of the outputs of candidates for some cases, by candidate digest and case id."""
        with self._database.reading() as connection:
            return facts.read(connection, digests, case_ids)

    def facts_of_candidate(self, candidate: str) -> dict[str, OutputFacts]:
        """What is known of the outputs of a candidate, by case id, where anything is."""
        with self._database.reading() as connection:
            return facts.of_candidate(connection, candidate)


def _cases(dataset: str) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(
            *dataset_cases.c, cases.c.input, cases.c.expected, cases.c.metadata, cases.c.attachments, datasets.c.path
        )
        .join(datasets, datasets.c.digest == dataset_cases.c.dataset)
        .join(cases, cases.c.digest == dataset_cases.c.case_digest)
        .where(dataset_cases.c.dataset == dataset)
    )


def _scales(spec: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    values = {item["name"]: [value for _, value in item["labels"]] for item in spec["criteria"]}
    return {name: (min(labels), max(labels)) for name, labels in values.items()}


def _case_row(case: Case) -> dict[str, object]:
    return {
        "digest": case.digest,
        "input": to_json(case.input),
        "expected": None if case.expected is None else to_json(case.expected),
        "metadata": to_json(case.metadata),
        "attachments": to_json([one.json() for one in case.attachments]) if case.attachments else None,
    }


def _place_row(dataset: str, position: int, case: Case) -> dict[str, object]:
    return {
        "dataset": dataset,
        "case_id": case.id,
        "position": position,
        "case_digest": case.digest,
        "tags": to_json(list(case.tags)),
        "cluster": case.cluster,
    }


def _outputs(candidate: Candidate, dataset: Iterable[Case]) -> Iterator[dict[str, object]]:
    for case in dataset:
        text = candidate.output(case)
        if text is not None:
            yield {
                "candidate": candidate.digest,
                "case_id": case.id,
                "case_digest": case.digest,
                "text": text,
                "usage": facts.written(candidate.facts.get(case.id)),
            }


def _case(row: RowMapping) -> Case:
    return Case(
        id=row["case_id"],
        input=from_json(row["input"]),
        expected=None if row["expected"] is None else from_json(row["expected"]),
        metadata=from_json(row["metadata"]),
        tags=tuple(from_json(row["tags"])),
        cluster=row["cluster"],
        attachments=_attachments(row),
    )


def _attachments(row: RowMapping) -> tuple[Attachment, ...]:
    """The attachments of a case, beside the file that its dataset was read from."""
    if row["attachments"] is None:
        return ()
    root = Path(row["path"]).parent
    return tuple(Attachment.from_json(kept, root) for kept in from_json(row["attachments"]))
