"""What is known of an output beside its text: its price, how long it took, its tokens, and what served it.

Facts are no part of a candidate's identity: the same outputs with and without them are the same candidate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast

MOST: Final = 1e15
"""More than any amount is; below it a count keeps all its digits as a float."""
_SERVED: Final = ("model", "service_tier", "geo")
"""What is said of how an output was served, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFacts:
    """What is known of how an output came about.

    Raises:
        ValueError: a number is negative, not finite, or more than any amount is.
    """

    cost_usd: float | None = None
    seconds: float | None = None
    """How long it took."""
    usage: Mapping[str, int] = field(default_factory=dict[str, int])
    """Tokens by kind: `input_tokens`, `output_tokens`, `cache_read_tokens`, ..."""
    model: str | None = None
    """The model that served it."""
    service_tier: str | None = None
    """How it was billed, as the API calls it: standard, batch, priority, ...; standard where nothing is said."""
    geo: str | None = None
    """Where inference was to run, where that has a price."""

    def __post_init__(self) -> None:
        for number in (self.cost_usd, self.seconds, *self.usage.values()):
            if number is not None and not 0 <= number <= MOST:  # NaN is neither
                raise ValueError(f"{number} is no amount")

    def json(self) -> dict[str, float | int | str]:
        """As one flat JSON object of what is known; empty where nothing is."""
        amounts = {"cost_usd": self.cost_usd, "seconds": self.seconds}
        known: dict[str, float | int | str | None] = {**amounts, **{name: getattr(self, name) for name in _SERVED}}
        return {**{name: value for name, value in known.items() if value is not None}, **self.usage}

    def joined(self, later: OutputFacts) -> OutputFacts:
        """These, and what is said later where nothing was; which model served it, and how, is as was said last."""
        return OutputFacts(
            cost_usd=later.cost_usd if self.cost_usd is None else self.cost_usd,
            seconds=later.seconds if self.seconds is None else self.seconds,
            usage=self.usage or later.usage,
            model=later.model or self.model,
            service_tier=later.service_tier or self.service_tier,
            geo=later.geo or self.geo,
        )

    @classmethod
    def from_json(cls, members: object) -> OutputFacts:
        """What `json` wrote.

        Raises:
            ValueError: it is no object of amounts and names.
        """
        if not isinstance(members, dict):
            raise ValueError("is no object of amounts")  # noqa: TRY004 - a value that is wrong, whatever its type
        found = dict(cast("dict[str, object]", members))
        cost, seconds = (_number(found.pop(name, None)) for name in ("cost_usd", "seconds"))
        model, tier, geo = (_name(found.pop(name, None)) for name in _SERVED)
        counts = {name: number for name, value in found.items() if (number := _number(value)) is not None}
        if any(number != int(number) for number in counts.values()):
            raise ValueError("a number of tokens is no whole number")
        return cls(
            cost_usd=cost,
            seconds=seconds,
            usage={name: int(number) for name, number in counts.items()},
            model=model,
            service_tier=tier,
            geo=geo,
        )


def _number(value: object) -> float | None:
    """A number of JSON, where there is one.

    Raises:
        ValueError: it is something else, or not finite.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MOST:
        raise ValueError("a number is no amount")
    return float(value)


def _name(value: object) -> str | None:
    """A name in JSON, where there is one.

    Raises:
        ValueError: it is something else.
    """
    if value is None or isinstance(value, str):
        return value or None
    raise ValueError("a name is no amount of anything, but text")
