"""What is found of two judges, in sentences: one answer, with the numbers that it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from evalkit.analysis.judges.cascade import CHEAP, DISAGREEMENT, EITHER, MIDDLE, STRONG, Cascade, CascadePoint
from evalkit.analysis.judges.standing import Standing
from evalkit.analysis.measure import Measure

_SIGNALS: Final = {
    DISAGREEMENT: "its judgements of one output differ",
    MIDDLE: "its score is in the middle of the scale",
    EITHER: "its judgements differ or its score is in the middle",
}
_NAMED: Final = 3


def answer_line(found: Standing) -> str:
    """Whether the judge is good enough, and why."""
    return "; ".join([f"{found.judge} {_head(found)}", *_money(found), *_past(found)])


def bias_line(found: Standing) -> str:
    """What the judge would bring into a mean; empty where that is not shown."""
    bias = found.agreement.bias
    if bias.value is None or bias.low is None or bias.high is None or bias.low <= 0 <= bias.high:
        return ""
    way = "higher" if bias.value > 0 else "lower"
    return (
        f"{found.judge} scores {abs(bias.value):.3f} {way} on average [{bias.low:+.3f}, {bias.high:+.3f}]: no mean "
        f"under it is to be held against one under {found.strong}"
    )


def cascade_line(cheap: str, strong: str, found: Cascade) -> str:
    """Which cascade, what is expected of it, and whether its signal is worth anything."""
    way, expected = found.recommended, found.expected
    if way.signal == STRONG:
        return f"no cascade: {_nearest(found, cheap, strong)}"
    far = f"{_span(expected.distance)} of the scale from {strong}"
    saves = _saves(expected.saving)
    if way.signal == CHEAP:
        more = f", and {strong} for the {way.escalated:.1%} without a score" if way.escalated else ""
        return f"no cascade is cheaper than {cheap} for all{more}, which is {far}{saves}"
    worth = (
        f"as many drawn at random would leave {expected.random_distance:.3f}"
        if not found.is_worthless(way.signal)
        else "but the signal is not shown to be better than drawing lots: it is worthless"
    )
    return (
        f"cascade: {cheap} first, {strong} where {_where(way)} ({expected.escalated:.1%} of the outputs): "
        f"{far}{saves}; {worth}{_beside_people(expected.people, strong)}"
    )


def _head(found: Standing) -> str:
    people, strong = found.people, found.strong
    if people and (people.holds or people.worse):
        what = (
            f"against people its accuracy is {people.accuracy:.3f}, that of {strong} {people.strong_accuracy:.3f} "
            f"({_difference(people.difference)}, margin {found.margin:g}, {people.n:,} labels)"
        )
        if people.holds:
            return f"is good enough: {what}"
        if not found.near:
            return f"is not good enough: {what}"
    apart = f"it is {_span(found.distance)} of the scale from {strong} on average, margin {found.margin:g}"
    if found.near:
        return f"is good enough: {apart}, so it cannot be less accurate than {strong} by more than that"
    return f"is not shown to be good enough: {apart}{_lacking(found)}"


def _lacking(found: Standing) -> str:
    people = found.people
    if people is not None:
        said = f"; against people its accuracy is {_difference(people.difference)} beside {found.strong}'s"
        if people.needed is None:
            return f"{said}, of {people.n:,} labels"
        return f"{said}: about {people.needed:,} labels would decide, and there are {people.n:,}"
    if found.distance.value is not None and found.distance.value < found.margin and found.distance_needed:
        return f"; about {found.distance_needed:,} outputs under both judges would show it, and there are {found.n:,}"
    said = "; nobody has said which of the two is right"
    return f"{said}: about {found.labels_needed:,} labels of people would" if found.labels_needed else said


def _money(found: Standing) -> Iterator[str]:
    if found.saving is None:
        yield "what it saves is not known"
    elif found.saving > 0:
        yield f"saves {100 * found.saving:.0f} %"
    else:
        yield f"saves nothing, it costs {100 * -found.saving:.0f} % more"


def _past(found: Standing) -> Iterator[str]:
    rows, changed = found.replays.rows, found.replays.changed
    if not rows:
        return
    if not changed:
        yield {1: "the past verdict stays", 2: "both past verdicts stay"}.get(
            len(rows), f"all {len(rows):,} past verdicts stay"
        )
        return
    what = ", ".join(f"{name}: {n:,}" for name, n in found.replays.changes.items())
    who = ", ".join(one.name for one in changed[:_NAMED])
    more = f" and {len(changed) - _NAMED:,} more" if len(changed) > _NAMED else ""
    yield f"{len(changed):,} of {len(rows):,} past verdicts change ({what}; {who}{more})"


def _nearest(found: Cascade, cheap: str, strong: str) -> str:
    """The way that comes nearest to the margin short of asking the strong judge always."""
    own = [point for point in found.points if point.signal != STRONG]
    best = min(own, key=lambda point: (point.distance, point.escalated))
    if best.distance <= found.margin:
        return f"none is cheaper than {strong} for all while it keeps within {found.margin:g} of it"
    where = "" if best.signal == CHEAP else f" with {strong} where {_where(best)} ({best.escalated:.1%})"
    return f"{cheap}{where} is still {best.distance:.3f} of the scale from {strong}, and {found.margin:g} is accepted"


def _where(way: CascadePoint) -> str:
    more = f" ({way.at_least:.2f} or more)" if way.signal == MIDDLE else ""
    return f"{_SIGNALS[way.signal]}{more}"


def _span(measure: Measure) -> str:
    value = "–" if measure.value is None else f"{measure.value:.3f}"
    return value if measure.low is None or measure.high is None else f"{value} [{measure.low:.3f}, {measure.high:.3f}]"


def _difference(measure: Measure) -> str:
    value = "–" if measure.value is None else f"{measure.value:+.3f}"
    return (
        value if measure.low is None or measure.high is None else f"{value} [{measure.low:+.3f}, {measure.high:+.3f}]"
    )


def _beside_people(measure: Measure | None, strong: str) -> str:
    return "" if measure is None else f"; against people its accuracy is {_difference(measure)} beside {strong}'s"


def _saves(measure: Measure | None) -> str:
    if measure is None or measure.value is None:
        return "; what it saves is not known"
    span = (
        "" if measure.low is None or measure.high is None else f" [{100 * measure.low:.0f}, {100 * measure.high:.0f}]"
    )
    return f"; saves {100 * measure.value:.0f} %{span}"
