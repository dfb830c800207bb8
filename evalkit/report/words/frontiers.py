"""Quality against cost: which candidate is worth its money, what mixtures reach, what no router can beat."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from evalkit.report.page import CellKey, CostPoint, Frontier, Page
from evalkit.report.words import figures
from evalkit.report.words.names import criterion_name
from evalkit.report.words.numbers import NONE, Numbers, grouped, told
from evalkit.report.words.sentence import Outcome, outcome_of

PER: Final = 1000
"""Costs are told for so many cases: those of one are too small to read."""
COST: Final = f"cost of the answers to {PER:,} cases"
"""The candidates' own cost; that of judging them is another."""
PER_DOLLAR: Final = "score per dollar"
"""Score points that a dollar of answers buys: the sum of the scores over the sum of the costs."""
_WIDE: Final = 3.0
"""The costs' ratio beyond which their axis is a logarithm's."""


_Beaten: TypeAlias = Mapping[str, Sequence[CostPoint]]
"""By candidate, those that cost no more and are no worse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One candidate on the picture."""

    name: str
    cost: float
    """In dollars for `PER` cases."""
    mean: float
    low: float | None
    high: float | None
    dominated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierPicture:
    """One criterion's picture."""

    title: str
    points: tuple[Placed, ...]
    hull: tuple[tuple[float, float], ...]
    oracle: tuple[float, float] | None
    log: bool
    findings: tuple[str, ...]
    """What the picture says, in words."""
    numbers: Numbers
    label: str

    @property
    def costs(self) -> tuple[float, ...]:
        """Every cost drawn."""
        return (*(point.cost for point in self.points), *(cost for cost, _ in self.corners))

    @property
    def heights(self) -> tuple[float, ...]:
        """Every quality drawn."""
        found = [bound for point in self.points for bound in (point.low, point.mean, point.high)]
        return (*(bound for bound in found if bound is not None), *(mean for _, mean in self.corners))

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """The corners of the hull and the oracle."""
        return (*self.hull, *([self.oracle] if self.oracle else []))


class Pair(NamedTuple):
    """Two candidates on what one frontier is of."""

    grader: str
    criterion: str
    judge: str
    candidates: frozenset[str]


def undecided_pairs(page: Page) -> frozenset[Pair]:
    """The pairs of candidates whose difference the page's comparison does not show."""
    rows = {row.key: row for row in page.runs}
    found: set[Pair] = set()
    for one in page.comparisons:
        both = [rows.get(CellKey(run, one.criterion)) for run in (one.baseline, one.candidate)]
        if outcome_of(one, margin=page.margin) is Outcome.UNDECIDED:
            known = [row for row in both if row is not None]
            judge = known[-1].judge if known else ""
            found.add(Pair(one.grader, one.criterion, judge, frozenset(row.candidate for row in known)))
    return frozenset(found)


def frontier_pictures(frontiers: Sequence[Frontier], undecided: Collection[Pair] = ()) -> tuple[FrontierPicture, ...]:
    """A picture for each criterion that has a choice: two candidates or more; of `undecided` pairs it says so."""
    shown = [one for one in frontiers if len(one.points) > 1]
    judges = grouped(shown, lambda one: (one.grader, one.criterion))
    return tuple(_picture(one, undecided, several=len(judges[one.grader, one.criterion]) > 1) for one in shown)


def _picture(frontier: Frontier, undecided: Collection[Pair], *, several: bool) -> FrontierPicture:
    beaten = {point.candidate: _beaten_by(point, frontier.points) for point in frontier.points}
    points = tuple(
        Placed(
            name=point.name,
            cost=point.cost_usd * PER,
            mean=point.mean,
            low=point.low,
            high=point.high,
            dominated=bool(beaten[point.candidate]),
        )
        for point in frontier.points
    )
    hull = tuple((cost * PER, mean) for cost, mean in frontier.hull)
    oracle = (frontier.oracle[0] * PER, frontier.oracle[1]) if frontier.oracle else None
    costs = [point.cost for point in points] + [cost for cost, _ in (*hull, *([oracle] if oracle else []))]
    return FrontierPicture(
        title=criterion_name(frontier.grader, frontier.criterion)
        + (f", judged by {frontier.judge}" if several else ""),
        points=points,
        hull=hull,
        oracle=oracle,
        log=min(costs) > 0 and max(costs) > _WIDE * min(costs),
        findings=tuple(_findings(frontier, beaten, undecided)),
        numbers=_numbers(frontier, beaten),
        label="; ".join(
            f"{point.name}: {told(point.mean, point.low, point.high)} at {_usd(point.cost_usd)}"
            for point in frontier.points
        ),
    )


def _usd(cost: float) -> str:
    return figures.usd(cost * PER)


def _beaten_by(point: CostPoint, points: Sequence[CostPoint]) -> list[CostPoint]:
    """The candidates that cost no more and are no worse, and differ in one of the two."""
    return [
        other
        for other in points
        if other.cost_usd <= point.cost_usd
        and other.mean >= point.mean
        and (other.cost_usd < point.cost_usd or other.mean > point.mean)
    ]


def _findings(frontier: Frontier, beaten: _Beaten, undecided: Collection[Pair]) -> list[str]:
    found: list[str] = []
    for point in frontier.points:
        if others := beaten[point.candidate]:
            why = f"{_list(others)} {_verb(others)} no more and scored no lower"
            found.append(f"By the means {point.name} is dominated: {why}{_unsure(frontier, point, others, undecided)}.")
    if not found:
        found.append("By the means no candidate is dominated: each one that scored higher costs more.")
    if frontier.oracle:
        cost, mean = frontier.oracle
        found.append(
            f"Oracle: each case answered by its best candidate would reach {figures.value(mean)} at {_usd(cost)};"
            f" no router can be better than this. Over {figures.some(frontier.n, 'case')}."
        )
    if frontier.price_date:
        found.append(
            f"Costs that were not recorded are worked out from tokens, at the prices of {frontier.price_date}."
        )
    return found


def _unsure(frontier: Frontier, point: CostPoint, others: Sequence[CostPoint], undecided: Collection[Pair]) -> str:
    """That the scores of a candidate and of those before it are not shown to differ, where the page compares them."""
    unsure = [
        other
        for other in others
        if Pair(frontier.grader, frontier.criterion, frontier.judge, frozenset((point.candidate, other.candidate)))
        in undecided
    ]
    if not unsure:
        return ""
    other = "" if len(others) == 1 else f" to {_list(unsure)}"
    return f"; its difference in score{other} is not shown, see the paired comparison"


def _per_dollar(mean: float, cost: float) -> str:
    """Score points for a dollar; none where the answers are free."""
    return (
        f"{mean / cost:,.0f}"
        if cost > 0 and abs(mean / cost) >= 10
        else figures.value(mean / cost)
        if cost > 0
        else NONE
    )


def _list(points: Sequence[CostPoint]) -> str:
    names = [point.name for point in points]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _verb(points: Sequence[CostPoint]) -> str:
    return "costs" if len(points) == 1 else "cost"


def _numbers(frontier: Frontier, beaten: _Beaten) -> Numbers:
    rows = [
        (
            point.name,
            figures.count(point.n),
            _usd(point.cost_usd),
            told(point.mean, point.low, point.high),
            _per_dollar(point.mean, point.cost_usd),
            _list(beaten[point.candidate]) if beaten[point.candidate] else NONE,
        )
        for point in frontier.points
    ]
    if frontier.oracle:
        cost, mean = frontier.oracle
        rows.append(
            ("oracle", figures.count(frontier.n), _usd(cost), figures.value(mean), _per_dollar(mean, cost), NONE)
        )
    return Numbers(head=("candidate", "n", COST, "mean", PER_DOLLAR, "dominated by"), rows=tuple(rows))
