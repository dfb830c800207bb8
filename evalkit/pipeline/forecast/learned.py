"""What a store's own runs tell of the next one: tokens per byte, the length of replies, the cache, and time.

The nearest runs tell most: those of the same grader and judge, else of a grader of the same name, else of the judge,
else of its tokenizer's family. The farther off they are, the wider is what is told from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import fmean, median, pstdev
from typing import Any, Final

from evalkit.pipeline.forecast.tokens import Text, Tokenizer
from evalkit.run import Run
from evalkit.store import Store
from evalkit.store.habits import Habit, Lasted

USUAL_OUTPUT: Final = (30, 600)
"""Tokens of a judge's reply, thinking included, where no earlier run tells: from terse to thoughtful."""
USUAL_ANSWER: Final = (30, 1200)
"""The same of a candidate's answer."""
_SURE: Final = 3.0
"""Standard errors to each side of a mean."""
_FEW: Final = 5
"""Batches of about a size, from which on theirs count alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """How far what is told may be off, and in words from what it is told."""

    error: float
    what: str


_TOKENS_NEAR: Final = {
    "grader": Near(error=0.04, what="this grader with this judge"),
    "judge": Near(error=0.10, what="this judge"),
    "family": Near(error=0.15, what="models of the same tokenizer"),
}
_OUTPUT_NEAR: Final = {
    "grader": Near(error=0.10, what="this grader with this judge"),
    "name": Near(error=0.25, what="earlier versions of this grader with this judge"),
    "judge": Near(error=0.50, what="this judge"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How the tokens of a body follow from its text."""

    factor: float
    """Of what the family's constants say."""
    error: float
    """Relative, to each side."""
    what: str
    """In words, what it is told from."""
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    """How long replies are to be expected."""

    low: float
    high: float
    """The ends of the mean length of a run's replies."""
    what: str
    replies: int
    """That it is told from; 0 where it is a default."""
    quantiles: tuple[int, int, int] | None = None
    """Of single replies: a tenth are shorter than the first, half than the second, a tenth longer than the third."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What a store tells of one run that is to be sent."""

    run: Run
    habits: tuple[Habit, ...] = ()
    """Of runs of its judge's model, newest first."""
    kin: tuple[Habit, ...] = ()
    """Of runs of other models of the same tokenizer."""
    lasted: tuple[Lasted, ...] = ()
    lengths: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    """Of the replies of the nearest runs, by how near those are."""

    @classmethod
    def of(cls, store: Store, run: Run, *, base_url: str) -> Learned:
        """Look up what a store tells of a run."""
        if run.judge is None:
            return cls(run=run)
        judge, found = run.judge, store.habits
        habits = found.of(judge, [judge.model], kind=run.kind, base_url=base_url)
        kin: list[Habit] = []
        if not any(one.size for one in habits):
            family = Tokenizer.of(judge.model)
            others = [one for one in found.models(judge) if one != judge.model and Tokenizer.of(one) is family]
            kin = found.of(judge, others, kind=run.kind, base_url=base_url) if others else []
        lengths: dict[str, list[int]] = {}
        alike = [one for one in habits if one.effort == judge.effort]
        for near, runs in _by_nearness(alike, run).items():
            if runs and (values := found.output_tokens(one.run for one in runs)):
                lengths[near] = values
                break
        return cls(
            run=run,
            habits=tuple(habits),
            kin=tuple(kin),
            lasted=tuple(found.lasted(judge, base_url=base_url)),
            lengths=lengths,
        )

    def scale(self, tokenizer: Tokenizer, *, rows: bool) -> Scale | None:
        """How many tokens requests took, against what the family's constants say of them; None where nothing tells.

        Args:
            tokenizer: of the judge.
            rows: of what they hold beside a prefix whose tokens are known; else of all that they hold.
        """
        same = [one for one in self.habits if one.grader_digest == self.run.grader_digest]
        for near, runs in (("grader", same), ("judge", self.habits), ("family", self.kin)):
            found = [ratio for one in runs if (ratio := _ratio(one, tokenizer, rows=rows)) is not None]
            if found:
                told = _TOKENS_NEAR[near]
                off = max(abs(one - fmean(found)) / fmean(found) for one in found)
                return Scale(factor=fmean(found), error=max(told.error, 1.2 * off), what=told.what, runs=len(found))
        return None

    def replies(self, *, n: int, max_tokens: int, default: tuple[int, int]) -> Replies:
        """The mean length of `n` replies."""
        for near, told in _OUTPUT_NEAR.items():
            if values := self.lengths.get(near):
                mean = fmean(values)
                chance = _SURE * pstdev(values) * sqrt(1 / len(values) + 1 / max(n, 1))
                off = max(told.error * mean, chance)
                return Replies(
                    low=max(1.0, mean - off),
                    high=min(mean + off, max_tokens),
                    what=told.what,
                    replies=len(values),
                    quantiles=quantiles(values),
                )
        low, high = default
        return Replies(low=min(low, max_tokens), high=min(high, max_tokens), what="no earlier run", replies=0)

    @property
    def cached(self) -> tuple[Habit, ...]:
        """The runs that tell of the cache: those of the same grader, else of the same judge."""
        cached = [one for one in self.habits if one.read_share is not None]
        same = [one for one in cached if one.grader_digest == self.run.grader_digest]
        return tuple(same or cached)

    @property
    def prefix_tokens(self) -> float | None:
        """Tokens of the prefix that the same grader shared before; None where none was cached."""
        same = [one for one in self.habits if one.grader_digest == self.run.grader_digest and one.cached_tokens]
        return median(one.cached_tokens / one.replies for one in same) if same else None

    def seconds(self, requests: int) -> tuple[float, float, int] | None:
        """How long a batch takes, the median and what nine of ten keep to; and how many tell. None where none does."""
        alike = [one for one in self.lasted if requests / 3 <= one.requests <= requests * 3]
        times = sorted(one.seconds for one in (alike if len(alike) >= _FEW else self.lasted))
        if not times:
            return None
        return median(times), times[min(len(times) - 1, int(0.9 * len(times)))], len(times)


def quantiles(values: Sequence[int]) -> tuple[int, int, int]:
    """The tenth, the half and nine tenths of sorted values."""
    last = len(values) - 1
    return values[round(0.1 * last)], values[round(0.5 * last)], values[round(0.9 * last)]


def _by_nearness(habits: Sequence[Habit], run: Run) -> dict[str, list[Habit]]:
    return {
        "grader": [one for one in habits if one.grader_digest == run.grader_digest],
        "name": [one for one in habits if one.grader == run.grader],
        "judge": list(habits),
    }


def _ratio(habit: Habit, tokenizer: Tokenizer, *, rows: bool) -> float | None:
    """The tokens that a run took, against what the constants say of its bodies; None where they are not known."""
    text: Mapping[str, Any] = habit.basis.get("text") or {}
    requests, size = int(text.get("requests", 0)), int(text.get("size", 0))
    if not requests or not habit.replies or (rows and not habit.cached_tokens):
        return None
    said = Text.kept(text["rows"]).tokens(tokenizer).usual / requests
    if not rows:
        said += Text.kept(text["prefix"]).tokens(tokenizer).usual
    # Bodies may have come out otherwise than they were weighed: where outputs were yet to be made.
    grown = habit.size / habit.requests / (size / requests) if size and habit.requests else 1.0
    taken = (habit.prompt_tokens - (habit.cached_tokens if rows else 0)) / habit.replies
    taken -= float(text.get("pictures", 0.0)) / requests
    return taken / (said * grown) if said and taken > 0 else None
