"""What a dataset holds, in numbers: its fields, its duplicates, how long its texts are, its tags and clusters."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from evalkit import ids
from evalkit.dataset.case import SPLIT, Case, Json
from evalkit.dataset.cases import Dataset

CHARACTERS_PER_TOKEN: Final = 4
"""A rule of thumb for English; other languages and code have more tokens."""
MOST_VALUES: Final = 20
QUANTILES: Final = {"min": 0.0, "p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
_NOT_WORD: Final = re.compile(r"\W+")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetStats:
    """A dataset in numbers."""

    dataset: Dataset
    filled: Mapping[str, int]
    """Field -> cases in which it is there."""
    duplicates: tuple[tuple[str, ...], ...]
    """Ids of cases with the same content."""
    near_duplicates: tuple[tuple[str, ...], ...]
    """Ids of cases whose inputs differ in case, spaces and punctuation at most, and that are not the same."""
    lengths: Mapping[str, Mapping[str, int]]
    """Field -> quantile -> characters."""
    tags: Mapping[str, int]
    splits: Mapping[str, int]
    metadata: Mapping[str, Mapping[str, int]]
    """Key -> value -> cases, for the keys of few values."""
    keys: Mapping[str, int]
    """Key of the metadata -> cases that have it."""
    clusters: int
    effective: float | None
    """(sum of sizes)^2 / sum of squares: as many independent cases as the clusters are worth if each is one answer."""

    def json(self) -> dict[str, Any]:
        """The document of `dataset stats --json`."""
        dataset = self.dataset
        return {
            "files": [str(path) for path in dataset.files],
            "digest": dataset.digest,
            "cases": dataset.n,
            "cases_before_filter": dataset.n_before,
            "mapping": dict(dataset.mapping),
            "notes": [*dataset.notes, *dataset.narrowing],
            "filled": dict(self.filled),
            "duplicates": [list(group) for group in self.duplicates],
            "near_duplicates": [list(group) for group in self.near_duplicates],
            "characters": {name: dict(one) for name, one in self.lengths.items()},
            "tokens": {name: {q: tokens(n) for q, n in one.items()} for name, one in self.lengths.items()},
            "tags": dict(self.tags),
            "splits": dict(self.splits),
            "metadata": {key: dict(one) for key, one in self.metadata.items()},
            "metadata_keys": dict(self.keys),
            "clusters": self.clusters,
            "effective_cases": self.effective,
        }


@dataclass(slots=True)
class _Tally:
    filled: Counter[str] = field(default_factory=Counter[str])
    same: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict[str, list[str]](list))
    near: defaultdict[str, list[tuple[str, str]]] = field(
        default_factory=lambda: defaultdict[str, list[tuple[str, str]]](list)
    )
    lengths: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict[str, list[int]](list))
    tags: Counter[str] = field(default_factory=Counter[str])
    values: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict[str, Counter[str]](Counter))
    keys: Counter[str] = field(default_factory=Counter[str])
    clusters: Counter[str] = field(default_factory=Counter[str])

    def take(self, case: Case) -> None:
        """Take in one case."""
        texts = {"input": case.input, "expected": case.expected, "output": case.output, **case.outputs}
        for name, value in texts.items():
            if value is not None:
                self.filled[name] += 1
                self.lengths[name].append(len(_text(value)))
        for name, there in {"metadata": case.metadata, "tags": case.tags, "cluster": case.cluster}.items():
            self.filled[name] += bool(there)
        self.filled["split"] += case.split is not None
        for name in case.labels:
            self.filled[name] += 1
        self.same[case.digest].append(case.id)
        self.near[ids.text_digest(normalised(_text(case.input)))].append((case.id, case.digest))
        self.tags.update(case.tags)
        for key, value in case.metadata.items():
            self.keys[key] += 1
            if not isinstance(value, list | dict) and value is not None and len(self.values[key]) <= MOST_VALUES:
                self.values[key][ids.scalar_text(value)[:80]] += 1
        self.clusters[case.cluster or f"\0{case.id}"] += 1


def stats_of(dataset: Dataset) -> DatasetStats:
    """A dataset in numbers, in one walk.

    Raises:
        DatasetError: a file changed since it was loaded.
    """
    tally = _Tally()
    for case in dataset:
        tally.take(case)
    squares = sum(size * size for size in tally.clusters.values())
    return DatasetStats(
        dataset=dataset,
        filled={name: n for name, n in tally.filled.items() if n},
        duplicates=tuple(tuple(group) for group in tally.same.values() if len(group) > 1),
        near_duplicates=tuple(_near(tally.near.values())),
        lengths={name: quantiles(lengths) for name, lengths in tally.lengths.items()},
        tags=dict(tally.tags.most_common()),
        splits={tag.removeprefix(SPLIT): n for tag, n in tally.tags.items() if tag.startswith(SPLIT)},
        metadata={key: dict(one.most_common()) for key, one in tally.values.items() if len(one) <= MOST_VALUES},
        keys=dict(tally.keys),
        clusters=len(tally.clusters),
        effective=dataset.n**2 / squares if squares else None,
    )


def _near(groups: Iterable[list[tuple[str, str]]]) -> Iterable[tuple[str, ...]]:
    for group in groups:
        if len({digest for _, digest in group}) > 1:
            yield tuple(case_id for case_id, _ in group)


def normalised(text: str) -> str:
    """A text without case, accents' spelling, punctuation and runs of spaces."""
    return _NOT_WORD.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def quantiles(lengths: list[int]) -> dict[str, int]:
    """The nearest-rank quantiles of some lengths."""
    ordered = sorted(lengths)
    return {name: ordered[max(0, math.ceil(q * len(ordered)) - 1)] for name, q in QUANTILES.items()}


def tokens(characters: int) -> int:
    """About how many tokens a text of so many characters has."""
    return math.ceil(characters / CHARACTERS_PER_TOKEN)


def _text(value: Json) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
