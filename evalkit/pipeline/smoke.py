"""Smoke: the first cases of a run go first, one by one, and the rest is held back until their replies are sound.

They are a part of their own, so their scores count and nothing of them is asked twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from evalkit.errors import ProviderError
from evalkit.pipeline.follow_up import LASTING, Unscored, unscored
from evalkit.pipeline.sender import Sender
from evalkit.reply import read_reply
from evalkit.run import BatchState, IntentState, Run
from evalkit.score import Status
from evalkit.store import BATCHED, IN_REALTIME, Store, Way

HELD: Final = "held back until the replies to the first cases are sound"
_SHOWN: Final = 300
"""Characters of a reply that are shown."""


class SmokeError(ProviderError):
    """What came back for the first cases shows that something is broken: the rest is not sent."""


def ways(n_parts: int, *, realtime: bool, smoke: int) -> Sequence[Way]:
    """How each part of a new run goes out."""
    if realtime:
        return [IN_REALTIME] * n_parts
    if smoke and n_parts:
        return [IN_REALTIME, *[Way(realtime=False, reason=HELD)] * (n_parts - 1)]
    return [BATCHED] * n_parts


def held_back(store: Store, run: str) -> int:
    """How many requests of a run are held back."""
    planned = store.intents.in_state(IntentState.PLANNED, runs=[run])
    return sum(one.requests for one in planned if one.reason == HELD)


def held(store: Store, runs: Sequence[str] | None) -> list[str]:
    """What is held back of some runs, or of all, a sentence for each."""
    planned = store.intents.in_state(IntentState.PLANNED, runs=runs)
    return [
        f"run {run}: {held_back(store, run):,} requests are {HELD}: `evalkit submit` goes on, `evalkit cancel {run}` "
        "gives them up"
        for run in dict.fromkeys(one.run for one in planned if one.reason == HELD)
    ]


def finding(store: Store, run: Run) -> str | None:
    """What is broken in the replies to the first cases of a run, as a paragraph; None where they are sound."""
    waiting = held_back(store, run.id)
    if not waiting:
        return None
    intents, batches = store.progress([run.id])[run.id]
    asked = [batch for batch in batches if batch.realtime]
    alive = any(one.realtime and one.state is IntentState.PLANNED for one in intents)
    if alive or any(batch.state is not BatchState.COLLECTED for batch in asked):
        return _paragraph(run, "the replies to its first cases are not all here yet", "", waiting)
    n = len({one.custom_id for one in store.runs.requests(run.id) if one.part in {batch.part for batch in asked}})
    failed = unscored(store, run)
    refused = [one for one in failed if one.status is Status.ERRORED and one.error_type in LASTING]
    if refused:
        return _paragraph(run, f"the API refuses {_of(len(refused), n)}: {refused[0].reason}", "", waiting)
    if n and len(failed) == n:
        what = f"none of its first {n} replies could be scored; the first is {failed[0].status}: {failed[0].reason}"
        return _paragraph(run, what, _text(store, run, failed[0]), waiting)
    return None


def send_the_rest(sender: Sender, runs: Sequence[Run]) -> None:
    """Send what was held back of runs, if the replies to the first cases of all of them are sound.

    Raises:
        SmokeError: those of a run are not; nothing of any is sent.
    """
    found = [said for run in runs if (said := finding(sender.store, run))]
    if found:
        raise SmokeError("\n".join(found))
    for run in runs:
        if sender.store.intents.let_go(run.id, reason=HELD):
            sender.send_planned(run)


def _of(some: int, n: int) -> str:
    return f"{some} of its first {n} requests"


def _paragraph(run: Run, what: str, text: str, waiting: int) -> str:
    return (
        f"run {run.id} ({run.candidate} × {run.grader}): {what}.{text} The other {waiting:,} requests are not sent. "
        f"Mend the config or the rubric, which makes a new run, and give up this one: evalkit cancel {run.id}; or "
        "submit again without --smoke, which sends them as they are"
    )


def _text(store: Store, run: Run, one: Unscored) -> str:
    """What the judge said, as much of it as tells what is wrong."""
    for batch in store.progress([run.id])[run.id][1]:
        if line := store.results.line(batch.id, one.custom_id):
            said = " ".join(read_reply(line).text.split())
            return f" It reads: {said[:_SHOWN]!r}." if said else " It has no text."
    return ""
