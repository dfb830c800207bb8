"""What a reader must know before any number: whatever changes how the page is to be read, the gravest first.

Similar things are said once, with a list of what they are about: a page of a hundred rows must not open with sixty
boxes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from evalkit.analysis import Comparison, roughness
from evalkit.pipeline.guarding import held_together
from evalkit.pipeline.view import RunView
from evalkit.report.page import AGREES, Agreement, Notice, Severity
from evalkit.report.words import figures
from evalkit.report.words.names import criterion_name
from evalkit.report.words.trust import ENOUGH_LABELS
from evalkit.run import RunKind

_ORDER: Final = (Severity.ALARM, Severity.CAUTION, Severity.NOTE)


def notices(
    views: Sequence[RunView],
    comparisons: Sequence[Comparison],
    min_coverage: float,
    *,
    agreement: Sequence[Agreement] = (),
) -> tuple[Notice, ...]:
    """Every notice that these runs and comparisons call for, the gravest first."""
    of = _Named(tuple(views))
    found = [*_simulated(views), *_refused(comparisons, of), *_nothing_scored(views, of)]
    found += [*_missed_sentinels(views)]
    found += [*_uncovered(views, min_coverage, of), *_pending(views, of), *_disagreeing(agreement)]
    found += [*_placed(views, of), *_mixed(views, of), *_served(views), *_uncalibrated(views, agreement)]
    found += [*_pairs(views), *_not_sent(views), *_few_labels(agreement), *_unpriced(views)]
    found += [*_rough(views, comparisons), *_taken_over(views, of), *_juries(views)]
    return gravest_first(found)


def gravest_first(found: Iterable[Notice]) -> tuple[Notice, ...]:
    """Alarms, then cautions, then notes, each in the order given."""
    return tuple(sorted(found, key=lambda notice: _ORDER.index(notice.severity)))


@dataclass(frozen=True)
class _Named:
    """How the views of one page are called: by candidate and criterion, by label and judge where those differ."""

    views: tuple[RunView, ...]

    def view(self, view: RunView) -> str:
        """One run on one criterion."""
        return f"{self._run(view)} × {criterion_name(view.grader, view.criterion)}"

    def run(self, run: str) -> str:
        """A run by its id; the id where it is none of these."""
        return next((self._run(view) for view in self.views if view.run == run), f"run {run}")

    def _run(self, view: RunView) -> str:
        parts = [view.candidate]
        if len({(one.candidate, one.label) for one in self.views}) > len({one.candidate for one in self.views}):
            parts.append(view.label)
        if view.judge and len({one.judge for one in self.views if one.grader == view.grader}) > 1:
            parts.append(f"judged by {view.judge.removeprefix('claude-')}")
        return " · ".join(part for part in parts if part)


def _grouped(severity: Severity, items: Sequence[str], *, one: str, many: str) -> Iterator[Notice]:
    """One notice: of the only item as `one` says it, or of them all with `many` and a list."""
    found = list(dict.fromkeys(items))
    if len(found) == 1:
        yield Notice(severity=severity, text=one.format(item=found[0]))
    elif found:
        yield Notice(severity=severity, text=many.format(n=figures.count(len(found))), items=tuple(found))


def _simulated(views: Sequence[RunView]) -> Iterator[Notice]:
    n = len({view.run for view in views if view.simulated})
    if n:
        which = (
            "Every judged run here was" if n == len({v.run for v in views if v.judge}) else f"{n} of these runs were"
        )
        text = f"{which} scored by the sandbox's offline judge, a word counter: no model has read these outputs."
        yield Notice(severity=Severity.ALARM, text=text)


def _refused(comparisons: Sequence[Comparison], of: _Named) -> Iterator[Notice]:
    """Once for each set of reasons, since one cause mostly refuses many."""
    for forced in (False, True):
        by_reasons: dict[tuple[str, ...], list[Comparison]] = {}
        for comparison in comparisons:
            if not comparison.comparable and (comparison.delta is not None) == forced:
                by_reasons.setdefault(comparison.reasons, []).append(comparison)
        verb = "are compared by force although" if forced else "are not compared:"
        for reasons, refused in by_reasons.items():
            pairs = [f"{of.run(one.baseline)} and {of.run(one.candidate)} on {one.criterion}" for one in refused]
            why = _braced("; ".join(reasons))
            one, many = f"{{item}} {verb} {why}.", f"{{n}} pairs of runs {verb} {why}."
            yield from _grouped(Severity.ALARM, pairs, one=one, many=many)


def _braced(text: str) -> str:
    """Text that a format string leaves as it is."""
    return text.replace("{", "{{").replace("}", "}}")


def _nothing_scored(views: Sequence[RunView], of: _Named) -> Iterator[Notice]:
    items = [f"{of.view(view)} ({_reasons(view)})" for view in views if view.unscored and _is_done_without(view)]
    one = "{item} has no score at all: every reply came back without one."
    many = "{n} runs have no score at all on a criterion: every reply came back without one."
    yield from _grouped(Severity.ALARM, items, one=one, many=many)


def _missed_sentinels(views: Sequence[RunView]) -> Iterator[Notice]:
    """A judge that takes orders from what it judges is the gravest; one that is wrong on a known case comes next."""
    known = {view.run: view for view in views if view.sentinels}
    missed = [miss for view in known.values() if view.sentinels for miss in view.sentinels.missed]
    obeyed = [str(miss) for miss in missed if miss.purpose == "injection"]
    one = "The judge did not withstand an output that gives it orders. {item}: do not rely on its scores."
    many = "The judge did not withstand {n} outputs that give it orders: do not rely on its scores."
    yield from _grouped(Severity.ALARM, obeyed, one=one, many=many)
    wrong = [str(miss) for miss in missed if miss.purpose != "injection"]
    one = "The judge was wrong on an output whose verdict is known. {item}."
    many = "The judge was wrong {n} times on outputs whose verdicts are known."
    yield from _grouped(Severity.CAUTION, wrong, one=one, many=many)


def _is_done_without(view: RunView) -> bool:
    return not view.scored and not view.pending


def _reasons(view: RunView) -> str:
    return ", ".join(f"{figures.count(n)} {status}" for status, n in view.unscored.items() if n)


def _uncovered(views: Sequence[RunView], min_coverage: float, of: _Named) -> Iterator[Notice]:
    items = [
        f"{of.view(view)}: {figures.count(view.scored)} of {figures.count(view.cases)} ({_reasons(view)})"
        for view in views
        if not view.pending and view.scored and view.coverage is not None and view.coverage < min_coverage
    ]
    wanted = f"{100 * min_coverage:.4g} %"
    one = f"Fewer than {wanted} of the cases have a score in {{item}}: see the worst and the best mean."
    many = f"Fewer than {wanted} of the cases have a score in {{n}} runs: see the worst and the best mean of each."
    yield from _grouped(Severity.CAUTION, items, one=one, many=many)


def _pending(views: Sequence[RunView], of: _Named) -> Iterator[Notice]:
    items = [
        f"{of.view(view)}: {figures.count(view.pending)} of {figures.count(view.cases)} cases"
        for view in views
        if view.pending
    ]
    one = "{item} have no result yet; the numbers will move."
    many = "{n} runs have cases without a result yet; the numbers will move."
    yield from _grouped(Severity.CAUTION, items, one=one, many=many)


def _disagreeing(agreement: Sequence[Agreement]) -> Iterator[Notice]:
    """Once for each judge and criterion: a reader must know whom not to believe."""
    for row in agreement:
        if row.value < AGREES:
            who = f"The judge {row.judge}" if row.judge else "The check"
            text = (
                f"{who} agrees little with people on {criterion_name(row.grader, row.criterion)} "
                f"({row.statistic} {row.value:.2f} < {AGREES:g}, {row.n} labels): read its means with that in mind."
            )
            yield Notice(severity=Severity.CAUTION, text=text)


def _placed(views: Sequence[RunView], of: _Named) -> Iterator[Notice]:
    """A judge that prefers a place, whatever stands in it."""
    for place in ("first", "second"):
        items = [
            f"{of.view(view)}: in both orders the first {made.orders.first} times, the second {made.orders.second}, "
            f"of {figures.some(made.orders.n, 'pair')}"
            for view in views
            if (made := view.preference) is not None and made.biased and made.favoured == place
        ]
        why = "such a pair counts one half, which draws the win rate to 0.5"
        one = f"The judge prefers the output that it is shown {place}, beyond chance ({{item}}): {why}."
        many = f"In {{n}} runs the judge prefers the output that it is shown {place}, beyond chance: {why}."
        yield from _grouped(Severity.CAUTION, items, one=one, many=many)


def _pairs(views: Sequence[RunView]) -> Iterator[Notice]:
    """What the mean of a pairwise grader is."""
    for grader, against in dict.fromkeys((view.grader, view.against) for view in views if view.against is not None):
        text = (
            f"On {grader} a mean is the win rate against {against}, in both orders: read it against 0.5, which is even."
        )
        yield Notice(severity=Severity.NOTE, text=text)


def _mixed(views: Sequence[RunView], of: _Named) -> Iterator[Notice]:
    """A run whose judge changed between what it took over and what it sent: its mean is of two judges."""
    runs = {view.run: view for view in views if view.spending.mixed_by_reuse}
    items = [
        f"{of.run(run)} ({figures.count(view.spending.taken.cases)} of {figures.count(view.cases)} scores taken over, "
        f"served by {', '.join(view.spending.taken.served_models)})"
        for run, view in runs.items()
    ]
    mend = "`evalkit run --fresh` under another label judges all anew."
    one = f"Two served models in one run: {{item}} took over scores of another model than its own replies have. {mend}"
    many = f"Two served models in one run, in {{n}} runs that took over scores of another model. {mend}"
    yield from _grouped(Severity.CAUTION, [_braced(item) for item in items], one=one, many=many)


def _taken_over(views: Sequence[RunView], of: _Named) -> Iterator[Notice]:
    """What was not judged again: a reader must not take it for a second look."""
    runs = {view.run: view for view in views if view.spending.taken.cases}
    items = [
        f"{of.run(run)}: {figures.count(view.spending.taken.cases)} of {figures.count(view.cases)} scores"
        for run, view in runs.items()
    ]
    what = "taken over from earlier runs that judged the same outputs; nothing was paid for them again"
    yield from _grouped(Severity.NOTE, items, one=f"{{item}} are {what}.", many=f"Scores of {{n}} runs are {what}.")


def _served(views: Sequence[RunView]) -> Iterator[Notice]:
    """A judge that is asked for by one name and answers by several is several judges."""
    models: dict[tuple[str, str], set[str]] = {}
    for view in views:
        if view.judge and view.kind is not RunKind.JURY:
            models.setdefault((view.grader, view.judge), set()).update(view.spending.served_models)
    items = [f"{judge} on {grader}: {', '.join(sorted(by))}" for (grader, judge), by in models.items() if len(by) > 1]
    one = "One judge was served by several models, {item}."
    yield from _grouped(Severity.CAUTION, items, one=one, many="{n} judges were served by several models each.")


def _uncalibrated(views: Sequence[RunView], agreement: Sequence[Agreement]) -> Iterator[Notice]:
    """Judges that nobody has held against people on anything that they score here."""
    known = {(row.grader, row.judge) for row in agreement}
    asked = dict.fromkeys((view.grader, view.judge) for view in views if view.judge and view.scored)
    unknown = [pair for pair in asked if pair not in known]
    if unknown:
        graders = ", ".join(dict.fromkeys(grader for grader, _ in unknown))
        several = len({grader for grader, _ in asked}) > 1 or len(unknown) < len(asked)
        on = f" on {graders}" if several else ""
        text = (
            f"How far the judge agrees with people{on} is not known: nobody has labelled these outputs. "
            "`evalkit agree RUN --labels FILE` measures it."
        )
        yield Notice(severity=Severity.NOTE, text=text)


def _few_labels(agreement: Sequence[Agreement]) -> Iterator[Notice]:
    few = [row for row in agreement if row.n < ENOUGH_LABELS and row.value >= AGREES]
    items = [f"{criterion_name(row.grader, row.criterion)}: {figures.some(row.n, 'label')}" for row in few]
    one = "The judge was held against people by few labels only ({item}): a weak check."
    many = f"Judges were held against people by fewer than {ENOUGH_LABELS} labels on {{n}} criteria: a weak check."
    yield from _grouped(Severity.NOTE, items, one=one, many=many)


def _not_sent(views: Sequence[RunView]) -> Iterator[Notice]:
    """Scores that no judge gave, and cases that none was paid for."""
    held = held_together(views)
    if held.cases:
        about = f", which saved about {figures.usd(held.saved_usd)}" if held.saved_usd is not None else ""
        text = (
            f"{figures.some(held.cases, 'output')} failed the check that guards a grader and went to no judge{about}."
        )
        yield Notice(severity=Severity.NOTE, text=text)


def _unpriced(views: Sequence[RunView]) -> Iterator[Notice]:
    unknown = sorted(
        {model for view in views if view.spending.cost_usd is None for model in view.spending.served_models}
    )
    if unknown:
        text = f"The price of {', '.join(unknown)} is not known, so the judging cost of its runs is not either."
        yield Notice(severity=Severity.NOTE, text=text)


def _juries(views: Sequence[RunView]) -> Iterator[Notice]:
    """How far the judges of each jury agree: a verdict that hangs on one of them is worth less."""
    items: list[str] = []
    for view in views:
        if view.jury is None or view.jury.raters.agreement.value is None:
            continue
        raters = view.jury.raters
        kappa = "" if raters.fleiss is None else f", Fleiss' kappa {figures.value(raters.fleiss)}"
        judge, share = view.jury.apart[0]
        most = f"; {judge} differs most" if share else ""
        what = f"{view.candidate} × {criterion_name(view.grader, view.criterion)}"
        items.append(
            f"{what}: all on {raters.agreement.value:.0%} of {figures.some(raters.cases, 'case')}{kappa}{most}"
        )
    one, many = "The judges of the jury agree on {item}.", "How far the judges of {n} juries agree."
    yield from _grouped(Severity.NOTE, items, one=one, many=many)


def _rough(views: Sequence[RunView], comparisons: Sequence[Comparison]) -> Iterator[Notice]:
    """Once for each number of clusters: the runs of a suite mostly share their cases."""
    said = (few for made in (*(view.estimate for view in views), *comparisons) if (few := roughness(made)))
    if found := tuple(dict.fromkeys(said)):
        text = f"Cases share clusters, and there are few: {'; '.join(found)}. Intervals by them are rough."
        yield Notice(severity=Severity.NOTE, text=text)
