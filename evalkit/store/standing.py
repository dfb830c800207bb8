"""Standing: how a run that comes from another store stands to the one that is here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

from evalkit.errors import IntegrityError
from evalkit.run import BatchState, IntentState

_INTENTS: Final = (IntentState.PLANNED, IntentState.INTENDED, IntentState.UNKNOWN, IntentState.CREATED)
_BATCHES: Final = (BatchState.IN_PROGRESS, BatchState.CANCELING, BatchState.ENDED, BatchState.COLLECTED)


class Standing(StrEnum):
    """How a run that comes in stands to the one that is here."""

    #: It is not here.
    NEW = "new"
    #: It has come further.
    NEWER = "newer"
    #: It stands where it stands here.
    SAME = "same"
    #: It has come further here.
    OLDER = "older"


Row = Mapping[str, Any]
Progress = dict[tuple[Any, ...], tuple[int, str | None]]
"""Of a try (part, attempt) or of a batch: how far it has come, and the batch that it is."""


def progress(intent_rows: Iterable[Row], batch_rows: Iterable[Row]) -> dict[str, Progress]:
    """By run: how far each try and each batch has come, with the batch that a try became."""
    found: dict[str, Progress] = defaultdict(dict)
    for one in intent_rows:
        state = IntentState(one["state"])
        dead = state is IntentState.NOT_CREATED
        place = len(_INTENTS) - 1 if dead else _INTENTS.index(state)
        found[one["run"]][one["part"], one["attempt"]] = (place, "" if dead else one["batch"])
    for one in batch_rows:
        found[one["run"]][(one["batch"],)] = (_BATCHES.index(BatchState(one["state"])), one["batch"])
    return found


def weighed(run: str, ours: Progress, theirs: Progress) -> Standing:
    """Which of two states of a run follows from the other.

    Raises:
        IntegrityError: neither does.
    """
    ahead, behind = bool(theirs.keys() - ours.keys()), bool(ours.keys() - theirs.keys())
    for key in ours.keys() & theirs.keys():
        (here, our_batch), (there, their_batch), name = ours[key], theirs[key], str(key[0])
        sent = our_batch is None and here >= _INTENTS.index(IntentState.INTENDED)
        if None not in (our_batch, their_batch) and our_batch != their_batch:
            raise _parted(run, f"part {name} is {our_batch or 'given up'} here and {their_batch or 'given up'} there")
        if sent and there > here:
            raise _parted(run, f"part {name} was sent from here too, and what became of that is not known")
        ahead, behind = ahead or there > here, behind or here > there
    if ahead and behind:
        raise _parted(run, "it was sent from both")
    return Standing.NEWER if ahead else Standing.OLDER if behind else Standing.SAME


def _parted(run: str, why: str) -> IntegrityError:
    return IntegrityError(
        f"run {run} has gone different ways in this store and in that of the bundle ({why}): both were paid for, and "
        "one would hide the other. Nothing is imported; keep them apart in two stores"
    )
