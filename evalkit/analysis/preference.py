"""What the pairs of a run say: how often the candidate wins, and how far the verdicts hang on the order of the two.

A pair is judged in both orders and is one observation. Its score is the mean of both, so a judge that always prefers
a place gives every pair one half: the win rate is then no longer wrong, but says less. How often that happens, and
whether one place is preferred beyond chance, is told beside every win rate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from evalkit.stats import BothOrders, Estimate, WinRate, both_orders, estimate, win_rate

EVEN: Final = 0.5
_ALPHA: Final = 0.05
_VOTES: Final = {1.0: "candidate", 0.5: "tie", 0.0: "baseline"}
_NAMES: Final = ("candidate", "baseline")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One case: its score, and the verdicts of both orders from the candidate's side; None where there is none."""

    score: float | None
    first: float | None
    """Where the candidate's output was shown first."""
    second: float | None
    cluster: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """A run of pairs in numbers."""

    against: str
    """The candidate on the other side."""
    rate: WinRate
    orders: BothOrders
    first_rate: Estimate
    """How often the output shown first is preferred, a tie being half; 0.5 is no bias, whoever wins."""

    @property
    def biased(self) -> bool:
        """Whether one place is preferred beyond chance."""
        return self.orders.p_value is not None and self.orders.p_value <= _ALPHA

    @property
    def favoured(self) -> str:
        """The place that is preferred, by chance or not."""
        return "first" if self.orders.first >= self.orders.second else "second"

    def json(self) -> dict[str, Any]:
        """The numbers as plain JSON."""
        rate, orders = self.rate, self.orders
        return {
            "against": self.against,
            "n": rate.rate.n,
            "win_rate": rate.rate.mean,
            "low": rate.rate.low,
            "high": rate.rate.high,
            "method": rate.rate.method,
            "standard_error": rate.standard_error,
            "wins": rate.wins,
            "ties": rate.ties,
            "losses": rate.losses,
            "both_orders": orders.n,
            "consistent": orders.consistent,
            "consistency": _interval(orders.consistency),
            "first_in_both": orders.first,
            "second_in_both": orders.second,
            "tie_in_one": orders.half,
            "first_rate": _interval(self.first_rate),
            "position_p_value": orders.p_value,
            "position_bias": self.favoured if self.biased else None,
        }


def preference(pairs: Sequence[Pair], *, against: str, confidence: float = 0.95) -> Preference:
    """The pairs of a run in numbers; those without a score are no observation."""
    scored = [(one.score, one.cluster) for one in pairs if one.score is not None]
    judged = [(one.first, one.second, one.cluster) for one in pairs if one.first is not None and one.second is not None]
    return Preference(
        against=against,
        rate=win_rate(
            [score for score, _ in scored], clusters=[cluster for _, cluster in scored], confidence=confidence
        ),
        orders=both_orders(
            [_VOTES[first] for first, _, _ in judged],
            [_VOTES[second] for _, second, _ in judged],
            names=_NAMES,
            confidence=confidence,
        ),
        # In the second order the candidate stands second, so that its score is one less that of the first place.
        first_rate=estimate(
            [(first + 1 - second) / 2 for first, second, _ in judged],
            clusters=[cluster for _, _, cluster in judged],
            confidence=confidence,
            low_value=0,
            high_value=1,
        ),
    )


def _interval(made: Estimate) -> Mapping[str, float | None]:
    return {"mean": made.mean, "low": made.low, "high": made.high}
