"""How one version of a dataset differs from another, case by case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from evalkit import ids
from evalkit.dataset.case import Case

CONTENT: Final = ("input", "expected", "metadata")
BESIDE: Final = ("tags", "cluster", "output", "labels")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What became of the cases of `before` in `after`."""

    before: str
    """The digest of each."""
    after: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    """Cases of the same content under another id: the old and the new one."""
    changed: Mapping[str, tuple[str, ...]]
    """Id -> the fields that changed; metadata by key."""
    unchanged: int

    @property
    def same(self) -> bool:
        """Whether nothing changed that scores depend on: the digests are one."""
        return self.before == self.after

    def json(self) -> dict[str, Any]:
        """The document of `dataset diff --json`."""
        return {
            "before": self.before,
            "after": self.after,
            "same": self.same,
            "added": list(self.added),
            "removed": list(self.removed),
            "renamed": [{"before": old, "after": new} for old, new in self.renamed],
            "changed": {case_id: list(fields) for case_id, fields in self.changed.items()},
            "unchanged": self.unchanged,
        }


@dataclass(frozen=True, slots=True)
class _Prints:
    content: str
    fields: Mapping[str, str]


def difference(before: Iterable[Case], after: Iterable[Case]) -> Difference:
    """How the cases of two versions differ; a digest is kept of each field, not the field."""
    old, new = ({case.id: _prints(case) for case in cases} for cases in (before, after))
    renamed = dict(_renamed(old, new))
    taken = set(renamed.values())
    changed = {
        case_id: fields
        for case_id in old
        if case_id in new and (fields := _changed(old[case_id].fields, new[case_id].fields))
    }
    both = old.keys() & new.keys()
    return Difference(
        before=_digest(old),
        after=_digest(new),
        added=tuple(case_id for case_id in new if case_id not in old and case_id not in taken),
        removed=tuple(case_id for case_id in old if case_id not in new and case_id not in renamed),
        renamed=tuple(renamed.items()),
        changed=changed,
        unchanged=len(both) - len(changed),
    )


def _digest(prints: Mapping[str, _Prints]) -> str:
    return ids.dataset_digest((case_id, one.content) for case_id, one in prints.items())


def _prints(case: Case) -> _Prints:
    fields = {name: getattr(case, name) for name in (*CONTENT[:2], *BESIDE)}
    own = {f"metadata.{key}": value for key, value in case.metadata.items()}
    return _Prints(case.digest, {name: ids.digest(value) for name, value in {**fields, **own}.items()})


def _renamed(old: Mapping[str, _Prints], new: Mapping[str, _Prints]) -> Iterable[tuple[str, str]]:
    """Removed and added ids of the same content; of several with one content, in their order."""
    free: dict[str, list[str]] = {}
    for case_id in new:
        if case_id not in old:
            free.setdefault(new[case_id].content, []).append(case_id)
    for case_id in old:
        if case_id not in new and free.get(old[case_id].content):
            yield case_id, free[old[case_id].content].pop(0)


def _changed(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name))
