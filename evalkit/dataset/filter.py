"""Some of a dataset's cases: by split, tags, metadata and ids; of these a sample; of that the first.

A sample is the cases whose digest of seed and id comes first, so that it is the same on every machine and in every
order of rows, a larger one holds the smaller ones, and a case that is added changes one case of it at most.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, cast

from evalkit import ids
from evalkit.dataset.case import SPLIT, Case, Json

Scalar: TypeAlias = "str | bool | int | float"
NO_STRATUM: Final = ""
"""The stratum of cases that have no tag, or nothing under the key."""


def _no_metadata() -> Mapping[str, Sequence[Scalar]]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which cases are wanted; a case must meet every condition, and no condition wants all."""

    split: str | None = None
    tags: Sequence[str] = ()
    """Any of these."""
    all_tags: Sequence[str] = ()
    not_tags: Sequence[str] = ()
    metadata: Mapping[str, Sequence[Scalar]] = field(default_factory=_no_metadata)
    """Key -> the values of which one must stand under it."""
    ids: frozenset[str] | None = None
    sample: int | None = None
    seed: int = 0
    stratify: str | None = None
    """`tag`, or a key of the metadata."""
    first: int | None = None
    spec: Mapping[str, object] = field(default_factory=dict[str, object])
    """The filter as a user wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """What a filter needs to know of a case that meets the conditions."""

    id: str
    digest: str
    stratum: str = NO_STRATUM


@dataclass(slots=True)
class Sieve:
    """One filter over one dataset: told of every case, it counts what each condition takes away."""

    filter: Filter
    seen: int = 0
    removed: Counter[str] = field(default_factory=Counter[str])
    """Condition -> cases that met all before it and not this one."""
    tags: Counter[str] = field(default_factory=Counter[str])
    strata: Counter[str] = field(default_factory=Counter[str])
    found: set[str] = field(default_factory=set[str])
    """Of the wanted ids, those that are there."""

    def meets(self, case: Case) -> bool:
        """Whether a case meets every condition."""
        self.seen += 1
        self.tags.update(case.tags)
        if self.filter.ids is not None and case.id in self.filter.ids:
            self.found.add(case.id)
        for name, holds in _CONDITIONS.items():
            if not holds(self.filter, case):
                self.removed[name] += 1
                return False
        return True

    @property
    def unknown(self) -> list[str]:
        """The ids that are wanted and are no case."""
        return sorted((self.filter.ids or frozenset()) - self.found)

    def member(self, case: Case) -> Member:
        """What is kept of a case that meets every condition."""
        return Member(id=case.id, digest=case.digest, stratum=stratum_of(case, self.filter.stratify))

    def choose(self, members: Sequence[Member]) -> list[Member]:
        """Of the cases that meet every condition, those of the sample, and of them the first; in the file's order.

        Raises:
            ValueError: there are more strata than cases to sample.
        """
        chosen = list(members)
        if self.filter.sample is not None:
            strata = {one.id: one.stratum for one in members}
            drawn = sample(strata, self.filter.sample, seed=self.filter.seed)
            chosen = [one for one in members if one.id in drawn]
            self._count("sample", len(members) - len(chosen))
        if self.filter.first is not None:
            self._count("first", len(chosen) - len(chosen[: self.filter.first]))
            chosen = chosen[: self.filter.first]
        return chosen

    def _count(self, condition: str, n: int) -> None:
        if n:
            self.removed[condition] += n

    def said(self) -> str:
        """What each condition removed, in words."""
        order = [*_CONDITIONS, "sample", "first"]
        return ", ".join(f"{self.shown(name)} removes {self.removed[name]:,}" for name in order if self.removed[name])

    def shown(self, name: str) -> str:
        """A condition as a config writes it."""
        value = self.filter.spec.get(name, getattr(self.filter, name))
        return f"{name} = {shown_value(value)}"


def shown_value(value: Any) -> str:
    """A value as TOML writes it; long lists are cut."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, Any]", value).items()
        return "{ " + ", ".join(f"{key} = {shown_value(item)}" for key, item in pairs) + " }"
    if isinstance(value, list | tuple | frozenset):
        items = [shown_value(item) for item in cast("Iterable[Any]", value)]
        more = [f"... {len(items) - 3} more"] if len(items) > 4 else []
        return f"[{', '.join([*items[: 3 if more else 4], *more])}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def said(spec: Mapping[str, object]) -> str:
    """A filter in one line, as a config writes it."""
    return ", ".join(f"{name} = {shown_value(value)}" for name, value in spec.items())


def filter_in(spec: Mapping[str, Any] | None) -> dict[str, object]:
    """The filter of a dataset as a store keeps it; empty where there was none, or none is known."""
    return dict((spec or {}).get("filter") or {})


def stratum_of(case: Case, by: str | None) -> str:
    """The stratum of a case: its first tag, or the value under a key of its metadata."""
    if by is None:
        return NO_STRATUM
    if by in ("tag", "tags"):
        return next((tag for tag in case.tags if not tag.startswith(SPLIT)), NO_STRATUM)
    if by == "split":
        return case.split or NO_STRATUM
    value = _scalar(case.metadata.get(by.removeprefix("metadata.")))
    return NO_STRATUM if value is None else value


def sample(strata: Mapping[str, str], n: int, *, seed: int) -> set[str]:
    """`n` of some ids, each stratum with its share; ids -> their strata.

    Raises:
        ValueError: there are more strata than ids to draw.
    """
    order = sorted(strata, key=lambda case_id: rank(case_id, seed))
    sizes = Counter(strata.values())
    left = shares(sizes, n)
    drawn: set[str] = set()
    for case_id in order:
        if left[strata[case_id]] > 0:
            left[strata[case_id]] -= 1
            drawn.add(case_id)
    return drawn


def rank(case_id: str, seed: int) -> str:
    """Where an id stands in the draw of a seed."""
    return ids.text_digest(f"{seed}\n{case_id}")


def shares(sizes: Mapping[str, int], n: int) -> dict[str, int]:
    """How many of `n` each stratum gets: proportional, by largest remainder, and one at least.

    Raises:
        ValueError: there are more strata than `n`.
    """
    total = sum(sizes.values())
    if n >= total:
        return dict(sizes)
    if n < len(sizes):
        raise ValueError(f"{n} cases cannot have one of each of {len(sizes)} strata")
    quotas = {name: n * size / total for name, size in sizes.items()}
    given = {name: max(1, math.floor(quota)) for name, quota in quotas.items()}
    while (missing := n - sum(given.values())) != 0:
        step = 1 if missing > 0 else -1
        open_ = [name for name in given if (given[name] < sizes[name] if step > 0 else given[name] > 1)]
        # The stratum that is furthest from its quota, and of several the first by name.
        furthest = max(sorted(open_), key=lambda name: step * (quotas[name] - given[name]))
        given[furthest] += step
    return given


def _scalar(value: Json) -> str | None:
    return None if value is None or isinstance(value, list | dict) else ids.scalar_text(value)


def _has_metadata(wanted: Filter, case: Case) -> bool:
    return all(
        any(text in _texts(case.metadata.get(key)) for text in map(ids.scalar_text, values))
        for key, values in wanted.metadata.items()
    )


def _texts(value: Json) -> Iterable[str]:
    """A scalar as text; of a list every scalar."""
    items = value if isinstance(value, list) else [value]
    return [text for item in items if (text := _scalar(item)) is not None]


_CONDITIONS: Final[Mapping[str, Callable[[Filter, Case], bool]]] = {
    "split": lambda wanted, case: wanted.split is None or case.split == wanted.split,
    "tags": lambda wanted, case: not wanted.tags or bool({*wanted.tags} & {*case.tags}),
    "all_tags": lambda wanted, case: {*wanted.all_tags} <= {*case.tags},
    "not_tags": lambda wanted, case: not {*wanted.not_tags} & {*case.tags},
    "metadata": _has_metadata,
    "ids": lambda wanted, case: wanted.ids is None or case.id in wanted.ids,
}
"""In the order in which they are tried."""
