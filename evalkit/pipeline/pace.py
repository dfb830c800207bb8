"""Pace: how many calls go at once, and how long to pause, as the API's answers ask for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_LONGEST_PAUSE: Final = 60.0
FIRST_PAUSE = 1.0
"""Seconds of the first slowdown, where the API does not say how long."""


@dataclass(slots=True)
class Pace:
    """How many calls go at once: one until a reply has come, fewer where the API asks for it, more as it goes well.

    The first reply writes the shared system prompt to the cache that all others read.
    """

    most: int
    width: int = 1
    succeeded: bool = False
    refused: int = 0
    """Requests refused while none had succeeded."""
    failed: int = 0
    """Calls in a row that ended in an error of the API."""
    slowdowns: int = 0
    """In a row."""
    number: int = 0
    """Slowdowns altogether."""
    _grown: int = 0

    def succeed(self) -> None:
        """A reply has come."""
        self.slowdowns = self.failed = 0
        self._grown += 1
        if not self.succeeded and not self.number:
            self.width = self.most
        elif self._grown >= self.width:
            self.width, self._grown = min(self.most, self.width + 1), 0
        self.succeeded = True

    def slow(self, sent_at: int, retry_after: float | None) -> float:
        """The API wants fewer calls; seconds to pause, none for a call that went out before the last slowdown."""
        if sent_at < self.number:
            return 0.0
        self.number, self.slowdowns = self.number + 1, self.slowdowns + 1
        self.width, self._grown = max(1, self.width // 2), 0
        return min(_LONGEST_PAUSE, retry_after or FIRST_PAUSE * 2.0 ** (self.slowdowns - 1))
