"""How runs are sent: what a user may choose at submit, beside what is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How runs are sent; as batches, with what was judged before taken over, where nothing else is chosen."""

    deadline: str | None = None
    """`HH:MM` local time by which scores are wanted."""
    realtime: bool = False
    """What is still to be sent goes one by one, at full price, and is answered at the end."""
    smoke: int = 0
    """How many cases of each new run go first, so; the others follow where their replies are sound."""
    fresh: bool = False
    """Judge, and generate, what was judged or generated before, too."""

    max_cost: float | None = None
    """USD that all of it may cost at most, with what comes of it."""

    @property
    def smoked(self) -> int:
        """How many cases go first: none where all go one by one."""
        return 0 if self.realtime else self.smoke


ANEW: Final = Sending(fresh=True)
"""As batches, with nothing taken over: what measures a judge, and what says what to judge itself."""
