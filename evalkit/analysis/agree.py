"""How far a judge agrees with people, or with another judge, on the same outputs of one criterion.

A value between two labels (a mean of several judgements, a number that a rater gave) counts as the label nearest to
it, the worse of two equally near ones, wherever labels are counted or ranked; the bias takes it as it is.
Sensitivity and specificity are those of the top label: it is the pass of a criterion with two labels, and what a
stricter reading of a longer scale calls good.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from evalkit.analysis.gate.entry import GateCalibration
from evalkit.analysis.measure import Measure, as_measure, flat
from evalkit.calibration import Calibration, Pair
from evalkit.stats import TIE, estimate
from evalkit.stats.agreement import agreement
from evalkit.stats.raters import gwet

Scale: TypeAlias = Sequence[tuple[str, float]]
"""The labels of a criterion with their values, worst first."""
PEOPLE: Final = "people"
FEW: Final = 50
"""Pairs below which the interval of any measure of agreement is too wide to act on."""
FEW_OF_A_LABEL: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A case that the two see differently."""

    case_id: str
    reference: float
    judge: float
    reference_label: str
    judge_label: str
    reason: str | None = None
    """What the judge gave as its reason."""

    @property
    def difference(self) -> float:
        """Judge minus reference."""
        return self.judge - self.reference


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeAgreement:
    """A judge beside a reference on one criterion; what is undefined is None.

    Every measure is over the cases that both have scored; the others are counted, and are no number anywhere.
    """

    reference: str
    """`people`, or the run that the judge is held against."""
    run: str
    criterion: str
    labels: tuple[str, ...]
    """Worst first."""
    n: int
    """Cases that the reference has scored."""
    scored: int
    """How many of these the judge has scored, too."""
    confusion: tuple[tuple[int, ...], ...]
    """A row per label of the reference, a column per label of the judge, worst first."""
    agreement: Measure
    kappa: float | None
    weighted_kappa: float | None
    """With quadratic weights; None for two labels."""
    ac1: Measure
    ac2: Measure | None
    """With quadratic weights; None for two labels."""
    sensitivity: Measure
    """Of the cases with the reference's top label, how many the judge gives it, too."""
    specificity: Measure
    """Of the cases without it, how many the judge does not give it either."""
    bias: Measure
    """Judge minus reference, on average."""
    spearman: float | None
    """None for two labels, as is Kendall's tau-b."""
    kendall: float | None
    disagreements: tuple[Disagreement, ...]
    """Worst first."""
    warnings: tuple[str, ...]

    @property
    def unscored(self) -> int:
        """Cases of the reference that the judge gave no score."""
        return self.n - self.scored

    def json(self) -> dict[str, object]:
        """As one JSON object; a measure without a value is null."""
        measures = {
            "agreement": self.agreement,
            "ac1": self.ac1,
            "ac2": self.ac2,
            "sensitivity": self.sensitivity,
            "specificity": self.specificity,
            "bias": self.bias,
        }
        return {
            "reference": self.reference,
            "run": self.run,
            "criterion": self.criterion,
            "n": self.n,
            "scored": self.scored,
            "unscored": self.unscored,
            "labels": list(self.labels),
            "confusion": [list(row) for row in self.confusion],
            **{key: value for name, measure in measures.items() for key, value in flat(name, measure)},
            "kappa": self.kappa,
            "weighted_kappa": self.weighted_kappa,
            "spearman": self.spearman,
            "kendall": self.kendall,
            "warnings": list(self.warnings),
            "disagreements": [
                {
                    "case": one.case_id,
                    "reference": one.reference,
                    "judge": one.judge,
                    "reference_label": one.reference_label,
                    "judge_label": one.judge_label,
                    "reason": one.reason,
                }
                for one in self.disagreements
            ],
        }


def judge_agreement(
    pairs: Sequence[Pair],
    scale: Scale,
    *,
    run: str,
    criterion: str,
    reference: str = PEOPLE,
    clusters: Mapping[str, str | None] | None = None,
    reasons: Mapping[str, str | None] | None = None,
    confidence: float = 0.95,
) -> JudgeAgreement:
    """Every measure of agreement of a judge with a reference.

    Args:
        pairs: one per case that the reference has scored.
        scale: the criterion's labels, worst first.
        run: the judge's run.
        criterion: the criterion's name.
        reference: who the judge is held against.
        clusters: the cluster of each case, by id; all intervals but those of AC1 and AC2 know of it.
        reasons: what the judge gave as its reason, by case id.
        confidence: of every interval.
    """
    both = [(pair, pair.judge) for pair in pairs if pair.judge is not None]
    seen = [(nearest(pair.human, scale), nearest(judge, scale)) for pair, judge in both]
    groups = [(clusters or {}).get(pair.case_id) for pair, _ in both]
    ordinal, top = len(scale) > 2, len(scale) - 1
    found = agreement(
        [one for one, _ in seen],
        [other for _, other in seen],
        range(len(scale)),
        values=[value for _, value in scale] if ordinal else None,
        confidence=confidence,
    )

    def share(hits: Mapping[int, bool]) -> Measure:
        return as_measure(
            estimate(list(map(float, hits.values())), clusters=[groups[row] for row in hits], confidence=confidence)
        )

    width = scale[-1][1] - scale[0][1]
    differences = [judge - pair.human for pair, judge in both]
    bias = estimate(differences, clusters=groups, low_value=-width, high_value=width, confidence=confidence)
    return JudgeAgreement(
        reference=reference,
        run=run,
        criterion=criterion,
        labels=tuple(name for name, _ in scale),
        n=len(pairs),
        scored=len(both),
        confusion=found.confusion.counts,
        agreement=share({row: one == other for row, (one, other) in enumerate(seen)}),
        kappa=found.kappa.value,
        weighted_kappa=found.weighted_kappa and found.weighted_kappa.value,
        ac1=as_measure(found.ac1),
        ac2=found.ac2 and as_measure(found.ac2),
        sensitivity=share({row: other == top for row, (one, other) in enumerate(seen) if one == top}),
        specificity=share({row: other != top for row, (one, other) in enumerate(seen) if one != top}),
        bias=as_measure(bias),
        spearman=found.spearman,
        kendall=found.kendall,
        disagreements=tuple(_disagreements(both, scale, reasons or {})),
        warnings=tuple(_warnings(seen, scale, len(pairs) - len(both), groups)),
    )


def nearest(value: float, scale: Scale) -> int:
    """The place of the label nearest to a value; of two as near, the worse one."""
    return min(range(len(scale)), key=lambda place: (round(abs(scale[place][1] - value), 9), place))


def ac1_of(calibration: Calibration, scale: Scale) -> Measure:
    """AC1 of a calibration on its criterion's labels: what a judge is trusted by.

    Not kappa: where nearly all outputs are good, kappa is near 0 for the best of judges.
    """
    judged = ((pair.human, pair.judge) for pair in calibration.pairs if pair.judge is not None)
    both = [(nearest(human, scale), nearest(judge, scale)) for human, judge in judged]
    return as_measure(gwet(both, range(len(scale))))


def gate_calibration(calibration: Calibration, scale: Scale, now: datetime) -> GateCalibration:
    """What a gate asks of a calibration: the lower bound of AC1, from how many labels, and how old they are."""
    found = ac1_of(calibration, scale)
    age = now - calibration.measured_at
    return GateCalibration(low=found.low, n=found.n, age_days=age.total_seconds() / 86_400)


def _disagreements(
    both: Sequence[tuple[Pair, float]], scale: Scale, reasons: Mapping[str, str | None]
) -> list[Disagreement]:
    """The farthest apart first; of those as far apart, the judge's leniency before its severity."""
    found = [
        Disagreement(
            case_id=pair.case_id,
            reference=pair.human,
            judge=judge,
            reference_label=scale[nearest(pair.human, scale)][0],
            judge_label=scale[nearest(judge, scale)][0],
            reason=reasons.get(pair.case_id),
        )
        for pair, judge in both
        if abs(judge - pair.human) > TIE
    ]
    return sorted(found, key=lambda one: (-abs(one.difference), -one.difference, one.case_id))


def _warnings(
    seen: Sequence[tuple[int, int]], scale: Scale, unscored: int, groups: Sequence[str | None]
) -> Iterator[str]:
    """What to know before any of the numbers is used."""
    if len(seen) < FEW:
        yield f"only {len(seen)} labelled cases have a score: below {FEW}, the intervals are too wide to act on"
    counts = [sum(one == place for one, _ in seen) for place in range(len(scale))]
    for (name, _), n in zip(scale, counts, strict=True):
        if seen and n == 0:
            yield f"no case is labelled {name!r}: how the judge treats such cases is not known"
        elif seen and n < FEW_OF_A_LABEL:
            yield f"only {n} {'case is' if n == 1 else 'cases are'} labelled {name!r}"
    if unscored:
        yield f"the judge gave {unscored} labelled {'case' if unscored == 1 else 'cases'} no score; they count nowhere"
    named = [group for group in groups if group is not None]
    if len(set(named)) < len(named):
        yield "cases share clusters, which the intervals of AC1 and AC2 do not know of: they are wider in truth"
