"""Named steps at which a process can be made to die, so that tests can kill it at each of them.

`EVALKIT_FAIL_AT=claimed` kills the process with SIGKILL the first time it comes by `claimed`, and
`EVALKIT_FAIL_AT=claimed:3` the third time. Without the variable a step costs one comparison.
"""

from __future__ import annotations

import os
import signal
from itertools import count
from typing import Final

VARIABLE: Final = "EVALKIT_FAIL_AT"

STEPS: Final = (
    "encoded",  # a run is rendered, nothing is written
    "kept",  # the run is written, nothing is claimed
    "claimed",  # the intent is committed, nothing is sent
    "answered",  # the create has its answer, which is not written down yet
    "settled",  # the answer is written down
    "begun",  # a part that goes in realtime has its batch, nothing is asked
    "replied",  # replies that went out one by one have come, and are not written down yet
    "reply_kept",  # they are, with their scores
    "polled",  # a batch is known to have ended, which is not written down yet
    "ended",  # that is written down
    "results_kept",  # raw lines are committed, nothing is read from them
    "outputs_kept",  # outputs of these lines are committed, and do not count as answered yet
    "scores_put",  # scores of these lines are committed
    "downloaded",  # all lines are seen, the batch is not finished
    "collected",  # the batch is collected
    "usage_begun",  # where the lines of a usage log begin is written down, none of them is
    "usage_lines",  # some of them are
    "usage_written",  # all of them are, which is not written down yet
    "followed_up",  # a follow-up is planned, nothing of it is claimed
    "filled",  # what a run that waited lacked is made, nothing of it is written
    "released",  # it is written, nothing of it is claimed
    "warmed",  # a warm-up is over, nothing of what waited for it is let go
    "suspected",  # a lost batch is found, which is not written down yet
    "resolved",  # an unknown create is settled
)

_name, _, _nth = os.environ.get(VARIABLE, "").partition(":")
_passes = count(1)


def step(name: str) -> None:
    """Come by a step; die there if the environment says so."""
    if name == _name and next(_passes) >= int(_nth or 1):
        os.kill(os.getpid(), signal.SIGKILL)
