"""A run's mean, set right by human labels: what people would have said on average, had they seen every case.

PPI++ where the labelled cases are a random sample of the run's own; Rogan-Gladen, with the interval of Lee et al.,
where they are not, or are of other outputs, for criteria of two labels. Both estimate over the cases that the judge
scored, as the raw mean does.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, TypeAlias

from evalkit.analysis.scores import CaseScore, RunScores
from evalkit.calibration import Calibration, Pair
from evalkit.stats import TIE, estimate
from evalkit.stats.correction import Corrected as Correction
from evalkit.stats.correction import rogan_gladen
from evalkit.stats.distribution import two_sided_t
from evalkit.stats.ppi import ppi_plus

Method: TypeAlias = Literal["ppi++", "rogan-gladen", "labels", "none"]
"""`labels`: every scored case has one, so their mean is all there is to say."""
CORRECTED_KEYS: Final = (
    "corrected",
    "corrected_low",
    "corrected_high",
    "corrected_method",
    "corrected_labels",
    "corrected_why",
)
"""The members of `Corrected.json`, which a run that nobody labelled has, too."""
_WHY: Final[Mapping[str, str]] = {
    "not-better-than-chance": "the judge says no more of these cases than chance would, so nothing can set it right",
    "not-separated-from-chance": "the labels are too few to tell the judge from chance",
    "too-few": "the labels are too few, or all of one kind",
    "labels-all-agree": "no label differs from the judge's score",
}
_GRADED: Final = (
    "labels of more than two kinds correct a mean only where their cases are a random sample of the run's: "
    "evalkit agree RUN --draw draws one, --random says that it is one"
)
_AVERAGED: Final = (
    "the judge's scores lie between its two labels, and only a random sample of labels corrects such a mean"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A corrected mean with its interval; None, with the reason, where labels cannot correct it."""

    value: float | None
    low: float | None
    high: float | None
    method: Method
    n_labels: int
    """Cases that a person and the judge have both scored."""
    source: str
    """The name of the file of labels."""
    measured_at: datetime
    why: str = ""
    """Why there is no value, or no interval."""

    def json(self) -> dict[str, object]:
        """As members of a flat JSON object."""
        values = (self.value, self.low, self.high, self.method, self.n_labels, self.why)
        return dict(zip(CORRECTED_KEYS, values, strict=True))


def best_calibration(
    calibrations: Iterable[Calibration], *, candidate_digest: str, dataset: str
) -> tuple[Calibration, bool] | None:
    """The calibration to correct a run by, and whether it is of the run's own outputs.

    Labels of the same outputs before those of others, a random sample before any other, the newest first.
    """

    def worth(one: Calibration) -> tuple[bool, bool, datetime]:
        own = (one.candidate_digest, one.dataset) == (candidate_digest, dataset)
        return own, own and one.sampled, one.measured_at

    best = max(calibrations, key=worth, default=None)
    return None if best is None else (best, worth(best)[0])


def corrected(
    scores: RunScores, calibration: Calibration, *, same_outputs: bool, confidence: float = 0.95
) -> Corrected:
    """The run's mean as the labels of a calibration correct it.

    Args:
        scores: the run, on the calibration's criterion.
        calibration: of the same grader and judge.
        same_outputs: whether its labels are of this run's dataset and candidate; else they are of other outputs, and
            the judge is taken to err on both alike.
        confidence: of the interval.
    """
    pairs = [pair for pair in calibration.pairs if pair.judge is not None]
    nothing = Corrected(
        value=None,
        low=None,
        high=None,
        method="none",
        n_labels=len(pairs),
        source=calibration.source,
        measured_at=calibration.measured_at,
    )
    if calibration.sampled and same_outputs:
        return _by_sample(nothing, scores, calibration.pairs, confidence)
    ends = (scores.low_value, scores.high_value)
    if not all(_at(pair.human, ends) for pair in calibration.pairs):
        return replace(nothing, why=_GRADED)
    scored = [case for case in scores.cases if case.value is not None]
    if not all(_at(value, ends) for value in [*(c.value for c in scored), *(p.judge for p in pairs)]):
        return replace(nothing, why=_AVERAGED)
    return _by_error_rates(nothing, scored, pairs, ends, confidence)


def _by_sample(nothing: Corrected, scores: RunScores, pairs: Sequence[Pair], confidence: float) -> Corrected:
    """PPI++ with this run's own judgements of the labelled cases."""
    human = {pair.case_id: pair.human for pair in pairs}
    labelled = [case for case in scores.cases if case.value is not None and case.case_id in human]
    rest = [case for case in scores.cases if case.value is not None and case.case_id not in human]
    said, judged = [human[case.case_id] for case in labelled], [case.value or 0.0 for case in labelled]
    nothing = replace(nothing, n_labels=len(labelled))
    low, high = scores.low_value, scores.high_value
    if labelled and not rest:
        clusters = [case.cluster for case in labelled]
        found = estimate(said, clusters=clusters, confidence=confidence, low_value=low, high_value=high)
        return replace(nothing, value=found.mean, low=found.low, high=found.high, method="labels")
    others = [case.value or 0.0 for case in rest]
    correction = ppi_plus(said, judged, others, confidence=confidence, low_value=low, high_value=high)
    made = _made(nothing, correction, "ppi++")
    if correction.value is None or not correction.standard_error:
        return made
    weight = correction.weight or 0.0
    parts = [
        _Part.of([weight * one for one in others], rest),
        _Part.of([one - weight * other for one, other in zip(said, judged, strict=True)], labelled),
    ]
    # Fewer clusters than cases bear out the judge's error, so the quantile is that of the labelled ones.
    df = _units(labelled) - 1
    if df < 1:
        return replace(made, low=None, high=None, why=made.why or "the labelled cases are all of one cluster")
    quantile = two_sided_t(df, confidence) / two_sided_t(len(labelled) - 1, confidence)
    return _widened(made, quantile * _clustered_error(parts) / correction.standard_error, scores)


def _by_error_rates(
    nothing: Corrected,
    scored: Sequence[CaseScore],
    pairs: Sequence[Pair],
    ends: tuple[float, float],
    confidence: float,
) -> Corrected:
    """Rogan-Gladen, on the scale of the labels."""
    low, high = ends
    passed = [_near(case.value, high) for case in scored]
    positives = [_near(pair.judge, high) for pair in pairs if _near(pair.human, high)]
    negatives = [not _near(pair.judge, high) for pair in pairs if not _near(pair.human, high)]
    if not scored or not positives or not negatives:
        return replace(nothing, why=_WHY["too-few"])
    rate = sum(passed) / len(passed)
    found = rogan_gladen(
        rate,
        _effective(len(scored), [float(one) for one in passed], scored),
        sensitivity=sum(positives) / len(positives),
        specificity=sum(negatives) / len(negatives),
        positives=len(positives),
        negatives=len(negatives),
        confidence=confidence,
    )
    made = _made(nothing, found, "rogan-gladen")

    def scaled(share: float | None) -> float | None:
        return None if share is None else low + share * (high - low)

    return replace(made, value=scaled(made.value), low=scaled(made.low), high=scaled(made.high))


def _made(nothing: Corrected, found: Correction, method: Method) -> Corrected:
    why = _WHY[found.why] if found.why else ""
    if found.value is None:
        return replace(nothing, why=why)
    return replace(nothing, value=found.value, low=found.low, high=found.high, method=method, why=why)


@dataclass(frozen=True, slots=True)
class _Part:
    """What each case of a group adds to a mean, centred; with the case's cluster."""

    terms: tuple[tuple[str | None, float], ...]

    @classmethod
    def of(cls, values: Sequence[float], cases: Sequence[CaseScore]) -> _Part:
        mean = math.fsum(values) / len(values)
        return cls(tuple((case.cluster, (one - mean) / len(values)) for one, case in zip(values, cases, strict=True)))


def _clustered_error(parts: Sequence[_Part]) -> float:
    """The standard error of a sum of means, cases of one cluster moving together wherever they stand."""
    sums: defaultdict[object, float] = defaultdict(float)
    for number, (cluster, term) in enumerate(term for part in parts for term in part.terms):
        # A case without a cluster is one of its own; a number is no text, so it is no cluster's name.
        sums[number if cluster is None else cluster] += term
    groups = len(sums)
    return math.sqrt(groups / (groups - 1) * math.fsum(one * one for one in sums.values())) if groups > 1 else 0.0


def _widened(made: Corrected, factor: float, scores: RunScores) -> Corrected:
    """The interval as many times as wide, within the scale; never narrower."""
    if factor <= 1 or made.value is None or made.low is None or made.high is None or not _share_clusters(scores.cases):
        return made
    low = max(scores.low_value, made.value - factor * (made.value - made.low))
    return replace(made, low=low, high=min(scores.high_value, made.value + factor * (made.high - made.value)))


def _effective(n: int, values: Sequence[float], cases: Sequence[CaseScore]) -> int:
    """How many independent cases say as much as these, which may share clusters."""
    if not _share_clusters(cases):
        return n
    mean = math.fsum(values) / n
    alone = mean * (1 - mean) / n
    together = _clustered_error([_Part.of(values, cases)]) ** 2
    return max(1, int(n * min(1.0, alone / together))) if together > 0 else n


def _units(cases: Sequence[CaseScore]) -> int:
    """How many clusters cases are of, each without one being its own."""
    named = [case.cluster for case in cases if case.cluster is not None]
    return len(set(named)) + len(cases) - len(named)


def _share_clusters(cases: Sequence[CaseScore]) -> bool:
    return _units(cases) < len(cases)


def _at(value: float | None, ends: tuple[float, float]) -> bool:
    return any(_near(value, end) for end in ends)


def _near(value: float | None, end: float) -> bool:
    return value is not None and abs(value - end) <= TIE
