"""What a filter leaves of a dataset, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from evalkit.dataset.filter import Filter, Member, Sieve, said
from evalkit.dataset.problems import did_you_mean, listed
from evalkit.errors import DatasetError, Problem

SECTION: Final = "[dataset.filter]"


def narrowed(members: Sequence[Member], sieve: Sieve, path: Path) -> list[Member]:
    """Of the cases that meet every condition, those that the filter leaves.

    Raises:
        DatasetError: it leaves none, names ids that are no case, or cannot sample every stratum.
    """
    problems = list(_unknown(sieve, path))
    if not members and not problems:
        what = f"none of the {sieve.seen:,} cases is left: {sieve.said()}"
        problems.append(Problem(where=str(path), field="dataset.filter", what=what, mend=_mend(sieve)))
    if problems:
        raise DatasetError(problems)
    try:
        return sieve.choose(members)
    except ValueError as error:
        mend = f"sample more, or stratify by something else than {sieve.filter.stratify!r}"
        raise DatasetError([Problem(str(path), "dataset.filter.sample", str(error), mend)]) from error


def narrowing(wanted: Filter | None, left: int, sieve: Sieve) -> Iterator[str]:
    """What a user should know of a filter."""
    if wanted is None:
        return
    if left == sieve.seen:
        yield f"the filter ({said(wanted.spec)}) leaves all {left:,} cases"
    else:
        yield f"{left:,} of {sieve.seen:,} cases: {sieve.said()}; what is left is a dataset of its own"


def _unknown(sieve: Sieve, path: Path) -> Iterator[Problem]:
    if sieve.unknown:
        what = f"no case has the id {listed(sieve.unknown, at_most=5)}"
        yield Problem(where=str(path), field="dataset.filter.ids", what=what, mend="name ids of the dataset")


def _mend(sieve: Sieve) -> str:
    """A tag or split that was probably meant, or what there is."""
    wanted, known = sieve.filter, sorted(sieve.tags)
    asked = [*wanted.tags, *wanted.all_tags, *([f"split:{wanted.split}"] if wanted.split else [])]
    guesses = [guess for tag in asked if tag not in known and (guess := did_you_mean(tag, known).strip())]
    if guesses:
        return "; ".join(guesses)
    absent = [tag for tag in asked if tag not in known]
    has = f"; the tags are {listed(known, at_most=8)}" if absent and known else ""
    return f"loosen {SECTION}{has}"
