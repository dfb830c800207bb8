"""The order in which runs are sent: those with the same bytes before their cases one after another.

Within a run there is nothing to order: all its requests share one prefix, and what follows it (a conversation, an
attachment, the samples of one case, which stand together) has no breakpoint of its own. One there would not pay: the
few requests of a case are answered at the same time, so that each would write and none would read.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from evalkit.run import Run

Item = TypeVar("Item")


def together(items: Iterable[Item], run_of: Callable[[Item], Run]) -> list[Item]:
    """What is to be sent, in its own order but for runs that share a prefix: they follow the first of them."""
    groups: dict[Hashable, list[Item]] = {}
    for item in items:
        groups.setdefault(prefix_of(run_of(item)), []).append(item)
    return [item for group in groups.values() for item in group]


def prefix_of(run: Run) -> Hashable:
    """What tells the prefix of a run: two runs of which it is equal send the same bytes before their cases."""
    return run.grader_digest, run.judge.digest if run.judge else None
