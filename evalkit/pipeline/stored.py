"""Datasets and candidates as the store keeps them, to be judged again without the files that they came from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from evalkit import ids
from evalkit.candidate import Candidate, Kind
from evalkit.dataset import Case
from evalkit.store import Store
from evalkit.store.rows import chunks


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDataset:
    """A dataset of the store, or some of its cases; iterating streams them in the order of the file."""

    store: Store
    kept_as: str
    """The digest of the dataset that the cases are kept under."""
    path: Path
    digest: str
    n: int
    ids: frozenset[str] | None = None
    """The cases it has; all where None."""

    @property
    def clustered(self) -> bool:
        """Nothing that the store does not know."""
        return False

    @property
    def spec(self) -> Mapping[str, object] | None:
        """That of the dataset that the cases are kept under, and which part of it they are; None for all of it."""
        if self.ids is None:
            return None
        whole = self.store.content.spec(self.kept_as)
        return {**whole, "of": self.kept_as, "left": self.n} if whole else None

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[Case]:
        for case in self.store.content.cases(self.kept_as):
            if self.ids is None or case.id in self.ids:
                yield case


def stored_dataset(store: Store, digest: str, case_ids: Collection[str] | None = None) -> StoredDataset:
    """The dataset that the store has under a digest, or those of its cases that are named; never more than it has."""
    places = store.content.places(digest)
    wanted = None if case_ids is None else frozenset(case_ids) & {case_id for case_id, _ in places}
    chosen = [place for place in places if wanted is None or place[0] in wanted]
    return StoredDataset(
        store=store,
        kept_as=digest,
        path=Path(store.content.path(digest)),
        digest=ids.dataset_digest(chosen),
        n=len(chosen),
        ids=wanted,
    )


def stored_candidate(store: Store, digest: str, case_ids: Collection[str] | None = None) -> Candidate:
    """The candidate that the store has under a digest, with every output of it that is kept, or those of some cases."""
    name, kind, source = store.content.candidate(digest)
    return Candidate(
        name=name,
        kind=cast("Kind", kind),
        content=digest,
        texts=store.content.outputs(digest) if case_ids is None else _texts(store, digest, case_ids),
        source=source,
        kept_as=digest,
    )


def _texts(store: Store, digest: str, case_ids: Collection[str]) -> dict[str, str]:
    """The outputs of a candidate for some cases."""
    return {
        case_id: text
        for window in chunks(case_ids)
        for (_, case_id), text in store.content.outputs_for([digest], window).items()
    }
