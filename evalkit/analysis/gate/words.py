"""Why a check came out as it did, in one line with the numbers that it rests on."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.analysis.gate import figures
from evalkit.analysis.gate.check import Kind
from evalkit.analysis.gate.evidence import Evidence
from evalkit.analysis.gate.policy import GateRule
from evalkit.analysis.gate.verdict import GateVerdict


def why(
    rule: GateRule,
    kind: Kind,
    limit: float,
    made: Evidence,
    *,
    verdict: GateVerdict,
    p_adjusted: float | None,
    family: int,
) -> str:
    """The sentence for a check that has numbers; `family` is the number of hypotheses that were adjusted together."""
    numbers = _numbers(rule, kind, limit, made)
    if verdict is GateVerdict.FAIL:
        p_value = made.p_value if p_adjusted is None else p_adjusted
        tested = figures.p_text(p_value) if p_value is not None else ""
        tested += f" (Holm of {family})" if family > 1 and p_adjusted is not None else ""
        return f"{numbers}; {tested}"
    rest = _after_pass(made) if verdict is GateVerdict.PASS else _after_doubt(kind, made, family)
    return "; ".join([numbers, *rest])


def _numbers(rule: GateRule, kind: Kind, limit: float, made: Evidence) -> str:
    if made.low is None or made.high is None:
        return f"too few for an interval: n {made.n:,}"
    if kind in ("min", "max"):
        mean = f"{made.candidate:.3f}" if made.candidate is not None else "none"
        words = "at least" if kind == "min" else "at most"
        span = figures.interval(made.low, made.high, limit=limit, sign=False)
        return f"mean {mean} {span}, {words} {limit:g} wanted, n {made.n:,}"
    turned = " (lower is better, so the sign is turned)" if rule.direction == "lower" else ""
    if kind == "margin":
        span = figures.interval(made.low, made.high, limit=-limit)
        return f"delta {figures.signed(made.delta or 0.0)} {span}{turned}, margin {limit:g}, n {made.n:,}"
    kept = f"{figures.percent(1 - limit if rule.direction == 'higher' else 1 + limit)} of the baseline's mean"
    span = figures.interval(made.low, made.high, limit=0.0)
    return (
        f"mean {made.candidate:.3f} after {made.baseline:.3f}, against {kept} "
        f"{figures.signed(made.delta or 0.0)} {span}{turned}, n {made.n:,}"
    )


def _after_pass(made: Evidence) -> Iterator[str]:
    if made.high is not None and made.delta is not None and made.high < 0:
        yield "worse, but within what is accepted"
    elif _no_difference(made):
        yield f"a difference below {made.mde:.2g} would not show"
    if made.fragile:
        yield f"fragile: would not pass had {_them(made.fragile)} gone as badly as possible"


def _them(unscored: int) -> str:
    return "the case without a score" if unscored == 1 else f"the {unscored:,} cases without a score"


def _after_doubt(kind: Kind, made: Evidence, family: int) -> Iterator[str]:
    if made.passes is None:
        yield "more cases are needed"
        return
    if kind == "margin" and made.high is not None and made.high < 0 and family > 1:
        yield f"looks worse, but that may be chance among {family} hypotheses"
    else:
        yield "neither a pass nor a failure is shown"
    if _no_difference(made):
        yield f"a difference below {made.mde:.2g} would not show"
    if made.needed is not None:
        yield f"about {made.needed - made.n:,} more cases like these would decide (80 % power)"
    else:
        yield "how many more cases would decide cannot be told"


def _no_difference(made: Evidence) -> bool:
    return made.mde is not None and made.low is not None and made.high is not None and made.low <= 0 <= made.high
