"""What a comparison supports, in a word and in a sentence."""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import StrEnum

from evalkit.analysis.comparison import Comparison


class Outcome(StrEnum):
    """What may be said of a candidate run beside its baseline."""

    BETTER = "better"
    WORSE = "worse"
    NO_DIFFERENCE = "no difference"
    TOO_FEW = "too few"
    NOT_PAIRED = "not paired"
    NOT_COMPARABLE = "not comparable"


def outcome_of(comparison: Comparison) -> Outcome:
    """The outcome that the interval supports, and the adjusted p-value where there is one."""
    if comparison.wins is None:
        return Outcome.NOT_COMPARABLE
    if comparison.delta is None:
        return Outcome.NOT_PAIRED
    if comparison.low is None or comparison.high is None:
        return Outcome.TOO_FEW
    if not _excludes_zero(comparison) or not _survives(comparison):
        return Outcome.NO_DIFFERENCE
    return Outcome.BETTER if comparison.low > 0 else Outcome.WORSE


def sentence(comparison: Comparison, *, baseline: str, candidate: str, on: str) -> str:
    """The comparison in one sentence, with every number and every reservation it needs.

    `baseline`, `candidate` and `on` are how the two runs and the criterion are called.
    """
    outcome = outcome_of(comparison)
    if outcome is Outcome.NOT_COMPARABLE:
        return f"{candidate} and {baseline} are not comparable on {on}: {'; '.join(comparison.reasons)}"
    if outcome is Outcome.NOT_PAIRED:
        return f"{candidate} and {baseline} have no case with a score in both on {on}"
    said = f"{_claim(outcome, baseline, candidate)} on {on}: {_numbers(comparison)}"
    return "; ".join([said, *_rest(comparison, outcome)])


def points(number: float, *, low_value: float, high_value: float, sign: bool = False) -> str:
    """A difference in hundredths of the scale, where it runs from 0 to 1, or else as it is; never a false zero."""
    number, places = (number * 100, 1) if (low_value, high_value) == (0, 1) else (number, 2)
    number = 0.0 if abs(number) < 1e-7 else number
    if number and abs(number) < 0.5 * 10**-places:
        places = min(9, -math.floor(math.log10(abs(number))))
    return f"{number:{'+' if sign and number else ''}.{places}f}"


def p_text(p_value: float) -> str:
    """A p-value to three digits, or as small as `< 0.001`."""
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def unit(low_value: float, high_value: float) -> str:
    """What a difference is counted in."""
    return "points" if (low_value, high_value) == (0, 1) else f"on the scale from {low_value:g} to {high_value:g}"


def _claim(outcome: Outcome, baseline: str, candidate: str) -> str:
    if outcome is Outcome.NO_DIFFERENCE:
        return f"no difference seen between {candidate} and {baseline}"
    if outcome is Outcome.TOO_FEW:
        return f"too few pairs to tell {candidate} from {baseline}"
    return f"{candidate} is {outcome} than {baseline}"


def _numbers(one: Comparison) -> str:
    def shown(number: float) -> str:
        return points(number, low_value=one.low_value, high_value=one.high_value, sign=True)

    said = f"{shown(one.delta or 0.0)} {unit(one.low_value, one.high_value)}"
    if one.low is not None and one.high is not None:
        said += f" [{shown(one.low)}, {shown(one.high)}]"
    if one.p_value is not None:
        text = p_text(one.p_value)
        said += f", p {text}" if text.startswith("<") else f", p = {text}"
    return said + (f" ({p_text(one.p_adjusted)} adjusted)" if one.p_adjusted is not None else "")


def _rest(one: Comparison, outcome: Outcome) -> Iterator[str]:
    yield f"{one.losses:,} lost, {one.wins:,} won, {one.ties:,} tied"
    if outcome is Outcome.NO_DIFFERENCE:
        if _excludes_zero(one):
            yield "the interval excludes zero, but not after adjusting for all comparisons"
        yield _unseen(one)
    if one.forced:
        yield f"compared by force although {'; '.join(one.reasons)}"


def _unseen(one: Comparison) -> str:
    if one.mde is None:
        return f"n = {one.n_paired:,}"
    least = points(one.mde, low_value=one.low_value, high_value=one.high_value)
    in_ = " points" if (one.low_value, one.high_value) == (0, 1) else ""
    return f"a difference below {least}{in_} would not have shown (n = {one.n_paired:,})"


def _excludes_zero(one: Comparison) -> bool:
    return one.low is not None and one.high is not None and (one.low > 0 or one.high < 0)


def _survives(one: Comparison) -> bool:
    return one.p_adjusted is None or one.p_adjusted < 1 - one.confidence
