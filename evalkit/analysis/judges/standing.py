"""Is the cheap judge good enough? How far it is from the strong judge, and how much nearer to people either is.

Two things can show it, and either is enough.

People: its accuracy against their labels is not lower than the strong judge's by the margin, pair by pair.

The distance: where the two judges are apart by no more than the margin on average, as a share of the scale, the
cheap one cannot be farther from people than the strong one by more than that, whatever people would say. So a small
distance needs no labels; a large one proves nothing, as either judge may be the one that errs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from evalkit.analysis.agree import JudgeAgreement, judge_agreement, nearest
from evalkit.analysis.gate.lacks import cases_for_level, cases_for_margin
from evalkit.analysis.judges.cascade import Cascade, cascade
from evalkit.analysis.judges.clustered import clustered_ac1
from evalkit.analysis.judges.replay import Replays
from evalkit.analysis.judges.table import JudgePair, cost_per_scored
from evalkit.analysis.measure import Measure, as_measure, flat
from evalkit.calibration import Pair
from evalkit.stats import cases_needed_for_margin, estimate, noninferiority, paired

CAUTION: Final = (
    "A judge that agrees with the strong judge is not thereby right: where the strong judge errs, both may err alike. "
    "Only labels of people can tell (`evalkit agree RUN --draw 100 --out cases.csv`)."
)
Answer = Literal["good enough", "not shown", "no"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BesidePeople:
    """Both judges against the labels of people, on the outputs that both scored."""

    n: int
    accuracy: float
    """Of the cheap judge: how near it is to people, as a share of the scale; of two labels, how often it is right."""
    strong_accuracy: float
    difference: Measure
    """Cheap minus strong; its lower end decides."""
    holds: bool
    """Whether a loss of the margin is ruled out."""
    worse: bool
    """Whether the cheap judge is shown to be less accurate at all."""
    needed: int | None
    """Labels in all that would decide, where these do not; None where none can be told."""

    def json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "n": self.n,
            "accuracy": self.accuracy,
            "strong_accuracy": self.strong_accuracy,
            **dict(flat("difference", self.difference)),
            "holds": self.holds,
            "worse": self.worse,
            "needed": self.needed,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A cheaper judge beside the strong one on one criterion; what is undefined or not known is None."""

    judge: str
    strong: str
    margin: float
    """The loss of accuracy that is accepted, as a share of the scale."""
    confidence: float
    """Of the intervals that decide: wider where several judges are tried."""
    n: int
    """Outputs that both were asked about."""
    unscored: int
    """How many of them the judge gave no score."""
    strong_unscored: int
    cost_usd: float | None
    """By scored output, of the replies to these outputs."""
    strong_cost_usd: float | None
    agreement: JudgeAgreement
    """With the strong judge: label by label, and in the mean."""
    ac1: Measure
    """With the strong judge; its interval knows of clusters."""
    distance: Measure
    """From the strong judge, on average, as a share of the scale."""
    distance_needed: int | None
    """Outputs in all at which the distance would be known to be within the margin, or not to be."""
    labels_needed: int | None
    """Labels of people that would decide, were both equally accurate; at most, where nobody labelled anything yet."""
    people: BesidePeople | None
    replays: Replays = field(default_factory=Replays)
    cascade: Cascade | None

    @property
    def saving(self) -> float | None:
        """The share of the strong judge's cost that is not spent."""
        return 1 - self.cost_usd / self.strong_cost_usd if self.cost_usd is not None and self.strong_cost_usd else None

    @property
    def near(self) -> bool:
        """Whether the distance from the strong judge is shown to be within the margin."""
        return self.distance.high is not None and self.distance.high < self.margin

    @property
    def answer(self) -> Answer:
        """Whether the judge is good enough."""
        if self.near or (self.people and self.people.holds):
            return "good enough"
        return "no" if self.people and self.people.worse else "not shown"

    def json(self) -> dict[str, Any]:
        """As plain JSON."""
        found = self.agreement
        return {
            "judge": self.judge,
            "strong": self.strong,
            "answer": self.answer,
            "margin": self.margin,
            "confidence": self.confidence,
            "n": self.n,
            "unscored": self.unscored,
            "strong_unscored": self.strong_unscored,
            "cost_per_scored_usd": self.cost_usd,
            "strong_cost_per_scored_usd": self.strong_cost_usd,
            "saving": self.saving,
            **dict(flat("agreement", found.agreement)),
            **dict(flat("ac1", self.ac1)),
            "kappa": found.kappa,
            "spearman": found.spearman,
            "kendall": found.kendall,
            **dict(flat("bias", found.bias)),
            **dict(flat("distance", self.distance)),
            "distance_needed": self.distance_needed,
            "labels_needed": self.labels_needed,
            "people": self.people and self.people.json(),
            "replays": self.replays.json(),
            "cascade": self.cascade and self.cascade.json(),
        }


def standing(
    table: JudgePair,
    *,
    margin: float,
    run: str,
    criterion: str,
    tries: int = 1,
    replays: Replays | None = None,
    confidence: float = 0.95,
) -> Standing | None:
    """A cheaper judge beside the strong one; None where there is no output that both scored.

    Args:
        table: what both said.
        margin: the loss of accuracy that is accepted, as a share of the scale.
        run: a run of the cheap judge, to name it by.
        criterion: the criterion's name.
        tries: how many judges are tried; the one that is chosen must not be so by chance, so each is held to more.
        replays: the gates of the past under both.
        confidence: 1 - confidence is the chance, two-sided, that any of the judges is wrongly called good enough.
    """
    rows = table.both
    if not rows:
        return None
    alone = 1 - (1 - confidence) / max(1, tries)
    apart = [table.distances[row] for row in rows]
    made = estimate(apart, clusters=table.clusters_of(rows), confidence=alone, low_value=0, high_value=1)
    people = _people(table, rows, margin=margin, confidence=alone)
    return Standing(
        judge=table.cheap,
        strong=table.strong,
        margin=margin,
        confidence=alone,
        n=table.n,
        unscored=sum(value is None for value in table.cheap_values),
        strong_unscored=sum(value is None for value in table.strong_values),
        cost_usd=cost_per_scored(table.cheap_costs, table.cheap_values),
        strong_cost_usd=cost_per_scored(table.strong_costs, table.strong_values),
        agreement=_agreement(table, rows, run=run, criterion=criterion, confidence=confidence),
        ac1=_ac1(table, rows, confidence),
        distance=as_measure(made),
        distance_needed=cases_for_level(margin, made),
        labels_needed=_labels_needed(apart, margin=margin, confidence=alone),
        people=people,
        replays=replays or Replays(),
        cascade=cascade(table, margin=margin, confidence=confidence),
    )


def _agreement(table: JudgePair, rows: Sequence[int], *, run: str, criterion: str, confidence: float) -> JudgeAgreement:
    # The places stand for the outputs: one case may have several, and each is a pair of its own.
    values = [(str(row), table.strong_values[row], table.cheap_values[row]) for row in rows]
    return judge_agreement(
        [Pair(case_id=place, human=strong, judge=cheap) for place, strong, cheap in values if strong is not None],
        table.scale,
        run=run,
        criterion=criterion,
        reference=table.strong,
        clusters={str(row): table.clusters[row] for row in rows},
        confidence=confidence,
    )


def _ac1(table: JudgePair, rows: Sequence[int], confidence: float) -> Measure:
    said = {value for value in (*table.cheap_values, *table.strong_values) if value is not None}
    place = {value: nearest(value, table.scale) for value in said}
    values = ((table.strong_values[row], table.cheap_values[row]) for row in rows)
    pairs = [(place[one], place[other]) for one, other in values if one is not None and other is not None]
    return clustered_ac1(pairs, table.clusters_of(rows), labels=len(table.scale), confidence=confidence)


def _people(table: JudgePair, rows: Sequence[int], *, margin: float, confidence: float) -> BesidePeople | None:
    labelled = [row for row in rows if table.people[row] is not None]
    if not labelled:
        return None
    own = [table.accuracy(row, table.cheap_values[row]) for row in labelled]
    strong = [table.accuracy(row, table.strong_values[row]) for row in labelled]
    scale: dict[str, Any] = {"clusters": table.clusters_of(labelled), "low_value": 0.0, "high_value": 1.0}
    test = noninferiority(strong, own, margin=margin, confidence=confidence, **scale)
    made = paired(strong, own, confidence=confidence, **scale)
    worse = not test.holds and test.p_worse is not None and test.p_worse < (1 - confidence) / 2
    return BesidePeople(
        n=len(labelled),
        accuracy=math.fsum(own) / len(own),
        strong_accuracy=math.fsum(strong) / len(strong),
        difference=Measure(value=made.delta, low=made.low, high=made.high, n=made.n),
        holds=test.holds,
        worse=worse,
        needed=None if test.holds or worse else cases_for_margin(margin, made, width=1.0),
    )


def _labels_needed(apart: Sequence[float], *, margin: float, confidence: float) -> int | None:
    """Accuracies differ on an output by no more than the judges do, so this bounds the variance of the difference."""
    variance = math.fsum(one * one for one in apart) / len(apart)
    return cases_needed_for_margin(margin, variance=variance, confidence=confidence) if variance else None
