"""What a kind of case is: its tag, the length of its input, or what its metadata says under a key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from evalkit.analysis.route import length_buckets
from evalkit.dataset import Case
from evalkit.errors import UsageError
from evalkit.store import Store

BY_TAG: Final = "tag"
BY_LENGTH: Final = "length"
BY_PREFIX: Final = f"{BY_TAG}:"
"""With what stands before the colon of a tag: `tag:topic` for tags such as `topic:law`."""
UNTAGGED: Final = "untagged"
LACKING: Final = "none"
MOST: Final = 1000
"""More kinds than this are no kinds: nothing is learnt of them."""


def kinds_of(
    store: Store, dataset: str, wanted: Sequence[str], by: str
) -> tuple[dict[str, str], Mapping[str, int | None], int]:
    """The kind of each case; by length the limits of the kinds; by tag how many cases have several that would do.

    Raises:
        UsageError: no case has such a tag, or such a key in its metadata.
    """
    chosen = set(wanted)
    cases = {case.id: case for case in store.content.cases(dataset) if case.id in chosen}
    if by == BY_TAG or by.startswith(BY_PREFIX):
        found = {case_id: tags_by(case.tags, by) for case_id, case in cases.items()}
        if not any(found.values()) and by != BY_TAG:
            raise UsageError(_no_prefix(by, cases.values()))
        kinds = {case_id: next(iter(tags), UNTAGGED) for case_id, tags in found.items()}
        return kinds, {}, sum(len(tags) > 1 for tags in found.values())
    if by == BY_LENGTH:
        kinds = length_buckets({case_id: input_length(case) for case_id, case in cases.items()})
        return kinds, _limits(kinds), 0
    keys = dict.fromkeys(key for case in cases.values() for key in case.metadata)
    if by not in keys:
        known = ", ".join([BY_TAG, BY_LENGTH, *keys])
        raise UsageError(f"no case has {by!r} in its metadata; --by may be {known}")
    return {case_id: kind_of(case.metadata.get(by)) for case_id, case in cases.items()}, {}, 0


def tags_by(tags: Sequence[str], by: str) -> list[str]:
    """The tags that tell the kind of a case; the first of them counts."""
    return [tag for tag in tags if by == BY_TAG or tag.startswith(f"{by.removeprefix(BY_PREFIX)}:")]


def _no_prefix(by: str, cases: Iterable[Case]) -> str:
    heads = sorted({tag.partition(":")[0] for case in cases for tag in case.tags if ":" in tag})
    wanted = by.removeprefix(BY_PREFIX)
    known = f"there are {', '.join(f'{BY_PREFIX}{head}' for head in heads)}" if heads else "no tag has a colon"
    return f"no case has a tag that begins with {wanted + ':'!r}; {known}"


def input_length(case: Case) -> int:
    """The length of a case's input in characters, as a router can count it: of its text, or of its JSON."""
    return len(case.input) if isinstance(case.input, str) else len(msgspec.json.encode(case.input).decode())


def _limits(kinds: Mapping[str, str]) -> dict[str, int | None]:
    bounded = {kind: int(kind.removeprefix("<= ")) for kind in set(kinds.values()) if kind.startswith("<=")}
    ordered: dict[str, int | None] = dict(sorted(bounded.items(), key=lambda item: item[1]))
    return {**ordered, **dict.fromkeys(sorted(set(kinds.values()) - bounded.keys()))}


def kind_of(value: object) -> str:
    """The kind that a value of the metadata stands for: a text itself, else its JSON."""
    if value is None:
        return LACKING
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def must_be_few(kinds: Mapping[str, str], by: str) -> None:
    """Refuse what tells nearly every case from every other.

    Raises:
        UsageError: there are more kinds than anything could be learnt of.
    """
    if (count := len(set(kinds.values()))) > MOST:
        raise UsageError(
            f"by {by} there are {count:,} kinds of {len(kinds):,} cases, and at most {MOST:,} are tried; "
            "choose what cases have in common, such as --by tag or --by length"
        )
