"""What a format cannot hold, or holds in other words: counted while a file is written, and told at its end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Losses:
    """What of some runs is not in a file as it is in the store."""

    _counts: Counter[str] = field(default_factory=Counter[str])

    def add(self, what: str, n: int = 1) -> None:
        """Note one thing, or several of a kind."""
        if n:
            self._counts[what] += n

    def json(self) -> list[dict[str, object]]:
        """One object for each kind, as it first came."""
        return [{"what": what, "n": n} for what, n in self._counts.items()]

    def lines(self) -> list[str]:
        """One line for each kind."""
        return [f"{n:,} x {what}" for what, n in self._counts.items()]
